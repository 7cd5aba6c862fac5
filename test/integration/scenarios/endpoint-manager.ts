import type { ToolFile } from "./device-story.ts";
import {
  AGENT_EXECUTOR,
  CCMEXEC,
  CHROME,
  EXPLORER,
  INTUNE,
  POWERSHELL,
  SERVICES,
  unsigned,
  USER,
} from "./processes.ts";
import type { Scenario } from "./scenario.ts";
import { fillIn, preexisting } from "./scenario.ts";

const FOLDER = "C:\\Program Files\\TeamViewer";
const TOOL: ToolFile = { path: `${FOLDER}\\TeamViewer.exe`, signer: "TeamViewer Germany GmbH" };
const SERVICE: ToolFile = { ...TOOL, path: `${FOLDER}\\TeamViewer_Service.exe` };
const SETUP: ToolFile = { ...TOOL, path: "C:\\Windows\\ccmcache\\a\\TeamViewer_Setup.exe" };
const ANYDESK: ToolFile = { path: "C:\\Program Files (x86)\\AnyDesk\\AnyDesk.exe", signer: "AnyDesk Software GmbH" };

const expected = ["teamviewer"];
const announced = ["teamviewer"];

/** Intune and Configuration Manager deploy TeamViewer. */
export const ENDPOINT_MANAGER: Scenario = {
  name: "Microsoft Endpoint Manager",
  approvals: (device) => [
    fillIn("microsoft-endpoint-manager", { tools: ["teamviewer"] }),
    preexisting("teamviewer", [device("there before the baseline, listed")]),
  ],
  cases: [
    {
      name: "Intune asks the Windows Installer, whose service writes it",
      expected,
      happens: (on) => on.installed(TOOL, 60, INTUNE),
    },
    {
      name: "CcmExec asks the Windows Installer",
      expected,
      happens: (on) => on.installed(TOOL, 60, CCMEXEC),
    },
    { name: "CcmExec writes it, services.exe starts it", expected, happens: startedByServices },
    {
      name: "AgentExecutor writes it for Intune",
      expected,
      happens: (on) => on.arrives(TOOL, 60, AGENT_EXECUTOR),
    },
    {
      name: "CcmExec brings its setup, which unpacks it",
      expected,
      happens: (on) => {
        on.arrives(SETUP, 62, CCMEXEC);
        on.runs(SETUP, 61, CCMEXEC);
        on.arrives(TOOL, 60, { ...CCMEXEC, path: SETUP.path, signer: SETUP.signer, parent: "CcmExec.exe" });
      },
    },
    {
      name: "it updates itself, and a user opens it",
      expected,
      happens: (on) => {
        on.arrives(SERVICE, 90, CCMEXEC);
        const updater = { ...SERVICES, path: SERVICE.path, signer: SERVICE.signer, parent: "services.exe" };
        on.arrives({ ...TOOL, path: `${FOLDER}\\update\\TeamViewer.exe` }, 60, updater);
        on.runs(TOOL, 50, updater);
        on.runs(TOOL, 40, EXPLORER);
      },
    },
    { name: "there before the baseline, listed", expected, happens: (on) => on.runs(TOOL, 2000, SERVICES) },

    { name: "there before the baseline, on no list", announced, happens: (on) => on.runs(TOOL, 2000, SERVICES) },
    {
      name: "a second instance that a browser brought",
      announced,
      happens: (on) => {
        on.arrives(TOOL, 60, CCMEXEC);
        on.arrives({ ...TOOL, path: "C:\\Temp\\TeamViewer.exe" }, 30, CHROME);
      },
    },
    {
      name: "CcmExec.exe of another folder",
      announced,
      happens: (on) => on.arrives(TOOL, 60, { ...CCMEXEC, path: "C:\\ProgramData\\CCM\\CcmExec.exe" }),
    },
    {
      name: "a CcmExec.exe that is not signed and names Microsoft as its company",
      announced,
      happens: (on) => on.arrives(TOOL, 60, unsigned(CCMEXEC)),
    },
    {
      name: "a CcmExec.exe with a certificate that nothing trusts",
      announced,
      happens: (on) => on.arrives(TOOL, 60, { ...CCMEXEC, trusted: false }),
    },
    {
      name: "PowerShell registers a task under Configuration Manager's own path",
      announced,
      happens: (on) => {
        on.registers("\\Microsoft\\Configuration Manager\\Update", TOOL.path, 70, POWERSHELL);
        on.arrives(TOOL, 60, POWERSHELL);
        on.runs(TOOL, 50, { ...SERVICES, path: "C:\\Windows\\System32\\svchost.exe", parent: "services.exe" });
      },
    },
    {
      name: "AgentExecutor that a shell called",
      announced,
      happens: (on) => on.arrives(TOOL, 60, { ...AGENT_EXECUTOR, parent: "powershell.exe" }),
    },
    {
      name: "PowerShell asks the Windows Installer",
      announced,
      happens: (on) => on.installed(TOOL, 60, POWERSHELL),
    },
    {
      name: "Intune and PowerShell ask the Windows Installer at the same time",
      announced,
      happens: (on) => {
        on.installed(TOOL, 60, INTUNE);
        on.asks(POWERSHELL, 58);
      },
    },
    { name: "nobody was seen asking the Windows Installer", announced, happens: (on) => on.installed(TOOL, 60) },
    {
      name: "CcmExec as a user",
      announced,
      happens: (on) => on.arrives(TOOL, 60, { ...CCMEXEC, sid: USER }),
    },
    {
      name: "CcmExec brought it, a script starts it",
      announced,
      happens: (on) => {
        on.arrives(TOOL, 60, CCMEXEC);
        on.runs(TOOL, 10, POWERSHELL);
      },
    },
    {
      name: "CcmExec brings a counterfeit",
      announced,
      happens: (on) => on.arrives({ ...TOOL, trusted: false, path: `${FOLDER}\\tv.exe` }, 60, CCMEXEC),
    },
    {
      name: "a device of another group",
      announced,
      elsewhere: true,
      happens: (on) => on.installed(TOOL, 60, INTUNE),
    },
    {
      name: "CcmExec brings AnyDesk beside it",
      expected,
      announced: ["anydesk"],
      happens: (on) => {
        on.arrives(TOOL, 60, CCMEXEC);
        on.arrives(ANYDESK, 60, CCMEXEC);
      },
    },
  ],
};

function startedByServices(on: Parameters<Scenario["cases"][number]["happens"]>[0]): void {
  on.arrives(TOOL, 60, CCMEXEC);
  on.runs(TOOL, 50, SERVICES);
}
