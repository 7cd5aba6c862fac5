import type { BigIntStats } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";

import { ConfigError } from "../errors.ts";
import { nearest } from "../kql/nearest.ts";
import type { Dialect } from "../kql/schema.ts";
import { SCHEMAS } from "../kql/schema.ts";
import type { TableData } from "../kql/table-data.ts";
import { DataFileError } from "./data-file-error.ts";
import { readTableFile } from "./table-file.ts";

const EXTENSION = ".ndjson";

export interface DataDirectory {
  /**
   * Rows by table, from the files as they are now. An unchanged file is not read again.
   * @throws {DataFileError} when a file does not belong to a table, or a row does not fit its table
   * @throws {ConfigError} when the folder does not exist
   */
  tables(): Promise<Readonly<Record<string, TableData>>>;
}

/** A folder with one `TABLE.ndjson` for each table; other files are ignored. */
export function dataDirectory(directory: string, dialect: Dialect): DataDirectory {
  let known = new Map<string, { readonly seen: string; readonly data: TableData }>();
  let reading: Promise<unknown> = Promise.resolve();

  async function read(): Promise<Readonly<Record<string, TableData>>> {
    const found: typeof known = new Map();
    for (const file of await tableFiles(directory)) {
      const table = tableOfFile(directory, file, dialect);
      const path = join(directory, file);
      const seen = fingerprint(await stat(path, { bigint: true }));
      const before = known.get(table);
      found.set(table, before?.seen === seen ? before : { seen, data: await readTableFile(path, table, dialect) });
    }
    known = found;
    return Object.fromEntries([...found].map(([table, { data }]) => [table, data]));
  }

  return {
    tables: () => {
      // Sequential: concurrent queries read a changed file only once.
      const next = reading.then(read, read);
      reading = next;
      return next;
    },
  };
}

const fingerprint = ({ mtimeNs, size, ino }: BigIntStats): string => `${mtimeNs} ${size} ${ino}`;

async function tableFiles(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).filter((name) => name.endsWith(EXTENSION)).toSorted();
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new ConfigError([`--data ${directory}: ${reason}; name a folder that holds TABLE${EXTENSION} files`]);
  }
}

function tableOfFile(directory: string, file: string, dialect: Dialect): string {
  const table = basename(file, EXTENSION);
  const tables = Object.keys(SCHEMAS[dialect]);
  if (tables.includes(table)) return table;
  const near = nearest(table, tables);
  throw new DataFileError(
    `${join(directory, file)}: there is no table ${table} in ${dialect}; ${near === undefined ? `rename the file to one of ${tables.join(", ")}` : `did you mean ${near}${EXTENSION}?`}`,
  );
}
