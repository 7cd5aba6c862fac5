import type { SyntaxView } from "../syntax.ts";
import { child, elements, list, nodeName, optionalChild } from "../syntax.ts";
import { bounded, spendCall } from "./budget.ts";
import { compile, compileAll, constantOf, expressionsOf, simpleName, toType, typeOf } from "./expression.ts";
import { CONVERSIONS } from "./functions/conversions.ts";
import { DYNAMICS } from "./functions/dynamics.ts";
import type { Call, ScalarFunction } from "./functions/family.ts";
import { LOGIC } from "./functions/logic.ts";
import { NUMBERS } from "./functions/numbers.ts";
import { TEXTS } from "./functions/texts.ts";
import { TIMES } from "./functions/times.ts";
import type { Relation } from "./relation.ts";
import { columnNamed } from "./relation.ts";
import type { Binding, Compiled, Scope } from "./scope.ts";
import { unsupported, withBinding } from "./scope.ts";
import { bindStatements } from "./statements.ts";
import { compileTabular } from "./tabular.ts";

/** Scalar functions by name: one file a family. Add a function there. */
const SCALAR_FUNCTIONS: ReadonlyMap<string, ScalarFunction> = new Map([
  ...CONVERSIONS,
  ...DYNAMICS,
  ...LOGIC,
  ...NUMBERS,
  ...TEXTS,
  ...TIMES,
]);

/** Functions whose argument is not a value: a column that may not exist, the row itself. */
const CONTEXTUAL: ReadonlyMap<string, (node: SyntaxView, scope: Scope) => Compiled> = new Map([
  ["column_ifexists", columnIfExists],
  ["columnifexists", columnIfExists],
  ["ingestion_time", ingestionTime],
]);

export const argumentsOf = (node: SyntaxView): SyntaxView[] => expressionsOf(child(node, "ArgumentList"));

export function compileFunction(node: SyntaxView, scope: Scope): Compiled {
  const name = simpleName(child(node, "Name"));
  const own = scope.bindings.get(name);
  if (own?.kind === "function") return compile(bodyExpression(own.declaration), callScope(node, own, scope));
  const contextual = CONTEXTUAL.get(name);
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

/** Functions whose result may be much larger than what they are given. */
const GROWING: ReadonlySet<string> = new Set([
  "array_concat",
  "base64_encode_tostring",
  "repeat",
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

/** A call of a tabular function of the query's own. */
export function callTabular(node: SyntaxView, scope: Scope): Relation {
  const name = simpleName(child(node, "Name"));
  const own = scope.bindings.get(name);
  if (own?.kind !== "function") return unsupported(scope, `${name}()`, node);
  return compileTabular(bodyExpression(own.declaration), callScope(node, own, scope));
}

const bodyExpression = (declaration: SyntaxView): SyntaxView => child(child(declaration, "Body"), "Expression");

/** The function's own surroundings with its parameters bound to the arguments. The caller's row stays: arguments may read it. */
function callScope(node: SyntaxView, own: Extract<Binding, { kind: "function" }>, caller: Scope): Scope {
  spendCall(caller, node);
  const given = argumentsOf(node);
  const parameters = list(child(own.declaration, "Parameters"), "Parameters");
  let scope: Scope = {
    execution: own.scope.execution,
    bindings: own.scope.bindings,
    ...(caller.row && { row: caller.row }),
  };
  for (const [index, parameter] of parameters.entries()) {
    const declared = child(parameter, "NameAndType");
    const type = optionalChild(declared, "Type");
    if (type === undefined || nodeName(type) !== "PrimitiveTypeExpression")
      return unsupported(caller, "a tabular parameter", node);
    const argument = given[index] ?? defaultOf(parameter);
    if (argument === undefined || nodeName(argument) === "SimpleNamedExpression")
      return unsupported(caller, "a named or missing argument", node);
    const value = toType(compile(argument, caller), elements(type)[0]?.toString().trim() ?? "unknown");
    scope = withBinding(scope, simpleName(child(declared, "Name")), { kind: "value", value });
  }
  return bindStatements(list(child(own.declaration, "Body"), "Statements"), scope);
}

function defaultOf(parameter: SyntaxView): SyntaxView | undefined {
  const declared = optionalChild(parameter, "DefaultValue");
  return declared && optionalChild(declared, "Value");
}

/** The column of that name, or the second argument where the input has none. */
function columnIfExists(node: SyntaxView, scope: Scope): Compiled {
  const [name, otherwise] = argumentsOf(node);
  if (name === undefined || otherwise === undefined) return unsupported(scope, "column_ifexists()", node);
  const wanted = compile(name, scope).get([]);
  const column = typeof wanted === "string" && scope.row ? columnNamed(scope.row, wanted) : undefined;
  if (column === undefined) return toType(compile(otherwise, scope), typeOf(node));
  return { type: column.type, get: column.get, constant: false };
}

/** When the row was ingested; null where rows are no longer those of a table. */
function ingestionTime(_node: SyntaxView, scope: Scope): Compiled {
  const get = scope.row?.ingested;
  return get === undefined ? constantOf(null, "datetime") : { type: "datetime", get, constant: false };
}
