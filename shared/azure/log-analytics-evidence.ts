import { chunksOf } from "../core/split-list.ts";
import { bindQuery } from "../core/pack.ts";
import type { Pack, QueryPart } from "../core/pack.ts";
import type { EvidenceAnswer, EvidenceRequest, SourceRecord, RowsAnswer } from "../core/source.ts";
import { drainRecords } from "../core/source.ts";
import { SourceError } from "../errors.ts";

/** Devices in one query for file and process events: 22,000 characters of ids beside 18,000 of query text. */
const DEVICES_A_QUERY = 500;

/**
 * Devices in the one query for tasks, or for logons, of a run: 220,000 characters of ids. No documented limit of a query's text
 * was found. Devices beyond this number are listed in `missing`, so their sightings are announced.
 */
const MAX_DEVICES = 5000;

/** Characters of a service's reason. The reason goes into messages and into the state. */
const MAX_REASON = 300;

/** Sends one query; `name` is for messages. */
type SendQuery = (query: { readonly name: string; readonly text: string }) => Promise<RowsAnswer>;

/** The records of one query, and the devices without evidence. */
interface Part {
  readonly records: readonly SourceRecord[];
  readonly missing: EvidenceAnswer["missing"];
}

/**
 * Queries the events around some devices. A query that fails is reported in `missing`.
 * @throws {SourceError} of kind `authorisation` only
 */
export async function queryEvidence(
  pack: Pack,
  request: EvidenceRequest,
  sendQuery: SendQuery,
): Promise<EvidenceAnswer> {
  const { evidence } = pack;
  const devices = [...new Set(request.devices)];
  if (evidence === undefined)
    return {
      queries: 0,
      pieces: [],
      tasks: [],
      logons: [],
      missing: [
        { devices, reason: `pack ${pack.name} does not state which files it found: no evidence was collected` },
      ],
    };
  let queries = 0;
  const queryBatch = async (events: string, query: readonly QueryPart[], batch: readonly string[]): Promise<Part> => {
    queries += 1;
    return queryPart({ events, devices: batch, text: bindQuery(query, request.window, "all", batch) }, sendQuery);
  };
  const queryOnce = async (events: string, query: readonly QueryPart[], wanted: readonly string[]): Promise<Part> => {
    const all = [...new Set(wanted)];
    if (all.length === 0) return { records: [], missing: [] };
    const found = await queryBatch(events, query, all.slice(0, MAX_DEVICES));
    const left = all.slice(MAX_DEVICES);
    if (left.length === 0) return found;
    const reason = `${events}: ${all.length} devices at once, ${MAX_DEVICES} at most are queried`;
    return { records: found.records, missing: [...found.missing, { devices: left, reason }] };
  };
  const [tasks, logons, ...pieces] = await Promise.all([
    queryOnce("scheduled tasks", evidence.tasks, request.tasks),
    queryOnce("network logons", evidence.logons, request.logons),
    ...chunksOf(devices, DEVICES_A_QUERY).map((batch) => queryBatch("file and process events", evidence.pieces, batch)),
  ]);
  return {
    queries,
    pieces: pieces.flatMap(({ records }) => records),
    tasks: tasks.records,
    logons: logons.records,
    missing: [tasks, logons, ...pieces].flatMap(({ missing }) => missing),
  };
}

interface PartQuery {
  /** For messages: `scheduled tasks`. */
  readonly events: string;
  readonly devices: readonly string[];
  readonly text: string;
}

async function queryPart({ events, devices, text }: PartQuery, sendQuery: SendQuery): Promise<Part> {
  const failed = (reason: string) => ({ devices, reason: `${events}: ${reason}`.slice(0, MAX_REASON) });
  try {
    const answer = await sendQuery({ name: `evidence of ${devices.length} devices, ${events}`, text });
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

/**
 * The tables without any row over the whole horizon. Such a table is either empty or protected from this identity: the answer
 * is the same.
 */
function silentTables(records: readonly SourceRecord[]): readonly string[] {
  const tables = records.filter(({ TableName }) => TableName !== "");
  if (tables.length === 0) return ["the answer"];
  return tables.flatMap(({ TableName, Groups }) => (Groups === 1 ? [] : [String(TableName)]));
}
