#!/usr/bin/env bash
# Puts the Bicep CLI into a folder (default: ~/.cache/firstsight-bicep) and prints its path, for BICEP. From NuGet, by the .NET SDK; no root needed.
#   export BICEP="$(scripts/install-bicep.sh)"
set -euo pipefail

VERSION=0.49.2
folder=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/firstsight-bicep}
case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) platform=linux-x64 ;;
  Linux-aarch64) platform=linux-arm64 ;;
  *) echo "no package is known for $(uname -s) on $(uname -m): use \`az bicep install --version v$VERSION\`" >&2; exit 1 ;;
esac
package=Azure.Bicep.CommandLine.$platform
binary=$folder/packages/${package,,}/$VERSION/tools/bicep

if [ ! -x "$binary" ]; then
  if ! command -v dotnet >/dev/null; then
    echo "dotnet is not there: install the .NET SDK (8 or later), or use \`az bicep install --version v$VERSION\`" >&2
    exit 1
  fi
  mkdir -p "$folder"
  cat >"$folder/bicep.csproj" <<PROJECT
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net8.0</TargetFramework></PropertyGroup>
  <ItemGroup><PackageDownload Include="$package" Version="[$VERSION]" /></ItemGroup>
</Project>
PROJECT
  # Without libicu .NET starts only in this mode.
  export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
  dotnet restore "$folder/bicep.csproj" --packages "$folder/packages" >&2
  chmod +x "$binary"
fi
echo "$binary"
