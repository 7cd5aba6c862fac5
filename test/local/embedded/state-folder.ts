import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join, resolve } from "node:path";
import { z } from "zod";
import { endProcess, identify, isRunning, type ProcessIdentity } from "./process-identity.ts";
import { writeWhole } from "./write-whole.ts";

/** Another start is using the folder. */
class FolderInUseError extends Error {
  override readonly name = "FolderInUseError";
}

/** The folder can't be one. */
class FolderError extends Error {
  override readonly name = "FolderError";
}

/** What is kept between starts. One live start a folder. */
export interface StateFolder {
  readonly path: string;
  readonly tables: string;
  readonly queue: string;
  readonly fleet: string;
  /** Present while devices are still to appear, or a start that made them appear has not come to its end. */
  readonly progress: string;
  /** Notes a process of this start, so that the next one can end it should this one be killed. */
  own(pid: number): void;
  /** Lets another start have it. */
  release(): Promise<void>;
}

const Identity = z.object({ pid: z.int().min(1), started: z.string() });
const Owner = z.object({ owner: Identity, children: z.array(Identity) });

/**
 * Takes the folder, makes it where there is none, and ends what a killed start left running there.
 * @throws {FolderInUseError} while another start has it
 * @throws {FolderError} where it can't be made or is no folder
 */
export async function openStateFolder(folder: string): Promise<StateFolder> {
  const path = resolve(folder);
  makeFolder(path);
  const noted = join(path, "owner.json");
  const lock = await lockOf(path);
  if (lock === undefined) throw inUse(path, readOwner(noted)?.owner);
  const before = readOwner(noted);
  // The lock is of this machine's network namespace; a start in another one is seen by its process.
  if (before !== undefined && isRunning(before.owner)) {
    lock.close();
    throw inUse(path, before.owner);
  }
  for (const child of before?.children ?? []) await endProcess(child);
  for (const name of readdirSync(path)) if (/\.\d+\.tmp$/.test(name)) rmSync(join(path, name));

  const owner = identify(process.pid);
  const children: ProcessIdentity[] = [];
  const note = (): void => writeWhole(noted, `${JSON.stringify({ owner, children })}\n`);
  note();
  return {
    path,
    tables: join(path, "tables"),
    queue: join(path, "queue"),
    fleet: join(path, "fleet.ndjson"),
    progress: join(path, "progress.json"),
    own(pid) {
      const child = identify(pid);
      if (child === undefined) return; // gone already: nothing to end
      children.push(child);
      note();
    },
    async release() {
      rmSync(noted, { force: true });
      await new Promise((closed) => lock.close(closed));
    },
  };
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (cause) {
    throw new FolderError(`${path} can't be made a folder: choose another --state`, { cause });
  }
}

/**
 * A name in the kernel that one process holds and that ends with it, however it ends; `undefined` while another one holds it.
 * A file could outlive its owner, and two starts that both find it stale can't agree who takes it.
 */
function lockOf(path: string): Promise<Server | undefined> {
  const { dev, ino } = statSync(path);
  return new Promise((locked, failed) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error) => {
      if ("code" in error && error.code === "EADDRINUSE") locked(undefined);
      else failed(error);
    });
    server.listen(`\0firstsight-state-${dev}-${ino}`, () => locked(server.unref()));
  });
}

function readOwner(file: string): z.infer<typeof Owner> | undefined {
  try {
    return Owner.safeParse(JSON.parse(readFileSync(file, "utf8"))).data;
  } catch {
    return undefined; // none yet, or none of ours
  }
}

const inUse = (path: string, owner: ProcessIdentity | undefined): FolderInUseError =>
  new FolderInUseError(
    `${path} is in use by another npm start${owner === undefined ? "" : ` (process ${owner.pid})`}: end that one, or choose another --state`,
  );
