import { analyse } from "../kql/language.ts";
import { nameText } from "../kql/name-text.ts";
import type { Column } from "../kql/schema.ts";
import { DEVICE_TABLES, DIALECTS, SCHEMAS } from "../kql/schema.ts";
import { nodeName, walk } from "../kql/syntax.ts";

/** Columns that every row gets, whether the query names them or not. */
const ALWAYS: ReadonlyMap<string, string> = new Map([
  ["Timestamp", "now-1d"],
  ["DeviceId", "device-1"],
  ["DeviceName", "pc-1"],
]);

const EMPTY: Readonly<Record<Column["type"], string>> = {
  string: '""',
  int: "0",
  long: "0",
  real: "0",
  decimal: "0",
  bool: "false",
  datetime: "now-1d",
  timespan: "0s",
  guid: "00000000-0000-0000-0000-000000000000",
  dynamic: "[]",
};

/**
 * A skeleton of a detection's tests: the three required cases, with the columns that the query names. Values that only the author
 * knows are gaps, and `detections test` reports each gap: a skeleton never passes as a test.
 */
export function testSkeleton(query: string): string {
  const rows = rowsFor(query);
  return `# To be filled in; \`firstsight detections test\` says what is missing. Times may be written as now-5d or now-1h30m.
now: 2026-03-01T12:00:00Z
cases:
  - name: a row that matches
    tables:
${rows}
    # What the query answers, in the columns that matter: - {DeviceId: device-1, Count: 1}
    expect:
  - name: a row like it that must not match
    # As above, with the one difference that matters.
    tables:
    expect: []
  - name: "a boundary: another spelling, or an edge of the query's window"
    boundary: true
    tables:
    expect:
`;
}

function rowsFor(query: string): string {
  const { tables, names } = namesIn(query);
  return tables
    .flatMap((table) => {
      const columns = columnsOf(table).filter(({ name }) => names.has(name) || ALWAYS.has(name));
      const lines = [...ALWAYS, ...columns.filter(({ name }) => !ALWAYS.has(name)).map(emptyCell)];
      return [
        `      ${table}:`,
        ...lines.map(([name, value], index) => `        ${index === 0 ? "-" : " "} ${name}: ${value}`),
      ];
    })
    .join("\n");
}

const emptyCell = ({ name, type }: Column): readonly [string, string] => [name, EMPTY[type]];

/** Columns of both dialects, without Log Analytics' time column: a test's Timestamp represents it. */
function columnsOf(table: string): readonly Column[] {
  const all = DIALECTS.flatMap((dialect) => SCHEMAS[dialect][table] ?? []);
  return [...new Map(all.map((column) => [column.name, column])).values()].filter(
    ({ name }) => name !== "TimeGenerated",
  );
}

function namesIn(query: string): { readonly tables: readonly string[]; readonly names: ReadonlySet<string> } {
  const names = new Set<string>();
  for (const node of walk(analyse(query, "log-analytics").syntax))
    if (nodeName(node) === "NameReference") names.add(nameText(node));
  return { tables: DEVICE_TABLES.filter((table) => names.has(table)), names };
}
