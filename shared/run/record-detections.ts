import type { RunContext } from "./run-context.ts";
import type { SourceWork } from "./run-source.ts";

/**
 * Records the definitions that were read, and counts their new devices. A definition counts as read once every source has read the whole of
 * its pack: a baseline that is cut off goes on announcing under the cause that it began with.
 */
export async function recordDetections(
  work: readonly SourceWork[],
  { packs, snapshot, coverage, counters, now }: RunContext,
): Promise<void> {
  for (const pack of packs) {
    const whole = work.every(({ packsDone }) => packsDone.has(pack.name));
    for (const { id, hash } of pack.detections) {
      const newDevices = counters.newByDetection.get(id) ?? 0;
      const known = snapshot.detections.get(id);
      if (newDevices === 0 && (!whole || known?.hash === hash)) continue;
      await coverage.recordDetection(id, whole ? hash : undefined, newDevices, newDevices > 0 ? now : undefined);
    }
  }
}
