import type { Story, ToolFile } from "./device-story.ts";
import type { Process } from "./processes.ts";
import { CCMEXEC, CHROME, INTUNE, POWERSHELL, SERVICES, SYSTEM, unsigned } from "./processes.ts";
import type { Scenario } from "./scenario.ts";
import { fillIn, preexisting } from "./scenario.ts";

const FOLDER = "C:\\Program Files (x86)\\Kaseya\\ACME12345678901234";
const TOOL: ToolFile = { path: `${FOLDER}\\AgentMon.exe`, signer: "KASEYA US LLC" };
const ANYDESK: ToolFile = { path: "C:\\ProgramData\\AnyDesk.exe", signer: "AnyDesk Software GmbH" };
const AGENT: Process = {
  path: TOOL.path,
  signer: "KASEYA US LLC",
  company: "Kaseya",
  sid: SYSTEM,
  parent: "services.exe",
};

const expected = ["kaseya-vsa"];
const announced = ["kaseya-vsa"];
const deployed = (on: Story): void => on.installed(TOOL, 90, INTUNE);

/** Kaseya VSA is the tool, and keeps itself up to date. */
export const KASEYA: Scenario = {
  name: "Kaseya VSA",
  approvals: (device) => [
    fillIn("kaseya-vsa"),
    preexisting("kaseya-vsa", [device("there before the baseline, listed"), device("AgentMon brings AnyDesk")]),
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
      name: "it updates itself",
      expected,
      happens: (on) => on.arrives({ ...TOOL, path: `${FOLDER}\\KaseyaEndpoint.exe` }, 60, AGENT),
    },
    {
      name: "it starts its own helper",
      expected,
      happens: (on) => {
        deployed(on);
        on.runs({ ...TOOL, path: `${FOLDER}\\KaUsrTsk.exe` }, 50, AGENT);
      },
    },
    { name: "there before the baseline, listed", expected, happens: (on) => on.runs(TOOL, 2000, SERVICES) },
    {
      name: "AgentMon brings AnyDesk",
      expected,
      announced: ["anydesk"],
      happens: (on) => {
        on.runs(TOOL, 2000, SERVICES);
        on.arrives(ANYDESK, 60, AGENT);
        on.runs(ANYDESK, 59, AGENT);
      },
    },

    { name: "there before the baseline, on no list", announced, happens: (on) => on.runs(TOOL, 2000, SERVICES) },
    {
      name: "a second agent that a browser brought",
      announced,
      happens: (on) => {
        deployed(on);
        on.arrives({ ...TOOL, path: "C:\\Temp\\KcsSetup.exe" }, 30, CHROME);
      },
    },
    {
      name: "a second agent that a browser brought to a user's folder",
      announced,
      happens: (on) => {
        deployed(on);
        on.runs({ ...TOOL, path: "C:\\Users\\anna\\Downloads\\KcsSetup.exe" }, 30, SERVICES);
      },
    },
    {
      name: "a genuine AgentMon.exe of another folder",
      announced,
      happens: (on) => on.arrives(TOOL, 60, { ...AGENT, path: "C:\\ProgramData\\AgentMon.exe" }),
    },
    {
      name: "an AgentMon.exe two folders down",
      announced,
      happens: (on) => on.arrives(TOOL, 60, { ...AGENT, path: `${FOLDER}\\sub\\AgentMon.exe` }),
    },
    {
      name: "an AgentMon.exe that is not signed and names Kaseya as its company",
      announced,
      happens: (on) => on.arrives({ ...TOOL, path: `${FOLDER}\\KaseyaEndpoint.exe` }, 60, unsigned(AGENT)),
    },
    {
      name: "an AgentMon.exe signed by a company of nearly the same name",
      announced,
      happens: (on) => on.arrives(TOOL, 60, { ...AGENT, signer: "Kaseya US LLC Holdings" }),
    },
    {
      name: "PowerShell registers a task under Kaseya's name",
      announced,
      happens: (on) => {
        on.registers("\\Kaseya\\AgentMon", TOOL.path, 70, POWERSHELL);
        on.arrives(TOOL, 60, POWERSHELL);
      },
    },
    {
      name: "PowerShell asks the Windows Installer",
      announced,
      happens: (on) => on.installed(TOOL, 60, POWERSHELL),
    },
    { name: "a device of another group", announced, elsewhere: true, happens: deployed },
  ],
};
