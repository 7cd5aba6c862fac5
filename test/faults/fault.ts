import { expect } from "vitest";
import type { RunRecord } from "../../shared/core/run-record.ts";
import type { Passing, Verdict } from "../local/fault-proxy.ts";
import type { Stage } from "./stage.ts";

/** The two devices that appear before a fault does. */
export const A = `a${"1".repeat(39)}`;
export const B = `b${"2".repeat(39)}`;

/** How a fault is made. `twoWorkspaces`: another stands beside north; `run`: other than one ordinary run. */
export interface Fault {
  readonly twoWorkspaces?: true;
  /** What is so before the fault, and is none. */
  readonly before?: (stage: Stage) => void | Promise<void>;
  readonly make: (stage: Stage) => void | Promise<void>;
  readonly run?: (stage: Stage) => Promise<RunRecord | "nothing runs">;
  readonly clear?: (stage: Stage) => void | Promise<void>;
  /** Devices that have been told in the end. Default: both. */
  readonly tells?: readonly string[];
  /** What else holds in the end. */
  readonly after?: (stage: Stage) => void;
}

export const isSightings = (query: string): boolean => query.includes("FirstSeen");
export const onQuery = (stage: Stage, answer: Stage["logAnalytics"]["onQuery"]): void =>
  void (stage.logAnalytics.onQuery = answer);

/** Only what is written to one table, or read from it. */
export const gated = (matches: (passing: Passing) => boolean, verdict: Verdict) => (stage: Stage) => {
  stage.proxy.before = (passing) => (matches(passing) ? verdict : "pass");
};

export const once = <T>(first: T, rest: T): (() => T) => {
  let asked = 0;
  return () => (asked++ === 0 ? first : rest);
};

/** Messages name the cause, and what could not be looked at; `missing` is part of it, absent: everything was. */
export const expectTold =
  (cause: string, missing?: string) =>
  (stage: Stage): void => {
    for (const message of stage.onQueue()) {
      expect(message.cause).toBe(cause);
      if (missing === undefined) expect(message.missing).toEqual([]);
      else expect(message.missing.join("; ")).toContain(missing);
    }
  };
