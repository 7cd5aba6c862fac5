import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { Config, Env } from "../settings/config.ts";
import { parseConfig } from "../settings/config.ts";
import { ConfigError } from "../errors.ts";

const schema = z.object({ Values: z.record(z.string(), z.string()) });

/**
 * The configuration from a `local.settings.json` and the environment, which wins.
 * @throws {ConfigError} naming every missing or wrong setting, and the file where it does not exist
 */
export async function readConfig(file: string, env: Env): Promise<Config> {
  const settings = await readSettings(file, env);
  try {
    return parseConfig(settings);
  } catch (error) {
    if (!(error instanceof ConfigError) || existsSync(file)) throw error;
    throw new ConfigError([
      ...error.problems,
      `${file} is not there: copy local.settings.sample.json to it and put the settings in, or set them in the environment`,
    ]);
  }
}

/** The file's `Values`, overridden by the environment. A missing file counts as empty. */
async function readSettings(file: string, env: Env): Promise<Env> {
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
