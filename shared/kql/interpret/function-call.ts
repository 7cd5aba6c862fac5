import type { SyntaxView } from "../syntax.ts";
import { child } from "../syntax.ts";
import { bounded } from "./budget.ts";
import { argumentsOf, compile, compileAll, constantOf, simpleName, toType, typeOf } from "./expression.ts";
import { ADDRESSES } from "./functions/addresses.ts";
import { BAGS, packAll } from "./functions/bags.ts";
import { CALENDAR } from "./functions/calendar.ts";
import { CONVERSIONS } from "./functions/conversions.ts";
import { DYNAMICS } from "./functions/dynamics.ts";
import { ENCODINGS } from "./functions/encodings.ts";
import type { Call, ScalarFunction } from "./functions/family.ts";
import { JSON_PATHS } from "./functions/json-path.ts";
import { LISTS } from "./functions/lists.ts";
import { LOGIC } from "./functions/logic.ts";
import { NUMBERS } from "./functions/numbers.ts";
import { PATHS } from "./functions/paths.ts";
import { TEXT_EDITS } from "./functions/text-edits.ts";
import { TEXTS } from "./functions/texts.ts";
import { TIME_FORMATS } from "./functions/time-formats.ts";
import { TIME_MAKERS } from "./functions/time-makers.ts";
import { TIMES } from "./functions/times.ts";
import { callScalar } from "./own-function.ts";
import { columnNamed } from "./relation.ts";
import type { Compiled, Scope } from "./scope.ts";
import { unsupported } from "./scope.ts";

/** Scalar functions by name. Each family has a file; add a function there. */
export const SCALAR_FUNCTIONS: ReadonlyMap<string, ScalarFunction> = new Map([
  ...ADDRESSES,
  ...BAGS,
  ...CALENDAR,
  ...CONVERSIONS,
  ...DYNAMICS,
  ...ENCODINGS,
  ...JSON_PATHS,
  ...LISTS,
  ...LOGIC,
  ...NUMBERS,
  ...PATHS,
  ...TEXT_EDITS,
  ...TEXTS,
  ...TIME_FORMATS,
  ...TIME_MAKERS,
  ...TIMES,
]);

/** Functions whose argument is not a value but a column that may not exist, or the row itself. */
export const CONTEXTUAL_FUNCTIONS: ReadonlyMap<string, (node: SyntaxView, scope: Scope) => Compiled> = new Map([
  ["column_ifexists", columnIfExists],
  ["columnifexists", columnIfExists],
  ["ingestion_time", ingestionTime],
  ["pack_all", (node: SyntaxView, scope: Scope) => packAll(node, scope, compileAll(argumentsOf(node), scope))],
]);

export function compileFunction(node: SyntaxView, scope: Scope): Compiled {
  const name = simpleName(child(node, "Name"));
  const own = scope.bindings.get(name);
  if (own?.kind === "function") return callScalar(node, own, scope);
  const contextual = CONTEXTUAL_FUNCTIONS.get(name);
  if (contextual !== undefined) return contextual(node, scope);
  const scalar = SCALAR_FUNCTIONS.get(name);
  if (scalar === undefined) return unsupported(scope, `${name}()`, node);
  const args = compileAll(argumentsOf(node), scope);
  const call: Call = { name, args, type: typeOf(node), scope, node };
  const get = scalar(call);
  return {
    type: call.type,
    constant: args.every((arg) => arg.constant),
    get: GROWING.has(name) ? (row) => bounded(get(row), scope, node) : get,
  };
}

/** Functions whose result may be much larger than their arguments. */
const GROWING: ReadonlySet<string> = new Set([
  "array_concat",
  "base64_encode_tostring",
  "repeat",
  "replace",
  "replace_regex",
  "replace_string",
  "replace_strings",
  "strcat",
  "strcat_array",
  "strcat_delim",
  "strrep",
  "url_encode",
  "url_encode_component",
]);

/** `column_ifexists`: the column with that name, or the second argument where the input has none. */
function columnIfExists(node: SyntaxView, scope: Scope): Compiled {
  const [name, otherwise] = argumentsOf(node);
  if (name === undefined || otherwise === undefined) return unsupported(scope, "column_ifexists()", node);
  const wanted = compile(name, scope).get([]);
  const column = typeof wanted === "string" && scope.row ? columnNamed(scope.row, wanted) : undefined;
  if (column === undefined) return toType(compile(otherwise, scope), typeOf(node));
  return { type: column.type, get: column.get, constant: false };
}

/** `ingestion_time()`; null where the rows no longer come straight from a table. */
function ingestionTime(_node: SyntaxView, scope: Scope): Compiled {
  const get = scope.row?.ingested;
  return get === undefined ? constantOf(null, "datetime") : { type: "datetime", get, constant: false };
}
