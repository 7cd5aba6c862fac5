import { readTools } from "../../shared/catalog/catalogue-files.ts";
import { compileCatalogue } from "../../shared/catalog/compile-catalogue.ts";
import { problemLine } from "../../shared/catalog/file-problem.ts";
import type { Tool } from "../../shared/catalog/tools.ts";
import { bindQuery } from "../../shared/core/pack.ts";
import type { Pack, QueryWindow } from "../../shared/core/pack.ts";
import { ticksOfDate } from "../../shared/kql/datetime.ts";
import { execute } from "../../shared/kql/interpret.ts";
import { SCHEMAS } from "../../shared/kql/schema.ts";
import type { Value } from "../../shared/kql/value.ts";
import { missing } from "../../shared/kql/value.ts";
import type { SampleSigner } from "../local/fleet/signers.ts";
import { sampleSigners } from "../local/fleet/signers.ts";
import type { Figure } from "./figure.ts";

const HOUR = 3_600_000;
const NOW = new Date("2026-03-01T12:00:00Z");
const WINDOW: QueryWindow = {
  from: new Date(NOW.getTime() - 120 * HOUR),
  to: NOW,
  since: new Date(NOW.getTime() - 6 * HOUR),
  horizon: new Date(NOW.getTime() - 720 * HOUR),
};
/** Devices of one evidence query. */
const DEVICES = 500;

const deviceOf = (i: number): string => i.toString(16).padStart(40, "0");

/** What the catalogue's queries measure, in characters, and how well they tell the labelled signers apart. */
export function benchCatalogue(): readonly Figure[] {
  const tools = allTools();
  const all = compileCatalogue(tools);
  const enabled = compileCatalogue(tools.filter((tool) => tool.enabled));
  const devices = Array.from({ length: DEVICES }, (_, i) => deviceOf(i));
  const evidence = bindQuery(enabled.evidence?.pieces ?? [], WINDOW, "all", devices).length;
  const { right, wrong, missed } = assess(all, tools, sampleSigners());
  return [
    size(
      `catalogue query, ${enabled.detections.length} tools that are on`,
      bindQuery(enabled.query, WINDOW, "all").length,
    ),
    size(`  all ${all.detections.length} tools`, bindQuery(all.query, WINDOW, "all").length),
    { name: `  evidence query of ${DEVICES} devices`, value: evidence, unit: "characters", exact: true },
    share(`labelled signers, all tools: precision (${right} of ${right + wrong})`, right / (right + wrong)),
    share(`  recall (${right} of ${right + missed})`, right / (right + missed)),
  ];
}

const size = (name: string, value: number): Figure => ({
  name,
  value,
  unit: "characters",
  limit: { sign: "≤", value: 32_000 },
  exact: true,
});

const share = (name: string, value: number): Figure => ({
  name,
  value,
  unit: "",
  limit: { sign: "≥", value: 1 },
  exact: true,
});

function allTools(): readonly Tool[] {
  const loaded = readTools();
  if ("problems" in loaded) throw new Error(loaded.problems.map(problemLine).join("\n"));
  return loaded.tools;
}

interface Assessment {
  /** Signers given to a tool that is theirs; to one that is not; signers of a tool that was not given. */
  readonly right: number;
  readonly wrong: number;
  readonly missed: number;
}

/** One device a signer: what the one-scan query gives it, against its label. */
function assess(pack: Pack, tools: readonly Tool[], samples: readonly SampleSigner[]): Assessment {
  const slugs = new Map(tools.map(({ id, slug }) => [id, slug]));
  const found = scan(pack, samples);
  const labels = new Set(samples.flatMap(({ slug }, i) => (slug === undefined ? [] : [`${deviceOf(i)}|${slug}`])));
  const given = new Set(found.map(({ deviceId, detectionId }) => `${deviceId}|${slugs.get(detectionId) ?? ""}`));
  const right = [...given].filter((one) => labels.has(one)).length;
  return { right, wrong: given.size - right, missed: labels.size - right };
}

function scan(
  pack: Pack,
  samples: readonly SampleSigner[],
): readonly { readonly deviceId: string; readonly detectionId: string }[] {
  const columns = SCHEMAS["log-analytics"]["DeviceFileCertificateInfo"] ?? [];
  const now = ticksOfDate(NOW);
  const rows = samples.map(({ signer }, i): Value[] => {
    const given: Readonly<Record<string, Value>> = {
      TimeGenerated: now - 36_000_000_000n,
      DeviceId: deviceOf(i),
      Signer: signer,
      IsTrusted: true,
    };
    return [...columns.map(({ name, type }) => given[name] ?? missing(type)), now];
  });
  const result = execute(bindQuery(pack.query, WINDOW, "all"), {
    tables: { DeviceFileCertificateInfo: { columns, rows, ingested: columns.length } },
    now: NOW,
  });
  const [device = -1, detection = -1] = ["DeviceId", "DetectionId"].map((wanted) =>
    result.columns.findIndex(({ name }) => name === wanted),
  );
  return result.rows.map((row) => ({ deviceId: textOf(row[device]), detectionId: textOf(row[detection]) }));
}

const textOf = (value: Value | undefined): string => (typeof value === "string" ? value : "");
