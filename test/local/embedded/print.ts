import type { RunRecord } from "../../../shared/core/run-record.ts";
import type { AnyEvent, SightingEvent, WaveMembersEvent } from "../../../shared/core/event.ts";
import { TYPES } from "../../../shared/core/event.ts";
import type { Sighting } from "../../../shared/core/sighting.ts";

type ExpectedSighting = Pick<Sighting, "detectionId" | "deviceId" | "deviceName">;

/** What `npm start` says: for people, or one JSON object a line and nothing else on stdout. */
export interface Printer {
  say(text: string): void;
  run(n: number, record: RunRecord): void;
  /** Resolves when the line has been handed to the reader. @throws {Error} when nobody reads any more */
  message(event: AnyEvent): Promise<void>;
  /** After the messages of one run. */
  messagesDone(): void;
  /** What the run found to be expected, by the id of its approval. */
  expected(n: number, byApproval: ReadonlyMap<string, readonly ExpectedSighting[]>): void;
  summary(of: {
    readonly runs: number;
    readonly messages: number;
    readonly distinctIds: number;
    readonly exitCode: number;
  }): void;
}

/** Messages of single sightings shown one by one after each run; the rest is counted. */
const SHOWN = 20;

/** A message that could not be written has not been told. */
const written = (text: string): Promise<void> =>
  new Promise((done, failed) => {
    process.stdout.write(`${text}\n`, (error) =>
      error ? failed(new Error("stdout is closed", { cause: error })) : done(),
    );
  });

/** Devices that a message tells; a wave's header tells none. */
export function deviceIdsOf(event: AnyEvent): readonly string[] {
  if (event.type === TYPES.wave) return [];
  return event.type === TYPES.members ? event.data.members.map(({ device }) => device.id) : [event.data.device.id];
}

export function jsonPrinter(): Printer {
  const line = (of: object): void => console.log(JSON.stringify(of));
  return {
    say: (text) => console.error(text),
    run: (n, record) => line({ event: "run", n, ...record }),
    message: (event) =>
      written(
        JSON.stringify({
          event: "message",
          id: event.id,
          type: event.type,
          detectionId: event.data.detection.id,
          deviceIds: deviceIdsOf(event),
        }),
      ),
    messagesDone: () => {},
    expected(n, byApproval) {
      for (const [approvalId, sightings] of byApproval)
        for (const [detectionId, of] of Map.groupBy(sightings, (one) => one.detectionId))
          line({ event: "expected", n, approvalId, detectionId, deviceIds: of.map(({ deviceId }) => deviceId) });
    },
    summary: (of) => line({ event: "summary", ...of }),
  };
}

export function peoplePrinter(colours: boolean): Printer {
  const paint = (code: number, text: string): string => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
  const bold = (text: string): string => paint(1, text);
  const dim = (text: string): string => paint(2, text);
  let shown = 0;
  let told = 0;
  let members: WaveMembersEvent[] = [];
  return {
    say: (text) => console.log(dim(text)),
    run(n, record) {
      const { outcome, rows, announced, expected, sent, queries, durationMs, unitsLeft, outboxDepth } = record;
      const what = [
        `${rows} rows`,
        `${record.new} new`,
        `${record.returned} returned`,
        `${announced} announced`,
        `${expected} expected`,
        `${sent} sent`,
      ];
      const mark =
        outcome === "ok"
          ? paint(32, outcome)
          : paint(31, outcome + (record.reason === undefined ? "" : ` (${record.reason})`));
      console.log(
        `\n${bold(`Run ${n}`)}  ${mark}  ${what.join(", ")}  ${dim(`(${queries} queries, ${(durationMs / 1000).toFixed(1)} s)`)}`,
      );
      for (const { name, error } of record.sources) if (error !== undefined) console.log(`  ${name}: ${error}`);
      if (unitsLeft + outboxDepth > 0) console.log(`  left: ${unitsLeft} units, ${outboxDepth} messages`);
      shown = 0;
      told = 0;
      members = [];
    },
    async message(event) {
      told += 1;
      if (event.type === TYPES.wave) {
        const { wave, detection, initiators } = event.data;
        const by = initiators.map(({ name, devices }) => `${name} on ${devices}`).join(", ");
        await written(
          `  ${bold(`wave  ${wave.count} × ${detection.tool}`)}${by === "" ? "" : ` by ${fit(by, 72)}`}  ${dim(wave.id.slice(0, 8))}`,
        );
        return;
      }
      if (event.type === TYPES.members) {
        // A message a slice and 98 devices: one line at the end tells them all.
        members.push(event);
        return;
      }
      shown += 1;
      if (shown === 1) console.log(dim(`  ${HEADINGS}`));
      if (shown <= SHOWN) await written(`  ${columnsOf(event)}`);
    },
    messagesDone() {
      if (told === 0) console.log("  nothing to tell");
      if (shown > SHOWN) console.log(`  … and ${shown - SHOWN} more (all with --json)`);
      for (const [id, of] of Map.groupBy(members, ({ data }) => data.wave.id)) {
        const devices = of.flatMap(({ data }) => data.members.map(({ device }) => device));
        const tool = of[0]?.data.detection.tool ?? "";
        console.log(
          `  ${bold(`in wave of ${tool}`)}  ${devices.length} devices in ${of.length} messages: ${firstOf(devices)}  ${dim(id.slice(0, 8))}`,
        );
      }
    },
    expected(_n, byApproval) {
      for (const [approvalId, sightings] of [...byApproval].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
        const names = firstOf(sightings.map(({ deviceId, deviceName }) => ({ id: deviceId, name: deviceName })));
        console.log(
          `  ${paint(32, "expected")}  ${String(sightings.length).padStart(3)}  by ${approvalId.padEnd(32)}${dim(names)}`,
        );
      }
    },
    summary: ({ runs, messages, distinctIds }) =>
      console.log(`\n${runs} runs, ${messages} messages received, ${distinctIds} distinct ids`),
  };
}

const COLUMNS: readonly (readonly [heading: string, width: number, (event: SightingEvent) => string])[] = [
  ["severity", 10, ({ data }) => data.detection.severity],
  ["tool", 13, ({ data }) => data.detection.tool],
  ["device", 28, ({ data }) => nameOf(data.device)],
  ["kind", 9, ({ data }) => data.sighting.kind],
  ["first seen", 18, ({ data }) => data.sighting.firstSeen.slice(0, 16).replace("T", " ")],
  ["cause", 14, ({ data }) => data.cause],
  ["by whom", 50, ({ data }) => byWhom(data)],
  ["id", 10, ({ id }) => id.slice(0, 8)],
];

const HEADINGS = COLUMNS.map(([heading, width]) => heading.padEnd(width))
  .join("")
  .trimEnd();

const columnsOf = (event: SightingEvent): string =>
  COLUMNS.map(([, width, of]) => fit(of(event), width - 2).padEnd(width))
    .join("")
    .trimEnd();

/** Of the most telling piece of evidence: who asked the installer, or did it; in which folder, where it is none of programs. */
function byWhom({ evidence, sighting }: SightingEvent["data"]): string {
  const fake = sighting.counterfeit === true ? "counterfeit, " : "";
  const [piece] = evidence?.pieces ?? [];
  if (piece === undefined) return `${fake}nothing shows who`;
  const { name, path, parent, signer } = piece.client ?? piece.actor;
  const said = `${fake}${signer === undefined ? "unsigned " : ""}${fit(name, 24)}`;
  if (path !== "" && !PROGRAMS.test(path)) return `${said} in ${path.slice(0, path.lastIndexOf("\\"))}`;
  return parent === "" ? said : `${said} < ${parent}`;
}

const PROGRAMS = /^[a-z]:\\(?:program files|program files \(x86\)|windows)\\/;

/** Enough to know which. */
function firstOf(devices: readonly { readonly id: string; readonly name: string }[]): string {
  const names = devices.slice(0, 2).map((device) => nameOf(device));
  return names.join(", ") + (devices.length > names.length ? ` and ${devices.length - names.length} more` : "");
}

const nameOf = ({ id, name }: { readonly id: string; readonly name: string }): string =>
  name === "" ? id.slice(0, 12) : name;

const fit = (text: string, width: number): string => (text.length > width ? `${text.slice(0, width - 1)}…` : text);
