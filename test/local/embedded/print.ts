import type { RunRecord } from "../../../shared/core/run-record.ts";
import type { AnyEvent } from "../../../shared/core/event.ts";
import { TYPES } from "../../../shared/core/event.ts";

/** What `npm start` says: for people, or one JSON object a line and nothing else on stdout. */
export interface Printer {
  say(text: string): void;
  run(n: number, record: RunRecord): void;
  /** Resolves when the line has been handed to the reader. @throws {Error} when nobody reads any more */
  message(event: AnyEvent): Promise<void>;
  /** After the messages of one run. */
  messagesDone(): void;
  summary(of: {
    readonly runs: number;
    readonly messages: number;
    readonly distinctIds: number;
    readonly exitCode: number;
  }): void;
}

/** Messages shown one by one after each run; the rest is counted. */
const SHOWN = 12;

/** A message that could not be written has not been told. */
const written = (text: string): Promise<void> =>
  new Promise((done, failed) => {
    process.stdout.write(`${text}\n`, (error) =>
      error ? failed(new Error("stdout is closed", { cause: error })) : done(),
    );
  });

/** Devices that a message tells; a wave's header tells none. */
function deviceIdsOf(event: AnyEvent): readonly string[] {
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
    summary: (of) => line({ event: "summary", ...of }),
  };
}

export function peoplePrinter(colours: boolean): Printer {
  const paint = (code: number, text: string): string => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
  const bold = (text: string): string => paint(1, text);
  const dim = (text: string): string => paint(2, text);
  let shown = 0;
  return {
    say: (text) => console.log(dim(text)),
    run(n, record) {
      const { outcome, rows, announced, sent, queries, durationMs, unitsLeft, outboxDepth } = record;
      const told = `${record.new} new, ${record.returned} returned`;
      const mark =
        outcome === "ok"
          ? paint(32, outcome)
          : paint(31, outcome + (record.reason === undefined ? "" : ` (${record.reason})`));
      console.log(
        `\n${bold(`Run ${n}`)}  ${mark}  ${rows} rows, ${told}, ${announced} announced, ${sent} sent  ${dim(`(${queries} queries, ${(durationMs / 1000).toFixed(1)} s)`)}`,
      );
      for (const { name, error } of record.workspaces) if (error !== undefined) console.log(`  ${name}: ${error}`);
      if (unitsLeft + outboxDepth > 0) console.log(`  left: ${unitsLeft} units, ${outboxDepth} messages`);
      shown = 0;
    },
    async message(event) {
      if (event.type === TYPES.wave) {
        const { wave, detection } = event.data;
        await written(`  ${bold(`wave of ${detection.tool}`)}  ${wave.count} so far  ${dim(wave.id.slice(0, 8))}`);
        return;
      }
      if (event.type === TYPES.members) {
        const { members, wave, detection } = event.data;
        const names = members
          .slice(0, 3)
          .map(({ device }) => (device.name === "" ? device.id.slice(0, 12) : device.name));
        const more = members.length > names.length ? ` and ${members.length - names.length} more` : "";
        await written(
          `  ${`${detection.tool} in wave`.padEnd(20)}${names.join(", ")}${more}  ${dim(wave.id.slice(0, 8))}`,
        );
        return;
      }
      const { id, data } = event;
      shown += 1;
      if (shown === 1)
        console.log(
          dim(
            `  ${"severity".padEnd(9)}${"tool".padEnd(8)}${"device".padEnd(34)}${"kind".padEnd(10)}${"first seen".padEnd(18)}${"cause".padEnd(14)}id`,
          ),
        );
      if (shown > SHOWN) return;
      const { detection, device, sighting, cause } = data;
      const name = device.name === "" ? device.id.slice(0, 12) : device.name;
      const columns = [
        detection.severity.padEnd(9),
        detection.tool.padEnd(8),
        fit(name, 32).padEnd(34),
        sighting.kind.padEnd(10),
        sighting.firstSeen.slice(0, 16).replace("T", " ").padEnd(18),
        cause.padEnd(14),
        id.slice(0, 8),
      ];
      await written(`  ${columns.join("")}`);
    },
    messagesDone() {
      if (shown === 0) console.log("  nothing to tell");
      if (shown > SHOWN) console.log(`  … and ${shown - SHOWN} more (all with --json)`);
    },
    summary: ({ runs, messages, distinctIds }) =>
      console.log(`\n${runs} runs, ${messages} messages received, ${distinctIds} distinct ids`),
  };
}

const fit = (text: string, width: number): string => (text.length > width ? `${text.slice(0, width - 1)}…` : text);
