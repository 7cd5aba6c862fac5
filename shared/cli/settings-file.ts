import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { Env } from "../config.ts";
import { ConfigError } from "../errors.ts";

const schema = z.object({ Values: z.record(z.string(), z.string()) });

/**
 * Settings of a `local.settings.json` (its `Values`), under those of the environment. A file that is not there counts as empty.
 * @throws {ConfigError} when the file is no such file
 */
export async function readSettings(file: string, env: Env): Promise<Env> {
  let text;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return env;
    throw new ConfigError([`${file} can't be read`]);
  }
  const parsed = schema.safeParse(parseJson(text, file));
  if (!parsed.success)
    throw new ConfigError([
      `${file} has to be {"Values": {"SETTING": "text", …}}; local.settings.sample.json shows one`,
    ]);
  return { ...parsed.data.Values, ...env };
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ConfigError([`${file} is not JSON`]);
  }
}
