import type { SyntaxView } from "../../syntax.ts";
import { child, list, optionalChild } from "../../syntax.ts";
import { simpleName } from "../expression.ts";
import type { Scope } from "../scope.ts";
import { unsupported } from "../scope.ts";

/** Hints: they affect how a query is executed, not its result. */
const HINT = /^hint\.|^(?:bestpolicy|decodeblocks)$/;

/** Parameters such as `kind=inner` or `withsource=T`, by name, as written. @throws {UnsupportedKqlError} for one not in `known` */
export function parametersOf(node: SyntaxView, scope: Scope, known: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  if (optionalChild(node, "Parameters") === undefined) return found;
  for (const parameter of list(node, "Parameters")) {
    const name = simpleName(child(parameter, "Name"));
    if (HINT.test(name)) continue;
    if (!known.includes(name)) return unsupported(scope, name, parameter);
    found.set(name, child(parameter, "Expression").toString().trim());
  }
  return found;
}
