import { kqlString } from "../../core/kql-text.ts";
import { execute } from "../../kql/interpret.ts";
import type { Dialect } from "../../kql/schema.ts";
import { DIALECTS, SCHEMAS } from "../../kql/schema.ts";
import { tableOf } from "../../kql/table-data.ts";
import { condition, huntingScan } from "../compile-catalogue.ts";
import type { FileProblem } from "../file-problem.ts";
import type { Tool } from "../tools.ts";
import type { ToolCase } from "./tool-tests.ts";

const NOW = new Date("2026-03-01T12:00:00Z");
const HOUR = 3_600_000;
const TABLE = "DeviceFileCertificateInfo";

export interface ToolsReport {
  readonly tools: number;
  readonly cases: number;
  readonly failed: number;
  /** Number of changed conditions: each literal, name and the operator removed or weakened. Absent: not requested, or cases fail. */
  readonly mutants?: number;
  readonly survivors?: readonly string[];
  readonly problems: readonly FileProblem[];
}

/** Runs the one scan of all tools over one row for each case, in both dialects, then the mutants of each tool's condition. */
export function testTools(
  tools: readonly Tool[],
  cases: readonly ToolCase[],
  { mutate }: { readonly mutate: boolean },
): ToolsReport {
  const wrong = new Map<ToolCase, string>();
  for (const dialect of DIALECTS) {
    const found = scan(tools, cases, dialect);
    for (const [i, one] of cases.entries()) {
      const slugs = found.get(i) ?? [];
      if (slugs.includes(one.slug) !== one.found && !wrong.has(one))
        wrong.set(
          one,
          one.found
            ? `${one.slug} is not found by ${JSON.stringify(one.signer)}${slugs.length > 0 ? `, but ${slugs.join(", ")}` : ""}`
            : `${one.slug} is found by ${JSON.stringify(one.signer)} and must not be`,
        );
    }
  }
  const failures = [...wrong].map(([one, message]) => one.problem(message));
  const totals = { tools: tools.length, cases: cases.length, failed: failures.length };
  if (!mutate || failures.length > 0) return { ...totals, problems: failures };
  const runs = tools.map((tool) =>
    mutantsOf(
      tool,
      cases.filter(({ slug }) => slug === tool.slug),
    ),
  );
  const survivors = runs.flatMap((run) => run.survivors);
  return {
    ...totals,
    mutants: runs.reduce((sum, { count }) => sum + count, 0),
    survivors: survivors.map(({ change }) => change),
    problems: survivors.map(({ change, last }) =>
      last.problem(`no signer notices this change: ${change}; add one that only it decides`),
    ),
  };
}

/** Found slugs by index of the case; each case is one device. */
function scan(tools: readonly Tool[], cases: readonly ToolCase[], dialect: Dialect): ReadonlyMap<number, string[]> {
  const slugs = new Map(tools.map(({ id, slug }) => [id, slug]));
  const rows = cases.map(({ signer }, i) => ({
    [dialect === "defender-xdr" ? "Timestamp" : "TimeGenerated"]: new Date(NOW.getTime() - HOUR),
    DeviceId: String(i),
    Signer: signer,
  }));
  const window = { from: new Date(NOW.getTime() - 2 * HOUR), to: NOW };
  const text = huntingScan(tools, window);
  const { columns, rows: answer } = execute(
    dialect === "defender-xdr" ? text : text.replaceAll("Timestamp", "TimeGenerated"),
    { tables: { [TABLE]: tableOf(SCHEMAS[dialect][TABLE] ?? [], rows) }, now: NOW, dialect },
  );
  const at = (name: string): number => columns.findIndex((column) => column.name === name);
  const [detection, device] = [at("DetectionId"), at("DeviceId")];
  const found = new Map<number, string[]>();
  for (const row of answer) {
    const i = Number(row[device]);
    const id = row[detection];
    found.set(i, [...(found.get(i) ?? []), (typeof id === "string" ? slugs.get(id) : undefined) ?? ""]);
  }
  return found;
}

interface Survivor {
  readonly change: string;
  readonly last: ToolCase;
}

/** Runs every change of a tool's condition over the tool's own signers, in one query. */
function mutantsOf(
  tool: Tool,
  cases: readonly ToolCase[],
): { readonly count: number; readonly survivors: readonly Survivor[] } {
  const changes = [...changesOf(tool)];
  const last = cases.at(-1);
  if (!last) return { count: 0, survivors: [] };
  const signers = cases.map(({ signer }) => kqlString(signer)).join(", ");
  const columns = changes.map(([, text], i) => `m${i} = ${text}`).join(", ");
  const { rows } = execute(`datatable(Signer: string)[${signers}] | project ${columns}`, { tables: {}, now: NOW });
  const missed = changes.flatMap(([change], i) =>
    rows.every((row, caseIndex) => row[i] === cases[caseIndex]?.found)
      ? [{ change: `${tool.slug}: ${change}`, last }]
      : [],
  );
  return { count: changes.length, survivors: missed };
}

function* changesOf(tool: Tool): Generator<readonly [change: string, condition: string]> {
  const { literals, exactNames } = tool;
  const without = (change: Partial<Pick<Tool, "literals" | "exactNames">>): string =>
    condition({ literals, exactNames, ...change }) || "false";
  yield ["without its condition", "true"];
  for (const literal of literals) {
    yield [`without ${JSON.stringify(literal)}`, without({ literals: literals.filter((one) => one !== literal) })];
    yield [
      `${JSON.stringify(literal)} anywhere, not as whole terms`,
      `${without({ literals: literals.filter((one) => one !== literal) })} or Signer contains ${kqlString(literal)}`,
    ];
  }
  for (const name of exactNames)
    yield [`without ${JSON.stringify(name)}`, without({ exactNames: exactNames.filter((one) => one !== name) })];
}
