import type { Detection, Pack } from "./pack.ts";

export interface ActiveDetection {
  readonly detection: Detection;
  readonly pack: Pack;
}

/** The detection with this id, or the one that supersedes it, with its pack; `undefined` where no pack has either. */
export function findActiveDetection(id: string, packs: readonly Pack[]): ActiveDetection | undefined {
  return find(packs, (detection) => detection.id === id) ?? find(packs, ({ supersedes }) => supersedes.includes(id));
}

function find(packs: readonly Pack[], matches: (detection: Detection) => boolean): ActiveDetection | undefined {
  for (const pack of packs) {
    const detection = pack.detections.find(matches);
    if (detection) return { detection, pack };
  }
  return undefined;
}

/** The stored sighting with the id of its active detection. */
export const withActiveId = <Sighting extends { readonly detectionId: string }>(
  sighting: Sighting,
  packs: readonly Pack[],
): Sighting => ({
  ...sighting,
  detectionId: findActiveDetection(sighting.detectionId, packs)?.detection.id ?? sighting.detectionId,
});
