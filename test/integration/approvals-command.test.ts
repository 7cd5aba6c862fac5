import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { approvalsTable } from "../../shared/azure/approvals-table.ts";
import { sightingRowKey } from "../../shared/core/stores/sighting-key.ts";
import { applyApprovals } from "../../shared/cli/approvals-apply.ts";
import { explainSighting, printExplanation } from "../../shared/cli/approvals-explain.ts";
import { listApprovals, printApprovals } from "../../shared/cli/approvals-list.ts";
import { findSighting } from "../../shared/cli/find-sighting.ts";
import type { ApprovalState } from "../../shared/cli/approval-state.ts";
import { detailLines, sightingsOf } from "../../shared/cli/sightings.ts";
import { ConfigError } from "../../shared/errors.ts";
import type { StoredSighting } from "../../shared/core/review.ts";
import { partitionOf } from "../../shared/core/slice.ts";
import type { Tables } from "../local/tables.ts";
import { startTables } from "../local/tables.ts";
import { ago, arrival, CCM, CHROME, evidence, NOW } from "../unit/approval-samples.ts";

const ANYDESK = "11111111-1111-4111-8111-111111111111";
/** Ships as a YAML detection in the packs. */
const LEVEL = "3bd4f4fb-20a9-4491-8bc1-51e55da7fdcc";
const CLI = fileURLToPath(new URL("../../shared/cli/main.ts", import.meta.url));

let tables: Tables;
let folder: string;
beforeAll(async () => {
  tables = await startTables({});
  await tables.createTables(["Approvals", "Sightings"]);
});
afterAll(() => tables.stop());
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "approvals-"));
  for (const name of ["Approvals", "Sightings"])
    for await (const { partitionKey, rowKey } of tables.client(name).listEntities())
      await tables.client(name).deleteEntity(String(partitionKey), String(rowKey));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  vi.restoreAllMocks();
});

const approval = (id: string, tool: string, change: Readonly<Record<string, string>> = {}): string => {
  const fields = {
    id,
    reason: "x",
    owner: "Desk",
    ticket: "CHG-1",
    expires: "2026-09-30",
    tools: `[${tool}]`,
    ...change,
  };
  const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}\n`);
  return `${head.join("")}devices:
  groups: [Workstations]
arrival:
  signer: Microsoft Corporation
  microsoftRoot: true
  paths: ['c:\\windows\\ccm\\ccmexec.exe']
`;
};
function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

const device = (i: number): string => String(i).padStart(40, "abc");
const sighting = (i: number, change: Partial<StoredSighting> = {}): StoredSighting => ({
  detectionId: ANYDESK,
  deviceId: device(i),
  deviceName: `ws-${i}`,
  source: "north",
  deviceGroup: "Workstations",
  counterfeit: false,
  firstSeen: ago(60),
  lastSeen: ago(i),
  episode: 1,
  announcement: 1,
  disposition: "announced",
  decidedAt: ago(5),
  definitionHash: "0",
  approvalsVersion: 0,
  evidence: evidence(arrival(CCM)),
  ...change,
});

/** The real table of approvals, beside sightings that need no table. */
const stateOf = (...all: StoredSighting[]): ApprovalState => ({
  approvals: approvalsTable(tables.client("Approvals")),
  stored: async function* (partition) {
    yield* all.filter(({ deviceId }) => partitionOf(deviceId) === partition);
  },
  toolOf: (id) => ({ [ANYDESK]: "anydesk", [LEVEL]: "level" })[id] ?? "",
});

/** What is printed meanwhile, without the colours that nobody asked for. */
async function printed(work: () => unknown): Promise<string> {
  const lines: string[] = [];
  vi.spyOn(console, "log").mockImplementation((line) => void lines.push(String(line)));
  vi.spyOn(console, "error").mockImplementation((line) => void lines.push(String(line)));
  await work();
  return lines.join("\n");
}

const STATE = [
  sighting(1),
  sighting(2, { disposition: "expected", announcement: 0, approvalId: "old", approvalsVersion: 7 }),
  sighting(3, { evidence: evidence(arrival(CCM), arrival(CHROME, { path: "c:\\downloads\\a.exe" })) }),
  sighting(4, { detectionId: LEVEL, disposition: "expected", announcement: 0, approvalId: "old" }),
];

describe("apply", () => {
  test("--dry-run – says by tool what it covers and ends, and changes nothing", async () => {
    const file = write("a.yaml", approval("desk", "anydesk"));
    const state = stateOf(...STATE);
    const said = await printed(() => applyApprovals([file], { dryRun: true }, state, NOW));
    expect(said).toContain("anydesk  covers 2 now (1 of them announced before), ends 0");
    expect(said).toContain("level    covers 0 now, ends 1: they are announced");
    expect(said).toContain("1 approval would be applied; nothing was changed.");
    expect(await state.approvals.pointer()).toBeUndefined();
  });

  test("puts the files of a folder in as one set, newer than what judged any sighting", async () => {
    write("a.yaml", approval("a", "anydesk"));
    write("b.yml", approval("b", "logmein", { expires: "2026-03-20" }));
    const state = stateOf(...STATE);
    const said = await printed(() => applyApprovals([folder], { json: true }, state, NOW));
    const [warning, answer] = said.split("\n");
    expect(warning).toContain("b.yml: warning: b expires on 2026-03-20, in 10 days");
    expect(JSON.parse(answer ?? "")).toMatchObject({
      version: 8,
      dryRun: false,
      approvals: [
        { id: "a", covers: 2 },
        { id: "b", covers: 0 },
      ],
      tools: [
        { tool: "anydesk", covers: 2, silences: 1, ends: 0 },
        { tool: "level", covers: 0, silences: 0, ends: 1 },
      ],
    });
    expect(await state.approvals.current()).toMatchObject({ version: 8, approvals: [{ id: "a" }, { id: "b" }] });
  });

  test("one bad file – every problem is said, and nothing is put in", async () => {
    write("a.yaml", approval("a", "anydesk"));
    write("b.yaml", approval("a", "anydsk", { expires: "2028-01-01" }));
    const state = stateOf();
    await expect(applyApprovals([folder], {}, state, NOW)).rejects.toThrow(
      /b\.yaml:5:10: expires lies over a year[^]*anydesk\?/,
    );
    expect(await state.approvals.pointer()).toBeUndefined();
  });

  test("no file – not by mistake", async () => {
    const state = stateOf();
    await expect(applyApprovals([folder], {}, state, NOW)).rejects.toThrow("--empty");
    expect(await printed(() => applyApprovals([], { empty: true }, state, NOW))).toContain(
      "0 approvals applied as set 1",
    );
    await expect(applyApprovals([join(folder, "none")], {}, state, NOW)).rejects.toThrow("is not there");
  });

  test("somebody else applies meanwhile – is told, and nothing is put in", async () => {
    const file = write("a.yaml", approval("a", "anydesk"));
    const state = stateOf();
    const racing = {
      ...state,
      stored: async function* () {
        await state.approvals.apply([], (await state.approvals.pointer()) ?? 0);
        yield* [];
      },
    };
    await printed(() =>
      expect(applyApprovals([file], {}, racing, NOW)).rejects.toThrow("somebody else applied approvals meanwhile"),
    );
    expect((await state.approvals.current()).approvals).toEqual([]);
  });
});

describe("list and explain", () => {
  beforeEach(async () => {
    write("a.yaml", approval("active", "anydesk"));
    write("b.yaml", approval("ending", "anydesk", { expires: "2026-03-20" }));
    write("c.yaml", approval("over", "anydesk", { expires: "2026-03-01" }));
    await printed(() => applyApprovals([folder], {}, stateOf(), NOW));
  });

  test("list – status, and what each covers", async () => {
    const state = stateOf(...STATE, sighting(5, { disposition: "expected", approvalId: "ending" }));
    const listed = await listApprovals(state, NOW);
    expect(listed.approvals.map(({ id, status, covers }) => [id, status, covers])).toEqual([
      ["active", "active", 0],
      ["ending", "expiring", 1],
      ["over", "expired", 0],
    ]);
    const said = await printed(() => printApprovals(listed));
    expect(said).toMatch(/active +active +until 2026-09-30T00:00Z +never hit +anydesk on group Workstations/);
    expect(said).toContain("Set 1: 1 active, 1 expiring in 14 days, 1 expired.");
  });

  test("explain – what each says, and why", async () => {
    const said = await printed(async () =>
      printExplanation(await explainSighting("anydesk/WS-3", stateOf(...STATE), NOW)),
    );
    expect(said).toContain(`anydesk on ws-3 (${device(3)}): announced, judged last by set 0; set 1 is current.`);
    expect(said).toContain("does not  active: DeviceFileEvents/FileCreated of c:\\downloads\\a.exe");
    expect(said).toContain("does not  over: it expired on 2026-03-01");
    const covered = await explainSighting(`${ANYDESK}|${device(1)}`, stateOf(...STATE), NOW);
    expect(covered.verdicts.map(({ approvalId, covers }) => [approvalId, covers])).toEqual([
      ["active", true],
      ["ending", true],
      ["over", false],
    ]);
    const other = await explainSighting(`level/${device(4)}`, stateOf(...STATE), NOW);
    expect(other.verdicts[0]?.reason).toBe("it is about anydesk");
  });
});

describe("sightings", () => {
  const slugs = async (sought: Parameters<typeof sightingsOf>[0]): Promise<string[]> => {
    const found: string[] = [];
    for await (const { sighting: one, tool } of sightingsOf(sought, stateOf(...STATE)))
      found.push(`${tool} ${one.deviceName}`);
    return found.toSorted();
  };

  test.each([
    ["no filter", {}, ["anydesk ws-1", "anydesk ws-2", "anydesk ws-3", "level ws-4"]],
    ["a tool", { tool: "level" }, ["level ws-4"]],
    ["a device by name", { device: "WS-2" }, ["anydesk ws-2"]],
    ["a device by id", { device: device(3) }, ["anydesk ws-3"]],
    ["since", { since: ago(2) }, ["anydesk ws-1", "anydesk ws-2"]],
  ])("list – %s", async (_name, sought, expected) => {
    expect(await slugs(sought)).toEqual(expected);
  });

  test("show – with its evidence; a device's texts bend no terminal", async () => {
    const { sighting: found, tool } = await findSighting("anydesk/ws-3", stateOf(...STATE));
    const lines = detailLines(
      { ...found, deviceName: "\u001b[31mws", evidence: { ...found.evidence, missing: ["x\u202e"] } },
      tool,
    );
    expect(lines.join("\n")).not.toMatch(/\p{Cf}|[^\P{Cc}\n]/u);
    expect(lines).toContain(
      "  2026-03-10T11:10Z  arrival  c:\\downloads\\a.exe  by c:\\program files\\google\\chrome\\application\\chrome.exe as system",
    );
    expect(lines).toContain("  not looked at: x");
  });

  test.each([
    ["none", "anydesk/ws-9", "there is no sighting anydesk/ws-9"],
    ["several", "anydesk/twin", "means 2 sightings"],
    ["nothing", "anydesk", "names no sighting"],
  ])("a name that means %s", async (_name, name, message) => {
    const twins = [sighting(7, { deviceName: "twin" }), sighting(8, { deviceName: "twin" })];
    await expect(findSighting(name, stateOf(...STATE, ...twins))).rejects.toThrow(message);
  });
});

describe("the commands", () => {
  interface Said {
    readonly code: number;
    readonly stdout: string;
    readonly stderr: string;
  }
  const firstsight = (...asked: string[]): Promise<Said> =>
    new Promise((done) => {
      const env = {
        ...process.env,
        LOG_ANALYTICS_WORKSPACES: JSON.stringify([{ name: "north", id: "00000000-0000-4000-8000-00000000000a" }]),
        STATE_TABLE_ENDPOINT: tables.connectionString,
        SERVICE_BUS_NAMESPACE: "north.servicebus.windows.net",
      };
      execFile(process.execPath, [CLI, ...asked], { env, cwd: folder }, (error, stdout, stderr) =>
        done({ code: typeof error?.code === "number" ? error.code : error ? -1 : 0, stdout, stderr }),
      );
    });
  const in30Days = (): string => new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);

  test("new, check, apply, list: from a template to a set that counts", async () => {
    const asked = [
      "approvals",
      "new",
      "microsoft-endpoint-manager",
      "--owner",
      "Desk",
      "--ticket",
      "CHG-1",
      "--dir",
      "own",
    ];
    const made = await firstsight(
      ...asked,
      "--id",
      "desk",
      "--expires",
      in30Days(),
      "--group",
      "A",
      "B b",
      "--tool",
      "level",
    );
    expect(made).toMatchObject({ code: 0, stdout: expect.stringContaining(join("own", "desk.yaml")) });
    expect(readFileSync(join(folder, "own/desk.yaml"), "utf8")).toContain("# - AgentExecutor runs any script");
    expect(await firstsight("approvals", "check", "own")).toMatchObject({ code: 0 });
    expect(await firstsight("approvals", "apply", "own")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("as set 1"),
    });
    const { stdout } = await firstsight("approvals", "list", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      approvals: [{ id: "desk", status: "active", devices: { groups: ["A", "B b"] } }],
    });
    expect(
      await firstsight("approvals", "new", "nothing", ...asked.slice(3), "--id", "x", "--expires", in30Days()),
    ).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("there is no template nothing; there are ansible"),
    });
    expect(await firstsight(...asked, "--id", "x", "--expires", in30Days(), "--group", "A")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("needs --tool too"),
    });
  });

  test("check – a problem is exit 1, with its place", async () => {
    write("a.yaml", approval("a", "level", { expires: "never" }));
    expect(await firstsight("approvals", "check", folder)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("a.yaml:5:10: expires is a date"),
    });
  });

  test("sightings list and show read the table", async () => {
    // As the table has it: without what it never looked around.
    const { evidence: kept, deviceGroup: group, counterfeit, ...row } = sighting(1, { detectionId: LEVEL });
    expect([kept.pieces.length, group, counterfeit]).toEqual([1, "Workstations", false]);
    const keys = { partitionKey: partitionOf(row.deviceId), rowKey: sightingRowKey(row), schemaVersion: 1 };
    await tables.client("Sightings").createEntity({ ...keys, ...row });
    const listed = await firstsight("sightings", "list", "--json", "--tool", "level");
    expect(JSON.parse(listed.stdout)).toMatchObject({ deviceName: "ws-1", tool: "level", disposition: "announced" });
    expect(await firstsight("sightings", "show", "level/ws-1")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("no evidence of how it got there"),
    });
    expect(await firstsight("sightings", "show", "level/ws-2")).toMatchObject({ code: 1 });
    expect(await firstsight("sightings", "list", "--since", "yesterday")).toMatchObject({ code: 2 });
  });
});

describe("usage", () => {
  const of = async (...args: readonly string[]) => {
    const env = { ...process.env, LOG_ANALYTICS_WORKSPACES: "", STATE_TABLE_ENDPOINT: "", SERVICE_BUS_NAMESPACE: "" };
    return new Promise<{ readonly code: unknown; readonly said: string }>((resolve) => {
      execFile(process.execPath, [CLI, ...args], { cwd: folder, env }, (error, out, err) =>
        resolve({ code: error?.code ?? 0, said: out + err }),
      );
    });
  };

  test("--empty applies the empty set, whatever files there are, and goes without files", async () => {
    const file = write("a.yaml", approval("a", "anydesk"));
    await expect(applyApprovals([file], { empty: true }, stateOf(), NOW)).rejects.toThrow(ConfigError);
    expect(await printed(() => applyApprovals([], { empty: true }, stateOf(), NOW))).toContain("0 approvals applied");
  });

  test.each([
    ["a file that is not there", ["approvals", "check", "none.yaml"], /^none\.yaml is not there: name YAML files/],
    ["a folder without approvals", ["approvals", "check", "."], /^\.: it holds no approval/],
    [
      "no folder",
      ["catalog", "export", "--dir", "/dev/null"],
      /^\/dev\/null can't be made a folder: choose another --dir/,
    ],
    [
      "a settings file that is not there",
      ["approvals", "list", "--settings", "no.json"],
      /no\.json is not there: copy/,
    ],
    [
      "a template without devices",
      ["approvals", "new", "kaseya-vsa", "--id", "x", "--owner", "o", "--ticket", "t", "--expires", "2027-01-01"],
      /needs --group or --device/,
    ],
  ])("%s is said, with exit code 2", async (_name, args, said) => {
    expect(await of(...args)).toEqual({ code: 2, said: expect.stringMatching(said) });
  });
});
