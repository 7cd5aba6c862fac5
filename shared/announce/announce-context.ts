import type { ApprovalSet } from "../core/approval.ts";
import type { NoveltyPolicy } from "../core/decide.ts";
import type { CoverageSnapshot } from "../azure/coverage-table.ts";
import type { Pack } from "../core/pack.ts";
import type { UnitPlan } from "../core/plan.ts";
import type { Row } from "../core/sighting.ts";
import type { EvidenceLookup } from "../evidence/collect.ts";
import type { Service } from "../run/run.ts";
import type { WaveTable } from "../azure/wave-table.ts";

/** How a unit's rows are judged: what of it is the same for all, and the ends of gaps by partition, which may differ. */
export interface UnitPolicy extends Omit<NoveltyPolicy, "gapEnd"> {
  readonly gapEnds: ReadonlyMap<string, Date>;
}

/** What a unit's rows are judged and told by. */
export interface AnnounceContext {
  readonly pack: Pack;
  readonly unit: UnitPlan;
  readonly workspace: { readonly name: string; readonly id: string; readonly tenant?: string };
  readonly policy: UnitPolicy;
  /** Epoch by partition, as the plan found it. */
  readonly epochs: ReadonlyMap<string, string>;
  /** Devices known of a detection when the run was planned. */
  readonly knownDevices: (detectionId: string) => number;
  /** The detection's definition differs from the one that read before. */
  readonly changed: (detectionId: string) => boolean;
  /** Every detection that is looked for, of all packs. */
  readonly detectionIds: readonly string[];
  /** Short name of a detection's tool; `undefined` for one that is no longer looked for. */
  readonly toolOf: (detectionId: string) => string | undefined;
  readonly approvals: ApprovalSet;
  /** Asked once, for all candidates; what it gives is asked for at most `EVIDENCE_BATCH` of them at a time. */
  readonly evidence: (candidates: readonly Row[]) => Promise<EvidenceLookup>;
  readonly waves: Waves;
  readonly runId: string;
  readonly now: Date;
  /** False: an operator restores a lost state; what is new is written as known, silently. */
  readonly announce: boolean;
}

interface Waves {
  readonly table: WaveTable;
  /** Sightings of a detection within 24 hours that open a wave; 0: none ever does. */
  readonly threshold: number;
}

/** Devices of one evidence query. */
export const EVIDENCE_BATCH = 500;

export interface ProcessResult {
  readonly new: number;
  readonly returned: number;
  /** Written as expected: an approval covers them. */
  readonly expected: number;
  /** Sightings put into the outbox, in messages of their own or as members of a wave. */
  readonly announced: number;
  /** Waves that were opened. */
  readonly waves: number;
  /** New devices by detection id. */
  readonly newByDetection: ReadonlyMap<string, number>;
  /** Entities the service refused: tried again by each run. */
  readonly quarantined: number;
}

/** What a run knows before it works on a unit. */
export interface AnnounceOrigin {
  readonly service: Pick<Service, "packs" | "waves" | "settings">;
  readonly snapshot: CoverageSnapshot;
  readonly epochs: ReadonlyMap<string, string>;
  readonly approvals: ApprovalSet;
  readonly runId: string;
  readonly now: Date;
}

/** What holds for all units of a pack in a workspace. */
export function announceContextOf(
  pack: Pack,
  { name, id, tenant }: AnnounceContext["workspace"],
  of: AnnounceOrigin,
): Omit<AnnounceContext, "unit" | "policy" | "evidence"> {
  const { snapshot, service } = of;
  const tools = new Map(service.packs.flatMap(({ detections }) => detections.map((one) => [one.id, one.tool])));
  const hashes = new Map(pack.detections.map((one) => [one.id, one.hash]));
  return {
    pack,
    workspace: { name, id, ...(tenant !== undefined && { tenant }) },
    epochs: of.epochs,
    knownDevices: (detectionId) => snapshot.detections.get(detectionId)?.knownDevices ?? 0,
    changed: (detectionId) => snapshot.detections.get(detectionId)?.hash !== hashes.get(detectionId),
    detectionIds: [...tools.keys()],
    toolOf: (detectionId) => tools.get(detectionId),
    approvals: of.approvals,
    waves: { table: service.waves, threshold: service.settings.waveThreshold },
    runId: of.runId,
    now: of.now,
    announce: true,
  };
}
