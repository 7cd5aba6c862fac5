import { setTimeout as wait } from "node:timers/promises";
import { buildPackage } from "../../../scripts/build.ts";
import type { RunRecord } from "../../../shared/core/run-record.ts";
import { SETTINGS } from "../../../shared/settings/settings.ts";
import { applyOnce, expectedSince } from "./approvals.ts";
import { startAzure } from "./azure.ts";
import { openConsumer } from "./consume.ts";
import { startFunctions } from "./host.ts";
import { keepFleet } from "./kept-fleet.ts";
import type { Printer } from "./print.ts";
import { nextTime } from "../../../shared/settings/ncrontab.ts";
import { openStateFolder } from "./state-folder.ts";

export interface EmbeddedOptions {
  readonly devices?: number;
  readonly seed?: number;
  readonly state?: string;
  readonly once?: true;
  readonly watch?: true;
}

/** Nothing here goes further than loopback, whatever the environment says of Azure or of a proxy; and each run is logged. */
const APART = {
  AZURE_CLIENT_ID: "",
  IDENTITY_ENDPOINT: "",
  WEBSITE_INSTANCE_ID: "",
  NO_PROXY: "127.0.0.1,localhost",
  LOG_LEVEL: "info",
};

/** A timer of Node ends at once when it is to wait for more than 24 days. */
const LONGEST_WAIT = 86_400_000;

/** Passes after a run until the outbox is empty; a run alone sends its limit. */
const MAX_PASSES = 1000;

/** The main job on this machine. Returns the exit code: 0 when every run was ok and every message was received. */
export async function runEmbedded(options: EmbeddedOptions, printer: Printer): Promise<number> {
  Object.assign(process.env, APART);
  const ending = endOnSignal();
  const folder = options.state === undefined ? undefined : await openStateFolder(options.state);
  const closers: (() => Promise<void>)[] = folder ? [() => folder.release()] : [];
  try {
    printer.say(`Building the functions as they are deployed: ${((await buildPackage()) / 1e6).toFixed(1)} MB`);
    const kept = keepFleet(folder, options, new Date());
    const azure = await startAzure(() => kept.fleet, folder);
    closers.push(() => azure.close());
    const functions = await startFunctions(azure.settings, (line) => console.error(line));
    closers.push(() => functions.stop());
    folder?.own(functions.pid);
    const consumer = openConsumer(
      azure.settings["SERVICE_BUS_NAMESPACE"] ?? "",
      () => azure.broker.messages("sightings").length,
    );
    closers.push(() => consumer.close());
    printer.say(
      `Embedded Azure: tables, queue, Log Analytics over ${kept.fleet.devices.length} devices${folder ? `, kept in ${folder.path}` : ""}`,
    );

    const applied = await applyOnce(azure.table("Approvals"), kept.fleet, new Date());
    if (applied > 0) printer.say(`${applied} approvals are put in, one of each template`);

    const seen = { runs: 0, messages: 0, ids: new Set<string>(), ok: true };
    const receive = async (): Promise<void> => {
      seen.messages += await consumer.drain(async (event) => {
        await printer.message(event);
        seen.ids.add(event.id);
      });
    };
    const run = async (): Promise<void> => {
      const began = new Date();
      const record: RunRecord = await functions.detect();
      seen.runs += 1;
      seen.ok &&= record.outcome === "ok";
      printer.run(seen.runs, record);
      let depth = record.outboxDepth;
      for (let pass = 0; depth > 0 && pass < MAX_PASSES; pass++) depth = await functions.relay();
      await receive();
      printer.messagesDone();
      printer.expected(seen.runs, await expectedSince(azure.table("Sightings"), began));
    };
    const relay = async (): Promise<void> => {
      await functions.relay();
      await receive();
    };

    // Before anything new: what a start that was killed had sent and not printed comes with the first run's messages.
    if (options.watch) await watch({ run, relay, retain: functions.retain }, ending);
    else if (options.once) await run();
    else {
      kept.begin();
      await run();
      if (!ending.aborted) {
        const appeared = kept.appear(new Date());
        if (appeared)
          printer.say(
            `\n${appeared.devices} devices appear, ${appeared.level} of them with Level, ${appeared.approved} with TeamViewer from Intune`,
          );
        await run();
        await run();
      }
      kept.finish();
    }
    const exitCode = seen.ok && azure.broker.messages("sightings").length === 0 ? 0 : 1;
    printer.summary({ runs: seen.runs, messages: seen.messages, distinctIds: seen.ids.size, exitCode });
    return exitCode;
  } finally {
    // Each is ended even where another could not be; the first that failed is said.
    const ended: Promise<void>[] = [];
    for (const close of closers.toReversed()) {
      const end = close();
      ended.push(end);
      await Promise.allSettled([end]);
    }
    await Promise.all(ended);
  }
}

/** Ctrl-C and SIGTERM end what is started in order; a second one ends at once. */
function endOnSignal(): AbortSignal {
  const ending = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (ending.signal.aborted) process.exit(1);
      ending.abort();
    });
  }
  return ending.signal;
}

/** Invokes each function when its schedule says so, one after the other, until the signal. */
async function watch(
  functions: {
    readonly run: () => Promise<void>;
    readonly relay: () => Promise<void>;
    readonly retain: () => Promise<void>;
  },
  ending: AbortSignal,
): Promise<void> {
  const timers = [
    { schedule: scheduleOf("DETECT_SCHEDULE"), invoke: functions.run },
    { schedule: scheduleOf("RELAY_SCHEDULE"), invoke: functions.relay },
    { schedule: scheduleOf("RETAIN_SCHEDULE"), invoke: functions.retain },
  ];
  await functions.run();
  while (!ending.aborted) {
    const now = new Date();
    const due = timers.flatMap(({ schedule, invoke }) => {
      const at = nextTime(schedule, now);
      return at ? [{ at, invoke }] : [];
    });
    const next = due.toSorted((a, b) => a.at.getTime() - b.at.getTime())[0];
    if (!next) return;
    const pause = Math.min(next.at.getTime() - now.getTime(), LONGEST_WAIT);
    await wait(pause, undefined, { signal: ending }).catch(() => undefined);
    if (next.at > new Date()) continue;
    for (const { at, invoke } of due) if (!ending.aborted && at.getTime() === next.at.getTime()) await invoke();
  }
}

function scheduleOf(name: "DETECT_SCHEDULE" | "RELAY_SCHEDULE" | "RETAIN_SCHEDULE"): string {
  const setting = SETTINGS.find((one) => one.name === name);
  return process.env[name] ?? (setting && "default" in setting ? setting.default : "");
}
