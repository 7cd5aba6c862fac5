import type { Story, ToolFile } from "./device-story.ts";
import type { Process } from "./processes.ts";
import { EXPLORER, POWERSHELL, SERVICES, SYSTEM, unsigned, USER } from "./processes.ts";
import type { Scenario } from "./scenario.ts";
import { fillIn, preexisting } from "./scenario.ts";

const FOLDER = "C:\\Windows\\dwrcs";
const TOOL: ToolFile = { path: `${FOLDER}\\DWRCS.exe`, signer: "DameWare Development, LLC." };
const ANYDESK: ToolFile = { path: "C:\\ProgramData\\AnyDesk.exe", signer: "AnyDesk Software GmbH" };
const AGENT_FOLDER = "C:\\Program Files (x86)\\SolarWinds\\Agent";
const AGENT: Process = {
  path: `${AGENT_FOLDER}\\SolarWinds.Agent.Service.exe`,
  signer: "Solarwinds Worldwide, LLC",
  company: "SolarWinds",
  sid: SYSTEM,
  parent: "services.exe",
};
const WORKER: Process = {
  ...AGENT,
  path: `${AGENT_FOLDER}\\Plugins\\JobEngine\\SWJobEngineWorker2.exe`,
  parent: "SolarWinds.Agent.Service.exe",
};

const expected = ["dameware"];
const announced = ["dameware"];
const brought = (on: Story): void => on.arrives(TOOL, 60, AGENT);

/** A database administrator's SolarWinds SAM: its agent brings another tool, DameWare. */
export const SOLARWINDS: Scenario = {
  name: "SolarWinds SAM",
  approvals: (device) => [
    fillIn("solarwinds-sam", { tools: ["dameware"] }),
    preexisting("dameware", [device("there before the baseline, listed")]),
  ],
  cases: [
    { name: "the agent asks the Windows Installer", expected, happens: (on) => on.installed(TOOL, 60, AGENT) },
    { name: "the agent's job engine writes it", expected, happens: (on) => on.arrives(TOOL, 60, WORKER) },
    {
      name: "the agent writes it, services.exe starts it",
      expected,
      happens: (on) => {
        brought(on);
        on.runs(TOOL, 50, SERVICES);
      },
    },
    {
      name: "the agent starts it",
      expected,
      happens: (on) => {
        brought(on);
        on.runs(TOOL, 50, AGENT);
      },
    },
    {
      name: "it updates itself",
      expected,
      happens: (on) => {
        on.arrives(TOOL, 90, AGENT);
        on.arrives({ ...TOOL, path: `${FOLDER}\\DWRCST.exe` }, 60, {
          ...SERVICES,
          path: TOOL.path,
          signer: TOOL.signer,
          parent: "services.exe",
        });
      },
    },
    { name: "there before the baseline, listed", expected, happens: (on) => on.runs(TOOL, 2000, SERVICES) },

    { name: "there before the baseline, on no list", announced, happens: (on) => on.runs(TOOL, 2000, SERVICES) },
    {
      name: "an update by a file of the tool's name that nobody signed",
      announced,
      happens: (on) => {
        on.arrives(TOOL, 90, AGENT);
        on.arrives({ ...TOOL, path: `${FOLDER}\\DWRCST.exe` }, 60, {
          ...SERVICES,
          path: `${FOLDER}\\updater.exe`,
          company: "DameWare Development, LLC.",
        });
      },
    },
    {
      name: "a second instance that the administrator copied there",
      announced,
      happens: (on) => {
        brought(on);
        on.arrives({ ...TOOL, path: "C:\\Tools\\DWRCS.exe" }, 30, EXPLORER);
      },
    },
    {
      name: "the agent's file of another folder",
      announced,
      happens: (on) => on.arrives(TOOL, 60, { ...AGENT, path: "C:\\ProgramData\\SolarWinds.Agent.Service.exe" }),
    },
    {
      name: "the agent's path, a file that is not signed and names SolarWinds as its company",
      announced,
      happens: (on) => on.arrives(TOOL, 60, unsigned(AGENT)),
    },
    {
      name: "the agent's path, another company of the name",
      announced,
      happens: (on) => on.arrives(TOOL, 60, { ...AGENT, signer: "SolarWinds, Inc." }),
    },
    {
      name: "a shell that the agent started writes it",
      announced,
      happens: (on) => on.arrives(TOOL, 60, { ...POWERSHELL, parent: "SolarWinds.Agent.Service.exe" }),
    },
    {
      name: "PowerShell registers a task under SolarWinds' name",
      announced,
      happens: (on) => {
        on.registers("\\SolarWinds\\Agent", TOOL.path, 70, POWERSHELL);
        on.arrives(TOOL, 60, POWERSHELL);
      },
    },
    {
      name: "the agent's binary as a user",
      announced,
      happens: (on) => on.arrives(TOOL, 60, { ...AGENT, sid: USER }),
    },
    { name: "a device of another group", announced, elsewhere: true, happens: brought },
    {
      name: "the agent brings AnyDesk beside it",
      expected,
      announced: ["anydesk"],
      happens: (on) => {
        brought(on);
        on.arrives(ANYDESK, 60, AGENT);
      },
    },
  ],
};
