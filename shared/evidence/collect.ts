import type { Approval } from "../core/approval.ts";
import { isInForce } from "../core/approve.ts";
import type { Evidence } from "../core/evidence.ts";
import type { EvidenceFound } from "../core/evidence-of.ts";
import { evidenceOf } from "../core/evidence-of.ts";
import type { Pack, QueryWindow } from "../core/pack.ts";
import type { EvidenceAnswer, EvidenceAsk, Source } from "../core/source.ts";
import { SourceError } from "../errors.ts";
import type { Logger } from "../logger.ts";

/** Complaints said one by one. */
const MAX_LOGGED = 20;

export interface EvidenceScope {
  readonly source: Pick<Source, "name" | "evidence">;
  readonly pack: Pack;
  readonly window: QueryWindow;
  readonly approvals: readonly Approval[];
  readonly now: Date;
  readonly counters: { queries: number };
  readonly log: Logger;
}

interface SightingRef {
  readonly detectionId: string;
  readonly deviceId: string;
}

/** The events around some of the sightings, at most 500, by sighting key. */
export type EvidenceLookup = (batch: readonly SightingRef[]) => Promise<ReadonlyMap<string, Evidence>>;

/**
 * Looks around sightings of a pack, batch by batch; scheduled tasks and logons are asked for all of them at once. Never fails: what could
 * not be looked at is said in the evidence, and then covers nothing (R13).
 */
export async function createEvidenceLookup(all: readonly SightingRef[], of: EvidenceScope): Promise<EvidenceLookup> {
  const wanted = sharedQueries(all, of);
  const once =
    wanted.tasks.length + wanted.logons.length === 0
      ? undefined
      : await queryAndWarn(of, { devices: [], window: of.window, ...wanted });
  return async (batch) => {
    if (batch.length === 0) return new Map();
    const answer = await queryAndWarn(of, { devices: distinct(batch), window: of.window, tasks: [], logons: [] });
    const found = evidenceOf(batch, {
      ...answer,
      ...(once && { tasks: once.tasks, logons: once.logons, missing: [...answer.missing, ...once.missing] }),
    });
    logRejected(of, found);
    return found.byKey;
  };
}

/** Tasks and logons are asked for where an approval in force compares them, and nowhere else: they are read dearly. */
function sharedQueries(
  sightings: readonly SightingRef[],
  { pack, approvals, now }: EvidenceScope,
): Pick<EvidenceAsk, "tasks" | "logons"> {
  const tools = new Map(pack.detections.map(({ id, tool }) => [id, tool]));
  const inForce = approvals.filter((approval) => isInForce(approval, now));
  const devicesOf = (wants: (approval: Approval) => boolean): string[] => {
    const wanted = new Set(inForce.filter(wants).flatMap((approval) => approval.tools));
    return distinct(sightings.filter(({ detectionId }) => wanted.has(tools.get(detectionId) ?? "")));
  };
  return {
    tasks: devicesOf(({ arrival }) => arrival?.taskAction !== undefined),
    logons: devicesOf(({ arrival }) => arrival?.logon !== undefined),
  };
}

const distinct = (sightings: readonly SightingRef[]): string[] => [
  ...new Set(sightings.map(({ deviceId }) => deviceId)),
];

/** A right that is missing for events alone must not keep the sighting from being told. */
async function queryAndWarn(of: EvidenceScope, ask: EvidenceAsk): Promise<EvidenceAnswer> {
  const answer = await queryOrMissing(of, ask);
  of.counters.queries += answer.asked;
  if (of.pack.evidence) logMissing(of, answer);
  return answer;
}

async function queryOrMissing({ source, pack }: EvidenceScope, ask: EvidenceAsk): Promise<EvidenceAnswer> {
  try {
    return await source.evidence(pack, ask);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    const devices = [...ask.devices, ...ask.tasks, ...ask.logons];
    return { asked: 1, pieces: [], tasks: [], logons: [], missing: [{ devices, reason: error.message }] };
  }
}

function logMissing({ source, pack, log }: EvidenceScope, { missing }: EvidenceAnswer): void {
  const place = { workspace: source.name, pack: pack.name };
  for (const reason of new Set(missing.map((one) => one.reason)))
    log.warn(
      { event: "evidence.missing", ...place, reason },
      "not everything around the sightings could be looked at: they are told, whatever approvals say",
    );
}

function logRejected({ source, pack, log }: EvidenceScope, { rejected }: EvidenceFound): void {
  const place = { workspace: source.name, pack: pack.name };
  for (const { key, reason } of rejected.slice(0, MAX_LOGGED))
    log.warn({ event: "evidence.rejected", ...place, key, reason }, "a piece of evidence can't be read");
  if (rejected.length > MAX_LOGGED)
    log.warn(
      { event: "evidence.rejected", ...place, more: rejected.length - MAX_LOGGED },
      "more evidence can't be read",
    );
}
