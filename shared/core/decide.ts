import type { Detection } from "./pack.ts";
import type { UnitPlan } from "./plan.ts";
import type { Cause, Row, Sighting } from "./sighting.ts";

const DAY = 86_400_000;

/** The properties of a known sighting that a decision needs. */
export type KnownSighting = Pick<
  Sighting,
  "firstSeen" | "lastSeen" | "episode" | "announcement" | "disposition" | "approvalId" | "approvalsVersion"
>;

/** The known part of a whole sighting. */
export function knownPart(sighting: Sighting): KnownSighting {
  const { firstSeen, lastSeen, episode, announcement, disposition, approvalId, approvalsVersion } = sighting;
  return {
    firstSeen,
    lastSeen,
    episode,
    announcement,
    disposition,
    approvalsVersion,
    ...(approvalId !== undefined && { approvalId }),
  };
}

/** The novelty of a row. Generic, because a scan of the whole state reads only `lastSeen`, which is enough to decide. */
export type Novelty<Known extends Pick<Sighting, "lastSeen"> = KnownSighting> =
  | { readonly kind: "new" }
  | { readonly kind: "returned"; readonly previous: Known }
  /** `refresh`: the UTC day of lastSeen has moved. A finer grain would rewrite the whole fleet at each run. */
  | { readonly kind: "seen-again"; readonly refresh: boolean };

export interface NoveltyPolicy {
  /** Days of quiet after which a sighting returns; 0: never. */
  readonly dormancyDays: number;
  /** End of the last unrecoverable gap over the pack's sources. Quiet is not counted in a gap, because nothing was read there. */
  readonly gapEnd?: Date;
  /** False: the row comes from a partial result, so its FirstSeen and LastSeen may cover too little. */
  readonly complete: boolean;
}

/** UTC day number. */
export const utcDay = (time: Date): number => Math.floor(time.getTime() / DAY);

/** Decides whether a row is new, returned or seen again, by its known sighting. Pure: no clock, no I/O. */
export function decideNovelty<Known extends Pick<Sighting, "lastSeen">>(
  row: Row,
  known: Known | undefined,
  policy: NoveltyPolicy,
): Novelty<Known> {
  if (known === undefined) return { kind: "new" };
  // R18: an aggregate over only some of the rows shows a false quiet and a last day that is too early.
  if (!policy.complete) return { kind: "seen-again", refresh: false };
  if (policy.dormancyDays > 0 && quietDays(row, known, policy.gapEnd) > policy.dormancyDays)
    return { kind: "returned", previous: known };
  return { kind: "seen-again", refresh: utcDay(row.lastSeen) > utcDay(known.lastSeen) };
}

/** Days of quiet (R16): UTC days, because lastSeen is up to a day behind; counted from the end of a gap where that is later. */
function quietDays(row: Row, known: Pick<Sighting, "lastSeen">, gapEnd: Date | undefined): number {
  const quietSince = gapEnd === undefined ? utcDay(known.lastSeen) : Math.max(utcDay(known.lastSeen), utcDay(gapEnd));
  return utcDay(row.firstSeen) - quietSince;
}

/** Why the sighting is announced now. `changed`: the detection's own definition differs from the one of the last read. */
export function causeOf(row: Row, unit: Pick<UnitPlan, "baseline" | "lateBefore">, changed: boolean): Cause {
  if (unit.baseline === "first") return "baseline";
  if (unit.baseline === "changed" && changed) return "rule-changed";
  return unit.lateBefore !== undefined && row.firstSeen < unit.lateBefore ? "late-arrival" : "new-activity";
}

/** The sighting that a new or returned row makes, before it has a message. */
export function newSighting(
  row: Row,
  novelty: Extract<Novelty, { kind: "new" | "returned" }>,
  detection: Detection,
  source: string,
  approvalsVersion: number,
  now: Date,
): Sighting {
  const previous = novelty.kind === "returned" ? novelty.previous : undefined;
  return {
    detectionId: row.detectionId,
    deviceId: row.deviceId,
    deviceName: row.deviceName,
    source,
    firstSeen: row.firstSeen,
    lastSeen: row.lastSeen,
    episode: (previous?.episode ?? 0) + 1,
    announcement: (previous?.announcement ?? 0) + 1,
    disposition: "announced",
    decidedAt: now,
    approvalsVersion,
    definitionHash: detection.hash,
  };
}
