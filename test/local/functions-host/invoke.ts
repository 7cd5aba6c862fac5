import { randomBytes, randomUUID } from "node:crypto";
import { registered, type CoreInvocation, type FunctionMetadata, type HookName } from "./functions-core.ts";
import type { LogEntry } from "./log-entry.ts";

export interface InvokeOptions {
  readonly isPastDue: boolean;
  readonly appHookData: Record<string, unknown>;
  readonly onLog: (entry: LogEntry) => void;
}

/**
 * One invocation of a timer, in the order of the worker: arguments, hooks before, the handler, hooks after, response.
 * @throws {Error} for a name that is not registered or not a timer; otherwise what the function or a hook threw
 */
export async function invoke(name: string, { isPastDue, appHookData, onLog }: InvokeOptions): Promise<void> {
  const found = registered.functions.get(name);
  if (found === undefined || registered.model === undefined) {
    throw new Error(`no function "${name}": there are ${[...registered.functions.keys()].join(", ") || "none"}`);
  }
  const invocation = timerInvocation(found.metadata, isPastDue, onLog);
  const model = registered.model.getInvocationModel(invocation);
  const { context, inputs } = await model.getArguments();
  const hookData: Record<string, unknown> = {};
  // Hooks change these in place: another handler, other inputs, another result, an error of their own or none.
  const before = { hookData, appHookData, invocationContext: context, functionCallback: found.handler, inputs };
  invocation.state = "preInvocationHooks";
  await runHooks("preInvocation", before);

  const after: Record<string, unknown> = {
    hookData,
    appHookData,
    invocationContext: context,
    inputs: before.inputs,
    result: null,
    error: null,
  };
  invocation.state = "invocation";
  try {
    after["result"] = await model.invokeFunction(context, before.inputs, before.functionCallback);
  } catch (error) {
    after["error"] = error;
  }
  invocation.state = "postInvocationHooks";
  await runHooks("postInvocation", after);
  if (after["error"] !== null && after["error"] !== undefined) throw after["error"];
  await model.getResponse(context, after["result"]);
}

async function runHooks(name: HookName, context: Record<string, unknown>): Promise<void> {
  for (const hook of registered.hooks[name]) await hook(context);
}

function timerInvocation(
  metadata: FunctionMetadata,
  isPastDue: boolean,
  onLog: InvokeOptions["onLog"],
): CoreInvocation {
  const invocationId = randomUUID();
  const trigger = Object.entries(metadata.bindings).find(([, { type }]) => type === "timerTrigger");
  if (trigger === undefined)
    throw new Error(`function "${metadata.name}" is not a timer: this host invokes timers only`);
  const now = new Date().toISOString();
  // The host's payload; the zero date is what it sends where it knows of no earlier run.
  const timer = {
    Schedule: { AdjustForDST: true },
    ScheduleStatus: { Last: "0001-01-01T00:00:00", LastUpdated: now, Next: now },
    IsPastDue: isPastDue,
  };
  return {
    invocationId,
    metadata,
    request: {
      inputData: [{ name: trigger[0], data: { json: JSON.stringify(timer) } }],
      triggerMetadata: {},
      traceContext: {
        traceParent: `00-${randomBytes(16).toString("hex")}-${randomBytes(8).toString("hex")}-00`,
        traceState: "",
      },
    },
    log: (level, _category, message) => onLog({ level, message, functionName: metadata.name, invocationId }),
  };
}
