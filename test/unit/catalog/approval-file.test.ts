import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, test } from "vitest";
import { expiryWarning, loadApprovals, loadTemplate } from "../../../shared/catalog/approval-file.ts";
import { readTools } from "../../../shared/catalog/catalogue-files.ts";
import { problemLine } from "../../../shared/catalog/file-problem.ts";
import { decodeApproval, encodeApproval } from "../../../shared/core/approve/approval-json.ts";
import { fromTemplate, NOW, TOOLS } from "../../fixtures/approval-samples.ts";

const GOOD = `id: desk-anydesk
reason: The helpdesk's AnyDesk, deployed by Configuration Manager.
owner: Helpdesk
ticket: CHG-4711
expires: 2026-09-30
tools: [anydesk]
devices:
  groups: [Workstations]
arrival:
  signer: Microsoft Corporation
  microsoftRoot: true
  paths: ['C:\\Windows\\CCM\\CcmExec.exe']
  accountSids: [s-1-5-18]
`;
const load = (...texts: string[]) =>
  loadApprovals(
    texts.map((text, i) => ({ file: `${i + 1}.yaml`, text })),
    { now: NOW, tools: TOOLS },
  );
/** The problems of the good file with one text replaced. */
const problemsOf = (text: string, by: string): readonly string[] => {
  expect(GOOD).toContain(text);
  return load(GOOD.replace(text, () => by)).problems.map(problemLine);
};

test("a file – as it is judged: times in UTC, paths and names lower-case, SIDs upper-case", () => {
  const { approvals, problems } = load(GOOD);
  expect(problems).toEqual([]);
  expect(approvals[0]?.approval).toEqual({
    id: "desk-anydesk",
    reason: "The helpdesk's AnyDesk, deployed by Configuration Manager.",
    owner: "Helpdesk",
    ticket: "CHG-4711",
    expires: new Date("2026-09-30T00:00:00Z"),
    tools: ["anydesk"],
    devices: { groups: ["Workstations"] },
    arrival: {
      signer: "Microsoft Corporation",
      microsoftRoot: true,
      paths: ["c:\\windows\\ccm\\ccmexec.exe"],
      accountSids: ["S-1-5-18"],
    },
  });
});

const ARRIVAL = GOOD.slice(GOOD.indexOf("arrival:"));
const SIGNER = "  signer: Microsoft Corporation\n";
const PATHS = "  paths: ['C:\\Windows\\CCM\\CcmExec.exe']\n";
const BESIDE = "  microsoftRoot: true\n";
const ACCOUNT = "  accountSids: [s-1-5-18]\n";
const DEVICES = "devices:\n  groups: [Workstations]\n";
const LOGON = (sources: string, sid = "S-1-5-21-1-2-3-1105"): string =>
  `arrival:\n  logon:\n    sources: [${sources}]\n    accountSids: [${sid}]\n`;

describe("refused, with one line that says how to mend it", () => {
  test.each([
    [
      "no expiry",
      "expires: 2026-09-30\n",
      "",
      "1.yaml:1:1: expires is missing: every approval ends; write a date within a year",
    ],
    [
      "an expiry over a year away",
      "2026-09-30",
      "2027-03-12",
      "1.yaml:5:10: expires lies over a year away: write a date until 2027-03-11",
    ],
    ["an expiry that is no date", "2026-09-30", "2026-02-30", "1.yaml:5:10: expires is a date such as 2026-09-30"],
    [
      "an expiry in local time",
      "2026-09-30",
      "2026-09-30T10:00:00",
      "1.yaml:5:10: expires is a date such as 2026-09-30",
    ],
    ["an unknown tool", "[anydesk]", "[anydsk]", "1.yaml:6:9: there is no tool anydsk; did you mean anydesk?"],
    ["no tools", "[anydesk]", "[]", "1.yaml:6:8: tools is empty"],
    ["an unknown field", "owner:", "onwer: x\nowner:", "1.yaml:3:1: unknown field onwer; did you mean owner?"],
    [
      "an unknown field of arrival",
      SIGNER,
      `${SIGNER}  sgner: x\n`,
      "1.yaml:11:3: unknown field sgner; did you mean signer?",
    ],
    ["no devices", DEVICES, "", "1.yaml:1:1: devices is missing"],
    ["empty devices", "\n  groups: [Workstations]", " {}", "1.yaml:7:10: devices is empty: write names, or groups"],
    [
      "the group of every new device",
      "[Workstations]",
      "[UnassignedGroup]",
      "1.yaml:8:11: UnassignedGroup holds every new device",
    ],
    ["nothing of how it gets there", ARRIVAL, "", "1.yaml:1:1: does not say how the tool gets there"],
    ["a file's name", SIGNER, "  fileName: ccmexec.exe\n", "1.yaml:10:3: fileName proves nothing"],
    ["a company's name", SIGNER, "  companyName: Microsoft\n", "1.yaml:10:3: companyName proves nothing"],
    ["a task's name", SIGNER, "  taskName: x\n", "1.yaml:10:3: taskName proves nothing"],
    ["a task's path", SIGNER, "  taskPath: x\n", "1.yaml:10:3: taskPath proves nothing"],
    ["a file's name alone", ARRIVAL, "arrival:\n  fileName: ccmexec.exe\n", "1.yaml:10:3: fileName proves nothing"],
    ["a task's command alone", ARRIVAL, "arrival:\n  taskAction: x\n", "1.yaml:10:3: does not say who"],
    ["a signer alone", PATHS, "", "1.yaml:10:3: a signer alone proves nothing"],
    ["a path alone", SIGNER, "", "1.yaml:10:3: a path alone proves nothing"],
    [
      "a parent alone",
      ARRIVAL,
      "arrival:\n  parents: [ccmexec.exe]\n",
      "1.yaml:10:3: a parent's name alone proves nothing",
    ],
    [
      "signer and path, of nobody known",
      BESIDE + PATHS + ACCOUNT,
      PATHS,
      "1.yaml:10:3: signer and paths do not say whose process it is",
    ],
    [
      "an alternative that is weaker",
      ACCOUNT,
      `${ACCOUNT}  or:\n    - signer: x\n`,
      "1.yaml:15:7: a signer alone proves nothing",
    ],
    ["a run that is weaker", ARRIVAL, `${ARRIVAL}run:\n  signer: x\n`, "1.yaml:15:3: a signer alone proves nothing"],
    ["an interpreter", "CCM\\CcmExec", "System32\\cmd", "1.yaml:12:11: cmd.exe runs whatever anybody gives it"],
    [
      "a user's path",
      "Windows\\CCM\\CcmExec",
      "ProgramData\\CCM\\CcmExec",
      "1.yaml:12:11: users can write to c:\\programdata\\ccm\\ccmexec.exe",
    ],
    [
      "Windows' own folder for everybody",
      "CCM\\CcmExec",
      "Temp\\CcmExec",
      "1.yaml:12:11: users can write to c:\\windows\\temp\\ccmexec.exe",
    ],
    ["any file of a folder", "CcmExec.exe", "*", "1.yaml:12:11: a path is whole"],
    ["a part of a folder's name", "CCM\\", "CC*\\", "1.yaml:12:11: a path is whole"],
    ["no drive", "C:\\Windows", "\\Windows", "1.yaml:12:11: a path is whole"],
    ["an account's name", "s-1-5-18", "SYSTEM", "1.yaml:13:17: an account is named by its SID"],
    [
      "preexisting for a group",
      ARRIVAL,
      "preexisting: true\nmade: 2026-03-01\n",
      "1.yaml:9:14: preexisting covers listed devices only",
    ],
    [
      "preexisting since nobody knows when",
      DEVICES + ARRIVAL,
      "devices: {names: [ws-1]}\npreexisting: true\n",
      "1.yaml:8:14: preexisting needs made",
    ],
    [
      "preexisting of the future",
      DEVICES + ARRIVAL,
      "devices: {names: [ws-1]}\npreexisting: true\nmade: 2026-03-11\n",
      "1.yaml:9:7: made is in the future",
    ],
    [
      "a session of a group",
      ARRIVAL,
      `${ARRIVAL}session: {validFrom: 2026-03-10T10:00:00Z, validTo: 2026-03-10T12:00:00Z}\n`,
      "1.yaml:8:3: a session is held on listed devices",
    ],
    [
      "a session of weeks",
      DEVICES + ARRIVAL,
      `devices: {names: [ws-1]}\n${ARRIVAL}session: {validFrom: 2026-03-01, validTo: 2026-03-15}\n`,
      "a session lasts at most 72 hours",
    ],
    [
      "a session that ends first",
      DEVICES + ARRIVAL,
      `devices: {names: [ws-1]}\n${ARRIVAL}session: {validFrom: 2026-03-02, validTo: 2026-03-01}\n`,
      "validTo has to lie after validFrom",
    ],
    [
      "a controller that is a site",
      ARRIVAL,
      LOGON("10.0.0.0/16"),
      "1.yaml:11:15: 10.0.0.0/16 is a site and no controller",
    ],
    ["a controller of no address", ARRIVAL, LOGON("ansible01"), "1.yaml:11:15: ansible01 is no address"],
    [
      "a controller on every device",
      ARRIVAL,
      LOGON("127.0.0.1"),
      "1.yaml:11:15: 127.0.0.1 is no address that a controller logs on from",
    ],
    [
      "a controller as SYSTEM",
      ARRIVAL,
      LOGON("10.0.0.5", "S-1-5-18"),
      "1.yaml:12:19: S-1-5-18 is no account of a controller",
    ],
    [
      "a controller that becomes anybody",
      ARRIVAL,
      `${LOGON("10.0.0.5")}  accountSids: [S-1-5-18]\n`,
      "1.yaml:10:3: an account other than the logon's own may be anybody's process",
    ],
    ["a template", "id:", "template: true\nid:", "1.yaml:1:1: is a template"],
  ])("%s", (_name, text, by, problem) => {
    const problems = problemsOf(text, by);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  test("an id that another file has", () => {
    expect(load(GOOD, GOOD).problems.map(problemLine)).toEqual([
      "2.yaml:1:5: id desk-anydesk is that of 1.yaml already: give one of them another",
    ]);
  });
});

test.each([
  ["a controller by logon alone", ARRIVAL, LOGON("10.0.0.5, 'fd00::/64'")],
  [
    "an interpreter that a controller's logon carries",
    ARRIVAL,
    `${LOGON("10.0.0.5")}  paths: ['c:\\windows\\system32\\wsmprovhost.exe']\n`,
  ],
  ["a day more than a year, for a leap day", "2026-09-30", "2027-03-11"],
  [
    "preexisting, listed and dated",
    DEVICES + ARRIVAL,
    "devices: {names: [WS-1]}\npreexisting: true\nmade: 2026-03-10T11:00:00Z\n",
  ],
])("taken – %s", (_name, text, by) => {
  expect(problemsOf(text, by)).toEqual([]);
});

test.each([
  ["2026-03-24T12:00:00Z", "expires on 2026-03-24, in 14 days"],
  ["2026-03-10T13:00:00Z", "expires on 2026-03-10, in 1 day:"],
  ["2026-03-10T12:00:00Z", "expired on 2026-03-10"],
])("warned about – until %s", (expires, warning) => {
  const approval = { ...fromTemplate("kaseya-vsa"), expires: new Date(expires) };
  expect(expiryWarning(approval, NOW)).toContain(warning);
  expect(expiryWarning({ ...approval, expires: new Date("2026-03-24T12:00:01Z") }, NOW)).toBeUndefined();
});

describe("templates that ship", () => {
  const files = globSync(new URL("../../../shared/catalog/approvals/*.yaml", import.meta.url).pathname)
    .filter((file) => !file.endsWith(".test.yaml"))
    .toSorted();
  const templates = files.map((file) => ({ name: basename(file, ".yaml"), text: readFileSync(file, "utf8") }));
  const tools = readTools();
  const slugs = "tools" in tools ? tools.tools.map(({ slug }) => slug) : [];

  test("the five scenarios, and LogMeIn's sessions", () => {
    expect(templates.map(({ name }) => name).toSorted()).toEqual([
      "ansible",
      "kaseya-vsa",
      "logmein",
      "logmein-rescue-session",
      "microsoft-endpoint-manager",
      "solarwinds-sam",
    ]);
  });

  test.each(templates)(
    "$name – says its dangers, names tools that there are, and counts for nobody as it is",
    ({ name, text }) => {
      const template = loadTemplate({ file: name, text });
      if ("problems" in template) throw new Error(template.problems.map(problemLine).join("\n"));
      expect(template.id).toBe(name);
      expect(template.dangers.length).toBeGreaterThan(1);
      expect(slugs).toEqual(expect.arrayContaining([...(template.tools ?? [])]));
      expect(load(text).problems.map(({ message }) => message)).toEqual([expect.stringContaining("is a template")]);
    },
  );

  test.each([
    ["kaseya-vsa", {}],
    ["ansible", { devices: ["WS-1"], sources: ["10.0.0.5"], accounts: ["S-1-5-21-1-2-3-1105"] }],
    [
      "logmein-rescue-session",
      { devices: ["ws-1"], validFrom: "2026-03-10T10:00:00Z", validTo: "2026-03-10T12:00:00Z" },
    ],
  ])("%s – filled in, it is kept in the state as it is, whatever the text", (name, change) => {
    const approval = { ...fromTemplate(name, change), reason: "Für „uns“ \u{1f600}" };
    const text = encodeApproval(approval);
    expect(text).toMatch(/^[\x20-\x7e]+$/);
    expect(decodeApproval(text)).toEqual(approval);
  });
});

test.each([
  ["no JSON", "{"],
  ["a field that it does not know", encodeApproval(fromTemplate("kaseya-vsa")).replace("{", '{"all":true,')],
  [
    "a field of another kind",
    encodeApproval(fromTemplate("kaseya-vsa")).replace(/"tools":\[.*?\]/, '"tools":"anydesk"'),
  ],
])("an approval in the state that holds %s is none", (_name, text) => {
  expect(decodeApproval(text)).toBeUndefined();
});
