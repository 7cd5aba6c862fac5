import { constantFrom, assert as holds, property, shuffledSubarray, uniqueArray } from "fast-check";
import { describe, expect, test } from "vitest";
import type { Approval, ApprovalSubject } from "../../../shared/core/approval.ts";
import { approve } from "../../../shared/core/approve.ts";
import type { Actor, Evidence, EvidencePiece } from "../../../shared/core/evidence.ts";
import { NO_EVIDENCE } from "../../../shared/core/evidence.ts";
import {
  actor,
  ago,
  arrival,
  CCM,
  CHROME,
  evidence,
  EXPLORER,
  fromTemplate,
  subject,
  MSIEXEC,
  NOW,
  POWERSHELL,
  run,
  SERVICES,
  SYSTEM,
  USER,
} from "../../fixtures/approval-samples.ts";

const ENDPOINT_MANAGER = fromTemplate("microsoft-endpoint-manager");
const IME_FOLDER = "c:\\program files (x86)\\microsoft intune management extension";
const IME = actor(`${IME_FOLDER}\\microsoft.management.services.intunewindowsagent.exe`, "Microsoft Corporation");
const AGENT_EXECUTOR = actor(`${IME_FOLDER}\\agentexecutor.exe`, "Microsoft Corporation", {
  parentFileName: "Microsoft.Management.Services.IntuneWindowsAgent.exe",
});
const UPDATER = actor("c:\\program files (x86)\\anydesk\\anydesk.exe", "AnyDesk Software GmbH", { sha1: "tool" });
function uncertified({ certificate, ...rest }: Actor): Actor {
  expect(certificate).toBeDefined();
  return rest;
}

/** The reason of the one approval that does not cover; `covered` where it does. */
function verdict(candidate: ApprovalSubject, found: Evidence, approval: Approval, now = NOW): string {
  const given = approve(candidate, found, [approval], now);
  return given.covered ? "covered" : (given.reasons[0]?.reason ?? "does not name the tool");
}

interface Case {
  readonly name: string;
  readonly found: Evidence;
  /** `covered`, or a part of the reason why not. */
  readonly outcome: string;
  readonly of?: Partial<ApprovalSubject>;
}
function cases(title: string, approval: Approval, table: readonly Case[]): void {
  describe(title, () => {
    test.each(table)("$name – $outcome", ({ found, outcome, of: change }) => {
      expectOutcome(verdict(subject(change), found, approval), outcome);
    });
  });
}

function expectOutcome(given: string, outcome: string): void {
  if (outcome === "covered") expect(given).toBe(outcome);
  else expect(given).toContain(outcome);
}

cases("deployed by Microsoft Endpoint Manager", ENDPOINT_MANAGER, [
  { name: "written by CcmExec", found: evidence(arrival(CCM)), outcome: "covered" },
  {
    name: "written by Intune's agent, started as a service",
    found: evidence(arrival(IME), run(SERVICES)),
    outcome: "covered",
  },
  {
    name: "through the Windows Installer, asked for by CcmExec",
    found: evidence(arrival(MSIEXEC, { client: CCM }), run(SERVICES)),
    outcome: "covered",
  },
  {
    name: "started by that installation",
    found: evidence(arrival(MSIEXEC, { client: CCM }), run(MSIEXEC, { at: ago(49) })),
    outcome: "covered",
  },
  {
    name: "started by another installation, hours later",
    found: evidence(arrival(MSIEXEC, { client: CCM, at: ago(500) }), run(MSIEXEC)),
    outcome: "started by c:\\windows\\system32\\msiexec.exe",
  },
  {
    name: "through the Windows Installer, nobody knows for whom",
    found: evidence(arrival(MSIEXEC)),
    outcome: "who asked for the installation was not found",
  },
  {
    name: "through the Windows Installer, asked for by a shell",
    found: evidence(arrival(MSIEXEC, { client: POWERSHELL })),
    outcome: "is none of its paths",
  },
  {
    name: "msiexec from another folder, for CcmExec",
    found: evidence(arrival(actor("c:\\temp\\msiexec.exe", "Microsoft Windows"), { client: CCM })),
    outcome: "is none of its paths",
  },
  {
    name: "by AgentExecutor, as a child of Intune's agent",
    found: evidence(arrival(AGENT_EXECUTOR)),
    outcome: "covered",
  },
  {
    name: "by AgentExecutor, from a shell",
    found: evidence(arrival({ ...AGENT_EXECUTOR, parentFileName: "cmd.exe" })),
    outcome: "runs anything for whoever calls it, and was started by cmd.exe",
  },
  {
    name: "a setup that CcmExec brought unpacks the tool",
    found: evidence(
      arrival(CCM, { sha1: "setup", path: "c:\\windows\\ccmcache\\7\\setup.exe", at: ago(55) }),
      arrival(actor("c:\\windows\\ccmcache\\7\\setup.exe", "AnyDesk Software GmbH", { sha1: "setup" })),
    ),
    outcome: "covered",
  },
  {
    name: "that setup, which a browser brought too",
    found: evidence(
      arrival(CCM, { sha1: "setup", at: ago(55) }),
      arrival(CHROME, { sha1: "setup", at: ago(54), path: "c:\\downloads\\setup.exe" }),
      arrival(actor("c:\\windows\\ccmcache\\7\\setup.exe", "AnyDesk Software GmbH", { sha1: "setup" })),
    ),
    outcome: "chrome.exe is none of its paths",
  },
  {
    name: "that setup, when nothing trusts it",
    found: evidence(
      arrival(CCM, { sha1: "setup", at: ago(55) }),
      arrival(actor("c:\\windows\\ccmcache\\7\\setup.exe", "", { sha1: "setup" })),
    ),
    outcome: "is none of its paths",
  },
  {
    name: "a setup that came only afterwards",
    found: evidence(
      arrival(CCM, { sha1: "setup", at: ago(20) }),
      arrival(actor("c:\\windows\\ccmcache\\7\\setup.exe", "AnyDesk Software GmbH", { sha1: "setup" }), {
        at: ago(30),
      }),
    ),
    outcome: "is none of its paths",
  },
  {
    name: "updates itself",
    found: evidence(
      arrival(CCM),
      arrival(UPDATER, { sha1: "tool 2", at: ago(10) }),
      run(UPDATER, { sha1: "tool 2", at: ago(9) }),
    ),
    outcome: "covered",
  },
  {
    name: "updates itself, and how it got there is not seen",
    found: evidence(arrival(UPDATER, { sha1: "tool 2" })),
    outcome: "anydesk.exe is none of its paths",
  },
  {
    name: "updates itself by a file of its own that the evidence does not show",
    found: evidence(arrival(CCM), arrival({ ...UPDATER, sha1: "other" }, { ownTool: true, at: ago(10) })),
    outcome: "covered",
  },
  {
    name: "a file of its own, before anything was brought",
    found: evidence(arrival(CCM), arrival({ ...UPDATER, sha1: "other" }, { ownTool: true, at: ago(51) })),
    outcome: "is none of its paths",
  },
  {
    name: "a file of its own, and nothing was brought",
    found: evidence(arrival({ ...UPDATER, sha1: "other" }, { ownTool: true })),
    outcome: "is none of its paths",
  },
  {
    name: "through the Windows Installer for a shell, whoever's own file that is",
    found: evidence(arrival(CCM), arrival(MSIEXEC, { client: POWERSHELL, ownTool: true, at: ago(10) })),
    outcome: "is none of its paths",
  },
  {
    name: "an updater that nothing trusts",
    found: evidence(arrival(CCM), run(uncertified(UPDATER))),
    outcome: "started by",
  },
  {
    name: "an updater of the tool that is known elsewhere",
    found: evidence(arrival(CCM), run({ ...UPDATER, sha1: "other" }, { ownTool: true })),
    outcome: "covered",
  },
  { name: "opened by its user", found: evidence(arrival(CCM), run(EXPLORER)), outcome: "covered" },
  {
    name: "started by a script",
    found: evidence(arrival(CCM), run(POWERSHELL)),
    outcome: "started by c:\\windows\\system32\\windowspowershell\\v1.0\\powershell.exe, which it does not name",
  },
  {
    name: "started by what only calls itself services.exe",
    found: evidence(arrival(CCM), run(actor("c:\\users\\public\\services.exe", ""))),
    outcome: "started by c:\\users\\public\\services.exe",
  },
  {
    name: "started by a services.exe that somebody else signed",
    found: evidence(
      arrival(CCM),
      run({ ...SERVICES, certificate: { signer: "Evil", trusted: true, microsoftRoot: false } }),
    ),
    outcome: "started by",
  },
  {
    name: "a second instance, brought by a browser",
    found: evidence(arrival(CCM), arrival(CHROME, { path: "c:\\downloads\\anydesk.exe" })),
    outcome: "chrome.exe is none of its paths",
  },
  {
    name: "a copy in a user's folder",
    found: evidence(arrival(CCM), run(SERVICES, { path: "c:\\users\\public\\anydesk.exe" })),
    outcome: "lies in a user's folder",
  },
  {
    name: "CcmExec of another folder",
    found: evidence(arrival({ ...CCM, path: "c:\\programdata\\ccm\\ccmexec.exe" })),
    outcome: "is none of its paths",
  },
  { name: "CcmExec unsigned", found: evidence(arrival(uncertified(CCM))), outcome: "has no certificate that was seen" },
  {
    name: "CcmExec with a certificate that is not trusted",
    found: evidence(
      arrival({ ...CCM, certificate: { signer: "Microsoft Corporation", trusted: false, microsoftRoot: true } }),
    ),
    outcome: "not trusted",
  },
  {
    name: "CcmExec signed with another root",
    found: evidence(
      arrival({ ...CCM, certificate: { signer: "Microsoft Corporation", trusted: true, microsoftRoot: false } }),
    ),
    outcome: "root is not Microsoft's",
  },
  {
    name: "CcmExec as a user",
    found: evidence(arrival({ ...CCM, accountSid: USER, accountName: "ann" })),
    outcome: `ran as ann (${USER}), which is none of its accounts`,
  },
  {
    name: "PowerShell, whatever task it registered",
    found: evidence(
      arrival(POWERSHELL, { task: { name: "\\Microsoft\\Configuration Manager\\Health", action: "anydesk.exe" } }),
    ),
    outcome: "is none of its paths",
  },
  {
    name: "another tool",
    found: evidence(arrival(CCM)),
    outcome: "does not name the tool",
    of: { tool: "teamviewer" },
  },
  {
    name: "another group",
    found: evidence(arrival(CCM)),
    outcome: "is none of its devices",
    of: { deviceGroup: "Servers" },
  },
  {
    name: "no group at all",
    found: evidence(arrival(CCM)),
    outcome: "is none of its devices",
    of: { deviceGroup: "" },
  },
  { name: "a counterfeit", found: evidence(arrival(CCM)), outcome: "counterfeit", of: { counterfeit: true } },
  { name: "no evidence", found: NO_EVIDENCE, outcome: "no arrival evidence" },
  { name: "run evidence alone", found: evidence(run(SERVICES)), outcome: "no arrival evidence" },
  {
    name: "R13: evidence that is partial",
    found: { ...evidence(arrival(CCM)), missing: ["DeviceProcessEvents: timed out"] },
    outcome: "not everything could be looked at: DeviceProcessEvents: timed out",
  },
]);

const KASEYA = "c:\\program files (x86)\\kaseya\\4f2a\\agentmon.exe";
const AGENT_MON = actor(KASEYA, "KASEYA US LLC");
cases("Kaseya VSA", fromTemplate("kaseya-vsa"), [
  {
    name: "updates itself",
    found: evidence(arrival(AGENT_MON), run(SERVICES)),
    outcome: "covered",
    of: { tool: "kaseya-vsa" },
  },
  {
    name: "signed with an older certificate",
    found: evidence(arrival(actor(KASEYA, "Kaseya Holdings Inc."))),
    outcome: "covered",
    of: { tool: "kaseya-vsa" },
  },
  {
    name: "deployed by Intune",
    found: evidence(arrival(MSIEXEC, { client: IME })),
    outcome: "covered",
    of: { tool: "kaseya-vsa" },
  },
  { name: "brings AnyDesk", found: evidence(arrival(AGENT_MON)), outcome: "does not name the tool" },
  {
    name: "same file name, another path",
    found: evidence(arrival({ ...AGENT_MON, path: "c:\\kworking\\agentmon.exe" })),
    outcome: "is none of its paths",
    of: { tool: "kaseya-vsa" },
  },
  {
    name: "a folder deeper",
    found: evidence(arrival({ ...AGENT_MON, path: "c:\\program files (x86)\\kaseya\\a\\b\\agentmon.exe" })),
    outcome: "is none of its paths",
    of: { tool: "kaseya-vsa" },
  },
  {
    name: "a folder upwards",
    found: evidence(arrival({ ...AGENT_MON, path: "c:\\program files (x86)\\kaseya\\..\\agentmon.exe" })),
    outcome: "is none of its paths",
    of: { tool: "kaseya-vsa" },
  },
  {
    name: "same company name, unsigned",
    found: evidence(arrival(uncertified(AGENT_MON))),
    outcome: "has no certificate that was seen",
    of: { tool: "kaseya-vsa" },
  },
]);

const SOLARWINDS = actor(
  "c:\\program files (x86)\\solarwinds\\agent\\solarwinds.agent.service.exe",
  "Solarwinds Worldwide, LLC",
);
cases("brought by SolarWinds SAM", fromTemplate("solarwinds-sam"), [
  { name: "by its agent", found: evidence(arrival(SOLARWINDS), run(SERVICES)), outcome: "covered" },
  {
    name: "by a file of its server",
    found: evidence(arrival(actor("c:\\program files (x86)\\solarwinds\\orion\\x.exe", "Solarwinds Worldwide, LLC"))),
    outcome: "is none of its paths",
  },
  {
    name: "by its agent's name, signed by somebody else",
    found: evidence(
      arrival({ ...SOLARWINDS, certificate: { signer: "SolarWinds", trusted: true, microsoftRoot: false } }),
    ),
    outcome: "is signed by SolarWinds, not by Solarwinds Worldwide, LLC",
  },
]);

const CONTROLLER = "S-1-5-21-1-2-3-1105";
const ANSIBLE = fromTemplate("ansible", { devices: ["ws-1"], sources: ["10.0.0.5"], accounts: [CONTROLLER] });
const WINRM = { ...POWERSHELL, accountSid: CONTROLLER, parentFileName: "winrshost.exe" };
const logon = (remoteIp: string, change: Partial<NonNullable<EvidencePiece["logons"]>[number]> = {}) => ({
  remoteIp,
  accountSid: CONTROLLER,
  at: ago(51),
  ...change,
});
cases("installed by Ansible", ANSIBLE, [
  {
    name: "after a logon from the controller",
    found: evidence(arrival(WINRM, { logons: [logon("10.0.0.5")] }), run(WINRM)),
    outcome: "covered",
  },
  {
    name: "into its account's profile",
    found: evidence(
      arrival(WINRM, {
        path: "c:\\users\\ansible\\appdata\\local\\temp\\setup.exe",
        logons: [logon("::ffff:10.0.0.5")],
      }),
    ),
    outcome: "covered",
  },
  {
    name: "through the Windows Installer",
    found: evidence(arrival(MSIEXEC, { client: WINRM, logons: [logon("10.0.0.5")] }), run(SERVICES)),
    outcome: "covered",
  },
  {
    name: "from another address",
    found: evidence(arrival(WINRM, { logons: [logon("10.0.0.6")] })),
    outcome: "logged on from 10.0.0.6",
  },
  {
    name: "from the controller and from elsewhere",
    found: evidence(arrival(WINRM, { logons: [logon("10.0.0.5"), logon("10.0.0.9")] })),
    outcome: "logged on from 10.0.0.9",
  },
  {
    name: "as another account, from the controller",
    found: evidence(arrival(WINRM, { logons: [logon("10.0.0.5", { accountSid: USER })] })),
    outcome: "no logon of its account",
  },
  {
    name: "another account's process meanwhile",
    found: evidence(arrival({ ...WINRM, accountSid: USER }, { logons: [logon("10.0.0.5")] })),
    outcome: "none of its accounts",
  },
  {
    name: "a logon that came later",
    found: evidence(arrival(WINRM, { logons: [logon("10.0.0.5", { at: ago(49) })] })),
    outcome: "no logon of its account",
  },
  {
    name: "a logon of hours ago",
    found: evidence(arrival(WINRM, { logons: [logon("10.0.0.5", { at: ago(200) })] })),
    outcome: "no logon of its account",
  },
  { name: "no logon that was seen", found: evidence(arrival(WINRM)), outcome: "no logon of its account" },
  {
    name: "started by its account hours later",
    found: evidence(arrival(WINRM, { at: ago(500), logons: [logon("10.0.0.5", { at: ago(501) })] }), run(WINRM)),
    outcome: "which it does not name",
  },
  {
    name: "a device that the inventory does not list",
    found: evidence(arrival(WINRM, { logons: [logon("10.0.0.5")] })),
    outcome: "is none of its devices",
    of: { deviceName: "ws-2" },
  },
]);

const LOGMEIN = actor("c:\\program files (x86)\\logmein\\x86\\logmein.exe", "GoTo Technologies USA, LLC");
cases("LogMeIn's host", fromTemplate("logmein"), [
  {
    name: "updates itself",
    found: evidence(arrival(LOGMEIN), run(SERVICES)),
    outcome: "covered",
    of: { tool: "logmein" },
  },
  {
    name: "its service host outside Program Files",
    found: evidence(arrival(CHROME, { path: "c:\\users\\public\\lmiguardiansvc.exe" })),
    outcome: "lies in a user's folder",
    of: { tool: "logmein" },
  },
  {
    name: "its service host brings the tool",
    found: evidence(arrival(actor("c:\\programdata\\lmiguardiansvc.exe", "GoTo Technologies USA, LLC"))),
    outcome: "is none of its paths",
    of: { tool: "logmein" },
  },
]);

const SESSION = fromTemplate("logmein-rescue-session", {
  devices: ["ws-1"],
  validFrom: "2026-03-10T10:00:00Z",
  validTo: "2026-03-10T11:30:00Z",
});
const APPLET = "c:\\users\\ann\\downloads\\support-logmeinrescue.exe";
cases("a session of LogMeIn Rescue", SESSION, [
  {
    name: "within it",
    found: evidence(arrival(CHROME, { path: APPLET }), run(EXPLORER, { path: APPLET })),
    outcome: "covered",
    of: { tool: "logmein" },
  },
  {
    name: "used once more afterwards",
    found: evidence(arrival(CHROME, { path: APPLET }), run(EXPLORER, { path: APPLET, at: ago(10) })),
    outcome: "outside the session",
    of: { tool: "logmein" },
  },
  {
    name: "there before it",
    found: evidence(arrival(CHROME, { path: APPLET })),
    outcome: "before the session began",
    of: { tool: "logmein", firstSeen: ago(300) },
  },
  {
    name: "on another device",
    found: evidence(arrival(CHROME, { path: APPLET })),
    outcome: "is none of its devices",
    of: { tool: "logmein", deviceName: "ws-2" },
  },
]);
test("a session that has ended goes on covering what happened in it, until it expires", () => {
  const found = evidence(arrival(CHROME, { path: APPLET }));
  expect(verdict(subject({ tool: "logmein" }), found, SESSION, new Date("2026-04-01T00:00:00Z"))).toBe("covered");
});

const LISTED: Approval = {
  id: "before",
  reason: "",
  owner: "desk",
  ticket: "CHG-1",
  expires: new Date("2026-09-30T00:00:00Z"),
  tools: ["anydesk"],
  devices: { names: ["ws-1"], groups: ["Workstations"] },
  preexisting: true,
  made: ago(30),
};
cases("there before the devices were listed", LISTED, [
  { name: "no evidence", found: NO_EVIDENCE, outcome: "covered" },
  { name: "started as a service", found: evidence(run(SERVICES)), outcome: "covered" },
  { name: "started by a script", found: evidence(run(POWERSHELL)), outcome: "started by" },
  { name: "came afterwards", found: NO_EVIDENCE, outcome: "not there yet", of: { firstSeen: ago(29) } },
  {
    name: "of its group, not listed",
    found: NO_EVIDENCE,
    outcome: "covered on listed devices only",
    of: { deviceName: "ws-2" },
  },
  {
    name: "listed by id",
    found: NO_EVIDENCE,
    outcome: "none of its devices",
    of: { deviceName: "x", deviceId: "b".repeat(40), deviceGroup: "" },
  },
  {
    name: "evidence of how it got there",
    found: evidence(arrival(CCM)),
    outcome: "says nothing of how the tool may get there",
  },
  {
    name: "R13: could not be looked at",
    found: { pieces: [], missing: ["DeviceFileEvents is not there"] },
    outcome: "not everything could be looked at",
  },
]);
test("without the time when they were listed, nothing preexists", () => {
  const { made, ...undated } = LISTED;
  expect(made).toBeDefined();
  expect(verdict(subject(), NO_EVIDENCE, undated)).toContain("not there yet");
});

describe("conditions", () => {
  const weak = (condition: Approval["arrival"]): Approval => ({ ...ENDPOINT_MANAGER, arrival: condition ?? {} });

  test.each([
    ["signer alone", { signer: "Microsoft Corporation" }],
    ["path alone", { paths: [CCM.path] }],
    ["account alone", { accountSids: [SYSTEM] }],
    ["parent alone", { parents: ["services.exe"] }],
    ["task alone", { taskAction: "anydesk.exe" }],
    ["nothing", {}],
  ])("%s – covers nothing, however it came into the set", (_name, condition) => {
    const found = evidence(arrival(CCM, { task: { name: "t", action: "anydesk.exe" } }));
    expect(verdict(subject(), found, weak(condition))).toContain("no condition has both a signer and a path");
  });

  test.each([
    ["the task's command", { name: "t", action: "C:\\x\\AnyDesk.exe  --silent" }, "covered"],
    ["another command", { name: "t", action: "c:\\x\\anydesk.exe --set-password" }, "runs something else"],
    ["no task", undefined, "no task that names the file was seen"],
  ])("taskAction, an added condition – %s", (_name, task, outcome) => {
    const approval = weak({ ...ENDPOINT_MANAGER.arrival, taskAction: "c:\\x\\anydesk.exe --silent" });
    expectOutcome(verdict(subject(), evidence(arrival(CCM, { ...(task && { task }) })), approval), outcome);
  });

  test.each([
    ["the parent", "services.exe", "covered"],
    ["another parent", "cmd.exe", "was started by cmd.exe"],
  ])("parents, an added condition – %s", (_name, parentFileName, outcome) => {
    const approval = weak({ ...ENDPOINT_MANAGER.arrival, parents: ["services.exe"] });
    expectOutcome(verdict(subject(), evidence(arrival({ ...CCM, parentFileName })), approval), outcome);
  });

  test("a star in the file's place, however it came into the set – is no file", () => {
    const approval = weak({ ...ENDPOINT_MANAGER.arrival, paths: ["c:\\windows\\ccm\\*"] });
    expect(verdict(subject(), evidence(arrival(CCM)), approval)).toContain("is none of its paths");
  });
});

describe("verdicts", () => {
  test("an approval ends at the instant of its expiry", () => {
    const found = evidence(arrival(CCM));
    const end = ENDPOINT_MANAGER.expires;
    expect(verdict(subject(), found, ENDPOINT_MANAGER, new Date(end.getTime() - 1))).toBe("covered");
    expect(verdict(subject(), found, ENDPOINT_MANAGER, end)).toContain("it expired on 2026-09-30");
  });

  test("the first by id covers; else each that names the tool says why not", () => {
    const found = evidence(arrival(CCM));
    const b = { ...ENDPOINT_MANAGER, id: "b" };
    const a = { ...ENDPOINT_MANAGER, id: "a" };
    const other = { ...ENDPOINT_MANAGER, id: "0", tools: ["teamviewer"] };
    expect(approve(subject(), found, [other, b, a], NOW)).toMatchObject({ covered: true, approvalId: "a" });
    expect(approve(subject(), NO_EVIDENCE, [other, b, a], NOW)).toMatchObject({
      covered: false,
      reasons: [{ approvalId: "a" }, { approvalId: "b" }],
    });
  });

  test("a device's texts are shown without what could bend a terminal", () => {
    const path = `c:\\x\u001b[31m\u202e${"y".repeat(5000)}`;
    const reason = verdict(subject(), evidence(arrival(actor(path, ""))), ENDPOINT_MANAGER);
    expect(reason).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(reason.length).toBeLessThan(600);
  });

  test("the order of evidence and approvals never changes the verdict", () => {
    const pieces = [
      arrival(CCM, { sha1: "setup", at: ago(55) }),
      arrival({ ...UPDATER, sha1: "setup" }, { sha1: "tool" }),
      arrival({ ...UPDATER, sha1: "tool" }, { sha1: "tool 2", at: ago(45) }),
      arrival(CHROME, { at: ago(44), path: "c:\\downloads\\a.exe" }),
      arrival(MSIEXEC, { client: CCM, at: ago(43) }),
      run(SERVICES),
      run(POWERSHELL, { at: ago(30) }),
    ];
    const approvals = [ENDPOINT_MANAGER, { ...ENDPOINT_MANAGER, id: "also" }, LISTED];
    const subset = uniqueArray(constantFrom(...pieces), { minLength: 1 });
    holds(
      property(
        subset.chain((chosen) =>
          shuffledSubarray(chosen, { minLength: chosen.length }).map((shuffled) => ({ chosen, shuffled })),
        ),
        shuffledSubarray(approvals, { minLength: approvals.length }),
        ({ chosen, shuffled }, order) => {
          expect(approve(subject(), evidence(...shuffled), order, NOW)).toEqual(
            approve(subject(), evidence(...chosen), approvals, NOW),
          );
        },
      ),
    );
  });
});
