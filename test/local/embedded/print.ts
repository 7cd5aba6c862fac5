import type { RunRecord } from "../../../shared/core/run-record.ts";
import type { SightingEvent } from "../../../shared/core/event.ts";

/** What `npm start` says: for people, or one JSON object a line and nothing else on stdout. */
export interface Printer {
  say(text: string): void;
  run(n: number, record: RunRecord): void;
  /** Resolves when the line has been handed to the reader. @throws {Error} when nobody reads any more */
  message(event: SightingEvent): Promise<void>;
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

export function jsonPrinter(): Printer {
  const line = (of: object): void => console.log(JSON.stringify(of));
  return {
    say: (text) => console.error(text),
    run: (n, record) => line({ event: "run", n, ...record }),
    message: ({ id, type, data }) =>
      written(
        JSON.stringify({ event: "message", id, type, detectionId: data.detection.id, deviceIds: [data.device.id] }),
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
    async message({ id, data }) {
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
