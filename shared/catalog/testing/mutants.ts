import { analyse } from "../../kql/language.ts";
import { positionOf } from "../../kql/position.ts";
import type { Position } from "../../kql/position.ts";
import { walk } from "../../kql/syntax.ts";
import type { Edit } from "./edit.ts";
import { literalEdits } from "./mutate-literal.ts";
import { predicateEdits } from "./mutate-predicate.ts";
import { summarizeEdits } from "./mutate-summarize.ts";
import type { TestedQuery } from "./tested-query.ts";

/** A query with one change that alters or weakens it. Position: the change in the query's own text. */
export interface Mutant extends Position {
  /** Unique among a query's mutants, and the same wherever the changed part moves to. */
  readonly description: string;
  readonly text: string;
}

/** All mutants of a query, in the order of its text, without duplicates. Some are not valid queries. */
export function mutants({ front, text }: TestedQuery): readonly Mutant[] {
  const whole = front + text;
  const edits: Edit[] = [];
  for (const node of walk(analyse(whole, "log-analytics").syntax))
    if (node.TextStart >= front.length && !node.IsToken)
      edits.push(...literalEdits(node, whole), ...predicateEdits(node, whole), ...summarizeEdits(node, whole));
  const seen = new Set([text]);
  const uses = new Map<string, number>();
  return edits.flatMap(({ start, end, replacement, from, to }) => {
    const mutated = text.slice(0, start - front.length) + replacement + text.slice(end - front.length);
    if (seen.has(mutated)) return [];
    seen.add(mutated);
    const change = `${shown(from)} → ${shown(to)}`;
    const use = (uses.get(change) ?? 0) + 1;
    uses.set(change, use);
    const description = use === 1 ? change : `${change} (${use})`;
    return [{ description, text: mutated, ...positionOf(text, start - front.length) }];
  });
}

/** Longest text of either side in a description. */
const MAX_SHOWN = 160;

function shown(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > MAX_SHOWN ? `${line.slice(0, MAX_SHOWN - 1)}…` : line;
}
