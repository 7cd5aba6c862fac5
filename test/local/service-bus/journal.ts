import { closeSync, fsyncSync, openSync } from "node:fs";
import { mkdir, open, readFile, rename, type FileHandle } from "node:fs/promises";
import { join } from "node:path";

/** One line of the journal; bytes are base64, times are epoch milliseconds, `s` is a sequence number. */
export type JournalRecord =
  /** One accepted transfer: all of its messages or none. */
  | {
      readonly k: "put";
      readonly q: string;
      readonly at: number;
      readonly m: readonly { readonly s: number; readonly id?: string | undefined; readonly b: string }[];
    }
  /** Completed, or taken by a receive-and-delete client. */
  | { readonly k: "delete"; readonly q: string; readonly s: number }
  | {
      readonly k: "dead";
      readonly q: string;
      readonly s: number;
      readonly reason?: string | undefined;
      readonly description?: string | undefined;
    }
  | { readonly k: "defer"; readonly q: string; readonly s: number }
  /** Deliveries that failed so far. */
  | { readonly k: "failures"; readonly q: string; readonly s: number; readonly n: number }
  /** A message id of the de-duplication history whose message is gone. */
  | { readonly k: "seen"; readonly q: string; readonly id: string; readonly at: number }
  /** The next sequence number is at least this. */
  | { readonly k: "next"; readonly q: string; readonly s: number };

export interface Journal {
  /** Resolves when the records, and all those before them, are on disk. Those that arrive meanwhile share the next sync. */
  append(records: readonly JournalRecord[]): Promise<void>;
  /** Writes what is pending and closes the file. What is appended after that is never on disk: its promise stays open. */
  close(): Promise<void>;
}

/** A journal that keeps nothing. */
export const noJournal: Journal = { append: () => Promise.resolve(), close: () => Promise.resolve() };

const FILE = "journal.ndjson";

/**
 * The records in a directory. A last line without its end was being written when the process died: it was never answered and
 * counts for nothing.
 * @throws {Error} when another line can't be read: the journal was damaged by somebody else
 */
export async function readJournal(directory: string): Promise<JournalRecord[]> {
  const text = await readIfThere(join(directory, FILE));
  const lines = text.split("\n");
  lines.pop();
  return lines.map((line, index) => {
    try {
      // Written by `append` alone.
      const record: JournalRecord = JSON.parse(line);
      return record;
    } catch (cause) {
      throw new Error(`${join(directory, FILE)}, line ${index + 1} of ${lines.length} can't be read`, { cause });
    }
  });
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}

/** Replaces the journal by `records` (whole or not at all) and opens it for more. */
export async function openJournal(directory: string, records: Iterable<JournalRecord>): Promise<Journal> {
  await mkdir(directory, { recursive: true });
  const next = join(directory, `${FILE}.next`);
  const file = await open(next, "w");
  await file.writeFile(linesOf(records));
  await file.sync();
  await rename(next, join(directory, FILE));
  syncDirectory(directory);
  return groupCommit(file);
}

function linesOf(records: Iterable<JournalRecord>): string {
  let lines = "";
  for (const record of records) lines += `${JSON.stringify(record)}\n`;
  return lines;
}

/** Without it a crash of the machine may bring the old name back. */
function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function groupCommit(file: FileHandle): Journal {
  let pending = "";
  let closed = false;
  let next: Promise<void> | undefined;
  let last: Promise<void> = Promise.resolve();

  const commit = async (before: Promise<void>): Promise<void> => {
    // A failed write leaves the file in an unknown state: whatever follows fails too.
    await before;
    next = undefined;
    const text = pending;
    pending = "";
    if (text === "") return;
    await file.appendFile(text);
    await file.datasync();
  };
  return {
    append(records) {
      if (closed) return new Promise(() => undefined);
      pending += linesOf(records);
      if (next === undefined) {
        next = commit(last);
        last = next;
      }
      return next;
    },
    async close() {
      closed = true;
      try {
        await last;
      } finally {
        await file.close();
      }
    },
  };
}
