import { SYSTEM, type Process } from "./process.ts";
import { sha1 } from "./random.ts";
import type { File } from "./event-row.ts";

/** A tool with the files that it has on a device. */
export interface Tool {
  /** As the catalogue names it. */
  readonly slug: string;
  /** Name on its certificate, as observed. */
  readonly signer: string;
  readonly folder: string;
  /** The one that people see, and the service. */
  readonly app: string;
  readonly service: string;
}

/** The file of that name, by content the same wherever it lies. */
export const toolFile = (tool: Tool, name: string, folder = tool.folder): File => ({
  path: `${folder}\\${name}`,
  sha1: sha1("file", tool.signer, name),
});

/** The tool itself as an initiator. */
export const toolProcess = (tool: Tool, name: string, parent = "services.exe", folder = tool.folder): Process => ({
  path: `${folder}\\${name}`,
  signer: tool.signer,
  company: tool.signer,
  ...SYSTEM,
  command: `"${folder}\\${name}"`,
  parent,
});

const PROGRAMS = String.raw`C:\Program Files (x86)`;

export const TEAMVIEWER: Tool = {
  slug: "teamviewer",
  signer: "TeamViewer Germany GmbH",
  folder: String.raw`C:\Program Files\TeamViewer`,
  app: "TeamViewer.exe",
  service: "TeamViewer_Service.exe",
};

export const ANYDESK: Tool = {
  slug: "anydesk",
  signer: "AnyDesk Software GmbH",
  folder: `${PROGRAMS}\\AnyDesk`,
  app: "AnyDesk.exe",
  service: "AnyDesk.exe",
};

export const SCREENCONNECT: Tool = {
  slug: "connectwise",
  signer: "ConnectWise, LLC",
  folder: `${PROGRAMS}\\ScreenConnect Client (4f3c2b1a09e8d7c6)`,
  app: "ScreenConnect.WindowsClient.exe",
  service: "ScreenConnect.ClientService.exe",
};

export const KASEYA: Tool = {
  slug: "kaseya-vsa",
  signer: "KASEYA US LLC",
  folder: `${PROGRAMS}\\Kaseya\\SOCVSA41937206155281`,
  app: "KaUsrTsk.exe",
  service: "AgentMon.exe",
};

export const LOGMEIN: Tool = {
  slug: "logmein",
  signer: "GoTo Technologies USA, LLC",
  folder: `${PROGRAMS}\\LogMeIn\\x86`,
  app: "LogMeInSystray.exe",
  service: "LogMeIn.exe",
};

export const DAMEWARE: Tool = {
  slug: "dameware",
  signer: "DameWare Development, LLC.",
  folder: String.raw`C:\Windows\dwrcs`,
  app: "DWRCST.exe",
  service: "DWRCS.exe",
};

export const NINJAONE: Tool = {
  slug: "ninjaone",
  signer: "NinjaOne LLC",
  folder: `${PROGRAMS}\\NinjaRMMAgent`,
  app: "ninjarmm-cli.exe",
  service: "NinjaRMMAgent.exe",
};
