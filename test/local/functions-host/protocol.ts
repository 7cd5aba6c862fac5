import type { HostedFunction } from "./host.ts";
import type { LogEntry } from "./log-entry.ts";

/** What the parent sends over the IPC channel. */
export type ToHost =
  | { readonly type: "load"; readonly settings: Readonly<Record<string, string>> }
  | { readonly type: "invoke"; readonly id: number; readonly name: string; readonly isPastDue: boolean }
  | { readonly type: "stop" };

export interface Thrown {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}

/** What the host answers. `ready` or `unloadable` to load; `done` or `failed` to invoke; `stopped` to stop, as the last one. */
export type FromHost =
  | { readonly type: "ready"; readonly functions: readonly HostedFunction[] }
  | { readonly type: "unloadable"; readonly error: Thrown }
  | { readonly type: "log"; readonly entry: LogEntry }
  | { readonly type: "done"; readonly id: number }
  | { readonly type: "failed"; readonly id: number; readonly error: Thrown }
  | { readonly type: "stopped" };

const TO_HOST: ReadonlySet<unknown> = new Set<ToHost["type"]>(["load", "invoke", "stop"]);
const FROM_HOST: ReadonlySet<unknown> = new Set<FromHost["type"]>([
  "ready",
  "unloadable",
  "log",
  "done",
  "failed",
  "stopped",
]);

/** Tells the protocol's messages from what the app itself may send over the channel; both ends are this folder's, so the type decides. */
export function isToHost(message: unknown): message is ToHost {
  return typeOf(message, TO_HOST);
}

export function isFromHost(message: unknown): message is FromHost {
  return typeOf(message, FROM_HOST);
}

function typeOf(message: unknown, types: ReadonlySet<unknown>): boolean {
  return typeof message === "object" && message !== null && "type" in message && types.has(message.type);
}
