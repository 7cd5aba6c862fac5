import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compileDetection } from "../../shared/catalog/compile.ts";
import { loadDetectionFile } from "../../shared/catalog/detection-file.ts";
import { problemLine } from "../../shared/catalog/file-problem.ts";
import type { Pack } from "../../shared/core/pack.ts";
import { bindQuery } from "../../shared/core/pack.ts";
import { ticksOfDate } from "../../shared/kql/datetime.ts";
import type { QueryResult } from "../../shared/kql/interpret.ts";
import { execute } from "../../shared/kql/interpret.ts";
import { SCHEMAS } from "../../shared/kql/schema.ts";
import type { TableData } from "../../shared/kql/table-data.ts";
import type { Value } from "../../shared/kql/value.ts";
import { missing } from "../../shared/kql/value.ts";
import { median, timed } from "./figure.ts";

/** What one process measured. `peak` is the largest resident memory of all its life, bytes. */
export interface Measured {
  readonly milliseconds: number;
  readonly peak: number;
}

/** `node kql-process.ts level|join ROWS`: runs the query over so many rows (of each table) and prints what it measured as JSON. */
const [work, size = "0"] = process.argv.slice(2);
const LEVEL = fileURLToPath(new URL("../fixtures/rmm-level-file-signature.yaml", import.meta.url));
const RUNS = 5;
const HOUR = 3_600_000;
const NOW = new Date("2026-03-01T12:00:00Z");
const DAY_TICKS = 864_000_000_000n;

const rows = Number(size);
const { query, tables, found } = work === "join" ? joined(rows) : level(rows);
// Loading the language service and its first analysis are not what is measured.
execute(query, { tables: {}, now: NOW });
const runs: number[] = [];
for (let run = 0; run < RUNS; run++) {
  let result: QueryResult | undefined;
  runs.push(
    await timed(() => {
      result = execute(query, { tables, now: NOW });
    }),
  );
  if (result?.rows.length !== found) throw new Error(`${result?.rows.length} rows and not ${found}`);
}
const measured: Measured = { milliseconds: median(runs), peak: process.resourceUsage().maxRSS * 1024 };
console.log(JSON.stringify(measured));

interface Work {
  readonly query: string;
  readonly tables: Readonly<Record<string, TableData>>;
  /** Rows of the result. */
  readonly found: number;
}

/** The Level query over rows of which a tenth is of the maker, ten of a device. */
function level(count: number): Work {
  const pack = levelPack();
  const day = new Date(NOW.getTime() - 24 * HOUR);
  const window = {
    from: new Date(NOW.getTime() - 120 * HOUR),
    to: NOW,
    since: day,
    horizon: new Date(NOW.getTime() - 720 * HOUR),
  };
  const certificates = table("DeviceFileCertificateInfo", count, (i) => ({
    DeviceId: device(Math.floor(i / 100)),
    DeviceName: `ws-${Math.floor(i / 100)}`,
    Signer: i % 10 === 0 ? "Level Software, Inc." : `Contoso Backup ${i % 1000} Ltd`,
    SHA1: sha1(i),
    ReportId: i,
    IsTrusted: true,
  }));
  return {
    query: bindQuery(pack.query, window, "all"),
    tables: { DeviceFileCertificateInfo: certificates },
    found: Math.ceil(count / 100),
  };
}

/** Of the file that the project began with, as a customer's own is compiled. */
function levelPack(): Pack {
  const loaded = loadDetectionFile(readFileSync(LEVEL, "utf8"), "rmm-level-file-signature.yaml");
  const compiled = "problems" in loaded ? loaded : compileDetection(loaded.detection);
  if ("problems" in compiled) throw new Error(compiled.problems.map(problemLine).join("\n"));
  return compiled.pack;
}

/** Each row of one table meets one of the other, on two keys. */
function joined(count: number): Work {
  return {
    query:
      "DeviceFileCertificateInfo | join kind=inner DeviceFileEvents on DeviceId, SHA1 | project DeviceId, SHA1, Signer, FileName",
    tables: {
      DeviceFileCertificateInfo: table("DeviceFileCertificateInfo", count, (i) => ({
        DeviceId: device(i % 1000),
        SHA1: sha1(i),
        Signer: "Level Software, Inc.",
      })),
      DeviceFileEvents: table("DeviceFileEvents", count, (i) => ({
        DeviceId: device(i % 1000),
        SHA1: sha1(i),
        FileName: "level.exe",
      })),
    },
    found: count,
  };
}

function table(name: string, count: number, cells: (i: number) => Readonly<Record<string, Value>>): TableData {
  const columns = SCHEMAS["log-analytics"][name] ?? [];
  const now = ticksOfDate(NOW);
  const made = Array.from({ length: count }, (_, i): Value[] => {
    const given: Readonly<Record<string, Value>> = {
      TimeGenerated: now - (BigInt(i % 5) * DAY_TICKS) / 2n,
      ...cells(i),
    };
    return [...columns.map((column) => given[column.name] ?? missing(column.type)), now];
  });
  return { columns, rows: made, ingested: columns.length };
}

function device(n: number): string {
  return n.toString(16).padStart(40, "a");
}

function sha1(n: number): string {
  return (n * 2_654_435_761).toString(16).padStart(40, "0");
}
