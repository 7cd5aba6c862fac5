import { createHash } from "node:crypto";

import type { Detection, EvidenceQueries, Pack, QueryPart } from "../core/pack.ts";
import { kqlDatetime, kqlString } from "../core/kql-text.ts";
import { packProblems } from "./check-pack.ts";
import { EVIDENCE_COLUMNS, evidenceQueries } from "./evidence-query.ts";
import { preludeParts } from "./prelude.ts";
import type { Tool } from "./tools.ts";

const TABLE = "DeviceFileCertificateInfo";

/** Raise it when the same tools find other rows than before: the whole horizon is then read once more. */
const COMPILE_VERSION = 1;

/** Limits of a row's lists; each signer comes with its certificate's hash and issuer. */
const MAX_REPORTS = 128;
const MAX_FILES = 100;
const MAX_SIGNERS = 16;

const COLUMNS =
  "DetectionId: string, DeviceId: string, DeviceName: string, FirstSeen: datetime, LastSeen: datetime, Report: string, Count: long, " +
  "DeviceGroup: string, Signers: string, Files: string, Counterfeit: bool";

/** A detection of the catalogue. Its hash covers everything that decides which rows it finds, and no descriptive field. */
export function toolDetection(tool: Tool): Detection {
  const { id, name, slug, severity, supersedes, literals, exactNames, vendor } = tool;
  return {
    id,
    name: `Remote-management tool: ${name}`,
    description: `A file signed as those of ${vendor} are. The device holds the software; it need not have run it.`,
    tool: slug,
    severity,
    tactics: ["CommandAndControl"],
    techniques: ["T1219"],
    supersedes,
    hash: sha256([COMPILE_VERSION, literals, exactNames]),
    condition: condition(tool),
  };
}

/**
 * One pack of all given tools. Its one query reads the certificate table once and answers a row for each (tool, device), also
 * where one signer belongs to two tools.
 * @throws {Error} when the query is not valid in both dialects: a defect of the compiler, since no literal can cause it
 */
export function compileCatalogue(tools: readonly Tool[]): Pack {
  const detections = tools.map(toolDetection);
  const query: readonly QueryPart[] = [...preludeParts([TABLE], false), ...scanParts(tools)];
  const broken = packProblems(query, COLUMNS);
  if (broken.length > 0) throw new Error(`the catalogue's query is not valid: ${broken.join("; ")}`);
  const evidence = evidenceQueries({ anySigner: anySigner(tools), ids: idsOf(tools) });
  checkEvidence(evidence);
  return {
    name: "catalogue",
    hash: sha256([query, detections.map(({ id, hash }) => [id, hash])]),
    detections,
    tables: [TABLE],
    query,
    evidence,
  };
}

let evidenceIsValid = false;

/**
 * Checked once a process: the conditions of all tools have the same form, and the check takes longer than the rest of a
 * compilation.
 */
function checkEvidence(evidence: EvidenceQueries): void {
  if (evidenceIsValid) return;
  for (const [name, parts] of Object.entries(evidence)) {
    const problems = packProblems(parts, EVIDENCE_COLUMNS);
    if (problems.length > 0)
      throw new Error(`the catalogue's query for evidence (${name}) is not valid: ${problems.join("; ")}`);
  }
  evidenceIsValid = true;
}

/**
 * The scan in the form that a person pastes into Defender's advanced hunting, where `Timestamp` exists. `since`: rows that were
 * ingested after it count too, whatever their age.
 */
export function huntingScan(
  tools: readonly Tool[],
  { from, to, since }: { readonly from: Date; readonly to: Date; readonly since?: Date },
): string {
  const late = since ? ` or ingestion_time() > ${kqlDatetime(since)}` : "";
  const [table, ...rest] = scanParts(tools);
  const text = [table, `\n| where Timestamp between (${kqlDatetime(from)} .. ${kqlDatetime(to)})${late}`, ...rest];
  return text.filter((part) => typeof part === "string").join("");
}

/** The scan without its prelude. */
function scanParts(tools: readonly Tool[]): readonly QueryPart[] {
  return [
    `${TABLE}\n| where ${anySigner(tools)}`,
    { slice: true },
    `
| extend DeviceId = tolower(DeviceId), DeviceGroup = tostring(column_ifexists("MachineGroup", ""))
| extend Ids = ${idsOf(tools)}
| mv-expand DetectionId = Ids to typeof(string)
| summarize FirstSeen = min(Timestamp), LastSeen = max(Timestamp), Count = count(), Report = make_set(ReportId, ${MAX_REPORTS}), Signers = make_set(bag_pack("name", Signer, "hash", SignerHash, "issuer", Issuer, "trusted", IsTrusted), ${MAX_SIGNERS}), Files = make_set(SHA1, ${MAX_FILES}), Counterfeit = countif(IsTrusted == false) > 0, arg_max(Timestamp, DeviceName, DeviceGroup) by DetectionId, DeviceId
| project DetectionId, DeviceId, DeviceName, FirstSeen, LastSeen, Report = tostring(Report), Count, DeviceGroup, Signers = tostring(Signers), Files = tostring(Files), Counterfeit`,
  ];
}

/** Condition: the row's signer belongs to any tool. */
function anySigner(tools: readonly Tool[]): string {
  const exact = tools.flatMap(({ exactNames }) => exactNames);
  const anyLiteral = `Signer has_any (${list(tools.flatMap(({ literals }) => literals))})`;
  return [
    ...(tools.some(({ literals }) => literals.length > 0) ? [anyLiteral] : []),
    ...(exact.length > 0 ? [`Signer in~ (${list(exact)})`] : []),
  ].join(" or ");
}

/** Expression: the list of detection ids of the tools that the row's signer belongs to. */
const idsOf = (tools: readonly Tool[]): string =>
  `set_difference(pack_array(${tools.map((tool) => `iff(${condition(tool)}, ${kqlString(tool.id)}, "")`).join(", ")}), dynamic([""]))`;

/** Condition: the row's signer belongs to the tool. */
export function condition({ literals, exactNames }: Pick<Tool, "literals" | "exactNames">): string {
  const [only] = literals;
  return [
    ...(literals.length === 1 && only !== undefined ? [`Signer has ${kqlString(only)}`] : []),
    ...(literals.length > 1 ? [`Signer has_any (${list(literals)})`] : []),
    ...(exactNames.length > 0 ? [`Signer in~ (${list(exactNames)})`] : []),
  ].join(" or ");
}

const list = (texts: readonly string[]): string => texts.map(kqlString).join(", ");

const sha256 = (value: unknown): string => createHash("sha256").update(JSON.stringify(value)).digest("hex");
