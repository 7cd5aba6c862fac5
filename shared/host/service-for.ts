import { app } from "@azure/functions";
import type { InvocationContext } from "@azure/functions";
import type { Composition } from "./compose.ts";
import { compose } from "./compose.ts";
import type { Config } from "../settings/config.ts";
import { parseConfig } from "../settings/config.ts";
import { contextLogger } from "../logger.ts";

let config: Config | undefined;
const stopping = new AbortController();

/**
 * The service of one invocation. Settings are read here, once, and not when a function is registered: an entry that throws at
 * load leaves an app without functions that looks healthy.
 * @throws {ConfigError} naming every setting that can't be used
 */
export function serviceFor(context: InvocationContext): Composition {
  config ??= parseConfig(process.env);
  return compose(config, contextLogger(context, config.logLevel), { stopping: stopping.signal });
}

// The host gives what runs some seconds: no further unit is taken, what was begun is brought to its end.
app.hook.appTerminate(() => stopping.abort());
