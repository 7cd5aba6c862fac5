import type { Story, ToolFile } from "./device-story.ts";
import type { Process } from "./processes.ts";
import { CCMEXEC, CHROME, EXPLORER, INTUNE, POWERSHELL, SERVICES, SYSTEM, unsigned } from "./processes.ts";
import type { Scenario } from "./scenario.ts";
import { fillIn, preexisting } from "./scenario.ts";

const FOLDER = "C:\\Program Files (x86)\\LogMeIn\\x64";
const SIGNER = "GoTo Technologies USA, LLC";
const TOOL: ToolFile = { path: `${FOLDER}\\LogMeIn.exe`, signer: SIGNER };
const TRAY: ToolFile = { path: `${FOLDER}\\LogMeInSystray.exe`, signer: SIGNER };
const GUARDIAN: ToolFile = { path: "C:\\ProgramData\\Update\\LMIGuardianSvc.exe", signer: SIGNER };
const APPLET: ToolFile = {
  path: "C:\\Users\\anna\\AppData\\Local\\LogMeIn Rescue Applet\\LMIR0001.tmp\\LMI_Rescue.exe",
  signer: SIGNER,
};
const ANYDESK: ToolFile = { path: "C:\\ProgramData\\AnyDesk.exe", signer: "AnyDesk Software GmbH" };
const HOST: Process = {
  path: TOOL.path,
  signer: SIGNER,
  company: "LogMeIn, Inc.",
  sid: SYSTEM,
  parent: "services.exe",
};

const expected = ["logmein"];
const announced = ["logmein"];
const deployed = (on: Story): void => on.installed(TOOL, 90, INTUNE);

function session(on: Story, ago: number): void {
  on.arrives(APPLET, ago, CHROME);
  on.runs(APPLET, ago - 1, EXPLORER);
}

/** LogMeIn of the helpdesk: the host on its devices, and Rescue in sessions that were agreed. */
export const LOGMEIN: Scenario = {
  name: "LogMeIn",
  approvals: (device) => [
    fillIn("logmein"),
    fillIn("logmein-rescue-session", {
      devices: ["a Rescue session that was agreed", "a Rescue session before its hours"].map(device),
      validFrom: "2026-02-28T22:30:00Z",
      validTo: "2026-03-01T02:00:00Z",
    }),
    preexisting("logmein", [device("there before the baseline, listed")]),
  ],
  cases: [
    { name: "Intune asks the Windows Installer", expected, happens: deployed },
    {
      name: "CcmExec brings it, services.exe starts it",
      expected,
      happens: (on) => {
        on.arrives(TOOL, 60, CCMEXEC);
        on.runs(TOOL, 50, SERVICES);
      },
    },
    {
      name: "it updates itself, and a user opens its icon",
      expected,
      happens: (on) => {
        deployed(on);
        on.arrives(TRAY, 60, HOST);
        on.runs(TRAY, 50, EXPLORER);
      },
    },
    { name: "there before the baseline, listed", expected, happens: (on) => on.runs(TOOL, 2000, SERVICES) },
    { name: "a Rescue session that was agreed", expected, happens: (on) => session(on, 60) },

    { name: "there before the baseline, on no list", announced, happens: (on) => on.runs(TOOL, 2000, SERVICES) },
    { name: "a Rescue session that nobody agreed to", announced, happens: (on) => session(on, 60) },
    { name: "a Rescue session before its hours", announced, happens: (on) => session(on, 120) },
    {
      name: "a Rescue session on a device with the host",
      announced,
      happens: (on) => {
        deployed(on);
        session(on, 60);
      },
    },
    {
      name: "its service host outside Program Files, brought by PowerShell",
      announced,
      happens: (on) => {
        on.arrives(GUARDIAN, 60, POWERSHELL);
        on.runs(GUARDIAN, 59, SERVICES);
      },
    },
    {
      name: "its service host outside Program Files, beside the approved one",
      announced,
      happens: (on) => {
        deployed(on);
        on.arrives(GUARDIAN, 60, POWERSHELL);
      },
    },
    {
      name: "its service host outside Program Files brings the host",
      announced,
      happens: (on) => on.arrives(TOOL, 60, { ...HOST, path: GUARDIAN.path }),
    },
    {
      name: "its service host in a user's folder, started by services.exe",
      announced,
      happens: (on) => {
        deployed(on);
        on.runs({ ...GUARDIAN, path: "C:\\Users\\Public\\LMIGuardianSvc.exe" }, 50, SERVICES);
      },
    },
    {
      name: "a LogMeIn.exe that is not signed and names LogMeIn as its company",
      announced,
      happens: (on) => on.arrives(TRAY, 60, unsigned(HOST)),
    },
    {
      name: "a second instance that a browser brought",
      announced,
      happens: (on) => {
        deployed(on);
        on.arrives({ ...TOOL, path: "C:\\Temp\\GoToAssist.exe" }, 30, CHROME);
      },
    },
    {
      name: "PowerShell registers a task under LogMeIn's name",
      announced,
      happens: (on) => {
        on.registers("\\LogMeIn\\LMIGuardianSvc", TOOL.path, 70, POWERSHELL);
        on.arrives(TOOL, 60, POWERSHELL);
      },
    },
    { name: "a device of another group", announced, elsewhere: true, happens: deployed },
    {
      name: "it brings AnyDesk",
      expected,
      announced: ["anydesk"],
      happens: (on) => {
        deployed(on);
        on.arrives(ANYDESK, 60, HOST);
      },
    },
  ],
};
