import type { Analysis } from "./language.ts";
import { positionOf } from "./language.ts";
import { DEVICE_TABLES } from "./schema.ts";
import type { SyntaxView } from "./syntax.ts";
import { child, nodeName, tokenText, walk } from "./syntax.ts";
import type { QueryProblem } from "./validate.ts";

const BY_NAME = "name each Device table, so that the planned window reaches it";

/** Valid KQL that a detection must not use, and what to write in its place. */
const NODES: ReadonlyMap<string, string> = new Map([
  ["SearchOperator", `search reads every table; ${BY_NAME}`],
  ["FindOperator", `find reads tables by pattern; ${BY_NAME}`],
  ["ExternalDataExpression", "externaldata fetches from outside; put the values into the query"],
  ["RenderOperator", "render draws a chart; take it out"],
  ["ForkOperator", "fork gives several results; a detection has one"],
  ["FacetOperator", "facet gives several results; a detection has one"],
]);

const FUNCTIONS: ReadonlyMap<string, string> = new Map(
  [
    "table",
    "database",
    "cluster",
    "workspace",
    "app",
    "resource",
    "adx",
    "arg",
    "external_table",
    "materialized_view",
  ].map((name) => [name, `${name}(…) reaches past the planned window; ${BY_NAME}`]),
);

/** What a detection must not use, in the order of the text. Ways to read a table that a prelude can't reach are among them. */
export function refusals({ syntax, text }: Analysis): readonly QueryProblem[] {
  const found: QueryProblem[] = [];
  for (const node of walk(syntax)) {
    const message = refusal(node);
    if (message !== undefined) found.push({ ...positionOf(text, node.TextStart), message });
  }
  return found;
}

function refusal(node: SyntaxView): string | undefined {
  const kind = nodeName(node);
  if (kind === "FunctionCallExpression") return FUNCTIONS.get(plainName(child(node, "Name")));
  if (kind === "WildcardedName" && isUnioned(node)) return `a union over ${text(node)}; ${BY_NAME}`;
  const symbol = node.ReferencedSymbol;
  if (kind === "NameReference" && symbol && nodeName(symbol) === "TableSymbol" && !DEVICE_TABLES.includes(symbol.Name))
    if (nodeName(child(node, "Name")) !== "WildcardedName")
      return `${symbol.Name} is no Device table; a detection may read ${DEVICE_TABLES.join(", ")}`;
  return NODES.get(kind);
}

/** Names may stand in brackets: `['table'](…)` is a call of table. */
const plainName = (node: SyntaxView): string =>
  node
    .toString()
    .trim()
    .replace(/^\[\s*(["'])(.*)\1\s*\]$/s, "$2");

const text = (node: SyntaxView): string => (node.IsToken ? tokenText(node) : node.toString().trim());

/** A wildcard stands for tables in a union; in `project-away` and its like for columns. */
function isUnioned(node: SyntaxView): boolean {
  for (let above = node.Parent; above !== null; above = above.Parent)
    if (nodeName(above).endsWith("Operator")) return nodeName(above) === "UnionOperator";
  return false;
}
