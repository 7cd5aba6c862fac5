/** A process as the scenarios meet it. */
export interface Process {
  /** Folder and file name. */
  readonly path: string;
  /** Name on its certificate; absent: no certificate row of its file. */
  readonly signer?: string;
  /** Default: it is trusted. */
  readonly trusted?: false;
  /** Company in its resources: anybody's text. */
  readonly company?: string;
  readonly sid: string;
  readonly parent: string;
}

export const SYSTEM = "S-1-5-18";
export const USER = "S-1-5-21-1004336348-1177238915-682003330-1104";

export const SERVICES: Process = { path: "C:\\Windows\\System32\\services.exe", sid: SYSTEM, parent: "wininit.exe" };
/** The instance that writes: the installer's service. */
export const MSIEXEC: Process = {
  path: "C:\\Windows\\System32\\msiexec.exe",
  signer: "Microsoft Windows",
  sid: SYSTEM,
  parent: "services.exe",
};
export const EXPLORER: Process = {
  path: "C:\\Windows\\explorer.exe",
  signer: "Microsoft Windows",
  sid: USER,
  parent: "userinit.exe",
};
export const POWERSHELL: Process = {
  path: "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
  signer: "Microsoft Windows",
  sid: SYSTEM,
  parent: "cmd.exe",
};
export const CHROME: Process = {
  path: "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
  signer: "Google LLC",
  sid: USER,
  parent: "explorer.exe",
};
export const CCMEXEC: Process = {
  path: "C:\\Windows\\CCM\\CcmExec.exe",
  signer: "Microsoft Corporation",
  company: "Microsoft Corporation",
  sid: SYSTEM,
  parent: "services.exe",
};
const INTUNE_FOLDER = "C:\\Program Files (x86)\\Microsoft Intune Management Extension";
export const INTUNE: Process = {
  path: `${INTUNE_FOLDER}\\Microsoft.Management.Services.IntuneWindowsAgent.exe`,
  signer: "Microsoft Corporation",
  sid: SYSTEM,
  parent: "services.exe",
};
export const AGENT_EXECUTOR: Process = {
  path: `${INTUNE_FOLDER}\\AgentExecutor.exe`,
  signer: "Microsoft Corporation",
  sid: SYSTEM,
  parent: "Microsoft.Management.Services.IntuneWindowsAgent.exe",
};

/** The same process, its file without a certificate that anything trusts. */
export function unsigned(process: Process): Process {
  const { signer: _, ...rest } = process;
  return rest;
}
