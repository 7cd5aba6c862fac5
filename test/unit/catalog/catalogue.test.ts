import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

import { array, constantFrom, oneof, sample, string } from "fast-check";
import { describe, expect, it } from "vitest";

import { compileCatalogue, toolDetection } from "../../../shared/catalog/compile-catalogue.ts";
import { compileDetection } from "../../../shared/catalog/compile.ts";
import { readTools } from "../../../shared/catalog/catalogue-files.ts";
import { loadDetectionFile } from "../../../shared/catalog/detection-file.ts";
import { exportTool } from "../../../shared/catalog/export-tool.ts";
import { problemLine } from "../../../shared/catalog/file-problem.ts";
import type { Tool } from "../../../shared/catalog/tools.ts";
import { idOfSlug, loadTools } from "../../../shared/catalog/tools.ts";
import { bindQuery } from "../../../shared/core/pack.ts";
import type { QueryWindow } from "../../../shared/core/pack.ts";
import { kqlString } from "../../../shared/core/kql-text.ts";
import { parseRows } from "../../../shared/core/row.ts";
import type { Row } from "../../../shared/core/sighting.ts";
import type { Slice } from "../../../shared/core/slice.ts";
import { COVERAGE_SLICES } from "../../../shared/core/slice.ts";
import { analyse } from "../../../shared/kql/language.ts";
import { execute } from "../../../shared/kql/interpret.ts";
import type { TableRecord } from "../../../shared/kql/table-data.ts";
import { sampleSigners } from "../../local/fleet/signers.ts";
import { decodeRecords } from "../../answer-records.ts";
import { NOW, deviceTable } from "../kql/kql-run.ts";

const DAY = 86_400_000;
const WINDOW: QueryWindow = {
  from: new Date(NOW.getTime() - 5 * DAY),
  to: NOW,
  since: NOW,
  horizon: new Date(NOW.getTime() - 30 * DAY),
};
/** SHA-256 of the labelled signers: a label that is wrong is corrected beside them, not in them. */
const LABELS = "2e018b1f2591e0fdeb201a6a982f1b237d00af16ef2cfa9030fda5af76ce00b1";

const all = toolsOf();
const enabled = all.filter((tool) => tool.enabled);

function toolsOf(): readonly Tool[] {
  const loaded = readTools();
  if ("problems" in loaded) throw new Error(loaded.problems.map(problemLine).join("\n"));
  return loaded.tools;
}

const device = (i: number): string => createHash("sha1").update(`device ${i}`).digest("hex");

const certificate = (i: number, signer: string, more: TableRecord = {}): TableRecord => ({
  TimeGenerated: new Date(NOW.getTime() - (1 + (i % 1000)) * 60_000),
  DeviceId: device(i),
  DeviceName: `host-${i}`,
  Signer: signer,
  SHA1: createHash("sha1").update(signer).digest("hex"),
  ReportId: i,
  IsTrusted: true,
  ...more,
});

/** Rows of the one-scan query, as a run sees them. */
function scan(
  tools: readonly Tool[],
  rows: readonly TableRecord[],
  slices: readonly Slice[] = ["all"],
): readonly Row[] {
  const pack = compileCatalogue(tools);
  const tables = { DeviceFileCertificateInfo: deviceTable("DeviceFileCertificateInfo", rows) };
  const records = slices.flatMap((slice) =>
    decodeRecords(execute(bindQuery(pack.query, WINDOW, slice), { tables, now: NOW })),
  );
  const parsed = parseRows(records, pack);
  expect(parsed.rejected).toEqual([]);
  return parsed.rows;
}

/** Tools by device. */
function found(rows: readonly Row[]): Map<string, string[]> {
  const slugs = new Map(all.map(({ id, slug }) => [id, slug]));
  const byDevice = new Map<string, string[]>();
  for (const { deviceId, detectionId } of rows)
    byDevice.set(deviceId, [...(byDevice.get(deviceId) ?? []), slugs.get(detectionId) ?? detectionId].toSorted());
  return byDevice;
}

describe("the shipped catalogue", () => {
  it("holds 125 tools: 124 can stand alone, 21 are a vendor's, 28 are of other categories and off", () => {
    expect(all.length).toBe(125);
    expect(all.filter(({ grade }) => grade !== "not-standalone").length).toBe(124);
    const vendorWide = all.filter(({ grade }) => grade === "vendor-wide");
    expect(vendorWide.length).toBe(21);
    expect(new Set(vendorWide.map(({ severity }) => severity))).toEqual(new Set(["low"]));
    const others = all.filter(({ category }) => !["rmm", "remote-access", "remote-support"].includes(category));
    expect(others.length).toBe(28);
    expect(others.filter((tool) => tool.enabled)).toEqual([]);
    expect(enabled.length).toBe(96);
  });

  it("Level keeps the id that the project began with; the others have a published id or that of their slug", () => {
    expect(all.find(({ slug }) => slug === "level")?.id).toBe("3bd4f4fb-20a9-4491-8bc1-51e55da7fdcc");
    // Version 5 is derived from the slug, all published ids are of version 4.
    const derived = all.filter(({ id }) => id.charAt(14) === "5");
    expect(all.length - derived.length).toBe(51);
    expect(derived.filter(({ id, slug }) => id !== idOfSlug(slug))).toEqual([]);
    expect(idOfSlug("absolute")).toBe("44e943af-9dec-57ea-9599-09ada5675f1e");
  });

  it("no name that is left to others, or too common, is reached by its own tool", () => {
    for (const tool of all) {
      const rows = tool.uncovered.map((name, i) => certificate(i, name));
      if (rows.length > 0) expect(scan([tool], rows)).toEqual([]);
    }
  });

  it("each observed signer is found", () => {
    const rows = all.flatMap((tool) => tool.observedSigners.map((signer) => ({ signer, slug: tool.slug })));
    const slugsOf = found(
      scan(
        all,
        rows.map(({ signer }, i) => certificate(i, signer)),
      ),
    );
    const missed = rows.filter(({ slug }, i) => slugsOf.get(device(i))?.includes(slug) !== true);
    expect(missed).toEqual([]);
  });

  it("its query is valid in both dialects, and at most 32,000 characters", () => {
    for (const tools of [enabled, all]) {
      const text = bindQuery(compileCatalogue(tools).query, WINDOW, "all");
      expect(text.length).toBeLessThanOrEqual(32_000);
      for (const dialect of ["log-analytics", "defender-xdr"] as const)
        expect(analyse(text, dialect).problems.filter(({ severity }) => severity === "error")).toEqual([]);
    }
  });
});

describe("the labelled signers", () => {
  const samples = sampleSigners();
  const rows = samples.map(({ signer }, i) => certificate(i, signer));

  it("the file is the one that was labelled", () => {
    const text = readFileSync("test/local/sample-signers.csv");
    expect(createHash("sha256").update(text).digest("hex")).toBe(LABELS);
    expect(samples.length).toBeGreaterThan(440);
  });

  it("each is assigned its tool or none: no row is wrong", () => {
    const slugsOf = found(scan(all, rows));
    const wrong = samples.flatMap(({ signer, slug }, i) => {
      const tools = slugsOf.get(device(i)) ?? [];
      return tools.join() === (slug ?? "") ? [] : [{ signer, slug, tools }];
    });
    expect(wrong).toEqual([]);
  });

  it("with the default set, rows of tools that are off give none", () => {
    const slugsOf = found(scan(enabled, rows));
    const on = new Set(enabled.map(({ slug }) => slug));
    for (const [i, { slug }] of samples.entries())
      expect(slugsOf.get(device(i)) ?? []).toEqual(slug !== undefined && on.has(slug) ? [slug] : []);
  });

  it("a signer that belongs to two tools gives both", () => {
    const rowsOfTwo = [certificate(0, "Level Software, Inc. and ScreenConnect")];
    expect(found(scan(all, rowsOfTwo)).get(device(0))).toEqual(["connectwise", "level"]);
  });
});

describe("one scan, its slices and the exported queries agree", () => {
  const rows = generatedRows();
  const whole = scan(all, rows);

  it("over all slices folded together", () => {
    expect(comparable(scan(all, rows, COVERAGE_SLICES))).toEqual(comparable(whole));
  });

  it("with each tool's stand-alone query, which our own checks accept as a hunting query", () => {
    const table = { DeviceFileCertificateInfo: deviceTable("DeviceFileCertificateInfo", rows) };
    const byTool = Map.groupBy(whole, ({ detectionId }) => detectionId);
    for (const tool of all) {
      const loaded = loadDetectionFile(exportTool(tool), `rmm-${tool.slug}-file-signature.yaml`);
      if ("problems" in loaded) throw new Error(loaded.problems.map(problemLine).join("\n"));
      const compiled = compileDetection(loaded.detection);
      if ("problems" in compiled) throw new Error(compiled.problems.map(problemLine).join("\n"));
      // As it stands, with its own window and without the plan's.
      const alone = parseRows(
        decodeRecords(execute(loaded.detection.query, { tables: table, now: NOW })),
        compiled.pack,
      );
      expect(comparable(alone.rows), tool.slug).toEqual(comparable(byTool.get(tool.id) ?? []));
      expectSubsets(byTool.get(tool.id) ?? [], alone.rows);
    }
  }, 120_000);

  it("Level agrees with the query that the project began with", () => {
    const seed = loadDetectionFile(
      readFileSync("test/fixtures/rmm-level-file-signature.yaml", "utf8"),
      "rmm-level-file-signature.yaml",
    );
    if ("problems" in seed) throw new Error("the fixture is broken");
    const tables = {
      DeviceFileCertificateInfo: deviceTable("DeviceFileCertificateInfo", rows.map(withTimestamp), "defender-xdr"),
    };
    const compiled = compileDetection(seed.detection);
    if ("problems" in compiled) throw new Error("the fixture does not compile");
    const alone = parseRows(
      decodeRecords(execute(seed.detection.query, { tables, now: NOW, dialect: "defender-xdr" })),
      compiled.pack,
    );
    const level = all.find(({ slug }) => slug === "level");
    expect(seed.detection.id).toBe(level?.id);
    expect(alone.rows.length).toBeGreaterThan(20);
    expect(comparable(alone.rows)).toEqual(comparable(whole.filter(({ detectionId }) => detectionId === level?.id)));
  });
});

describe("literals are data", () => {
  const nasty = array(
    oneof(
      constantFrom(
        '"',
        "'",
        "\\",
        "`",
        "\n",
        "\r\n",
        "\t",
        "\u2028",
        "\u0000",
        "\u0085",
        "\ud800",
        "\udc00",
        "é",
        "İ",
        "漢",
        "😀",
      ),
      constantFrom("//", "| take 1", "')", '")', "; .drop table T", ";let x = 1;", "{{", "@'", "```", "h'", "\\u0022"),
      string({ unit: "binary", maxLength: 4 }),
    ),
    { maxLength: 12 },
  ).map((parts) => parts.join(""));

  it("10,000 texts: the parsed query holds each as it was, and has no other shape", () => {
    const texts = sample(nasty, { numRuns: 10_000, seed: 7 });
    for (let at = 0; at < texts.length; at += 250) {
      const batch = texts.slice(at, at + 250);
      const query = `print ${batch.map((text, i) => `a${i} = ${kqlString(text)}`).join(", ")}`;
      const { columns, rows } = execute(query, { tables: {}, now: NOW });
      expect(columns.map(({ name, type }) => `${name}: ${type}`)).toEqual(batch.map((_, i) => `a${i}: string`));
      expect(rows).toEqual([batch]);
    }
  });

  it("as a tool's literals they are compared and nothing else", () => {
    for (const middle of sample(nasty, { numRuns: 30, seed: 11 })) {
      const tool: Tool = { ...made("made-up"), literals: [`x${middle}y`, "other"], exactNames: [`${middle}!`] };
      const rows = scan([tool], [certificate(0, `Acme x${middle}y`), certificate(1, "Acme xy"), certificate(2, "x")]);
      expect(rows.map(({ deviceId }) => deviceId)).toContain(device(0));
      expect(rows.map(({ deviceId }) => deviceId)).not.toContain(device(2));
    }
  });
});

describe("a customer's own file", () => {
  const merged = (text: string) =>
    loadTools({ file: "rmm-tools.yaml", text: SHIPPED }, { file: "local/rmm-tools.yaml", text });

  it("settings switch a shipped tool, tools are added, and a tool of the same slug takes the shipped one's place", () => {
    const loaded = merged(
      `settings:\n  - { tool: alpha, enabled: false, severity: high }\ntools:\n  - ${entry("gamma")}\n  - ${entry("beta", 'literals: ["Beta Two"]')}\n`,
    );
    if ("problems" in loaded) throw new Error(loaded.problems.map(problemLine).join("\n"));
    expect(loaded.tools.map(({ slug, enabled: on, severity, literals }) => [slug, on, severity, ...literals])).toEqual([
      ["alpha", false, "high", "alpha software"],
      ["beta", true, "medium", "Beta Two"],
      ["gamma", true, "medium", "gamma software"],
    ]);
    expect(loaded.tools[2]?.id).toBe(idOfSlug("gamma"));
  });

  it("its problems name line, column and what to do; all of them at once", () => {
    const cases: readonly (readonly [text: string, ...said: readonly string[]])[] = [
      [
        "settings:\n  - { tool: nothing, enabled: true }\n",
        "local/rmm-tools.yaml:2:13: there is no tool nothing; `npx firstsight catalog list` names them",
      ],
      ["settings:\n  - { tool: alpha }\n", "local/rmm-tools.yaml:2:13: says nothing: add enabled or severity"],
      ["setings: []\n", "local/rmm-tools.yaml:1:1: unknown field setings; did you mean settings?"],
      [
        `tools:\n  - ${entry("delta", "sevrity: low")}\n`,
        "local/rmm-tools.yaml:2:148: unknown field sevrity; did you mean severity?",
      ],
      [
        `tools:\n  - ${entry("delta", 'literals: [", Inc"]')}\n  - ${entry("eps", "literals: []")}\n`,
        "local/rmm-tools.yaml:2:129: a literal begins and ends with a letter or digit: has matches whole terms",
        "local/rmm-tools.yaml:3:13: a tool has a literal or an exact name: without one it finds nothing",
      ],
      [
        `tools:\n  - ${entry("delta")}\n  - ${entry("delta")}\n`,
        "local/rmm-tools.yaml:3:13: slug delta is that of delta already",
        "local/rmm-tools.yaml:3:5: id ${ID} is that of delta already",
      ],
      [
        "tools:\n  - { slug: a\n",
        "local/rmm-tools.yaml:3:1: not valid YAML: Flow map in block collection must be sufficiently indented and end with a }",
      ],
    ];
    for (const [text, ...said] of cases) {
      const loaded = merged(text);
      expect("problems" in loaded ? loaded.problems.map(problemLine) : []).toEqual(
        said.map((line) => line.replace("${ID}", idOfSlug("delta"))),
      );
    }
  });

  it("what changes which rows are found changes the tool's hash; a severity or a note does not", () => {
    const tool = made("made-up");
    const hash = (change: Partial<Tool>): string => toolDetection({ ...tool, ...change }).hash;
    expect(hash({ severity: "high", misses: ["much"], enabled: false })).toBe(hash({}));
    expect(hash({ literals: ["other"] })).not.toBe(hash({}));
    expect(hash({ exactNames: ["other"] })).not.toBe(hash({}));
  });
});

const SHIPPED = `tools:\n  - ${entry("alpha")}\n  - ${entry("beta")}\n`;

function entry(slug: string, more = ""): string {
  const literals = more.startsWith("literals") ? "" : `, literals: ["${slug} software"]`;
  return `{ slug: ${slug}, name: ${slug}, vendor: ${slug}, category: rmm, grade: tool-specific, severity: medium, enabled: true${literals}${more === "" ? "" : `, ${more}`} }`;
}

function made(slug: string): Tool {
  const loaded = loadTools({ file: "f.yaml", text: `tools:\n  - ${entry(slug)}\n` }, undefined);
  const [tool] = "tools" in loaded ? loaded.tools : [];
  if (!tool) throw new Error("the made-up tool is broken");
  return tool;
}

/** What a row says of a device, in an order of its own. */
const comparable = (rows: readonly Row[]): string[] =>
  rows
    .map(({ detectionId, deviceId, firstSeen, lastSeen, count }) =>
      [detectionId, deviceId, firstSeen.toISOString(), lastSeen.toISOString(), count].join(" "),
    )
    .toSorted();

/** The scan keeps at most 128 reports of a device, all of them true. */
function expectSubsets(subset: readonly Row[], complete: readonly Row[]): void {
  const byDevice = new Map(complete.map(({ deviceId, reports }) => [deviceId, new Set(reports)]));
  for (const { deviceId, reports } of subset) {
    expect(reports.length).toBeLessThanOrEqual(128);
    expect(reports.filter((report) => byDevice.get(deviceId)?.has(report) !== true)).toEqual([]);
  }
}

/** 10,000 rows over 500 devices: every observed signer, labelled ones, look-alikes; some outside the window, ids in both cases. */
function generatedRows(): readonly TableRecord[] {
  const signers = [
    ...all.flatMap(({ observedSigners }) => observedSigners),
    ...sampleSigners().map(({ signer }) => signer),
    "Level Software, Inc. and ScreenConnect",
    "NextLevel Software, Inc",
    "",
  ];
  return Array.from({ length: 10_000 }, (_, i) => {
    const position = (i * 7919) % 500;
    const id = position % 29 === 0 ? `z-${position}` : device(position);
    return certificate(i, signers[(i * 104_729) % signers.length] ?? "", {
      DeviceId: i % 17 === 0 ? id.toUpperCase() : id,
      DeviceName: `host-${position}${i % 11 === 0 ? "-renamed" : ""}`,
      TimeGenerated: new Date(NOW.getTime() - ((i * 31) % 9_000) * 60_000),
      IsTrusted: i % 50 !== 0,
      // One device with more reports than a row keeps.
      ...(i % 13 === 0 && { DeviceId: device(0), Signer: "Level Software, Inc." }),
    });
  });
}

const withTimestamp = ({ TimeGenerated, ...rest }: TableRecord): TableRecord => ({ ...rest, Timestamp: TimeGenerated });
