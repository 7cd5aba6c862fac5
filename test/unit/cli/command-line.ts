import { Command } from "commander";
import { vi } from "vitest";

export interface Said {
  readonly out: readonly string[];
  readonly errors: readonly string[];
  /** As main.ts makes it: 0, 1 findings, 2 usage. */
  readonly code: number;
}

/** Runs a command in this process, as main.ts would. */
export async function commandLine(add: (program: Command) => void, args: readonly string[]): Promise<Said> {
  const out: string[] = [];
  const errors: string[] = [];
  const program = new Command("firstsight").exitOverride().configureOutput({
    writeOut: (text) => void out.push(text.trimEnd()),
    writeErr: (text) => void errors.push(text.trimEnd()),
  });
  add(program);
  const log = vi.spyOn(console, "log").mockImplementation((text: string) => void out.push(...text.split("\n")));
  const error = vi.spyOn(console, "error").mockImplementation((text: string) => void errors.push(...text.split("\n")));
  const before = process.exitCode;
  process.exitCode = 0;
  try {
    await program.parseAsync(["node", "firstsight", ...args]);
    return { out, errors, code: process.exitCode };
  } catch (thrown) {
    if (!(thrown instanceof Error && "exitCode" in thrown)) throw thrown;
    return { out, errors, code: thrown.exitCode === 0 ? 0 : 2 };
  } finally {
    process.exitCode = before;
    log.mockRestore();
    error.mockRestore();
  }
}
