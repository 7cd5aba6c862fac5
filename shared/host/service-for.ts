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
 * Composes the service for one invocation. Settings are read here, once, and not when a function is registered: a module that
 * throws while it loads leaves an app that has no functions and looks healthy.
 * @throws {ConfigError} that names every invalid setting
 */
export function serviceFor(context: InvocationContext): Composition {
  config ??= parseConfig(process.env);
  return compose(config, contextLogger(context, config.logLevel), { stopping: stopping.signal });
}

// The host gives running invocations some seconds: a run takes no further unit and completes the one that it has begun.
app.hook.appTerminate(() => stopping.abort());
