import { sha1 } from "./random.ts";

export const SYSTEM = { sid: "S-1-5-18", account: "system" } as const;
export const USER = { sid: "S-1-5-21-1004336348-1177238915-682003330-1121", account: "a.meyer" } as const;
export const ANSIBLE = { sid: "S-1-5-21-1004336348-1177238915-682003330-5601", account: "svc-ansible" } as const;

type Account = { readonly sid: string; readonly account: string };

/** Whoever brings or starts something on a device, as the initiator's columns show it. */
export interface Process extends Account {
  /** Drive, folders and file. */
  readonly path: string;
  /** Name on its certificate, of which the device has a row; absent: the file is not signed. */
  readonly signer?: string;
  /** What its version resource says: anybody's text. */
  readonly company: string;
  readonly command: string;
  /** File name of its parent. */
  readonly parent: string;
}

/** Paths and signers as facts about the products and observed rows have them. */
const INTUNE_FOLDER = String.raw`C:\Program Files (x86)\Microsoft Intune Management Extension`;
const INTUNE_FILE = "Microsoft.Management.Services.IntuneWindowsAgent.exe";
const MICROSOFT = { signer: "Microsoft Corporation", company: "Microsoft Corporation" } as const;
const WINDOWS = { signer: "Microsoft Windows", company: "Microsoft Corporation" } as const;
const SOLARWINDS_PATH = String.raw`C:\Program Files (x86)\SolarWinds\Agent\SolarWinds.Agent.Service.exe`;

export const INTUNE: Process = {
  path: `${INTUNE_FOLDER}\\${INTUNE_FILE}`,
  ...MICROSOFT,
  ...SYSTEM,
  command: `"${INTUNE_FOLDER}\\${INTUNE_FILE}"`,
  parent: "services.exe",
};

/** Runs any script for whoever calls it: its parent tells who that is. */
export const agentExecutor = (parent: string): Process => ({
  path: `${INTUNE_FOLDER}\\AgentExecutor.exe`,
  ...MICROSOFT,
  ...SYSTEM,
  command: "AgentExecutor.exe -powershell install.ps1",
  parent,
});

export const CCM_EXEC: Process = {
  path: String.raw`C:\Windows\CCM\CcmExec.exe`,
  ...MICROSOFT,
  ...SYSTEM,
  command: String.raw`C:\Windows\CCM\CcmExec.exe`,
  parent: "services.exe",
};

export const SOLARWINDS: Process = {
  path: SOLARWINDS_PATH,
  signer: "Solarwinds Worldwide, LLC",
  company: "SolarWinds Worldwide, LLC.",
  ...SYSTEM,
  command: `"${SOLARWINDS_PATH}"`,
  parent: "services.exe",
};

/** The installer's service instance, which writes for whoever asked. */
export const INSTALLER: Process = {
  path: String.raw`C:\Windows\System32\msiexec.exe`,
  ...WINDOWS,
  ...SYSTEM,
  command: String.raw`C:\Windows\system32\msiexec.exe /V`,
  parent: "services.exe",
};

export const SERVICES: Process = {
  path: String.raw`C:\Windows\System32\services.exe`,
  ...WINDOWS,
  ...SYSTEM,
  command: "services.exe",
  parent: "wininit.exe",
};

export const EXPLORER: Process = {
  path: String.raw`C:\Windows\explorer.exe`,
  ...WINDOWS,
  ...USER,
  command: "explorer.exe",
  parent: "userinit.exe",
};

export const CHROME: Process = {
  path: String.raw`C:\Program Files\Google\Chrome\Application\chrome.exe`,
  signer: "Google LLC",
  company: "Google LLC",
  ...USER,
  command: "chrome.exe --type=utility",
  parent: "chrome.exe",
};

/** `parent`: `svchost.exe` for a task, `wsmprovhost.exe` for a session over WinRM. */
export const powershell = (parent: string, as: Account): Process => ({
  path: String.raw`C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`,
  ...WINDOWS,
  ...as,
  command: "powershell.exe -NoProfile -NonInteractive -EncodedCommand JABlAHgAZQBjAA==",
  parent,
});

/** The same product, file name, account and company text in another folder; not signed unless it is a copy of the genuine file. */
export const elsewhere = (process: Process, folder: string, signer?: string): Process => {
  const { signer: _, ...rest } = process;
  return { ...rest, path: `${folder}\\${fileName(process.path)}`, ...(signer !== undefined && { signer }) };
};

/** The very path, company text and account, and another file there: nobody signed it. */
export const replaced = (process: Process): Process =>
  elsewhere(process, process.path.slice(0, process.path.lastIndexOf("\\")));

export const fileName = (path: string): string => path.slice(path.lastIndexOf("\\") + 1);

/** By content: a copy elsewhere is the same file. */
export const processHash = ({ path, signer }: Process): string =>
  signer === undefined ? sha1("unsigned", path) : sha1("file", signer, fileName(path));
