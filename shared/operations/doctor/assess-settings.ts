import { counted } from "../counted.ts";
import { nextTime } from "../../settings/ncrontab.ts";
import type { Config } from "../../settings/config.ts";
import type { Finding } from "./finding.ts";

const DAY = 86_400_000;

/** How many of a schedule's next times are examined. */
const EXAMINED_TIMES = 64;

/**
 * Findings about the settings, which are valid, and about their schedules. Longest waits: LOOKBACK_DAYS between runs, the
 * 7 days of duplicate detection between relay passes. Pure.
 */
export function assessSettings(config: Config, now: Date): readonly Finding[] {
  const { detect, relay, retain } = config.schedules;
  return [
    {
      about: "settings",
      status: "ok",
      found: `usable: ${counted(config.workspaces.length, "workspace")}, lookback ${days(config.readWindows.lookback)}, horizon ${days(config.readWindows.horizon)}, ${
        config.identity.kind === "managed" ? "managed identity" : "the Azure CLI's login"
      }`,
    },
    assessSchedule("DETECT_SCHEDULE", detect, config.readWindows.lookback, now),
    assessSchedule("RELAY_SCHEDULE", relay, 7 * DAY, now),
    assessSchedule("RETAIN_SCHEDULE", retain, 31 * DAY, now),
  ];
}

function assessSchedule(name: string, schedule: string, longest: number, now: Date): Finding {
  const about = `schedule ${name}`;
  const first = nextTime(schedule, now);
  if (first === undefined)
    return {
      about,
      status: "wrong",
      found: `${schedule} never comes`,
      todo: "name a time that comes, six fields, UTC",
    };
  let wait = first.getTime() - now.getTime();
  let before = first;
  for (let i = 0; i < EXAMINED_TIMES; i++) {
    const next = nextTime(schedule, before);
    if (next === undefined) break;
    wait = Math.max(wait, next.getTime() - before.getTime());
    before = next;
  }
  if (wait > longest)
    return {
      about,
      status: "wrong",
      found: `${schedule} lets up to ${days(wait)} pass between two times`,
      todo: `let at most ${days(longest)} pass`,
    };
  return { about, status: "ok", found: `${schedule}, next ${first.toISOString().slice(0, 19)}Z` };
}

const days = (ms: number): string => counted(Math.ceil(ms / DAY), "day");
