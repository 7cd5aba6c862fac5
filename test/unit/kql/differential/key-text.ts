import { isInstant } from "./scalar.ts";
import type { Cell } from "./tree.ts";

/** One text for equal cells, and only for them: reals begin with r, instants with t. Null is a key like any other. */
export function keyText(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return "null";
  if (typeof cell === "string") return JSON.stringify(cell);
  if (typeof cell === "number") return `r${cell === 0 ? 0 : cell}`;
  if (typeof cell !== "object") return String(cell);
  if (isInstant(cell)) return `t${cell.ticks}`;
  if ("bag" in cell) return `{${cell.bag.map(([key, value]) => `${JSON.stringify(key)}:${keyText(value)}`).join(",")}}`;
  return `[${cell.map(keyText).join(",")}]`;
}
