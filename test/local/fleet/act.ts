import type { File } from "./event-row.ts";
import { EXPLORER, fileName, INSTALLER, processHash, SERVICES, type Process } from "./process.ts";
import { toolFile, toolProcess, type Tool } from "./tool.ts";

/** Something that happened on a device, `minute` minutes after the story's beginning. */
export type Act = { readonly minute: number } & (
  | { readonly kind: "file"; readonly file: File; readonly by: Process }
  | { readonly kind: "process"; readonly file: File; readonly command: string; readonly by: Process }
  | {
      readonly kind: "task";
      readonly task: { readonly name: string; readonly command: string; readonly arguments: string };
      readonly by: Process;
    }
  | { readonly kind: "logon"; readonly remoteIp: string; readonly sid: string; readonly account: string }
);

export const wrote = (minute: number, process: Process, file: File): Act => ({
  minute,
  kind: "file",
  file,
  by: process,
});

export const started = (minute: number, process: Process, file: File, command = `"${file.path}"`): Act => ({
  minute,
  kind: "process",
  file,
  command,
  by: process,
});

const serviceStarts = (minute: number, tool: Tool): Act => started(minute, SERVICES, toolFile(tool, tool.service));

/** `client` calls the Windows Installer, whose service writes; services.exe starts the tool's service. */
export const installedFor = (tool: Tool, client: Process): readonly Act[] => [
  started(
    0,
    client,
    { path: INSTALLER.path, sha1: processHash(INSTALLER) },
    `msiexec.exe /i "${tool.slug}.msi" /qn /norestart`,
  ),
  wrote(1, INSTALLER, toolFile(tool, tool.app)),
  wrote(1, INSTALLER, toolFile(tool, tool.service)),
  serviceStarts(2, tool),
];

/** `by` writes the files itself. */
export const copiedBy = (tool: Tool, process: Process): readonly Act[] => [
  wrote(0, process, toolFile(tool, tool.app)),
  wrote(0, process, toolFile(tool, tool.service)),
  serviceStarts(2, tool),
];

/** `by` puts the vendor's setup into a folder and starts it; the setup unpacks the tool. */
export function unpackedFor(tool: Tool, process: Process, folder: string): readonly Act[] {
  const name = `${tool.slug}_setup.exe`;
  const setup = toolProcess(tool, name, fileName(process.path), folder);
  return [
    wrote(0, process, toolFile(tool, name, folder)),
    started(1, process, toolFile(tool, name, folder)),
    wrote(2, setup, toolFile(tool, tool.app)),
    wrote(2, setup, toolFile(tool, tool.service)),
    serviceStarts(3, tool),
  ];
}

/** The tool brings its own next version. */
export const updatedItself = (tool: Tool): readonly Act[] => [
  wrote(30, toolProcess(tool, tool.service), toolFile(tool, tool.app)),
  started(31, toolProcess(tool, tool.service), toolFile(tool, tool.app)),
];

/** A user opens it. */
export const openedByHand = (tool: Tool): readonly Act[] => [started(40, EXPLORER, toolFile(tool, tool.app))];
