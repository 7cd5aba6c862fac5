import { z } from "zod";
import { clean } from "./clean.ts";
import type { Actor, Evidence, EvidencePiece } from "./evidence.ts";
import { mostRevealing } from "./evidence-rank.ts";

const MAX_PIECES = 10;
/** UTF-8 bytes of all pieces. The message has 60,000 bytes; the bounds of its other texts add up to less than half of them. */
const MAX_BYTES = 24_000;
const MAX_MISSING = 5;
const MAX_LOGONS = 5;
/** Characters of a name or an id. */
const MAX_NAME = 96;
/** Characters of a path. */
const MAX_PATH = 260;
/** Characters of a command line or a reason. */
const MAX_TEXT = 400;

const time = z.iso.datetime({ precision: 3 });

const actorEvent = z.object({
  name: z.string().describe("File name of the process: untrusted, as all these texts"),
  path: z.string().describe("Folder and file name, lower-case; empty: not in the data"),
  sha1: z.string(),
  signer: z.string().optional().describe("Name on its certificate; absent: no certificate was found"),
  trusted: z.boolean().optional().describe("The device trusts the certificate; absent: none was found"),
  commandLine: z.string(),
  parent: z.string().describe("File name of its parent"),
  accountSid: z.string(),
  accountName: z.string(),
});

/** A message's `evidence`: the actors that brought the tool's files and those that started them, where they are known. */
export const evidenceEvent = z.object({
  pieces: z
    .array(
      z.object({
        kind: z
          .enum(["arrival", "run"])
          .describe("arrival: the actor wrote or installed the file; run: the actor started it"),
        time,
        source: z.string().describe("Table/ActionType of the event"),
        file: z.object({ name: z.string(), path: z.string(), sha1: z.string() }).describe("The tool's file"),
        actor: actorEvent.describe("The process that acted"),
        client: actorEvent.optional().describe("Client of the Windows Installer, where its service wrote the file"),
        install: z.string().optional().describe("Command line of that request"),
        task: z.object({ name: z.string(), action: z.string() }).optional().describe("Scheduled task behind it"),
        logons: z
          .array(z.object({ remoteIp: z.string(), accountSid: z.string(), time }))
          .optional()
          .describe("Network logons within five minutes before, the latest first"),
      }),
    )
    .max(MAX_PIECES)
    .describe("Most important first: arrivals by unknown or untrusted actors, other arrivals, runs"),
  omitted: z.int().min(0).describe("Number of further pieces, which were evaluated and are not in this list"),
  missing: z
    .array(z.string())
    .describe("Reasons why evidence is incomplete; incomplete evidence is never covered by an approval"),
});

export type EvidenceEvent = z.infer<typeof evidenceEvent>;

/** Evidence as a message shows it. `cut`: a text was cut or a piece is left out; for `truncated`. */
export function toEvidenceEvent(evidence: Evidence): { readonly event: EvidenceEvent; readonly cut: boolean } {
  let cut = false;
  const bounded = (text: string, length: number): string => {
    const cleaned = clean(text, length);
    cut ||= cleaned.cut;
    return cleaned.text;
  };
  const first = <T>(list: readonly T[], most: number): readonly T[] => {
    cut ||= list.length > most;
    return list.slice(0, most);
  };
  const actorOf = (actor: Actor): EvidenceEvent["pieces"][number]["actor"] => ({
    name: bounded(actor.fileName, MAX_NAME),
    path: bounded(actor.path, MAX_PATH),
    sha1: bounded(actor.sha1, MAX_NAME),
    ...(actor.certificate && {
      signer: bounded(actor.certificate.signer, MAX_NAME),
      trusted: actor.certificate.trusted,
    }),
    commandLine: bounded(actor.commandLine, MAX_TEXT),
    parent: bounded(actor.parentFileName, MAX_NAME),
    accountSid: bounded(actor.accountSid, MAX_NAME),
    accountName: bounded(actor.accountName, MAX_NAME),
  });
  const pieceOf = (piece: EvidencePiece): EvidenceEvent["pieces"][number] => ({
    kind: piece.kind,
    time: piece.at.toISOString(),
    source: bounded(piece.source, MAX_NAME),
    file: {
      name: bounded(piece.fileName, MAX_NAME),
      path: bounded(piece.path, MAX_PATH),
      sha1: bounded(piece.sha1, MAX_NAME),
    },
    actor: actorOf(piece.actor),
    ...(piece.client && { client: actorOf(piece.client) }),
    ...(piece.install !== undefined && { install: bounded(piece.install, MAX_TEXT) }),
    ...(piece.task && {
      task: { name: bounded(piece.task.name, MAX_NAME), action: bounded(piece.task.action, MAX_TEXT) },
    }),
    ...(piece.logons && {
      logons: first(piece.logons, MAX_LOGONS).map(({ remoteIp, accountSid, at }) => ({
        remoteIp: bounded(remoteIp, MAX_NAME),
        accountSid: bounded(accountSid, MAX_NAME),
        time: at.toISOString(),
      })),
    }),
  });
  const missing = first(evidence.missing, MAX_MISSING).map((reason) => bounded(reason, MAX_TEXT));
  let pieces = mostRevealing(evidence, MAX_PIECES).map(pieceOf);
  while (pieces.length > 0 && bytesOf(pieces) > MAX_BYTES) pieces = pieces.slice(0, -1);
  const omitted = evidence.pieces.length - pieces.length;
  return { event: { pieces, omitted, missing }, cut: cut || omitted > 0 };
}

const bytesOf = (value: unknown): number => new TextEncoder().encode(JSON.stringify(value)).byteLength;
