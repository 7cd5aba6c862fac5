import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/**
 * Ends what a dead owner left running, and resolves when it is gone. `pidFile` holds its process id; a process whose command
 * line does not contain `mark` is somebody else's, who was given the number later, and is left alone.
 */
export async function endLeftOver(pidFile: string, mark: string): Promise<void> {
  const pid = readPid(pidFile);
  if (pid === undefined || !commandLine(pid).includes(mark)) return;
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!isNoSuchProcess(error)) throw error;
  }
  while (commandLine(pid).includes(mark)) await delay(10);
}

function readPid(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, "utf8").trim());
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Empty where there is no such process, or only its exit status is left (`ps` exits 1, or shows no arguments). */
function commandLine(pid: number): string {
  try {
    return execFileSync("ps", ["-ww", "-o", "args=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch (error) {
    if (error instanceof Error && "status" in error && error.status === 1) return "";
    throw error;
  }
}

function isNoSuchProcess(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ESRCH";
}
