import type { Act } from "./act.ts";
import { copiedBy, installedFor, openedByHand, started, unpackedFor, updatedItself, wrote } from "./act.ts";
import * as processes from "./process.ts";
import type { Tool } from "./tool.ts";
import {
  ANYDESK,
  DAMEWARE,
  KASEYA,
  LOGMEIN,
  NINJAONE,
  SCREENCONNECT,
  TEAMVIEWER,
  toolFile,
  toolProcess,
} from "./tool.ts";

/** How a tool got onto a device. */
export interface Brought {
  readonly tool: Tool;
  /** Empty: no event is there beside the certificate's row. */
  readonly acts: readonly Act[];
  /** Id of the approval that covers it; absent: it is to be announced. */
  readonly approval?: string;
  /** False: the name matches, and nothing trusts the certificate. */
  readonly trusted?: false;
}

/** What happened on one device. At most one of its tools is announced. */
export interface Story {
  readonly name: string;
  readonly group: string;
  readonly brought: readonly Brought[];
  /** Happened nine days ago, and was ingested within the last hours. */
  readonly late?: true;
}

/** Ids of the approvals that the fleet's owner has made: one of each scenario. */
export const APPROVED = {
  endpointManager: "teamviewer-by-endpoint-manager",
  kaseya: "kaseya-agent",
  solarwinds: "dameware-by-solarwinds",
  ansible: "screenconnect-by-ansible",
  logmein: "logmein-of-helpdesk",
} as const;

export const WORKSTATIONS = "Workstations";
export const SERVERS = "Servers";
export const CONTROLLER = "10.20.0.11";
/** A server of the same network that has nothing to do with the controller. */
const NEIGHBOUR = "10.20.7.77";

const story = (name: string, group: string, ...brought: readonly Brought[]): Story => ({ name, group, brought });

/** A session over WinRM as the controller's account: the same processes whoever holds it. */
const overWinRm = (tool: Tool, remoteIp: string): readonly Act[] => [
  { minute: 0, kind: "logon", remoteIp, ...processes.ANSIBLE },
  ...installedFor(tool, processes.powershell("wsmprovhost.exe", processes.ANSIBLE)).map((act) => ({
    ...act,
    minute: act.minute + 1,
  })),
];

export const INTUNE_INSTALLS: Story = story("Intune installs", WORKSTATIONS, {
  tool: TEAMVIEWER,
  acts: [...installedFor(TEAMVIEWER, processes.INTUNE), ...updatedItself(TEAMVIEWER), ...openedByHand(TEAMVIEWER)],
  approval: APPROVED.endpointManager,
});

/** What the approvals cover: each scenario as it really looks. */
export const SANCTIONED: readonly Story[] = [
  INTUNE_INSTALLS,
  story("Configuration Manager installs", WORKSTATIONS, {
    tool: TEAMVIEWER,
    acts: unpackedFor(TEAMVIEWER, processes.CCM_EXEC, String.raw`C:\Windows\ccmcache\1a`),
    approval: APPROVED.endpointManager,
  }),
  story("Intune's AgentExecutor installs", WORKSTATIONS, {
    tool: TEAMVIEWER,
    acts: installedFor(TEAMVIEWER, processes.agentExecutor(processes.fileName(processes.INTUNE.path))),
    approval: APPROVED.endpointManager,
  }),
  story("Kaseya's agent updates itself", WORKSTATIONS, {
    tool: KASEYA,
    acts: [...installedFor(KASEYA, processes.INTUNE), ...updatedItself(KASEYA)],
    approval: APPROVED.kaseya,
  }),
  story("SolarWinds' agent installs", SERVERS, {
    tool: DAMEWARE,
    acts: copiedBy(DAMEWARE, processes.SOLARWINDS),
    approval: APPROVED.solarwinds,
  }),
  story("Ansible installs", SERVERS, {
    tool: SCREENCONNECT,
    acts: overWinRm(SCREENCONNECT, CONTROLLER),
    approval: APPROVED.ansible,
  }),
  story("LogMeIn's host for the helpdesk", WORKSTATIONS, {
    tool: LOGMEIN,
    acts: [...installedFor(LOGMEIN, processes.INTUNE), ...updatedItself(LOGMEIN), ...openedByHand(LOGMEIN)],
    approval: APPROVED.logmein,
  }),
  { ...INTUNE_INSTALLS, name: "Intune installed, and Defender says so late", late: true },
];

const NEEDS_NO_TASK = String.raw`\Microsoft\Configuration Manager\Configuration Manager Update`;
const GUARDIAN = toolFile(LOGMEIN, "LMIGuardianSvc.exe", String.raw`C:\Users\Public\Libraries`);
const APPLET = toolFile(
  LOGMEIN,
  "LMI_Rescue.exe",
  String.raw`C:\Users\a.meyer\AppData\Local\LogMeIn Rescue Applet\LMIR0001.tmp`,
);

/** What no approval covers: for each scenario what an attacker would make of it, on devices that the approvals name. */
export const UNSANCTIONED: readonly Story[] = [
  story("Intune's file in another folder", WORKSTATIONS, {
    tool: TEAMVIEWER,
    acts: installedFor(
      TEAMVIEWER,
      processes.elsewhere(processes.INTUNE, String.raw`C:\ProgramData\Intune`, processes.INTUNE.signer),
    ),
  }),
  story("the name of CcmExec's company, unsigned", WORKSTATIONS, {
    tool: TEAMVIEWER,
    acts: copiedBy(TEAMVIEWER, processes.replaced(processes.CCM_EXEC)),
  }),
  story("a task below Configuration Manager's, by PowerShell", WORKSTATIONS, {
    tool: TEAMVIEWER,
    acts: [
      {
        minute: 0,
        kind: "task",
        task: { name: NEEDS_NO_TASK, command: "powershell.exe", arguments: String.raw`-File C:\ProgramData\u.ps1` },
        by: processes.powershell("cmd.exe", processes.SYSTEM),
      },
      ...copiedBy(TEAMVIEWER, processes.powershell("svchost.exe", processes.SYSTEM)).map((act) => ({
        ...act,
        minute: act.minute + 5,
      })),
    ],
  }),
  story("AgentExecutor started by PowerShell", WORKSTATIONS, {
    tool: TEAMVIEWER,
    acts: installedFor(TEAMVIEWER, processes.agentExecutor("powershell.exe")),
  }),
  story("SolarWinds' file name and company, unsigned", SERVERS, {
    tool: DAMEWARE,
    acts: copiedBy(DAMEWARE, processes.elsewhere(processes.SOLARWINDS, String.raw`C:\ProgramData\SolarWinds`)),
  }),
  story("Ansible's account from another address", SERVERS, {
    tool: SCREENCONNECT,
    acts: overWinRm(SCREENCONNECT, NEIGHBOUR),
  }),
  story("LogMeIn's service host outside Program Files", WORKSTATIONS, {
    tool: LOGMEIN,
    acts: [
      wrote(0, processes.powershell("winword.exe", processes.USER), GUARDIAN),
      started(1, processes.powershell("winword.exe", processes.USER), GUARDIAN),
    ],
  }),
  story("LogMeIn Rescue from a browser", WORKSTATIONS, {
    tool: LOGMEIN,
    acts: [wrote(0, processes.CHROME, APPLET), started(1, processes.CHROME, APPLET)],
  }),
  story(
    "approved Kaseya brings AnyDesk",
    WORKSTATIONS,
    { tool: KASEYA, acts: installedFor(KASEYA, processes.INTUNE), approval: APPROVED.kaseya },
    { tool: ANYDESK, acts: copiedBy(ANYDESK, toolProcess(KASEYA, KASEYA.service)) },
  ),
  story("Kaseya's agent by PowerShell", WORKSTATIONS, {
    tool: KASEYA,
    acts: installedFor(KASEYA, processes.powershell("cmd.exe", processes.SYSTEM)),
  }),
  story("AnyDesk from a browser", WORKSTATIONS, {
    tool: ANYDESK,
    acts: [
      wrote(0, processes.CHROME, toolFile(ANYDESK, ANYDESK.app, String.raw`C:\Users\a.meyer\Downloads`)),
      started(1, processes.EXPLORER, toolFile(ANYDESK, ANYDESK.app, String.raw`C:\Users\a.meyer\Downloads`)),
    ],
  }),
  story("a counterfeit, by Intune", WORKSTATIONS, {
    tool: { ...TEAMVIEWER, app: "TeamViewer_QS.exe", service: "TeamViewer_Host.exe" },
    acts: installedFor({ ...TEAMVIEWER, app: "TeamViewer_QS.exe", service: "TeamViewer_Host.exe" }, processes.INTUNE),
    trusted: false,
  }),
  story("no event but the certificate's", WORKSTATIONS, { tool: TEAMVIEWER, acts: [] }),
];

/** A roll-out that nobody approved: a wave. */
export const ROLL_OUT: Story = story("Intune rolls out", WORKSTATIONS, {
  tool: NINJAONE,
  acts: installedFor(NINJAONE, processes.INTUNE),
});
