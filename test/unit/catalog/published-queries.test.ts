import { describe, expect, it } from "vitest";

import { SAMPLE_WINDOW } from "../../../shared/catalog/check-pack.ts";
import { preludeParts, timePrelude } from "../../../shared/catalog/prelude.ts";
import { bindQuery } from "../../../shared/core/pack.ts";
import { DIALECTS } from "../../../shared/kql/schema.ts";
import type { QueryProblem } from "../../../shared/kql/query-problem.ts";
import { validateQuery } from "../../../shared/kql/validate.ts";
import { deviceTable, rowsOf } from "../kql/kql-run.ts";
import type { Fault, Published } from "./published-query.ts";
import { PUBLISHED, hashOf, rebuilt, shapeOf } from "./published-query.ts";

const isSound = ({ faults }: Published): boolean => faults.length === 0;

const countBy = (items: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const item of items) counts[item] = (counts[item] ?? 0) + 1;
  return counts;
};

const named = ({ tool, shape }: Published): string => `${tool} ${shape}`;

const problemsOf = (query: string): readonly QueryProblem[] => {
  const validation = validateQuery(query, (tables, names) =>
    bindQuery(preludeParts(tables, names), SAMPLE_WINDOW, "all"),
  );
  return "problems" in validation ? validation.problems : [];
};

/** Rows that a query finds: one holds a literal of each column, one holds it inside of a longer word. */
function found(published: Published, dialect: (typeof DIALECTS)[number]): readonly string[] {
  const query = rebuilt(published, true);
  const { table, searched } = shapeOf(published, true);
  const time = dialect === "log-analytics" ? "TimeGenerated" : "Timestamp";
  const row = (DeviceId: string, around: string): Record<string, unknown> => ({
    DeviceId,
    ReportId: 7n,
    [time]: "2026-02-28T00:00:00Z",
    [hashOf(table)]: "ab",
    ...Object.fromEntries(searched.map(({ column, literals }) => [column, `${around}${literals[0] ?? ""}${around}`])),
  });
  const signed = { [time]: "2026-02-28T00:00:00Z", Signer: published.literals[0], SHA1: "ab" };
  const tables = {
    DeviceFileCertificateInfo: deviceTable("DeviceFileCertificateInfo", [signed], dialect),
    [table]: deviceTable(table, [row("matches", ""), row("differs", "x")], dialect),
  };
  const front = timePrelude(Object.keys(tables), false);
  return rowsOf(`${front}${query}\n| project DeviceId, FirstSeen, Report, Count`, { dialect, tables });
}

const EXPECTED = "matches|2026-02-28T00:00:00.0000000Z|[7]|1";

/** Where the fault stands in the rebuilt query, and how the reason begins. */
const REASONS: Readonly<Record<Fault, { readonly at: RegExp; readonly reason: RegExp }>> = {
  "account-upn": {
    at: /(?<= )AccountUpn(?=, RemoteUrl)/,
    reason: /^The name 'AccountUpn' does not refer to any known column, .* Did you mean InitiatingProcessAccountUpn\?$/,
  },
  sha1: {
    at: /Sha1/,
    reason: /^The name 'Sha1' does not refer to any known column, .* Did you mean SHA1\?$/,
  },
  "trailing-comma": {
    at: /(?<=,)\)/,
    reason: /^Missing expression: a comma stands before the closing bracket\. Take it out\.$/,
  },
  "stage-without-where": {
    at: /(?<=\n\| )\w*SHA1(?= in )/,
    reason: /^Query operator expected\. A stage begins with its operator: write where before \w*SHA1\.$/,
  },
  "doubled-operator": {
    at: /(?<=has_all)(?= has_any)/,
    reason: /^Missing expression between has_all and has_any: two operators follow each other\. Keep one of them\.$/,
  },
};

/** Faults whose reason is not said at their place, and places where something else is said. */
function missaid(published: Published): readonly string[] {
  const query = rebuilt(published, false);
  const problems = problemsOf(query);
  const expected = published.faults.map((fault) => ({ fault, ...REASONS[fault] }));
  const places = expected.map(({ at }) => positionOf(query, query.search(at)));
  return [
    ...expected.flatMap(({ fault, reason }, index) =>
      problems.some(({ line, column, message }) => `${line}:${column}` === places[index] && reason.test(message))
        ? []
        : [`${named(published)}: ${fault} is not said at ${places[index]}`],
    ),
    ...problems
      .filter(({ line, column }) => !places.includes(`${line}:${column}`))
      .map(({ line, column, message }) => `${named(published)}: ${line}:${column}: ${message}`),
  ];
}

function positionOf(text: string, offset: number): string {
  const before = text.slice(0, offset).split("\n");
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

describe("the published hunting queries for remote-management tools, rebuilt from what they look for", () => {
  it("are 168, of three shapes, 62 of them with faults", () => {
    expect(countBy(PUBLISHED.map(({ shape }) => shape))).toEqual({
      "file-signature": 52,
      "process-creation": 56,
      "network-connection": 60,
    });
    expect(countBy(PUBLISHED.filter(isSound).map(({ shape }) => shape))).toEqual({
      "file-signature": 52,
      "process-creation": 54,
    });
    expect(countBy(PUBLISHED.flatMap(({ faults }) => faults))).toEqual({
      "account-upn": 60,
      sha1: 2,
      "trailing-comma": 2,
      "stage-without-where": 1,
      "doubled-operator": 1,
    });
    expect(new Set(PUBLISHED.map(({ id }) => id)).size).toBe(168);
  });

  it("the 106 without faults are valid in both dialects, and so are the 62 once they are mended", () => {
    const refused = PUBLISHED.map((published) => ({
      name: named(published),
      problems: problemsOf(rebuilt(published, true)),
    })).filter(({ problems }) => problems.length > 0);
    expect(refused).toEqual([]);
    expect(PUBLISHED.filter((published) => rebuilt(published, false) === rebuilt(published, true))).toHaveLength(106);
  }, 180_000);

  it("the 62 with faults are refused, with each reason at its place and nothing else", () => {
    const faulty = PUBLISHED.filter((published) => !isSound(published));
    expect(faulty.flatMap(missaid)).toEqual([]);
    expect(faulty.length).toBe(62);
  }, 180_000);

  it.each(DIALECTS)(
    "all 168, mended, find the row that matches and no other, in %s",
    (dialect) => {
      const wrong = PUBLISHED.map((published) => ({ name: named(published), rows: found(published, dialect) })).filter(
        ({ rows }) => rows.length !== 1 || rows[0] !== EXPECTED,
      );
      expect(wrong).toEqual([]);
    },
    180_000,
  );
});
