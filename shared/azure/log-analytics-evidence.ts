import { bindQuery } from "../core/pack.ts";
import type { Pack, QueryPart } from "../core/pack.ts";
import type { EvidenceAnswer, EvidenceAsk, SourceRecord, RowsAnswer } from "../core/source.ts";
import { drainRecords } from "../core/source.ts";
import { SourceError } from "../errors.ts";

/** Devices of one query about pieces: 22,000 characters of ids, beside 18,000 of the text. */
const DEVICES_A_QUERY = 500;

/**
 * Devices of the one query for tasks, or for logons, of a run: 220,000 characters of ids. No documented limit of a query's text
 * was found; beyond this the devices are said to be not looked at, and so are announced.
 */
const DEVICES_AT_MOST = 5000;

/** Characters of a service's reason: it goes into messages and into the state. */
const MAX_REASON = 300;

type Ask = (question: { readonly name: string; readonly text: string }) => Promise<RowsAnswer>;

interface Part {
  readonly records: readonly SourceRecord[];
  readonly missing: EvidenceAnswer["missing"];
}

/** @throws {SourceError} of kind `authorisation` only */
export async function queryEvidence(pack: Pack, request: EvidenceAsk, ask: Ask): Promise<EvidenceAnswer> {
  const { evidence } = pack;
  const devices = [...new Set(request.devices)];
  if (evidence === undefined)
    return {
      asked: 0,
      pieces: [],
      tasks: [],
      logons: [],
      missing: [
        { devices, reason: `pack ${pack.name} doesn't say which files it found: nobody looked who brought them` },
      ],
    };
  let asked = 0;
  const look = async (what: string, query: readonly QueryPart[], batch: readonly string[]): Promise<Part> => {
    asked += 1;
    return lookAt({ what, devices: batch, text: bindQuery(query, request.window, "all", batch) }, ask);
  };
  const once = async (what: string, query: readonly QueryPart[], asking: readonly string[]): Promise<Part> => {
    const all = [...new Set(asking)];
    if (all.length === 0) return { records: [], missing: [] };
    const found = await look(what, query, all.slice(0, DEVICES_AT_MOST));
    const left = all.slice(DEVICES_AT_MOST);
    if (left.length === 0) return found;
    const reason = `${what}: ${all.length} devices at once, ${DEVICES_AT_MOST} at most are looked at`;
    return { records: found.records, missing: [...found.missing, { devices: left, reason }] };
  };
  const batches = Array.from({ length: Math.ceil(devices.length / DEVICES_A_QUERY) }, (_, i) =>
    devices.slice(i * DEVICES_A_QUERY, (i + 1) * DEVICES_A_QUERY),
  );
  const [tasks, logons, ...pieces] = await Promise.all([
    once("scheduled tasks", evidence.tasks, request.tasks),
    once("network logons", evidence.logons, request.logons),
    ...batches.map((batch) => look("file and process events", evidence.pieces, batch)),
  ]);
  return {
    asked,
    pieces: pieces.flatMap(({ records }) => records),
    tasks: tasks.records,
    logons: logons.records,
    missing: [tasks, logons, ...pieces].flatMap(({ missing }) => missing),
  };
}

interface Look {
  /** `scheduled tasks`, for messages. */
  readonly what: string;
  readonly devices: readonly string[];
  readonly text: string;
}

async function lookAt({ what, devices, text }: Look, ask: Ask): Promise<Part> {
  const failed = (reason: string) => ({ devices, reason: `${what}: ${reason}`.slice(0, MAX_REASON) });
  try {
    const answer = await ask({ name: `evidence of ${devices.length} devices, ${what}`, text });
    const records = drainRecords(answer);
    const reasons = answer.complete
      ? silentTables(records).map((table) => `${table} shows no row: silent, or protected`)
      : [`the answer is partial: ${answer.partialReason ?? "no reason given"}`];
    const missing = reasons.map(failed);
    return { records: records.filter(({ TableName }) => TableName === ""), missing };
  } catch (error) {
    if (!(error instanceof SourceError) || error.kind === "authorisation") throw error;
    return { records: [], missing: [failed(error.message)] };
  }
}

/** A table that answers nothing at all over the whole horizon can't be told from one that may not be read. */
function silentTables(records: readonly SourceRecord[]): readonly string[] {
  const said = records.filter(({ TableName }) => TableName !== "");
  if (said.length === 0) return ["the answer"];
  return said.flatMap(({ TableName, Groups }) => (Groups === 1 ? [] : [String(TableName)]));
}
