import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { credentialFor } from "../../shared/azure/credential.ts";
import { createLimiter } from "../../shared/limiter.ts";
import { logAnalyticsSource } from "../../shared/azure/log-analytics.ts";
import { createLogsQueryClient } from "../../shared/azure/log-analytics-client.ts";
import { readTools } from "../../shared/catalog/catalogue-files.ts";
import { compileCatalogue } from "../../shared/catalog/compile-catalogue.ts";
import type { Evidence } from "../../shared/core/evidence.ts";
import { NO_EVIDENCE } from "../../shared/core/evidence.ts";
import { evidenceEvent, toEvidenceEvent } from "../../shared/core/evidence-event.ts";
import { evidencePath } from "../../shared/core/evidence-path.ts";
import { evidenceOf } from "../../shared/core/evidence-of.ts";
import { bindQuery } from "../../shared/core/pack.ts";
import type { Pack, QueryWindow } from "../../shared/core/pack.ts";
import { sightingKey } from "../../shared/core/sighting.ts";
import type { EvidenceAnswer, EvidenceRequest, Source } from "../../shared/core/source.ts";
import { decodeEvidence, encodeEvidence } from "../../shared/core/stored-evidence.ts";
import { execute } from "../../shared/kql/interpret.ts";
import { SCHEMAS } from "../../shared/kql/schema.ts";
import { tableOf } from "../../shared/kql/table-data.ts";
import type { TableRecord } from "../../shared/kql/table-data.ts";
import { decodeRecords } from "../answer-records.ts";
import { notResolved } from "../../shared/local/log-analytics/not-resolved.ts";
import type { LogAnalyticsStandIn } from "../../shared/local/log-analytics/server.ts";
import { startLogAnalytics } from "../../shared/local/log-analytics/server.ts";

const SOC = "0f8fad5b-d9cb-469f-a165-70867728950e";
const NOW = new Date("2026-03-01T12:00:00Z");
const at = (minutes: number): Date => new Date(NOW.getTime() + minutes * 60_000);
const days = (count: number): number => count * 24 * 60;
const WINDOW: QueryWindow = { from: at(-days(5)), to: NOW, since: NOW, horizon: at(-days(30)) };

const sha1 = (text: string): string => createHash("sha1").update(text).digest("hex");
const LEVEL = sha1("level.exe");
const LEVEL_SIGNER = "Level Software, Inc.";
const INTUNE_FOLDER = "C:\\Program Files (x86)\\Microsoft Intune Management Extension";
const INTUNE = "Microsoft.Management.Services.IntuneWindowsAgent.exe";
const INTUNE_PATH = `${INTUNE_FOLDER}\\${INTUNE}`.toLowerCase();
const SYSTEM = "S-1-5-18";
const USER = "S-1-5-21-1-2-3-1001";

const PC = sha1("pc");
const OTHER = sha1("other");

type Rows = Record<string, TableRecord[]>;

let rows: Rows;
let standIn: LogAnalyticsStandIn;
let source: Source;
let pack: Pack;
let levelId: string;

beforeAll(async () => {
  const loaded = readTools();
  if ("problems" in loaded) throw new Error("the catalogue can't be read");
  const tools = loaded.tools.filter(({ enabled }) => enabled);
  pack = compileCatalogue(tools);
  levelId = tools.find(({ slug }) => slug === "level")?.id ?? "";
  standIn = await startLogAnalytics({
    workspaces: { [SOC]: () => ({ tables: tablesOf() }) },
    now: () => NOW,
  });
  source = logAnalyticsSource({
    client: createLogsQueryClient({
      endpoint: standIn.endpoint,
      audience: "https://api.loganalytics.io",
      credential: credentialFor({ kind: "developer" }, standIn.endpoint),
      retryDelay: 1,
    }),
    workspace: { name: "soc", id: SOC },
    limiter: createLimiter(4),
    throttledDelays: [1],
  });
});
afterAll(() => standIn.close());
beforeEach(() => {
  standIn.requests.length = 0;
  standIn.onQuery = undefined;
  // What every workspace has, of another device: a table without a row is a silent one.
  rows = {
    DeviceFileCertificateInfo: [],
    DeviceFileEvents: [],
    DeviceProcessEvents: [],
    DeviceEvents: [],
    DeviceLogonEvents: [],
  };
  certificate(LEVEL, LEVEL_SIGNER);
  certificate(sha1(INTUNE), "Microsoft Corporation", { IsRootSignerMicrosoft: true });
  certificate(sha1("msiexec.exe"), "Microsoft Windows", { IsRootSignerMicrosoft: true });
  certificate(sha1("services.exe"), "Microsoft Windows", { IsRootSignerMicrosoft: true });
  fileEvent({ DeviceId: OTHER, SHA1: sha1("another") });
  processEvent({ DeviceId: OTHER, SHA1: sha1("another") });
  add("DeviceEvents", { DeviceId: OTHER, ActionType: "DpapiAccessed" });
  add("DeviceLogonEvents", { DeviceId: OTHER, ActionType: "LogonFailed", LogonType: "Network" });
});

function tablesOf(): Record<string, ReturnType<typeof tableOf>> {
  return Object.fromEntries(
    Object.entries(rows).map(([name, records]) => [name, tableOf(SCHEMAS["log-analytics"][name] ?? [], records)]),
  );
}

function add(table: string, record: TableRecord): void {
  const time = record["TimeGenerated"] ?? at(-60);
  rows[table]?.push({ $ingested: time, DeviceId: PC, TimeGenerated: time, ...record });
}
const certificate = (hash: string, signer: string, more: TableRecord = {}): void =>
  add("DeviceFileCertificateInfo", {
    SHA1: hash,
    Signer: signer,
    IsTrusted: true,
    IsRootSignerMicrosoft: false,
    ...more,
  });
const fileEvent = (more: TableRecord): void =>
  add("DeviceFileEvents", {
    ActionType: "FileCreated",
    FileName: "level.exe",
    FolderPath: "C:\\Program Files\\Level\\level.exe",
    SHA1: LEVEL,
    ...more,
  });
const processEvent = (more: TableRecord): void =>
  add("DeviceProcessEvents", {
    ActionType: "ProcessCreated",
    FileName: "level.exe",
    FolderPath: "C:\\Program Files\\Level\\level.exe",
    SHA1: LEVEL,
    ...more,
  });
/** Columns of an initiating process; its content is known by its name. */
const createdBy = (name: string, folder: string, more: TableRecord = {}): TableRecord => ({
  InitiatingProcessFileName: name,
  InitiatingProcessFolderPath: `${folder}\\${name}`,
  InitiatingProcessSHA1: sha1(name),
  InitiatingProcessAccountSid: SYSTEM,
  InitiatingProcessAccountName: "system",
  InitiatingProcessCommandLine: `"${folder}\\${name}"`,
  InitiatingProcessId: 100,
  InitiatingProcessCreationTime: at(-90),
  ...more,
});
const SYSTEM32 = "C:\\Windows\\System32";
const byInstaller = createdBy("msiexec.exe", SYSTEM32, { InitiatingProcessParentFileName: "services.exe" });
const byIntune = createdBy(INTUNE, INTUNE_FOLDER, { InitiatingProcessParentFileName: "services.exe" });
const byExplorer = createdBy("explorer.exe", "C:\\Windows", { InitiatingProcessAccountSid: USER });

const installerRun = (time: number, initiator: TableRecord, commandLine = "msiexec /i level.msi /qn"): void =>
  processEvent({
    TimeGenerated: at(time),
    FileName: "msiexec.exe",
    FolderPath: `${SYSTEM32}\\msiexec.exe`,
    SHA1: sha1("msiexec.exe"),
    ProcessCommandLine: commandLine,
    ...initiator,
  });

const levelOnPc = () => ({ detectionId: levelId, deviceId: PC });

async function collect(more: Partial<EvidenceRequest> = {}): Promise<Evidence & { readonly answer: EvidenceAnswer }> {
  const answer = await source.evidence(pack, { devices: [PC], window: WINDOW, tasks: [], logons: [], ...more });
  const candidate = levelOnPc();
  const { byKey, rejected } = evidenceOf([candidate], answer);
  expect(rejected).toEqual([]);
  const found = byKey.get(sightingKey(candidate));
  if (found === undefined) throw new Error("no evidence of the candidate");
  return { ...found, answer };
}

describe("arrivals", () => {
  it("Intune through the installer's service: the client is who started msiexec", async () => {
    fileEvent(byInstaller);
    installerRun(-70, byIntune);
    installerRun(-69, createdBy("services.exe", SYSTEM32), "msiexec.exe /V");
    installerRun(-65, byInstaller, "MsiExec.exe -Embedding 0123 E Global\\MSI0000");
    const { pieces, missing, answer } = await collect();
    expect(missing).toEqual([]);
    expect(answer.queries).toBe(1);
    expect(pieces).toEqual([
      {
        kind: "arrival",
        at: at(-60),
        source: "DeviceFileEvents/FileCreated",
        fileName: "level.exe",
        path: "c:\\program files\\level\\level.exe",
        sha1: LEVEL,
        install: "msiexec /i level.msi /qn",
        actor: expect.objectContaining({ path: "c:\\windows\\system32\\msiexec.exe", parentFileName: "services.exe" }),
        client: {
          fileName: INTUNE,
          path: INTUNE_PATH,
          sha1: sha1(INTUNE),
          certificate: { signer: "Microsoft Corporation", trusted: true, microsoftRoot: true },
          commandLine: `"${INTUNE_FOLDER}\\${INTUNE}"`,
          parentFileName: "services.exe",
          accountSid: SYSTEM,
          accountName: "system",
        },
      },
    ]);
  });

  it("two different clients within 30 minutes: the piece once for each; beyond it, none", async () => {
    fileEvent(byInstaller);
    installerRun(-70, byIntune);
    installerRun(-45, byExplorer, "msiexec /i other.msi");
    expect((await collect()).pieces.map(({ client }) => client?.fileName)).toEqual(["explorer.exe", INTUNE]);
    rows["DeviceProcessEvents"] = [];
    installerRun(-91, byIntune);
    installerRun(-29, byExplorer);
    const { pieces, missing } = await collect();
    expect(missing).toEqual([]);
    expect(pieces.map(({ client }) => client)).toEqual([undefined]);
  });

  it("a process that only calls itself services.exe is a client", async () => {
    fileEvent(byInstaller);
    installerRun(-70, byIntune);
    installerRun(-61, createdBy("services.exe", "C:\\Users\\Public"), "msiexec /i evil.msi");
    expect((await collect()).pieces.map(({ client }) => client?.fileName)).toEqual([INTUNE, "services.exe"]);
  });

  it("copied directly, renamed by PowerShell, its folder with or without the file's name", async () => {
    fileEvent({ ...byExplorer, TimeGenerated: at(-50), FolderPath: "C:\\Users\\Public" });
    fileEvent({
      ...createdBy("powershell.exe", `${SYSTEM32}\\WindowsPowerShell\\v1.0`, {
        InitiatingProcessParentFileName: "cmd.exe",
      }),
      ActionType: "FileRenamed",
      TimeGenerated: at(-40),
      FolderPath: "C:\\Users\\Public\\level.exe",
    });
    fileEvent({ ...byExplorer, ActionType: "FileDeleted", TimeGenerated: at(-30) });
    const { pieces } = await collect();
    expect(pieces.map(({ source: origin, path, actor }) => [origin, path, actor.fileName, actor.certificate])).toEqual([
      ["DeviceFileEvents/FileCreated", "c:\\users\\public\\level.exe", "explorer.exe", undefined],
      ["DeviceFileEvents/FileRenamed", "c:\\users\\public\\level.exe", "powershell.exe", undefined],
    ]);
  });

  it("its own updater is known as such, where its certificate is trusted", async () => {
    const updater = createdBy("updater.exe", "C:\\Program Files\\Level");
    fileEvent(updater);
    certificate(sha1("updater.exe"), LEVEL_SIGNER);
    expect((await collect()).pieces).toMatchObject([{ kind: "arrival", ownTool: true }]);
    certificate(sha1("updater.exe"), LEVEL_SIGNER, { IsTrusted: false });
    expect((await collect()).pieces[0]).not.toHaveProperty("ownTool");
  });

  it("each instance of a process is an act of its own; of one instance its beginning and its end", async () => {
    const act = (pid: number, time: number): void =>
      fileEvent({ ...byIntune, InitiatingProcessId: pid, TimeGenerated: at(time) });
    for (const time of [-60, -59, -58]) act(1, time);
    expect((await collect()).pieces.map((piece) => piece.at)).toEqual([at(-60), at(-58)]);
  });
});

it("Defender XDR's dialect answers the same", async () => {
  fileEvent(byInstaller);
  installerRun(-70, byIntune);
  processEvent(byExplorer);
  add("DeviceEvents", {
    ActionType: "ScheduledTaskCreated",
    AdditionalFields: JSON.stringify({ TaskName: "\\T", TaskContent: '{"Actions":{"Exec":{"Command":"level.exe"}}}' }),
  });
  const tables = Object.fromEntries(
    Object.entries(rows).map(([name, records]) => [
      name,
      tableOf(
        SCHEMAS["defender-xdr"][name] ?? [],
        records.map(({ TimeGenerated, ...row }) => ({ ...row, Timestamp: TimeGenerated })),
      ),
    ]),
  );
  const records = ["pieces", "tasks"] as const;
  const [pieces, tasks] = records.map((part) =>
    decodeRecords(
      execute(bindQuery(pack.evidence?.[part] ?? [], WINDOW, "all", [PC]), {
        dialect: "defender-xdr",
        tables,
        now: NOW,
      }),
    ).filter(({ TableName }) => TableName === ""),
  );
  const { answer } = await collect({ tasks: [PC] });
  expect([pieces, tasks]).toEqual([answer.pieces, answer.tasks]);
  expect(pieces).toHaveLength(1);
  expect(tasks).toHaveLength(1);
});

describe("runs", () => {
  it("started by services.exe, and by a person", async () => {
    processEvent({
      ...createdBy("services.exe", SYSTEM32, { InitiatingProcessParentFileName: "wininit.exe" }),
      InitiatingProcessSignerType: "OsVendor",
      InitiatingProcessSignatureStatus: "Valid",
    });
    processEvent({ ...byExplorer, TimeGenerated: at(-20) });
    const { pieces } = await collect();
    expect(pieces).toMatchObject([
      {
        kind: "run",
        source: "DeviceProcessEvents/ProcessCreated",
        actor: {
          path: "c:\\windows\\system32\\services.exe",
          certificate: { signer: "Microsoft Windows", trusted: true, microsoftRoot: true },
          signature: { type: "OsVendor", status: "Valid" },
        },
      },
      { kind: "run", actor: { fileName: "explorer.exe", accountSid: USER } },
    ]);
  });

  it("thousands of one kind are two pieces; one of another folder in between is seen", async () => {
    for (let i = 0; i < 2000; i++) processEvent({ ...byExplorer, TimeGenerated: at(-2000 + i) });
    processEvent({ ...byExplorer, TimeGenerated: at(-1000), FolderPath: "C:\\Temp\\level.exe" });
    const { pieces, missing } = await collect();
    expect(missing).toEqual([]);
    expect(pieces.map((piece) => [piece.at, piece.path])).toEqual([
      [at(-2000), "c:\\program files\\level\\level.exe"],
      [at(-1000), "c:\\temp\\level.exe"],
      [at(-1), "c:\\program files\\level\\level.exe"],
    ]);
  });

  it("more different ones than are looked at are partial evidence", async () => {
    for (let i = 0; i < 201; i++) processEvent({ ...byExplorer, InitiatingProcessParentFileName: `parent-${i}.exe` });
    const reason = "file and process events: 201 of them, 200 are in the answer";
    const answer = await source.evidence(pack, { devices: [PC], window: WINDOW, tasks: [], logons: [] });
    const { byKey, rejected } = evidenceOf([levelOnPc()], answer);
    expect(rejected).toEqual([{ key: sightingKey(levelOnPc()), reason }]);
    expect(byKey.get(sightingKey(levelOnPc()))?.missing).toEqual([reason]);
  });
});

describe("whose, and when", () => {
  it("only the candidate's tool and device, whatever case its id has; a file known by another device's certificate counts", async () => {
    rows["DeviceFileCertificateInfo"] = [];
    certificate(LEVEL, LEVEL_SIGNER, { DeviceId: OTHER, TimeGenerated: at(-days(29)) });
    certificate(sha1("anydesk.exe"), "AnyDesk Software GmbH");
    fileEvent({ ...byExplorer, DeviceId: PC.toUpperCase() });
    fileEvent({ ...byExplorer, DeviceId: OTHER });
    fileEvent({ ...byExplorer, SHA1: sha1("anydesk.exe"), FileName: "anydesk.exe" });
    expect((await collect()).pieces.map(({ fileName }) => fileName)).toEqual(["level.exe"]);
  });

  it("the device's own certificate rows come before those of others", async () => {
    fileEvent(byIntune);
    certificate(sha1(INTUNE), "Microsoft Corporation", { DeviceId: OTHER, IsTrusted: false });
    expect((await collect()).pieces[0]?.actor.certificate?.trusted).toBe(true);
    rows["DeviceFileCertificateInfo"] =
      rows["DeviceFileCertificateInfo"]?.filter((row) => row["DeviceId"] === OTHER || row["SHA1"] !== sha1(INTUNE)) ??
      [];
    expect((await collect()).pieces[0]?.actor.certificate).toEqual({
      signer: "Microsoft Corporation",
      trusted: false,
      microsoftRoot: false,
    });
  });

  it("events in the window, or ingested since a mark and within the horizon", async () => {
    fileEvent({ ...byExplorer, TimeGenerated: at(-days(6)) });
    fileEvent({ ...byIntune, TimeGenerated: at(-days(7)), $ingested: at(-30) });
    fileEvent({ ...byIntune, TimeGenerated: at(-days(31)), $ingested: at(-30) });
    expect((await collect()).pieces).toEqual([]);
    const late = await collect({ window: { ...WINDOW, from: NOW, since: at(-60) } });
    expect(late.pieces.map((piece) => piece.at)).toEqual([at(-days(7))]);
    expect((await collect({ window: { ...WINDOW, from: at(-days(6)) } })).pieces.map((piece) => piece.at)).toEqual([
      at(-days(6)),
    ]);
  });
});

describe("scheduled tasks and logons, where they are asked for", () => {
  const content = (command: string, given: string): string =>
    JSON.stringify({ Actions: { Exec: { Command: command, Arguments: given } }, Triggers: {} });
  const task = (fields: unknown, more: TableRecord = {}): void =>
    add("DeviceEvents", {
      ActionType: "ScheduledTaskCreated",
      AdditionalFields: fields,
      TimeGenerated: at(-100),
      ...more,
    });

  it.each(["dynamic", "text"])("a task that runs the file, its fields as %s", async (form) => {
    const fields = {
      TaskName: "\\Deploy",
      TaskContent: content("C:\\Program Files\\Level\\level.exe", "--install"),
    };
    task(form === "dynamic" ? fields : JSON.stringify(fields));
    task({ TaskName: "\\Microsoft\\Windows\\X", TaskContent: content("level.exe", "") });
    fileEvent(byExplorer);
    const { pieces, missing, answer } = await collect({ tasks: [PC] });
    expect(answer.queries).toBe(2);
    expect(missing).toEqual([]);
    expect(pieces).toMatchObject([
      { task: { name: "\\Deploy", action: "C:\\Program Files\\Level\\level.exe --install" } },
    ]);
  });

  it("a task as text within text, or as XML; one that can't be read is partial evidence", async () => {
    task(
      JSON.stringify({
        TaskName: "\\Xml",
        TaskContent: `<?xml version="1.0"?><Task><Actions Context="Author"><Exec><Command>level.exe</Command><Arguments>a &amp; b</Arguments></Exec></Actions></Task>`,
      }),
    );
    fileEvent(byExplorer);
    expect((await collect({ tasks: [PC] })).pieces).toMatchObject([
      { task: { name: "\\Xml", action: "level.exe a & b" } },
    ]);
    task({ TaskName: "\\Bad", TaskContent: '{"Actions": level.exe' });
    const answer = await source.evidence(pack, { devices: [PC], window: WINDOW, tasks: [PC], logons: [] });
    const { byKey, rejected } = evidenceOf([levelOnPc()], answer);
    expect(rejected).toEqual([{ key: PC, reason: "scheduled tasks: actions: neither JSON nor XML" }]);
    expect(byKey.get(`${levelId}|${PC}`)?.missing).toEqual(["scheduled tasks: actions: neither JSON nor XML"]);
  });

  it("network logons of the five minutes before the act, the latest of each source and account", async () => {
    const logon = (time: number, ip: string, more: TableRecord = {}): void =>
      add("DeviceLogonEvents", {
        ActionType: "LogonSuccess",
        LogonType: "Network",
        RemoteIP: ip,
        AccountSid: USER,
        TimeGenerated: at(time),
        ...more,
      });
    logon(-64, "10.0.0.5");
    logon(-62, "10.0.0.5");
    logon(-66, "10.0.0.6");
    logon(-59, "10.0.0.7");
    logon(-61, "10.0.0.8", { LogonType: "Interactive" });
    logon(-61, "10.0.0.9", { ActionType: "LogonFailed" });
    fileEvent(createdBy("powershell.exe", SYSTEM32));
    processEvent(byExplorer);
    const { pieces, answer } = await collect({ logons: [PC] });
    expect(answer.queries).toBe(2);
    expect(pieces.map(({ kind, logons }) => [kind, logons])).toEqual([
      ["arrival", [{ remoteIp: "10.0.0.5", accountSid: USER, at: at(-62) }]],
      ["run", undefined],
    ]);
  });
});

describe("what could not be looked at", () => {
  const missingTable = notResolved("DeviceFileEvents");

  it.each([
    ["a missing table", missingTable, "file and process events: workspace soc", "'DeviceFileEvents'"],
    ["a timeout", "timeout", "file and process events: workspace soc", "gave up (504)"],
    [
      "a partial answer",
      { partial: { keepRows: 1 } },
      "file and process events: the answer is partial",
      "RESULT_SET_TOO_LARGE",
    ],
    [
      "a protected table",
      { protect: ["DeviceProcessEvents"] },
      "file and process events: DeviceProcessEvents",
      "protected",
    ],
    ["an empty answer", "empty-200", "file and process events: workspace soc", "empty"],
  ] as const)("%s is said, and rejects nothing", async (_, fault, begins, holds) => {
    fileEvent(byIntune);
    standIn.onQuery = () => fault;
    const { missing } = await collect();
    expect(missing).toHaveLength(1);
    expect(missing[0]).toMatch(new RegExp(`^${begins}`));
    expect(missing[0]).toContain(holds);
  });

  it("the tables of tasks and logons are said too, of the devices that ask", async () => {
    rows["DeviceEvents"] = [];
    standIn.onQuery = ({ query }) => (query.includes("DeviceLogonEvents") ? missingTable : undefined);
    expect((await collect({ tasks: [PC], logons: [PC] })).missing).toEqual([
      "scheduled tasks: DeviceEvents shows no row: silent, or protected",
      expect.stringMatching(/^network logons: .*SEM0100/),
    ]);
    expect((await collect({ tasks: [OTHER], logons: [OTHER] })).missing).toEqual([]);
  });

  it("a missing right rejects, as for every query", async () => {
    standIn.onQuery = () => ({ status: 403, body: { error: { code: "InsufficientAccessError", message: "no" } } });
    await expect(collect()).rejects.toMatchObject({ kind: "authorisation" });
  });

  it("a pack without such queries asks nothing and says so", async () => {
    const { evidence: _, ...without } = pack;
    const answer = await source.evidence(without, { devices: [PC], window: WINDOW, tasks: [PC], logons: [PC] });
    expect(answer).toMatchObject({ queries: 0, missing: [{ devices: [PC] }] });
    expect(standIn.requests).toEqual([]);
  });
});

it("asks once for each 500 devices, and once for tasks and for logons of all that ask", async () => {
  const devices = Array.from({ length: 1001 }, (_, i) => sha1(`device ${i}`));
  const answer = await source.evidence(pack, {
    devices: [...devices, ...devices],
    window: WINDOW,
    tasks: devices,
    logons: devices,
  });
  expect([answer.queries, standIn.requests.length, answer.missing]).toEqual([5, 5, []]);
  expect(Math.max(...standIn.requests.map(({ query }) => query.length))).toBeLessThan(64_000);
});

describe("texts of devices are data", () => {
  const nasty = fc
    .array(
      fc.oneof(
        fc.constantFrom(
          '"',
          "'",
          "\\",
          "\n",
          "\r",
          "\u2028",
          '"]; print x = "',
          "| take 0",
          "//",
          "})",
          "\u202e",
          "💻",
        ),
        fc.string({ unit: "grapheme", maxLength: 4 }),
      ),
      { minLength: 1, maxLength: 12 },
    )
    .map((parts) => parts.join(""));

  it("10,000 device ids: the list holds each as it was", () => {
    const ids = fc.sample(nasty, { numRuns: 10_000, seed: 3 });
    for (let from = 0; from < ids.length; from += 500) {
      const batch = ids.slice(from, from + 500);
      // The query's own beginning, up to the end of its list of devices.
      const text = bindQuery([...(pack.evidence?.tasks.slice(0, 2) ?? []), "];\nDevices"], WINDOW, "all", batch);
      expect(execute(text, { tables: {}, now: NOW }).rows).toEqual(batch.map((id) => [id]));
    }
  });

  it("and no id changes what is asked: the three queries answer for the others", async () => {
    fileEvent(byIntune);
    const devices = [...fc.sample(nasty, { numRuns: 499, seed: 4 }), PC];
    const { pieces, missing, answer } = await collect({ devices, tasks: devices, logons: devices });
    expect([answer.queries, pieces.length, missing]).toEqual([3, 1, []]);
  });

  it("names, paths and command lines come through query, state and message as they were", async () => {
    const texts = fc.sample(nasty, { numRuns: 600, seed: 5 });
    const devices = Array.from({ length: 100 }, (_, i) => sha1(`device ${i}`));
    const text = (device: number, index: number): string => texts[device * 6 + index] ?? "";
    for (const [i, DeviceId] of devices.entries()) {
      const initiator = {
        ...createdBy(text(i, 0), `C:\\${text(i, 1)}`),
        InitiatingProcessCommandLine: text(i, 2),
        InitiatingProcessParentFileName: text(i, 3),
        InitiatingProcessAccountName: text(i, 4),
      };
      (i % 2 === 0 ? fileEvent : processEvent)({ DeviceId, ...initiator, FileName: text(i, 5) });
    }
    const answer = await source.evidence(pack, { devices, window: WINDOW, tasks: [], logons: [] });
    const { byKey, rejected } = evidenceOf(
      devices.map((deviceId) => ({ detectionId: levelId, deviceId })),
      answer,
    );
    expect([rejected, byKey.size]).toEqual([[], 100]);
    for (const [i, deviceId] of devices.entries()) {
      const evidence = byKey.get(sightingKey({ detectionId: levelId, deviceId })) ?? NO_EVIDENCE;
      expect(evidence).toMatchObject({
        missing: [],
        pieces: [
          {
            fileName: text(i, 5),
            actor: {
              fileName: text(i, 0),
              path: evidencePath(`C:\\${text(i, 1)}\\${text(i, 0)}`, text(i, 0)),
              commandLine: text(i, 2),
              parentFileName: text(i, 3),
              accountName: text(i, 4),
            },
          },
        ],
      });
      const { text: encoded } = encodeEvidence(evidence, { deviceGroup: text(i, 0), counterfeit: false });
      expect(decodeEvidence(encoded)).toEqual({ deviceGroup: text(i, 0), counterfeit: false, evidence });
      expect(evidenceEvent.safeParse(toEvidenceEvent(evidence).event).success).toBe(true);
    }
  });
});
