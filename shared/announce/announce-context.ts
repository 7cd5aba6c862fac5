import type { ApprovalSet } from "../core/approval.ts";
import type { DecisionContext } from "../core/decide-write.ts";
import type { Pack } from "../core/pack.ts";
import type { UnitPlan } from "../core/plan.ts";
import type { Row } from "../core/sighting.ts";
import type { SourceLabel } from "../core/source.ts";
import type { CoverageSnapshot } from "../core/stores/coverage-store.ts";
import type { WaveStore } from "../core/stores/wave-store.ts";
import type { EvidenceLookup } from "../evidence/collect.ts";

/** Everything that one unit needs to decide about its rows and to announce them. */
export interface AnnounceContext extends DecisionContext {
  readonly pack: Pack;
  readonly unit: UnitPlan;
  readonly source: SourceLabel;
  /** Devices known of a detection when the run was planned. */
  readonly knownDevices: (detectionId: string) => number;
  /** Short name of a detection's tool; `undefined` for a detection that is in no pack. */
  readonly toolOf: (detectionId: string) => string | undefined;
  /** Called once for all candidates; the lookup takes at most `EVIDENCE_BATCH` of them at a time. */
  readonly evidence: (candidates: readonly Row[]) => Promise<EvidenceLookup>;
  readonly waves: WaveStore;
  /** Sightings of a detection within 24 hours that open a wave; 0: none ever does. */
  readonly waveThreshold: number;
  readonly runId: string;
}

/** The part of a run's context that announcing needs. */
export interface AnnounceOrigin {
  readonly packs: readonly Pack[];
  readonly settings: { readonly waveThreshold: number };
  readonly waves: WaveStore;
  readonly snapshot: CoverageSnapshot;
  readonly epochs: ReadonlyMap<string, string>;
  readonly approvals: ApprovalSet;
  readonly runId: string;
  readonly now: Date;
}

/** The context that all units of a pack in one source share. */
export function announceContextOf(
  pack: Pack,
  source: SourceLabel,
  origin: AnnounceOrigin,
): Omit<AnnounceContext, "unit" | "policy" | "evidence"> {
  const { detections } = origin.snapshot;
  const tools = new Map(
    origin.packs.flatMap((one) => one.detections.map((detection) => [detection.id, detection.tool])),
  );
  const hashes = new Map(pack.detections.map((detection) => [detection.id, detection.hash]));
  return {
    pack,
    source,
    epochs: origin.epochs,
    knownDevices: (detectionId) => detections.get(detectionId)?.knownDevices ?? 0,
    changed: (detectionId) => detections.get(detectionId)?.hash !== hashes.get(detectionId),
    toolOf: (detectionId) => tools.get(detectionId),
    approvals: origin.approvals,
    waves: origin.waves,
    waveThreshold: origin.settings.waveThreshold,
    runId: origin.runId,
    now: origin.now,
    announce: true,
  };
}
