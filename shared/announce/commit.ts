import type { Announce, SaveQuietly } from "../core/decide-write.ts";
import { sightingMessage } from "../core/message.ts";
import type { Detection } from "../core/pack.ts";
import type { OutboxMessage } from "../core/sighting.ts";
import type { SightingChange, SightingsStore } from "../core/stores/sightings-store.ts";
import { MAX_BINARY_BYTES, MAX_ENTITIES } from "../core/stores/write-outcome.ts";
import { waveMembers } from "../core/wave-message.ts";
import type { Wave } from "../core/wave.ts";
import { MAX_MEMBERS } from "../core/wave.ts";
import type { AnnounceContext } from "./announce-context.ts";
import type { CommitOutcome } from "./commit-with-retry.ts";

/** The context that the messages of one batch share: detection, source, window and wave. */
export interface BatchContext extends Pick<AnnounceContext, "source" | "runId" | "now" | "knownDevices"> {
  readonly detection: Detection;
  readonly window: { readonly from: Date; readonly to: Date };
  readonly wave?: Wave;
  /** Tools known on a device before; absent: not looked up. */
  readonly otherTools: (deviceId: string) => readonly string[] | undefined;
}

/** Sightings of one transaction: each with its own message, or all with one message of their wave. */
export const batchSize = (wave: Wave | undefined): number => (wave ? MAX_MEMBERS : MAX_ENTITIES / 2);

/**
 * Commits sightings of one detection and partition together with the messages that announce them: a message each, or one with the members
 * of a wave. `too-much`: nothing was written; halve them. The messages are built from what is committed with them, each time anew (R9).
 */
export function commitBatch(
  partition: string,
  writes: readonly (Announce | SaveQuietly)[],
  batch: BatchContext,
  store: Pick<SightingsStore, "commit">,
): Promise<CommitOutcome> {
  const announced = writes.filter((write) => write.kind === "announce");
  const messages = batch.wave
    ? membersMessage(announced, batch, batch.wave)
    : announced.map((write) => singleMessage(write, batch));
  if (!messages || messages.reduce((sum, { body }) => sum + body.byteLength, 0) > MAX_BINARY_BYTES)
    return Promise.resolve({ kind: "too-much" });
  const [inWave] = messages;
  const changes = writes.map((write): SightingChange => ({
    sighting:
      write.kind === "announce" && batch.wave && inWave
        ? { ...write.sighting, messageId: inWave.id, waveId: batch.wave.id }
        : write.sighting,
    ...(write.kind === "announce" && { announced: true }),
    ...(write.etag !== undefined && { etag: write.etag }),
    ...(write.stored !== undefined && { evidence: write.stored }),
  }));
  return store.commit(partition, changes, messages, batch.now);
}

/**
 * The write whose entity, or whose message, has this index in the transaction: sightings come first, then their messages. `undefined` for a
 * wave's message, which belongs to no single write.
 */
export function writeAt<Write extends { readonly kind: string }>(
  writes: readonly Write[],
  index: number,
  { wave }: Pick<BatchContext, "wave">,
): Write | undefined {
  if (index < writes.length) return writes[index];
  return wave ? undefined : writes.filter(({ kind }) => kind === "announce")[index - writes.length];
}

function singleMessage(write: Announce, batch: BatchContext): OutboxMessage {
  const knownDevices = batch.knownDevices(batch.detection.id);
  const otherTools = batch.otherTools(write.row.deviceId);
  const { evidence, ...announced } = write;
  return sightingMessage({
    ...announced,
    ...(write.row.certificate && { evidence }),
    detection: batch.detection,
    novelty: { firstInState: knownDevices === 0, knownDevices, ...(otherTools && { otherTools }) },
    window: batch.window,
    source: batch.source,
    runId: batch.runId,
    decidedAt: batch.now,
  });
}

/** No message where nothing is announced; `undefined` where the members don't fit into one. */
function membersMessage(
  announced: readonly Announce[],
  batch: BatchContext,
  wave: Wave,
): readonly OutboxMessage[] | undefined {
  if (announced.length === 0) return [];
  const message = waveMembers({ ...batch, wave, members: announced, decidedAt: batch.now });
  return message && [message];
}
