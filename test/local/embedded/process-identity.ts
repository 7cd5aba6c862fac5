import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** A process, told apart from another one that was given its number later. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Boot and clock tick of its start. */
  readonly started: string;
}

/** `undefined` where no such process runs; one whose exit status alone is left does not run. Linux. */
export function identify(pid: number): ProcessIdentity | undefined {
  // proc(5): the name, field 2, may hold anything; state is field 3, start time field 22.
  const stat = readIfThere(`/proc/${pid}/stat`);
  const [state, ...fields] = stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? [];
  const tick = fields[18];
  if (tick === undefined || state === "Z" || state === "X") return undefined;
  return { pid, started: `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()}/${tick}` };
}

export const isRunning = ({ pid, started }: ProcessIdentity): boolean => identify(pid)?.started === started;

/** SIGKILL to this very process, if it runs; resolves when it is gone. */
export async function endProcess(identity: ProcessIdentity): Promise<void> {
  while (isRunning(identity)) {
    try {
      process.kill(identity.pid, "SIGKILL");
    } catch (error) {
      if (!hasCode(error, "ESRCH")) throw error;
    }
    await delay(10);
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    // ESRCH: it ended between opening and reading.
    if (hasCode(error, "ENOENT") || hasCode(error, "ESRCH")) return undefined;
    throw error;
  }
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;
