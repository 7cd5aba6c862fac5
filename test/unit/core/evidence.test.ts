import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Actor, Evidence, EvidencePiece } from "../../../shared/core/evidence.ts";
import { evidenceEvent, toEvidenceEvent } from "../../../shared/core/evidence-event.ts";
import { foldPieces, mergeEvidence } from "../../../shared/core/evidence-fold.ts";
import { evidenceOf } from "../../../shared/core/evidence-of.ts";
import { evidencePath } from "../../../shared/core/evidence-path.ts";
import { taskActions } from "../../../shared/core/evidence-task.ts";
import { isNeutral } from "../../../shared/core/evidence-actor.ts";
import { mostRevealing } from "../../../shared/core/evidence-rank.ts";
import type { EvidenceAnswer, SourceRecord } from "../../../shared/core/source.ts";
import { decodeEvidence, encodeEvidence, MAX_STORED_BYTES } from "../../../shared/core/stored-evidence.ts";
import { inTime } from "../../property.ts";

const NOW = new Date("2026-03-01T12:00:00Z");
const at = (minutes: number): Date => new Date(NOW.getTime() + minutes * 60_000);
const LEVEL = "3bd4f4fb-20a9-4491-8bc1-51e55da7fdcc";
const ANYDESK = "4a1f0c1e-0000-4000-8000-000000000001";

const MICROSOFT = { signer: "Microsoft Windows", trusted: true, microsoftRoot: true };
const actor = (name: string, more: Partial<Actor> = {}): Actor => ({
  fileName: name,
  path: `c:\\windows\\system32\\${name}`,
  sha1: "a".repeat(40),
  certificate: MICROSOFT,
  commandLine: `${name} /x`,
  parentFileName: "services.exe",
  accountSid: "S-1-5-18",
  accountName: "system",
  ...more,
});
const piece = (more: Partial<EvidencePiece> = {}): EvidencePiece => ({
  kind: "arrival",
  at: NOW,
  source: "DeviceFileEvents/FileCreated",
  fileName: "level.exe",
  path: "c:\\program files\\level\\level.exe",
  sha1: "b".repeat(40),
  actor: actor("installer.exe"),
  ...more,
});

/** A group as the query gives it. */
const group = (more: Record<string, unknown> = {}): Record<string, unknown> => {
  const end = { file: "level.exe", path: "C:\\Level", sha1: "B".repeat(40), command: "x", install: "" };
  return {
    kind: "arrival",
    source: "DeviceFileEvents/FileCreated",
    instance: "1 2",
    firstAt: NOW.toISOString(),
    first: end,
    lastAt: NOW.toISOString(),
    last: end,
    name: "installer.exe",
    path: "C:\\Windows\\System32\\installer.exe",
    sha1: "A".repeat(40),
    parent: "services.exe",
    sid: "S-1-5-18",
    account: "system",
    type: "",
    status: "",
    certificate: { signers: ["B", "A"], trusted: true, root: false },
    own: null,
    ...more,
  };
};
const record = (groups: readonly unknown[], more: Record<string, unknown> = {}): SourceRecord => ({
  DetectionId: LEVEL,
  DeviceId: "d1",
  Groups: groups.length,
  Pieces: JSON.stringify(groups),
  ...more,
});
const answer = (more: Partial<EvidenceAnswer>): EvidenceAnswer => ({
  queries: 1,
  pieces: [],
  tasks: [],
  logons: [],
  missing: [],
  ...more,
});
const CANDIDATES = [
  { detectionId: LEVEL, deviceId: "d1" },
  { detectionId: LEVEL, deviceId: "d2" },
];
const found = (more: Partial<EvidenceAnswer>) => evidenceOf(CANDIDATES, answer(more));
const missingOf = (more: Partial<EvidenceAnswer>): (readonly string[] | undefined)[] => {
  const { byKey } = found(more);
  return CANDIDATES.map(({ detectionId, deviceId }) => byKey.get(`${detectionId}|${deviceId}`)?.missing);
};
const piecesOf = (more: Partial<EvidenceAnswer>): readonly EvidencePiece[] =>
  found(more).byKey.get(`${LEVEL}|d1`)?.pieces ?? [];

describe("a file's path", () => {
  it.each([
    ["C:\\Program Files\\Level\\level.exe", "Level.exe", "c:\\program files\\level\\level.exe"],
    ["C:\\Program Files\\Level", "level.exe", "c:\\program files\\level\\level.exe"],
    ["C:\\", "level.exe", "c:\\level.exe"],
    ["C:/Level/", "level.exe", "c:\\level\\level.exe"],
    ["\\\\?\\C:\\Level", "level.exe", "c:\\level\\level.exe"],
    ["\\\\server\\share", "level.exe", "\\\\server\\share\\level.exe"],
    ["C:\\notlevel.exe", "level.exe", "c:\\notlevel.exe\\level.exe"],
    ["C:\\Level", "", "c:\\level"],
    ["", "level.exe", ""],
    ["C:\\\u212Aaseya", "a.exe", "c:\\\u212Aaseya\\a.exe"],
    ["C:\\ÄÖ\\İ", "a.exe", "c:\\äö\\İ\\a.exe"],
  ])("%s and %s", (folder, name, path) => expect(evidencePath(folder, name)).toBe(path));
});

describe("a task's actions", () => {
  it.each<readonly [string, string, readonly (readonly [string, string])[] | undefined]>([
    ["one", '{"Exec":{"Command":"a.exe","Arguments":"/q"}}', [["a.exe", "/q"]]],
    [
      "several, nested",
      '[{"Exec":[{"command":"a"},{"Command":"b","Arguments":1}]}]',
      [
        ["a", ""],
        ["b", ""],
      ],
    ],
    ["none", '{"ComHandler":{"ClassId":"{0}"}}', []],
    ["nothing", "", []],
    ["XML", "<Actions><Exec><Command>a &lt;b&gt;</Command></Exec></Actions>", [["a <b>", ""]]],
    ["cut off JSON", '{"Exec":{"Command":"a.exe', undefined],
    ["cut off XML", "<Actions><Exec><Command>a", undefined],
    ["text", "a.exe", undefined],
  ])("%s", (_, text, actions) =>
    expect(taskActions(text)?.map(({ command, arguments: given }) => [command, given])).toEqual(actions),
  );
});

describe("evidence of an answer", () => {
  it("a group is the piece where it began and the one where it ended; an empty answer is whole", () => {
    expect(found({}).byKey.get(`${LEVEL}|d1`)).toEqual({ pieces: [], missing: [] });
    const pieces = piecesOf({ pieces: [record([group({ firstAt: at(-9).toISOString(), own: true })])] });
    expect(pieces).toHaveLength(2);
    expect(pieces[0]).toEqual({
      kind: "arrival",
      at: at(-9),
      source: "DeviceFileEvents/FileCreated",
      fileName: "level.exe",
      path: "c:\\level\\level.exe",
      sha1: "b".repeat(40),
      ownTool: true,
      actor: {
        fileName: "installer.exe",
        path: "c:\\windows\\system32\\installer.exe",
        sha1: "a".repeat(40),
        // Of several signers none is named: an approval names one.
        certificate: { signer: "A; B", trusted: true, microsoftRoot: false },
        commandLine: "x",
        parentFileName: "services.exe",
        accountSid: "S-1-5-18",
        accountName: "system",
      },
    });
  });

  it("a record of another tool or device is left aside", () => {
    const others = [record([group()], { DetectionId: ANYDESK }), record([group()], { DeviceId: "d3" })];
    expect([...found({ pieces: others }).byKey.values()]).toEqual(CANDIDATES.map(() => ({ pieces: [], missing: [] })));
  });

  it.each<readonly [string, Partial<EvidenceAnswer>, readonly string[], readonly string[]]>([
    ["a device that was not looked at", { missing: [{ devices: ["D1"], reason: "because" }] }, ["because"], []],
    [
      "no JSON",
      { pieces: [record([], { Pieces: "[{" })] },
      ["file and process events: Pieces is not a JSON array"],
      [],
    ],
    [
      "more than the answer holds",
      { pieces: [record([group()], { Groups: 2 })] },
      ["file and process events: 2 of them, 1 are in the answer"],
      [],
    ],
    ["no time", { pieces: [record([group({ firstAt: "" })])] }, ["file and process events: firstAt: no time"], []],
    [
      "logons of a device",
      { logons: [record([{ at: NOW.toISOString(), instance: "1 2", ip: 7, sid: "" }], { DetectionId: "" })] },
      [expect.stringContaining("network logons: ip: ")],
      [],
    ],
    [
      "a record that doesn't say whose it is: of all",
      { pieces: [record([group()], { DeviceId: null })] },
      ["file and process events: no DeviceId"],
      ["file and process events: no DeviceId"],
    ],
  ])("partial: %s", (_, more, first, second) => expect(missingOf(more)).toEqual([first, second]));

  it("a bad group is named by its key, the others are kept", () => {
    const { rejected, byKey } = found({ pieces: [record([group({ kind: "other" }), group()])] });
    expect(rejected).toEqual([{ key: `${LEVEL}|d1`, reason: expect.stringContaining("kind: ") }]);
    expect(byKey.get(`${LEVEL}|d1`)?.pieces).toHaveLength(1);
  });

  const INSTALLER = { name: "MsiExec.exe", path: "C:\\Windows\\SysWOW64" };
  const client = (name: string, minutes: number, more: Record<string, unknown> = {}) =>
    group({ kind: "client", name, firstAt: at(minutes).toISOString(), lastAt: at(minutes).toISOString(), ...more });
  const clientsOf = (...groups: readonly Record<string, unknown>[]): (string | undefined)[] =>
    piecesOf({ pieces: [record([group(INSTALLER), ...groups])] }).map((one) => one.client?.fileName);

  it.each<readonly [string, readonly Record<string, unknown>[], readonly (string | undefined)[]]>([
    ["none", [], [undefined]],
    ["at 30 minutes, before and after", [client("a", -30), client("b", 30)], ["a", "b"]],
    ["beyond", [client("a", -30.01), client("b", 30.01)], [undefined]],
    ["the same twice", [client("a", -5), client("a", -2)], ["a"]],
    ["of one name under two accounts", [client("a", -5), client("a", -2, { sid: "S-1" })], ["a", "a"]],
  ])("clients of an installation: %s", (_, groups, names) => expect(clientsOf(...groups)).toEqual(names));

  it("of the same client the nearest process is shown; what another than the installer wrote has none", () => {
    const near = { ...client("a", 3), first: { file: "", path: "", sha1: "", command: "near", install: "msi" } };
    const groups = [group(INSTALLER), client("a", -5), near, client("a", 20)];
    expect(piecesOf({ pieces: [record(groups)] })).toMatchObject([{ install: "msi", client: { commandLine: "near" } }]);
    expect(piecesOf({ pieces: [record([group(), client("a", -5)])] })[0]).not.toHaveProperty("client");
    const elsewhere = group({ ...INSTALLER, path: "C:\\Temp" });
    expect(piecesOf({ pieces: [record([elsewhere, client("a", -5)])] })[0]).not.toHaveProperty("client");
    expect(
      piecesOf({ pieces: [record([group({ ...INSTALLER, kind: "run" }), client("a", -5)])] })[0],
    ).not.toHaveProperty("client");
  });

  it("tasks before the act that name the file or that the actor runs, each once; not those after it, nor of a like name", () => {
    const task = (name: string, actions: string, minutes = -1) => ({ at: at(minutes).toISOString(), name, actions });
    const exec = (command: string, given = ""): string =>
      JSON.stringify({ Exec: { Command: command, Arguments: given } });
    const tasks = [
      task("path", exec('"C:/Level/level.exe"')),
      task("name", exec("LEVEL.EXE")),
      task("after", exec("level.exe"), 1),
      task("like", exec("notlevel.exe")),
      task("runs", exec("c:\\windows\\system32\\installer.exe", "--from share")),
      task("other arguments", exec("installer.exe", "--from elsewhere")),
      task("short", exec("installer.exe", "-q")),
      task("com", '{"ComHandler":{}}'),
    ];
    const end = {
      file: "level.exe",
      path: "C:\\Level",
      sha1: "",
      command: "installer.exe -q --from share",
      install: "",
    };
    const pieces = piecesOf({
      pieces: [record([group({ first: end, last: end })])],
      tasks: [record(tasks, { DetectionId: "" })],
    });
    expect(pieces.map((one) => one.task?.name).toSorted((a = "", b = "") => (a < b ? -1 : 1))).toEqual([
      "name",
      "path",
      "runs",
    ]);
  });

  it("logons of the act that they came before, the latest first", () => {
    const logon = (instance: string, ip: string, minutes: number) => ({ at: at(minutes), instance, ip, sid: "S" });
    const logons = [record([logon("1 2", "10.0.0.1", -3), logon("1 2", "10.0.0.2", -1), logon("9 9", "10.0.0.3", -1)])];
    const pieces = piecesOf({
      pieces: [record([group(), group({ kind: "run" })])],
      logons: logons.map((given) => ({ ...given, DetectionId: "" })),
    });
    expect(pieces.map((one) => [one.kind, one.logons?.map(({ remoteIp }) => remoteIp)])).toEqual([
      ["arrival", ["10.0.0.2", "10.0.0.1"]],
      ["run", undefined],
    ]);
  });

  it("more pieces than are judged are partial, however many clients and tasks there are", () => {
    const groups = Array.from({ length: 200 }, (_, i) => group({ ...INSTALLER, sid: `S-${i}` }));
    const clients = Array.from({ length: 100 }, (_, i) => client(`c${i}`, 0));
    const { byKey } = found({ pieces: [record([...groups, ...clients])] });
    expect(byKey.get(`${LEVEL}|d1`)?.pieces).toHaveLength(400);
    expect(byKey.get(`${LEVEL}|d1`)?.missing).toEqual(["file and process events: more than 400 pieces"]);
  });
});

describe("pieces of the same facts", () => {
  it("are two: the earliest and the latest; what an approval compares keeps them apart", () => {
    const same = [3, 1, 2].map((minutes) => piece({ at: at(minutes), sha1: `${minutes}` }));
    expect(foldPieces(same).map(({ sha1 }) => sha1)).toEqual(["1", "3"]);
    const logon = { remoteIp: "10.0.0.1", accountSid: "S", at: NOW };
    const differing: readonly Partial<EvidencePiece>[] = [
      { kind: "run" },
      { path: "c:\\temp\\level.exe" },
      { actor: actor("installer.exe", { accountSid: "S-2" }) },
      { actor: actor("installer.exe", { parentFileName: "cmd.exe" }) },
      { actor: actor("installer.exe", { path: "c:\\temp\\installer.exe" }) },
      { actor: actor("installer.exe", { certificate: { ...MICROSOFT, trusted: false } }) },
      { client: actor("a") },
      { client: actor("b") },
      { ownTool: true },
      { task: { name: "t", action: "a" } },
      { logons: [logon] },
      { logons: [{ ...logon, remoteIp: "10.0.0.2" }] },
    ];
    expect(foldPieces([piece(), ...differing.map(piece)])).toHaveLength(differing.length + 1);
    const alike = [
      { actor: actor("installer.exe", { commandLine: "other", accountName: "other" }) },
      { fileName: "other", path: "c:\\program files\\level\\other" },
      { source: "DeviceFileEvents/FileModified" },
    ];
    expect(foldPieces([piece(), ...alike.map(piece)])).toHaveLength(1);
  });

  it("do not depend on the order of what is given", () => {
    const some = [
      piece(),
      piece({ at: at(1) }),
      piece({ at: at(2) }),
      piece({ kind: "run" }),
      piece({ client: actor("a") }),
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(some, { minLength: some.length }), (order) => {
        expect(foldPieces(order)).toEqual(foldPieces(some));
      }),
      inTime(),
    );
  });
});

it("what a look finds is put with what is known: the same again is nothing new, and what was missing stays so", () => {
  const known = { pieces: [piece({ kind: "run" }), piece({ at: at(1) })], missing: ["a"] };
  expect(mergeEvidence(known, known)).toEqual({ ...known, pieces: foldPieces(known.pieces) });
  const later = { pieces: [piece({ at: at(1) }), piece({ at: at(9) }), piece({ client: actor("a") })], missing: ["b"] };
  const merged = mergeEvidence(known, later);
  expect(merged.missing).toEqual(["a", "b"]);
  expect(merged.pieces.map((one) => [one.kind, one.at, one.client?.fileName])).toEqual([
    ["arrival", NOW, "a"],
    ["run", NOW, undefined],
    ["arrival", at(1), undefined],
    ["arrival", at(9), undefined],
  ]);
});

describe("the most telling", () => {
  const untrusted = { ...MICROSOFT, trusted: false };
  const { certificate: _, ...unsigned } = actor("unsigned.exe");
  const pieces = [
    piece({ kind: "run", actor: actor("services.exe"), fileName: "neutral: services" }),
    piece({ kind: "run", ownTool: true, fileName: "neutral: updater" }),
    piece({ kind: "run", actor: actor("services.exe", { path: "c:\\temp\\services.exe" }), fileName: "run" }),
    piece({ fileName: "arrival" }),
    piece({ actor: actor("msiexec.exe"), client: actor("a"), fileName: "installed" }),
    piece({ actor: actor("msiexec.exe"), fileName: "installed by nobody" }),
    piece({ actor: unsigned, fileName: "unknown" }),
    piece({ actor: actor("msiexec.exe"), client: unsigned, fileName: "installed by the unknown" }),
    piece({ actor: actor("x", { certificate: untrusted }), ownTool: true, fileName: "untrusted" }),
  ];

  it("arrivals of the unknown, arrivals, runs, the neutral; else as they are", () => {
    expect(mostRevealing({ pieces, missing: [] }).map(({ fileName }) => fileName)).toEqual([
      "installed by nobody",
      "unknown",
      "installed by the unknown",
      "untrusted",
      "arrival",
      "installed",
      "run",
      "neutral: services",
      "neutral: updater",
    ]);
    expect(mostRevealing({ pieces, missing: [] }, 2)).toHaveLength(2);
    expect(pieces.filter(isNeutral)).toHaveLength(2);
  });
});

/** Texts that a device may send: quotes, backslashes, line ends, KQL, any code point. */
const nasty = fc
  .array(
    fc.oneof(
      fc.constantFrom('"', "\\", "\n", "\r\n", "'", "|", "//", "; print ", "\u202e", "\u0000", "💻", "é", "))", '"]}'),
      fc.string({ unit: "grapheme", maxLength: 6 }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""));
const anyActor = fc.record({
  fileName: nasty,
  path: nasty,
  sha1: nasty,
  commandLine: nasty,
  parentFileName: nasty,
  accountSid: nasty,
  accountName: nasty,
  certificate: fc.record({ signer: nasty, trusted: fc.boolean(), microsoftRoot: fc.boolean() }),
});
const when = fc.date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true });
const anyPiece: fc.Arbitrary<EvidencePiece> = fc
  .record({
    kind: fc.constantFrom("arrival" as const, "run" as const),
    at: when,
    source: nasty,
    fileName: nasty,
    path: nasty,
    sha1: nasty,
    actor: anyActor,
    client: fc.option(anyActor),
    install: fc.option(nasty),
    task: fc.option(fc.record({ name: nasty, action: nasty })),
    logons: fc.option(fc.array(fc.record({ remoteIp: nasty, accountSid: nasty, at: when }), { maxLength: 3 })),
    ownTool: fc.boolean(),
  })
  .map(({ client, install, task, logons, ownTool, ...rest }) => ({
    ...rest,
    ...(client && { client }),
    ...(install !== null && { install }),
    ...(task && { task }),
    ...(logons && { logons }),
    ...(ownTool && { ownTool: true }),
  }));
const anyEvidence: fc.Arbitrary<Evidence> = fc.record({
  pieces: fc.array(anyPiece, { maxLength: 30, size: "max" }),
  missing: fc.array(nasty, { maxLength: 8 }),
});

const bytes = (text: string): number => new TextEncoder().encode(text).byteLength;
/** With nothing in the place of what is only shown. */
const compared = (pieces: readonly EvidencePiece[]): unknown => {
  const bare = (whole: Actor): Actor => ({ ...whole, commandLine: "", accountName: "" });
  return pieces.map((one) => ({ ...one, install: "", actor: bare(one.actor), client: one.client && bare(one.client) }));
};

describe("stored evidence", () => {
  const context = { deviceGroup: "Servers", counterfeit: true };

  it("comes back as it was", () => {
    const evidence: Evidence = {
      missing: ["something"],
      pieces: [
        piece({ client: actor("a", { signature: { type: "OsVendor", status: "Valid" } }), install: "msiexec /i x" }),
        piece({ kind: "run", ownTool: true, task: { name: "t", action: "a" } }),
        piece({ logons: [{ remoteIp: "10.0.0.1", accountSid: "S", at: at(-1) }] }),
      ],
    };
    const { text, whole } = encodeEvidence(evidence, context);
    expect(whole).toBe(true);
    expect(decodeEvidence(text)).toEqual({ ...context, evidence });
  });

  it("whatever the texts: at most 16,000 bytes, what is compared whole or said to be missing", () => {
    let cut = 0;
    fc.assert(
      fc.property(anyEvidence, (evidence) => {
        const { text, whole } = encodeEvidence(evidence, context);
        expect(bytes(text)).toBeLessThanOrEqual(MAX_STORED_BYTES);
        const decoded = decodeEvidence(text);
        if (whole) {
          expect(compared(decoded.evidence.pieces)).toEqual(compared(evidence.pieces));
          expect(decoded).toMatchObject({ ...context, evidence: { missing: evidence.missing } });
        } else {
          cut += 1;
          expect(decoded.evidence.missing).toEqual(["stored evidence: too much to be kept whole"]);
        }
      }),
      { ...inTime(), numRuns: 300, seed: 6 },
    );
    expect(cut).toBeGreaterThan(0);
  });

  it("what is only shown goes first; forty different acts are kept whole", () => {
    const long = { commandLine: "é".repeat(512), accountName: "someone" };
    const acts = (count: number): readonly EvidencePiece[] =>
      Array.from({ length: count }, (_, i) =>
        piece({ actor: actor(`installer-${i}.exe`, long), install: "i".repeat(512) }),
      );
    const { text, whole } = encodeEvidence({ pieces: acts(40), missing: [] }, context);
    expect(whole).toBe(true);
    const decoded = decodeEvidence(text).evidence.pieces;
    expect(compared(decoded)).toEqual(compared(acts(40)));
    expect(decoded[0]?.actor.commandLine).toBe("");
    expect(encodeEvidence({ pieces: acts(80), missing: [] }, context).whole).toBe(false);
  });

  it("a path, a device group or a reason beyond all bounds ends nothing", () => {
    const huge = "x".repeat(70_000);
    const evidence = { pieces: [piece({ path: huge })], missing: [huge] };
    const { text, whole } = encodeEvidence(evidence, { ...context, deviceGroup: huge });
    expect([whole, decodeEvidence(text).evidence]).toEqual([
      false,
      { pieces: [], missing: ["stored evidence: too much to be kept whole"] },
    ]);
  });

  it.each([
    ["not JSON", "{", "not JSON"],
    ["another version", '{"v":2}', "v: "],
    ["a field of nobody's", encodeEvidence({ pieces: [], missing: [] }, context).text.replace("{", '{"x":1,'), "x"],
    [
      "an actor that isn't there",
      encodeEvidence({ pieces: [piece()], missing: [] }, context).text.replace('"actor":0', '"actor":3'),
      "there is no actor 3",
    ],
  ])("refuses %s", (_, text, why) => {
    expect(() => decodeEvidence(text)).toThrow("a sighting's stored evidence can't be read");
    expect(() => decodeEvidence(text)).toThrow(why);
  });
});

const textsOf = (value: unknown): readonly string[] =>
  typeof value === "object" && value !== null ? Object.values(value).flatMap(textsOf) : [String(value)];

describe("a message's evidence", () => {
  it("the ten most telling, how many more there are, what is missing", () => {
    const pieces = Array.from({ length: 12 }, (_, i) => piece({ kind: i === 11 ? "arrival" : "run", at: at(i) }));
    const { event, cut } = toEvidenceEvent({ pieces, missing: ["one"] });
    expect(evidenceEvent.parse(event)).toEqual(event);
    expect([event.pieces.length, event.omitted, event.missing, cut]).toEqual([10, 2, ["one"], true]);
    expect(event.pieces[0]).toEqual({
      kind: "arrival",
      time: at(11).toISOString(),
      source: "DeviceFileEvents/FileCreated",
      file: { name: "level.exe", path: "c:\\program files\\level\\level.exe", sha1: "b".repeat(40) },
      actor: {
        name: "installer.exe",
        path: "c:\\windows\\system32\\installer.exe",
        sha1: "a".repeat(40),
        signer: "Microsoft Windows",
        trusted: true,
        commandLine: "installer.exe /x",
        parent: "services.exe",
        accountSid: "S-1-5-18",
        accountName: "system",
      },
    });
    expect(toEvidenceEvent({ pieces: [], missing: [] })).toEqual({
      event: { pieces: [], omitted: 0, missing: [] },
      cut: false,
    });
  });

  it("whatever the texts: valid, bounded, without characters that could bend what shows it", () => {
    fc.assert(
      fc.property(anyEvidence, (evidence) => {
        const { event } = toEvidenceEvent(evidence);
        expect(evidenceEvent.parse(event)).toEqual(event);
        expect(event.pieces.length + event.omitted).toBe(evidence.pieces.length);
        expect(textsOf(event).filter((text) => /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u.test(text))).toEqual([]);
      }),
      { ...inTime(), numRuns: 200, seed: 5 },
    );
  });

  it("the longest texts of all pieces stay below 24,000 bytes and a few reasons", () => {
    const huge = "💻".repeat(5000);
    const wide = actor(huge, { path: huge, commandLine: huge, parentFileName: huge, accountSid: huge });
    const pieces = Array.from({ length: 10 }, () =>
      piece({
        actor: wide,
        client: wide,
        fileName: huge,
        path: huge,
        install: huge,
        task: { name: huge, action: huge },
      }),
    );
    const { event, cut } = toEvidenceEvent({ pieces, missing: Array.from({ length: 9 }, () => huge) });
    expect(event.pieces.length).toBeGreaterThan(0);
    expect(cut).toBe(true);
    expect(bytes(JSON.stringify(event))).toBeLessThan(33_000);
  });
});
