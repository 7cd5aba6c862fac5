import type { Change, SightingsTable } from "../azure/sightings-table.ts";
import type { TransactionOutcome } from "../azure/transaction.ts";
import { MAX_BINARY_BYTES, MAX_ENTITIES } from "../azure/transaction.ts";
import { sightingMessage } from "../core/message.ts";
import type { Detection } from "../core/pack.ts";
import type { OutboxMessage } from "../core/sighting.ts";
import type { Wave } from "../core/wave.ts";
import { MAX_MEMBERS } from "../core/wave.ts";
import { waveMembers } from "../core/wave-message.ts";
import type { SaveQuietly, Announce } from "../core/decide-write.ts";
import type { AnnounceContext } from "./announce-context.ts";

/** How sightings of one detection are told: in whose words, and in which wave. */
export interface BatchContext extends Pick<AnnounceContext, "workspace" | "runId" | "now" | "knownDevices"> {
  readonly detection: Detection;
  readonly window: { readonly from: Date; readonly to: Date };
  readonly wave?: Wave;
  /** Tools known on a device before; absent: not looked up. */
  readonly otherTools: (deviceId: string) => readonly string[] | undefined;
}

/** Sightings of one transaction: with a message each, or with the one of their wave. */
export const batchSize = (wave: Wave | undefined): number => (wave ? MAX_MEMBERS : MAX_ENTITIES / 2);

export type CommitOutcome = TransactionOutcome | { readonly kind: "too-much" };

/**
 * Commits sightings of one detection and partition, all of them with the messages that tell them: those told in messages of
 * their own, or as members of the wave in one. `too-much`: nothing was written, halve them. The messages are built of what is
 * committed with them, each time anew (R9).
 */
export function commitBatch(
  partition: string,
  writes: readonly (Announce | SaveQuietly)[],
  batch: BatchContext,
  table: Pick<SightingsTable, "commit">,
): Promise<CommitOutcome> {
  const told = writes.filter((one) => one.kind === "tell");
  const messages = batch.wave ? membersMessage(told, batch, batch.wave) : told.map((one) => singleMessage(one, batch));
  if (!messages || messages.reduce((sum, { body }) => sum + body.byteLength, 0) > MAX_BINARY_BYTES)
    return Promise.resolve({ kind: "too-much" });
  const [inWave] = messages;
  const changes = writes.map((one): Change => ({
    sighting:
      one.kind === "tell" && batch.wave && inWave
        ? { ...one.sighting, messageId: inWave.id, waveId: batch.wave.id }
        : one.sighting,
    ...(one.kind === "tell" && { told: true }),
    ...(one.etag !== undefined && { etag: one.etag }),
    ...(one.stored !== undefined && { evidence: one.stored }),
  }));
  return table.commit(partition, changes, messages, batch.now);
}

function singleMessage(one: Announce, batch: BatchContext): OutboxMessage {
  const knownDevices = batch.knownDevices(batch.detection.id);
  const otherTools = batch.otherTools(one.row.deviceId);
  const { evidence, ...told } = one;
  return sightingMessage({
    ...told,
    ...(one.row.certificate && { evidence }),
    detection: batch.detection,
    novelty: { firstInState: knownDevices === 0, knownDevices, ...(otherTools && { otherTools }) },
    window: batch.window,
    workspace: batch.workspace,
    runId: batch.runId,
    decidedAt: batch.now,
  });
}

/** None where nobody is told; `undefined` where they don't fit into one. */
function membersMessage(
  told: readonly Announce[],
  batch: BatchContext,
  wave: Wave,
): readonly OutboxMessage[] | undefined {
  if (told.length === 0) return [];
  const message = waveMembers({ ...batch, wave, members: told, decidedAt: batch.now });
  return message && [message];
}
