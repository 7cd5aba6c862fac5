import type { Change, SightingsTable } from "../azure/sightings-table.ts";
import type { TransactionOutcome } from "../azure/transaction.ts";
import { MAX_BINARY_BYTES, MAX_ENTITIES } from "../azure/transaction.ts";
import { sightingMessage } from "../core/message.ts";
import type { Detection } from "../core/pack.ts";
import type { OutboxMessage } from "../core/sighting.ts";
import type { Wave } from "../core/wave.ts";
import { MAX_MEMBERS } from "../core/wave.ts";
import { waveMembers } from "../core/wave-message.ts";
import type { Kept, Told } from "../core/decide-write.ts";
import type { Telling } from "./announce-context.ts";

/** How sightings of one detection are told: in whose words, and in which wave. */
export interface Words extends Pick<Telling, "workspace" | "runId" | "now" | "knownDevices"> {
  readonly detection: Detection;
  readonly window: { readonly from: Date; readonly to: Date };
  readonly wave?: Wave;
  /** Tools known on a device before; absent: not looked up. */
  readonly otherTools: (deviceId: string) => readonly string[] | undefined;
}

/** Sightings of one transaction: with a message each, or with the one of their wave. */
export const chunkSize = (wave: Wave | undefined): number => (wave ? MAX_MEMBERS : MAX_ENTITIES / 2);

export type Committed = TransactionOutcome | { readonly kind: "too-much" };

/**
 * Commits sightings of one detection and partition, all of them with the messages that tell them: those told in messages of
 * their own, or as members of the wave in one. `too-much`: nothing was written, halve them. The messages are built of what is
 * committed with them, each time anew (R9).
 */
export function commitTold(
  partition: string,
  writes: readonly (Told | Kept)[],
  words: Words,
  table: Pick<SightingsTable, "commit">,
): Promise<Committed> {
  const told = writes.filter((one) => one.kind === "tell");
  const messages = words.wave ? membersMessage(told, words, words.wave) : told.map((one) => singleMessage(one, words));
  if (!messages || messages.reduce((sum, { body }) => sum + body.byteLength, 0) > MAX_BINARY_BYTES)
    return Promise.resolve({ kind: "too-much" });
  const [inWave] = messages;
  const changes = writes.map((one): Change => ({
    sighting:
      one.kind === "tell" && words.wave && inWave
        ? { ...one.sighting, messageId: inWave.id, waveId: words.wave.id }
        : one.sighting,
    ...(one.kind === "tell" && { told: true }),
    ...(one.etag !== undefined && { etag: one.etag }),
    ...(one.stored !== undefined && { evidence: one.stored }),
  }));
  return table.commit(partition, changes, messages, words.now);
}

function singleMessage(one: Told, words: Words): OutboxMessage {
  const knownDevices = words.knownDevices(words.detection.id);
  const otherTools = words.otherTools(one.row.deviceId);
  const { evidence, ...told } = one;
  return sightingMessage({
    ...told,
    ...(one.row.certificate && { evidence }),
    detection: words.detection,
    novelty: { firstInState: knownDevices === 0, knownDevices, ...(otherTools && { otherTools }) },
    window: words.window,
    workspace: words.workspace,
    runId: words.runId,
    decidedAt: words.now,
  });
}

/** None where nobody is told; `undefined` where they don't fit into one. */
function membersMessage(told: readonly Told[], words: Words, wave: Wave): readonly OutboxMessage[] | undefined {
  if (told.length === 0) return [];
  const message = waveMembers({ ...words, wave, members: told, decidedAt: words.now });
  return message && [message];
}
