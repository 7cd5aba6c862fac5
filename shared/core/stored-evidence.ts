import { z } from "zod";
import type { Actor, Evidence, EvidencePiece } from "./evidence.ts";

/** UTF-8 bytes of one sighting's evidence in the state. Table Storage limits a row to 1 MiB and a page of rows to 4 MiB. */
export const MAX_STORED_BYTES = 16_000;

const VERSION = 1;

/** Characters of each command line that are kept, tried in this order until the evidence fits. At 0 all display texts are dropped. */
const COMMAND_STEPS = [512, 160, 60, 0];

const NOT_STORED = "stored evidence: too much to be kept whole";

/** Further facts that a review compares, beside the pieces. */
export interface EvidenceContext {
  readonly deviceGroup: string;
  /** A certificate with the tool's name is not trusted. */
  readonly counterfeit: boolean;
}

const text = z.string();
const time = z
  .int()
  .min(-8.64e15)
  .max(8.64e15)
  .transform((value) => new Date(value));

/** Times are milliseconds since 1970. Actors and files are stored once; pieces refer to them by index. */
const stored = z.strictObject({
  v: z.literal(VERSION),
  group: text,
  counterfeit: z.boolean(),
  missing: z.array(text),
  actors: z.array(
    z.strictObject({
      name: text,
      path: text,
      sha1: text,
      signer: text.optional(),
      trusted: z.boolean().optional(),
      root: z.boolean().optional(),
      command: text.optional(),
      parent: text,
      sid: text,
      account: text.optional(),
      signature: z.tuple([text, text]).optional(),
    }),
  ),
  files: z.array(z.strictObject({ source: text, name: text, path: text, sha1: text })),
  pieces: z.array(
    z.strictObject({
      run: z.literal(1).optional(),
      at: time,
      file: z.int(),
      actor: z.int(),
      client: z.int().optional(),
      install: text.optional(),
      own: z.literal(1).optional(),
      task: z.tuple([text, text]).optional(),
      logons: z.array(z.tuple([text, text, time])).optional(),
    }),
  ),
});
type Stored = z.input<typeof stored>;
type StoredActor = Stored["actors"][number];
type Read = z.output<typeof stored>;

/**
 * Evidence as the state stores it: JSON of at most 16,000 bytes in UTF-8. Display texts are cut first. `whole: false`: the facts that
 * approvals compare did not fit. The text then has an entry in `missing`, so that it covers nothing when it is decoded (R13), and
 * the caller announces the sighting.
 */
export function encodeEvidence(
  evidence: Evidence,
  context: EvidenceContext,
): { readonly text: string; readonly whole: boolean } {
  for (const command of COMMAND_STEPS) {
    const encoded = encode(toStored(evidence, context, command));
    if (fits(encoded)) return { text: encoded, whole: true };
  }
  const missing = [NOT_STORED];
  // Halves the pieces until they fit: a hostile device can have hundreds of any length.
  let { pieces } = evidence;
  while (pieces.length > 0) {
    pieces = pieces.slice(0, Math.floor(pieces.length / 2));
    const encoded = encode(toStored({ pieces, missing }, context, 0));
    if (fits(encoded)) return { text: encoded, whole: false };
  }
  return { text: encode(toStored({ pieces: [], missing }, { ...context, deviceGroup: "" }, 0)), whole: false };
}

/** JSON with line separators escaped, so that the text is one line for every reader. */
const encode = (value: Stored): string =>
  JSON.stringify(value).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");

const fits = (encoded: string): boolean => new TextEncoder().encode(encoded).byteLength <= MAX_STORED_BYTES;

function toStored(evidence: Evidence, { deviceGroup, counterfeit }: EvidenceContext, command: number): Stored {
  const actors = indexed<StoredActor>();
  const files = indexed<Stored["files"][number]>();
  const place = (actor: Actor): number => actors.place(toStoredActor(actor, command));
  const pieces = evidence.pieces.map((piece): Stored["pieces"][number] => ({
    ...(piece.kind === "run" && { run: 1 }),
    at: piece.at.getTime(),
    file: files.place({ source: piece.source, name: piece.fileName, path: piece.path, sha1: piece.sha1 }),
    actor: place(piece.actor),
    ...(piece.client && { client: place(piece.client) }),
    ...(piece.install !== undefined && command > 0 && { install: piece.install.slice(0, command) }),
    ...(piece.ownTool && { own: 1 }),
    ...(piece.task && { task: [piece.task.name, piece.task.action] }),
    ...(piece.logons && {
      logons: piece.logons.map(({ remoteIp, accountSid, at }): [string, string, number] => [
        remoteIp,
        accountSid,
        at.getTime(),
      ]),
    }),
  }));
  return {
    v: VERSION,
    group: deviceGroup,
    counterfeit,
    missing: [...evidence.missing],
    actors: actors.list,
    files: files.list,
    pieces,
  };
}

/** A list that contains each item once; `place` returns an item's index. */
function indexed<Item>(): { readonly list: Item[]; readonly place: (item: Item) => number } {
  const list: Item[] = [];
  const places = new Map<string, number>();
  return {
    list,
    place: (item) => {
      const key = JSON.stringify(item);
      const known = places.get(key) ?? list.push(item) - 1;
      places.set(key, known);
      return known;
    },
  };
}

function toStoredActor(actor: Actor, command: number): StoredActor {
  const { certificate, signature } = actor;
  return {
    name: actor.fileName,
    path: actor.path,
    sha1: actor.sha1,
    ...(certificate && { signer: certificate.signer, trusted: certificate.trusted, root: certificate.microsoftRoot }),
    parent: actor.parentFileName,
    sid: actor.accountSid,
    ...(command > 0 && {
      command: actor.commandLine.slice(0, command),
      account: actor.accountName,
      ...(signature && { signature: [signature.type, signature.status] }),
    }),
  };
}

/** The evidence in a stored text. @throws {Error} for a text that `encodeEvidence` did not write; the caller treats it as missing */
export function decodeEvidence(encoded: string): EvidenceContext & { readonly evidence: Evidence } {
  const read = parse(encoded);
  const actors = read.actors.map(toActor);
  const actorAt = (index: number): Actor => itemAt(actors, index, "actor");
  return {
    deviceGroup: read.group,
    counterfeit: read.counterfeit,
    evidence: {
      missing: read.missing,
      pieces: read.pieces.map((piece): EvidencePiece => ({
        kind: piece.run === 1 ? "run" : "arrival",
        at: piece.at,
        ...toFile(itemAt(read.files, piece.file, "file")),
        actor: actorAt(piece.actor),
        ...(piece.client !== undefined && { client: actorAt(piece.client) }),
        ...(piece.install !== undefined && { install: piece.install }),
        ...(piece.own === 1 && { ownTool: true }),
        ...(piece.task && { task: { name: piece.task[0], action: piece.task[1] } }),
        ...(piece.logons && {
          logons: piece.logons.map(([remoteIp, accountSid, at]) => ({ remoteIp, accountSid, at })),
        }),
      })),
    },
  };
}

/** @throws {Error} where there is none at the index */
function itemAt<Item>(list: readonly Item[], index: number, kind: string): Item {
  const item = list[index];
  if (item === undefined) throw new Error(malformed(`there is no ${kind} ${index}`));
  return item;
}

const toFile = ({ source, name: fileName, path, sha1 }: Read["files"][number]) => ({ source, fileName, path, sha1 });

function parse(encoded: string): Read {
  let value: unknown;
  try {
    value = JSON.parse(encoded);
  } catch (error) {
    throw new Error(malformed("not JSON"), { cause: error });
  }
  const parsed = stored.safeParse(value);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  throw new Error(malformed(`${first?.path.join(".") ?? ""}: ${first?.message ?? "unknown"}`));
}

const malformed = (why: string): string =>
  `a sighting's stored evidence can't be read: ${why}; it is of another version or was changed by hand`;

function toActor(row: Read["actors"][number]): Actor {
  return {
    fileName: row.name,
    path: row.path,
    sha1: row.sha1,
    ...(row.signer !== undefined && {
      certificate: { signer: row.signer, trusted: row.trusted === true, microsoftRoot: row.root === true },
    }),
    commandLine: row.command ?? "",
    parentFileName: row.parent,
    accountSid: row.sid,
    accountName: row.account ?? "",
    ...(row.signature && { signature: { type: row.signature[0], status: row.signature[1] } }),
  };
}
