/**
 * What `@azure/functions` asks of the host's worker, under the name `@azure/functions-core`. This module stands in for it: the
 * host sends that name here (register-core.ts), so the library and the host share this one instance.
 */
export type LogLevel = "trace" | "debug" | "information" | "warning" | "error" | "critical" | "none";

export interface Binding {
  readonly type?: string;
  readonly direction?: string;
  readonly schedule?: string;
}

export interface FunctionMetadata {
  readonly name: string;
  readonly bindings: Readonly<Record<string, Binding>>;
  readonly retryOptions?: Readonly<Record<string, unknown>>;
}

export type Handler = (...args: unknown[]) => unknown;

/** `request` is the host's invocation as it comes over the wire, as far as a timer needs it. */
export interface CoreInvocation {
  readonly invocationId: string;
  readonly metadata: FunctionMetadata;
  readonly request: {
    readonly inputData: readonly { readonly name: string; readonly data: { readonly json: string } }[];
    readonly triggerMetadata: Readonly<Record<string, never>>;
    readonly traceContext: { readonly traceParent: string; readonly traceState: string };
  };
  state?: "preInvocationHooks" | "invocation" | "postInvocationHooks";
  log(level: LogLevel, category: string, message: string): void;
}

export interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], handler: Handler): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<unknown>;
}

export interface ProgrammingModel {
  getInvocationModel(invocation: CoreInvocation): InvocationModel;
  getCapabilities(capabilities: Record<string, string>): Promise<Record<string, string>>;
}

export type HookName = "appStart" | "appTerminate" | "preInvocation" | "postInvocation";
export type Hook = (context: Record<string, unknown>) => unknown;

/** All that has been registered so far. */
export const registered = {
  model: undefined as ProgrammingModel | undefined, // filled in by the library when it is loaded
  functions: new Map<string, { readonly metadata: FunctionMetadata; readonly handler: Handler }>(),
  hooks: {
    appStart: new Set(),
    appTerminate: new Set(),
    preInvocation: new Set(),
    postInvocation: new Set(),
  } as Readonly<
    Record<HookName, Set<Hook>> // an empty set has no type of its own
  >,
  log: (_level: LogLevel, _message: string): void => undefined,
};

export const version = "0.0.0-firstsight";
export const hostVersion = "4.0.0";

export function setProgrammingModel(model: ProgrammingModel): void {
  registered.model = model;
}

export function getProgrammingModel(): ProgrammingModel | undefined {
  return registered.model;
}

/** @throws {Error} when the name is taken, as the worker does */
export function registerFunction(metadata: FunctionMetadata, handler: Handler): { dispose(): void } {
  if (registered.functions.has(metadata.name)) {
    throw new Error(`function "${metadata.name}" is registered twice: names are unique within an app`);
  }
  registered.functions.set(metadata.name, { metadata, handler });
  return { dispose: () => void registered.functions.delete(metadata.name) };
}

/** @throws {RangeError} for a hook that older hosts do not know */
export function registerHook(name: string, hook: Hook): { dispose(): void } {
  if (!isHookName(name))
    throw Object.assign(new RangeError(`unrecognised hook "${name}"`), { isAzureFunctionsSystemError: true });
  registered.hooks[name].add(hook);
  return { dispose: () => void registered.hooks[name].delete(hook) };
}

function isHookName(name: string): name is HookName {
  return Object.hasOwn(registered.hooks, name);
}

export function log(level: LogLevel, _category: string, message: string): void {
  registered.log(level, message);
}
