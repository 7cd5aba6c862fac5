import type { Story, ToolFile } from "./device-story.ts";
import type { Process } from "./processes.ts";
import { CHROME, POWERSHELL, SERVICES, USER } from "./processes.ts";
import type { Scenario } from "./scenario.ts";
import { fillIn, preexisting } from "./scenario.ts";

const FOLDER = "C:\\Program Files\\Level";
const TOOL: ToolFile = { path: `${FOLDER}\\level.exe`, signer: "Level Software, Inc." };
const ANYDESK: ToolFile = { path: "C:\\ProgramData\\AnyDesk.exe", signer: "AnyDesk Software GmbH" };
const SERVICE_ACCOUNT = "S-1-5-21-1004336348-1177238915-682003330-2201";
const CONTROLLER = "10.20.0.5";
/** What every WinRM client's session looks like. */
const WINRM: Process = { ...POWERSHELL, sid: SERVICE_ACCOUNT, parent: "wsmprovhost.exe" };

const expected = ["level"];
const announced = ["level"];

function copied(on: Story, from = CONTROLLER): void {
  on.logsOn(62, from, SERVICE_ACCOUNT);
  on.arrives(TOOL, 60, WINRM);
}

/** Ansible's controller installs Level on the devices of its inventory. */
export const ANSIBLE: Scenario = {
  name: "Ansible",
  approvals: (device) => [
    fillIn("ansible", {
      tools: ["level"],
      sources: [CONTROLLER, "2001:db8:20::5"],
      accounts: [SERVICE_ACCOUNT],
      devices: ANSIBLE.cases
        .filter(({ name, elsewhere }) => !elsewhere && !name.startsWith("there before"))
        .map(({ name }) => device(name)),
    }),
    preexisting("level", [device("there before the baseline, listed")]),
  ],
  cases: [
    {
      name: "the controller's session asks the Windows Installer, services.exe starts it",
      expected,
      happens: (on) => {
        on.logsOn(62, CONTROLLER, SERVICE_ACCOUNT);
        on.installed(TOOL, 60, WINRM);
        on.runs(TOOL, 50, SERVICES);
      },
    },
    { name: "the controller's session copies it", expected, happens: (on) => copied(on) },
    {
      name: "the address is written as that of a dual-stack socket",
      expected,
      happens: (on) => copied(on, `::ffff:${CONTROLLER}`),
    },
    { name: "over IPv6", expected, happens: (on) => copied(on, "2001:0db8:0020:0000:0000:0000:0000:0005") },
    {
      name: "the controller's session copies its setup to a temporary folder and starts it",
      expected,
      happens: (on) => {
        const setup = { ...TOOL, path: "C:\\Users\\svc-ansible\\AppData\\Local\\Temp\\ansible.1\\level-setup.exe" };
        on.logsOn(62, CONTROLLER, SERVICE_ACCOUNT);
        on.arrives(setup, 60, WINRM);
        on.runs(setup, 59, WINRM);
        on.arrives(TOOL, 58, { ...WINRM, path: setup.path, signer: setup.signer, parent: "powershell.exe" });
      },
    },
    {
      name: "it updates itself a day after",
      expected,
      happens: (on) => {
        on.logsOn(1502, CONTROLLER, SERVICE_ACCOUNT);
        on.arrives(TOOL, 1500, WINRM);
        on.arrives({ ...TOOL, path: `${FOLDER}\\level-2.exe` }, 60, {
          ...SERVICES,
          path: TOOL.path,
          signer: TOOL.signer,
          parent: "services.exe",
        });
      },
    },
    { name: "there before the baseline, listed", expected, happens: (on) => on.runs(TOOL, 2000, SERVICES) },

    { name: "there before the baseline, on no list", announced, happens: (on) => on.runs(TOOL, 2000, SERVICES) },
    { name: "WinRM from another address", announced, happens: (on) => copied(on, "10.20.0.77") },
    { name: "WinRM from the controller's neighbour", announced, happens: (on) => copied(on, "10.20.0.6") },
    {
      name: "WinRM from the controller and from another address at the same time",
      announced,
      happens: (on) => {
        copied(on);
        on.logsOn(63, "10.20.0.77", SERVICE_ACCOUNT);
      },
    },
    {
      name: "WinRM as another account, from the controller",
      announced,
      happens: (on) => {
        on.logsOn(62, CONTROLLER, USER);
        on.arrives(TOOL, 60, { ...WINRM, sid: USER });
      },
    },
    {
      name: "another account's session while the controller is logged on",
      announced,
      happens: (on) => {
        on.logsOn(62, CONTROLLER, SERVICE_ACCOUNT);
        on.arrives(TOOL, 60, { ...WINRM, sid: USER });
      },
    },
    { name: "no logon was seen", announced, happens: (on) => on.arrives(TOOL, 60, WINRM) },
    {
      name: "the controller logged on an hour before",
      announced,
      happens: (on) => {
        on.logsOn(120, CONTROLLER, SERVICE_ACCOUNT);
        on.arrives(TOOL, 60, WINRM);
      },
    },
    {
      name: "a logon at the console, not over the network",
      announced,
      happens: (on) => {
        on.logsOn(62, CONTROLLER, SERVICE_ACCOUNT, "RemoteInteractive");
        on.arrives(TOOL, 60, WINRM);
      },
    },
    {
      name: "a second instance that a browser brought",
      announced,
      happens: (on) => {
        copied(on);
        on.arrives({ ...TOOL, path: "C:\\Temp\\level.exe" }, 30, CHROME);
      },
    },
    {
      name: "the controller's session, with Ansible's folder names, started by a local shell",
      announced,
      happens: (on) =>
        on.arrives({ ...TOOL, path: "C:\\Temp\\ansible-tmp-1\\level.exe" }, 60, { ...WINRM, parent: "cmd.exe" }),
    },
    { name: "a device of no inventory", announced, elsewhere: true, happens: (on) => copied(on) },
    {
      name: "the controller's session brings AnyDesk beside it",
      expected,
      announced: ["anydesk"],
      happens: (on) => {
        copied(on);
        on.arrives(ANYDESK, 59, WINRM);
      },
    },
  ],
};
