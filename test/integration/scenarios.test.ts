import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Stage } from "../faults/stage.ts";
import { DAY, HOUR, startStage } from "../faults/stage.ts";
import { ANSIBLE } from "./scenarios/ansible.ts";
import { sha1, storyOf } from "./scenarios/device-story.ts";
import { ENDPOINT_MANAGER } from "./scenarios/endpoint-manager.ts";
import { KASEYA } from "./scenarios/kaseya.ts";
import { LOGMEIN } from "./scenarios/logmein.ts";
import { POWERSHELL } from "./scenarios/processes.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { approvalsOf, deviceOf, EXPIRES_AFTER, FLEET, rowsOf } from "./scenarios/scenario.ts";
import { SOLARWINDS } from "./scenarios/solarwinds.ts";

/** The five scenarios of sanctioned tools, each with its look-alikes: real SDKs against the stand-ins, the KQL executed. */

const SCENARIOS: readonly Scenario[] = [ENDPOINT_MANAGER, KASEYA, SOLARWINDS, ANSIBLE, LOGMEIN];

/** `DEVICE TOOL` of all that a kind of outcome names. */
const keysOf = (scenario: Scenario, kind: "expected" | "announced"): string[] =>
  scenario.cases.flatMap((one) => (one[kind] ?? []).map((tool) => `${one.name}: ${tool}`)).toSorted();

/** What was told since `from` messages, as `CASE: TOOL`. */
function announcedTools(scenario: Scenario, stage: Stage, from = 0): string[] {
  const names = new Map(scenario.cases.map(({ name }) => [deviceOf(scenario, name), name]));
  return stage
    .onQueue()
    .slice(from)
    .map(({ deviceId, tool }) => `${names.get(deviceId) ?? deviceId}: ${tool}`)
    .toSorted();
}

const since = (stage: Stage, from: number): (readonly [string, number])[] =>
  stage
    .onQueue()
    .slice(from)
    .map(({ cause, announcement }) => [cause, announcement]);

describe.each(SCENARIOS)("$name", (scenario) => {
  const expected = keysOf(scenario, "expected");
  const announced = keysOf(scenario, "announced");
  const approvals = approvalsOf(scenario);
  const edited = approvals.map((approval) => ({ ...approval, devices: { groups: ["Nobody"] } }));
  const all = [...expected, ...announced].toSorted();

  describe("with its template applied", () => {
    let stage: Stage;
    beforeAll(async () => {
      stage = await startStage();
      stage.rows.push(...rowsOf(scenario));
      await stage.approve(approvals);
      await stage.run();
    });
    afterAll(() => stage.close());

    test.each(scenario.cases)("$name: expected $expected, announced $announced", (one) => {
      const device = deviceOf(scenario, one.name);
      const tools = stage
        .onQueue()
        .filter(({ deviceId }) => deviceId === device)
        .map(({ tool }) => tool);
      expect(tools.toSorted()).toEqual([...(one.announced ?? [])].toSorted());
    });

    test("everything was looked at, and nothing else is told", () => {
      expect(announcedTools(scenario, stage)).toEqual(announced);
      expect(new Set(stage.onQueue().flatMap(({ missing }) => missing))).toEqual(new Set());
      expect(stage.wavesOnQueue()).toEqual([]);
    });

    test("edited: what was expected is told as lifted; approved and lifted again, again; new activity by a look; on expiry", async () => {
      const step = async (ms: number, set?: typeof approvals): Promise<number> => {
        const before = stage.onQueue().length;
        stage.now = ms;
        if (set) await stage.approve(set);
        expect((await stage.run()).outcome).toBe("ok");
        return before;
      };
      const announcedAgain = async (ms: number, announcement: number, set?: typeof approvals): Promise<void> => {
        const before = await step(ms, set);
        expect(announcedTools(scenario, stage, before)).toEqual(expected);
        expect(since(stage, before)).toEqual(expected.map(() => ["approval-ended", announcement]));
      };
      const silent = async (ms: number, set?: typeof approvals): Promise<void> => {
        const before = await step(ms, set);
        expect(announcedTools(scenario, stage, before)).toEqual([]);
      };
      await silent(HOUR);
      await announcedAgain(DAY, 1, edited);
      await silent(2 * DAY, approvals);
      await announcedAgain(2 * DAY + 2 * HOUR, 2, []);
      await silent(4 * DAY, approvals);

      const [first] = scenario.cases;
      const device = deviceOf(scenario, first?.name ?? "");
      const file = stage.rows.find(
        ({ table, columns }) => table === "DeviceFileEvents" && columns["DeviceId"] === device,
      );
      const story = storyOf(device, FLEET);
      const path = String(file?.columns["FolderPath"]);
      story.arrives({ path, signer: signerOf(path) }, -5 * 24 * 60, POWERSHELL);
      stage.rows.push(...story.rows);
      const before = await step(6 * DAY);
      expect(announcedTools(scenario, stage, before)).toEqual([`${first?.name}: ${first?.expected?.[0]}`]);
      expect(since(stage, before)).toEqual([["new-activity", 3]]);

      const rest = await step(EXPIRES_AFTER * DAY);
      expect(announcedTools(scenario, stage, rest)).toEqual(
        expected.filter((key) => key !== `${first?.name}: ${first?.expected?.[0]}`),
      );
      expect(since(stage, rest)).toEqual(expected.slice(1).map(() => ["approval-ended", 3]));
    });

    const signerOf = (path: string): string =>
      String(
        stage.rows.find(({ table, columns }) => table === "DeviceFileCertificateInfo" && columns["SHA1"] === sha1(path))
          ?.columns["Signer"],
      );
  });

  test("without it all are announced; approved after their tickets they fall silent, and are told when that ends", async () => {
    const stage = await startStage();
    try {
      stage.rows.push(...rowsOf(scenario));
      await stage.run();
      expect(announcedTools(scenario, stage)).toEqual(all);
      expect(new Set(since(stage, 0).map(([, announcement]) => announcement))).toEqual(new Set([1]));
      stage.now = HOUR;
      await stage.approve(approvals);
      await stage.run();
      expect(announcedTools(scenario, stage)).toEqual(all);
      stage.now = EXPIRES_AFTER * DAY;
      await stage.run();
      expect(announcedTools(scenario, stage, all.length)).toEqual(expected);
      expect(since(stage, all.length)).toEqual(expected.map(() => ["approval-ended", 2]));
    } finally {
      await stage.close();
    }
  });
});
