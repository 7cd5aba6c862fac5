import type { Actor, Evidence, EvidencePiece } from "./evidence.ts";
import { isInstaller } from "./evidence-actor.ts";
import { actorFacts, foldPieces } from "./evidence-fold.ts";
import { lowerCase } from "./evidence-path.ts";
import type { Act, Logon, RecordOf, Task } from "./evidence-records.ts";
import { parseActs, parseLogons, parseTasks } from "./evidence-records.ts";
import type { RowProblem } from "./row.ts";
import { sightingKey } from "./sighting.ts";
import type { EvidenceAnswer } from "./source.ts";

/** Milliseconds around an arrival in which the client of its installation is searched. */
const CLIENT_REACH = 30 * 60_000;

/** Pieces, and logons of one piece, that are kept. Where there are more, the evidence is reported as incomplete in `missing`. */
const MAX_PIECES = 400;
const MAX_LOGONS = 64;

/** Characters of arguments that link a process to a task. Shorter arguments occur in many command lines. */
const MIN_ARGUMENTS = 8;

export interface EvidenceFound {
  /** The evidence of each candidate, by `sightingKey`. */
  readonly byKey: ReadonlyMap<string, Evidence>;
  /** Records that can't be used in full. The evidence of their candidates has the reason in `missing`. */
  readonly rejected: readonly RowProblem[];
}

/** The parsed records about one candidate. */
interface CandidateRecords {
  readonly acts: readonly Act[];
  readonly tasks: readonly Task[];
  readonly logons: readonly Logon[];
}

/**
 * The evidence of each candidate, from a source's answer about their devices. Records of no candidate are ignored. An unreadable
 * record makes the evidence of its candidate partial, or that of all candidates where it names no device.
 */
export function evidenceOf(
  candidates: readonly { readonly detectionId: string; readonly deviceId: string }[],
  answer: EvidenceAnswer,
): EvidenceFound {
  const rejected: RowProblem[] = [];
  const missing = new Map<string, Set<string>>();
  const miss = (owner: string, reason: string): void => {
    missing.set(owner, (missing.get(owner) ?? new Set()).add(reason));
  };
  for (const { devices, reason } of answer.missing) for (const device of devices) miss(device.toLowerCase(), reason);

  const collect = <Item>(events: string, records: readonly RecordOf<Item>[]): Map<string, Item[]> => {
    const found = new Map<string, Item[]>();
    for (const { detectionId, deviceId, items, problems } of records) {
      const owner = detectionId === "" ? deviceId : sightingKey({ detectionId, deviceId });
      for (const reason of problems) {
        rejected.push({ key: owner, reason: `${events}: ${reason}` });
        miss(deviceId === "" ? "" : owner, `${events}: ${reason}`);
      }
      const list = found.get(owner);
      if (list === undefined) found.set(owner, [...items]);
      else for (const item of items) list.push(item);
    }
    return found;
  };
  const acts = collect("file and process events", answer.pieces.map(parseActs));
  const tasks = collect("scheduled tasks", answer.tasks.map(parseTasks));
  const logons = collect("network logons", answer.logons.map(parseLogons));

  const byKey = new Map<string, Evidence>();
  for (const candidate of candidates) {
    const key = sightingKey(candidate);
    const reasons = [key, candidate.deviceId, ""].flatMap((owner) => [...(missing.get(owner) ?? [])]);
    const { pieces, missing: left } = piecesOf({
      acts: acts.get(key) ?? [],
      tasks: tasks.get(candidate.deviceId) ?? [],
      logons: logons.get(candidate.deviceId) ?? [],
    });
    byKey.set(key, { pieces, missing: [...new Set([...reasons, ...left])] });
  }
  return { byKey, rejected };
}

function piecesOf(records: CandidateRecords): Evidence {
  const missing: string[] = [];
  const clients = records.acts.filter(({ kind }) => kind === "client");
  const pieces: EvidencePiece[] = [];
  for (const act of records.acts) {
    if (act.kind === "client") continue;
    const logons = logonsOf(act, records.logons);
    if (logons.length > MAX_LOGONS)
      missing.push(`network logons: ${logons.length} before one arrival, ${MAX_LOGONS} at most`);
    for (const client of clientsOf(act, clients))
      for (const task of tasksOf(act, records.tasks))
        for (const end of act.first.at.getTime() === act.last.at.getTime() ? [act.first] : [act.first, act.last])
          pieces.push({
            kind: act.kind === "arrival" ? "arrival" : "run",
            at: end.at,
            source: act.source,
            fileName: end.fileName,
            path: end.path,
            sha1: end.sha1,
            actor: { ...act.actor, commandLine: end.commandLine },
            ...(client && { client: toActor(client), install: client.first.install }),
            ...(act.ownTool && { ownTool: true }),
            ...(task && { task }),
            ...(logons.length > 0 && { logons: logons.slice(0, MAX_LOGONS) }),
          });
    if (pieces.length > MAX_PIECES * 10) break;
  }
  const folded = foldPieces(pieces);
  if (folded.length > MAX_PIECES || pieces.length > MAX_PIECES * 10)
    missing.push(`file and process events: more than ${MAX_PIECES} pieces`);
  return { pieces: folded.slice(0, MAX_PIECES), missing };
}

const toActor = (act: Act): Actor => ({ ...act.actor, commandLine: act.first.commandLine });

/**
 * The clients that may have requested what the Windows Installer wrote: each different client within 30 minutes, by its nearest
 * process. `undefined` where there is none, and where another actor wrote the file.
 */
function clientsOf(act: Act, clients: readonly Act[]): readonly (Act | undefined)[] {
  if (act.kind !== "arrival" || !isInstaller(act.actor)) return [undefined];
  const nearest = new Map<string, { readonly client: Act; readonly distance: number }>();
  for (const client of clients) {
    const distance = distanceTo(act, client.first.at);
    if (distance > CLIENT_REACH) continue;
    const facts = actorFacts(client.actor);
    const known = nearest.get(facts);
    if (known === undefined || distance < known.distance) nearest.set(facts, { client, distance });
  }
  return nearest.size === 0 ? [undefined] : [...nearest.values()].map(({ client }) => client);
}

function distanceTo({ first, last }: Act, at: Date): number {
  return Math.max(first.at.getTime() - at.getTime(), at.getTime() - last.at.getTime(), 0);
}

/** All tasks that name the file, or that have the command and arguments of the actor. `undefined`: there is none. */
function tasksOf(act: Act, tasks: readonly Task[]): readonly EvidencePiece["task"][] {
  const found = new Map<string, NonNullable<EvidencePiece["task"]>>();
  for (const { at, name, actions } of tasks) {
    if (at.getTime() > act.last.at.getTime()) continue;
    for (const { command, arguments: given } of actions) {
      const action = `${command} ${given}`.trim();
      if (namesFile(action, act) || runs(act, command, given)) found.set(`${name}\n${action}`, { name, action });
    }
  }
  return found.size === 0 ? [undefined] : [...found.values()];
}

function namesFile(action: string, { first, last }: Act): boolean {
  const text = lowerCase(action).replaceAll("/", "\\");
  return [first, last].some(({ fileName, path }) => {
    const name = lowerCase(fileName);
    return (path !== "" && text.includes(path)) || (name !== "" && text.split(/[\s"'\\]+/).includes(name));
  });
}

function runs({ actor, first, last }: Act, command: string, given: string): boolean {
  const wanted = lowerCase(given).trim();
  const name = lowerCase(command).replaceAll('"', "").split(/[\\/]/).at(-1);
  if (wanted.length < MIN_ARGUMENTS || name !== lowerCase(actor.fileName)) return false;
  return [first, last].some(({ commandLine }) => lowerCase(commandLine).includes(wanted));
}

function logonsOf(act: Act, logons: readonly Logon[]): readonly Logon["logon"][] {
  if (act.kind !== "arrival") return [];
  return logons
    .filter(({ instance }) => instance === act.instance)
    .map(({ logon }) => logon)
    .toSorted((a, b) => b.at.getTime() - a.at.getTime());
}
