import type { Analysis } from "./language.ts";
import { positionOf } from "./position.ts";
import type { QueryProblem } from "./query-problem.ts";
import { nameText, plainText } from "./name-text.ts";
import type { QueryPurpose } from "./query-purpose.ts";
import type { SyntaxView } from "./syntax.ts";
import { child, nodeName, walk } from "./syntax.ts";

type Reason = string | ((purpose: QueryPurpose) => string);

const SEVERAL: Reason = ({ noun }) => `gives several results; ${noun} has one`;

/** Valid operators that must not be used, with the advice. */
const NODES: ReadonlyMap<string, Reason> = new Map<string, Reason>([
  ["SearchOperator", ({ byName }) => `search reads every table; ${byName}`],
  ["FindOperator", ({ byName }) => `find reads tables by pattern; ${byName}`],
  ["MacroExpandOperator", ({ byName }) => `macro-expand reads other clusters; ${byName}`],
  ["ExternalDataExpression", "externaldata fetches from outside; put the values into the query"],
  ["RenderOperator", "render draws a chart; take it out"],
  ["ForkOperator", (purpose) => `fork ${reasonText(SEVERAL, purpose)}`],
  ["FacetOperator", (purpose) => `facet ${reasonText(SEVERAL, purpose)}`],
]);

const OUTSIDE_FUNCTIONS: ReadonlySet<string> = new Set([
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
  "stored_query_result",
  "graph",
  "entity_group",
]);

/** Plug-ins that only compute over their input rows. Any other fetches data, runs a program, or reveals data of the service. */
export const PLUGINS: readonly string[] = [
  "autocluster",
  "bag_unpack",
  "basket",
  "dcount_intersect",
  "diffpatterns",
  "ipv4_lookup",
  "ipv6_lookup",
  "narrow",
  "pivot",
  "rolling_percentile",
  "rows_near",
  "sequence_detect",
];

/** Problems of forbidden constructs, in the order of the text: among them ways to read a table that bypass the prelude. */
export function refusals({ syntax, text }: Analysis, purpose: QueryPurpose): readonly QueryProblem[] {
  const found: QueryProblem[] = [];
  for (const node of walk(syntax)) {
    const message = refusal(node, purpose);
    if (message !== undefined) found.push({ ...positionOf(text, node.TextStart), message });
  }
  return found;
}

function refusal(node: SyntaxView, purpose: QueryPurpose): string | undefined {
  const kind = nodeName(node);
  if (kind === "FunctionCallExpression") return refusedCall(node, purpose);
  if (kind === "WildcardedName" && isUnioned(node)) return `a union over ${plainText(node)}; ${purpose.byName}`;
  const symbol = node.ReferencedSymbol;
  if (kind === "NameReference" && symbol && nodeName(symbol) === "TableSymbol" && !purpose.tables.includes(symbol.Name))
    if (nodeName(child(node, "Name")) !== "WildcardedName")
      return `${symbol.Name} is no ${purpose.tableNoun}; ${purpose.noun} may read ${purpose.tables.join(", ")}`;
  if (kind === "RenderOperator" && purpose.mayDraw) return undefined;
  const reason = NODES.get(kind);
  return reason === undefined ? undefined : reasonText(reason, purpose);
}

function refusedCall(node: SyntaxView, { byName, beyond }: QueryPurpose): string | undefined {
  const name = nameText(child(node, "Name"));
  if (node.Parent !== null && nodeName(node.Parent) === "EvaluateOperator")
    return PLUGINS.includes(name) || nodeName(node.ReferencedSymbol ?? node) !== "FunctionSymbol"
      ? undefined
      : `the plug-in ${name} fetches from outside or runs a program; those that may be used are ${PLUGINS.join(", ")}`;
  return OUTSIDE_FUNCTIONS.has(name) ? `${name}(…) reaches ${beyond}; ${byName}` : undefined;
}

const reasonText = (reason: Reason, purpose: QueryPurpose): string =>
  typeof reason === "string" ? reason : reason(purpose);

/** Whether a wildcard stands for tables (in a union), and not for columns (in `project-away` and similar operators). */
function isUnioned(node: SyntaxView): boolean {
  for (let above = node.Parent; above !== null; above = above.Parent)
    if (nodeName(above).endsWith("Operator")) return nodeName(above) === "UnionOperator";
  return false;
}
