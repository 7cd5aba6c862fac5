import type { SubQueue } from "./queue.ts";

/** What a link is attached to. */
export type Address =
  | { readonly kind: "cbs" }
  | { readonly kind: "management"; readonly queue: string; readonly from: SubQueue }
  | { readonly kind: "entity"; readonly queue: string; readonly from: SubQueue };

const DEAD_LETTER = "/$deadletterqueue";
const MANAGEMENT = "/$management";

/** `sightings`, `sightings/$DeadLetterQueue`, either with `/$management`, or `$cbs`; clients differ in case and leading slash. */
export function parseAddress(text: string): Address {
  const path = text.replace(/^\//, "");
  if (path === "$cbs") return { kind: "cbs" };
  if (path.toLowerCase().endsWith(MANAGEMENT)) {
    return { kind: "management", ...subQueueOf(path.slice(0, -MANAGEMENT.length)) };
  }
  return { kind: "entity", ...subQueueOf(path) };
}

function subQueueOf(path: string): { queue: string; from: SubQueue } {
  return path.toLowerCase().endsWith(DEAD_LETTER)
    ? { queue: path.slice(0, -DEAD_LETTER.length), from: "dead" }
    : { queue: path, from: "active" };
}
