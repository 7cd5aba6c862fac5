import type { Approval } from "../core/approval.ts";
import { isInForce } from "../core/approve.ts";
import type { Evidence } from "../core/evidence.ts";
import type { EvidenceFound } from "../core/evidence-of.ts";
import { evidenceOf } from "../core/evidence-of.ts";
import type { Pack, QueryWindow } from "../core/pack.ts";
import type { EvidenceAnswer, EvidenceRequest, Source } from "../core/source.ts";
import { SourceError } from "../errors.ts";
import type { Logger } from "../logger.ts";

/** Devices of one evidence query. */
export const EVIDENCE_BATCH = 500;

/** Pieces of evidence that can't be read are logged one by one up to this number, then counted. */
const MAX_LOGGED = 20;

/** Where, when and for which approvals evidence is collected. */
export interface EvidenceScope {
  readonly source: Pick<Source, "name" | "evidence">;
  readonly pack: Pack;
  readonly window: QueryWindow;
  readonly approvals: readonly Approval[];
  readonly now: Date;
  readonly counters: { queries: number };
  readonly log: Logger;
}

/** The sighting that evidence belongs to. */
interface SightingRef {
  readonly detectionId: string;
  readonly deviceId: string;
}

/** The events around at most `EVIDENCE_BATCH` of the sightings, by sighting key. */
export type EvidenceLookup = (batch: readonly SightingRef[]) => Promise<ReadonlyMap<string, Evidence>>;

/**
 * Collects evidence around sightings of a pack, batch by batch; scheduled tasks and logons are queried once, for all of them. Never rejects for
 * a source that fails: the evidence then says what is missing, and covers nothing (R13).
 */
export async function createEvidenceLookup(
  sightings: readonly SightingRef[],
  scope: EvidenceScope,
): Promise<EvidenceLookup> {
  const { window } = scope;
  const devices = sharedDevices(sightings, scope);
  const shared =
    devices.tasks.length + devices.logons.length === 0
      ? undefined
      : await queryAndWarn(scope, { devices: [], window, ...devices });
  return async (batch) => {
    if (batch.length === 0) return new Map();
    const answer = await queryAndWarn(scope, { devices: distinct(batch), window, tasks: [], logons: [] });
    const found = evidenceOf(batch, {
      ...answer,
      ...(shared && { tasks: shared.tasks, logons: shared.logons, missing: [...answer.missing, ...shared.missing] }),
    });
    logRejected(scope, found);
    return found.byKey;
  };
}

/** The devices whose tasks and logons an approval in force compares. These queries are expensive: no other device is asked for. */
function sharedDevices(
  sightings: readonly SightingRef[],
  { pack, approvals, now }: EvidenceScope,
): Pick<EvidenceRequest, "tasks" | "logons"> {
  const tools = new Map(pack.detections.map(({ id, tool }) => [id, tool]));
  const inForce = approvals.filter((approval) => isInForce(approval, now));
  const devicesOf = (compares: (approval: Approval) => boolean): string[] => {
    const compared = new Set(inForce.filter(compares).flatMap((approval) => approval.tools));
    return distinct(sightings.filter(({ detectionId }) => compared.has(tools.get(detectionId) ?? "")));
  };
  return {
    tasks: devicesOf(({ arrival }) => arrival?.taskAction !== undefined),
    logons: devicesOf(({ arrival }) => arrival?.logon !== undefined),
  };
}

const distinct = (sightings: readonly SightingRef[]): string[] => [
  ...new Set(sightings.map(({ deviceId }) => deviceId)),
];

async function queryAndWarn(scope: EvidenceScope, request: EvidenceRequest): Promise<EvidenceAnswer> {
  const answer = await queryOrMissing(scope, request);
  scope.counters.queries += answer.queries;
  if (scope.pack.evidence) warnOfMissing(scope, answer);
  return answer;
}

/** A right that is missing for events alone must not keep the sighting from being announced. */
async function queryOrMissing({ source, pack }: EvidenceScope, request: EvidenceRequest): Promise<EvidenceAnswer> {
  try {
    return await source.evidence(pack, request);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    const devices = [...request.devices, ...request.tasks, ...request.logons];
    return { queries: 1, pieces: [], tasks: [], logons: [], missing: [{ devices, reason: error.message }] };
  }
}

function warnOfMissing({ source, pack, log }: EvidenceScope, { missing }: EvidenceAnswer): void {
  const place = { source: source.name, pack: pack.name };
  for (const reason of new Set(missing.map((one) => one.reason)))
    log.warn(
      { event: "evidence.missing", ...place, reason },
      "some evidence could not be collected: its sightings are announced, whatever approvals say",
    );
}

function logRejected({ source, pack, log }: EvidenceScope, { rejected }: EvidenceFound): void {
  const place = { source: source.name, pack: pack.name };
  for (const { key, reason } of rejected.slice(0, MAX_LOGGED))
    log.warn({ event: "evidence.rejected", ...place, key, reason }, "a piece of evidence can't be read");
  if (rejected.length > MAX_LOGGED)
    log.warn(
      { event: "evidence.rejected", ...place, more: rejected.length - MAX_LOGGED },
      "more pieces of evidence can't be read",
    );
}
