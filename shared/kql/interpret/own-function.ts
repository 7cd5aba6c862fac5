import type { SyntaxView } from "../syntax.ts";
import { calledBody, child, elements, list, nodeName, optionalChild } from "../syntax.ts";
import { spendCall } from "./budget.ts";
import { argumentsOf, compile, simpleName, toType } from "./expression.ts";
import type { Relation } from "./relation.ts";
import type { Binding, Compiled, Scope } from "./scope.ts";
import { unsupported, withBinding, withoutRow } from "./scope.ts";
import { bindStatements } from "./statements.ts";
import { compileTabular } from "./tabular.ts";

/** Calls of functions that a query defines with let. */

export function callScalar(node: SyntaxView, own: OwnFunction, scope: Scope): Compiled {
  const body = bodyOf(node, own.declaration);
  return compile(child(body, "Expression"), callScope(node, own, body, scope));
}

export function callTabular(node: SyntaxView, own: OwnFunction, scope: Scope): Relation {
  const body = bodyOf(node, own.declaration);
  return compileTabular(child(body, "Expression"), callScope(node, own, body, scope));
}

/** The body of a call. The language service binds it for each call, since the parameters' types may differ. */
const bodyOf = (call: SyntaxView, declaration: SyntaxView): SyntaxView =>
  calledBody(call) ?? child(declaration, "Body");

export type OwnFunction = Extract<Binding, { kind: "function" }>;

/** The scope of the function's definition, with its parameters bound to the arguments. Keeps the caller's row, which arguments may read. */
function callScope(node: SyntaxView, own: OwnFunction, body: SyntaxView, caller: Scope): Scope {
  spendCall(caller, node);
  const given = argumentsByName(node, own.declaration);
  const shift = (own.scope.shift ?? 0) + child(own.declaration, "Body").TextStart - body.TextStart;
  let scope: Scope = { ...withoutRow(own.scope), shift, ...(caller.row && { row: caller.row }) };
  for (const parameter of list(child(own.declaration, "Parameters"), "Parameters")) {
    const declared = child(parameter, "NameAndType");
    const name = simpleName(child(declared, "Name"));
    const argument = given.get(name);
    if (argument === undefined) return unsupported(caller, `${name} without a value`, node);
    scope = withBinding(scope, name, boundArgument(argument, optionalChild(declared, "Type"), caller));
  }
  return bindStatements(list(body, "Statements"), scope);
}

/** Arguments by parameter name: given by position, by name, or the default. The service has checked that they fit. */
function argumentsByName(node: SyntaxView, declaration: SyntaxView): ReadonlyMap<string, SyntaxView> {
  const found = new Map<string, SyntaxView>();
  const parameters = list(child(declaration, "Parameters"), "Parameters");
  const names = parameters.map((parameter) => simpleName(child(child(parameter, "NameAndType"), "Name")));
  for (const [i, parameter] of parameters.entries()) {
    const value = defaultOf(parameter);
    if (value !== undefined) found.set(names[i] ?? "", value);
  }
  // A view is called without parentheses.
  const given = nodeName(node) === "NameReference" ? [] : argumentsOf(node);
  for (const [i, argument] of given.entries()) {
    if (nodeName(argument) === "SimpleNamedExpression")
      found.set(simpleName(child(argument, "Name")), child(argument, "Expression"));
    else found.set(names[i] ?? "", argument);
  }
  return found;
}

function boundArgument(argument: SyntaxView, type: SyntaxView | undefined, caller: Scope): Binding {
  if (type === undefined || nodeName(type) !== "PrimitiveTypeExpression")
    return { kind: "table", relation: compileTabular(argument, withoutRow(caller)) };
  const value = toType(compile(argument, caller), scalarType(elements(type)[0]?.toString().trim() ?? "unknown"));
  return { kind: "value", value };
}

/** Types by their aliases. Source: "Scalar data types" of the Kusto documentation. */
const TYPE_NAMES: ReadonlyMap<string, string> = new Map([
  ["boolean", "bool"],
  ["date", "datetime"],
  ["double", "real"],
  ["time", "timespan"],
  ["uuid", "guid"],
  ["uniqueid", "guid"],
]);

export const scalarType = (name: string): string => TYPE_NAMES.get(name) ?? name;

function defaultOf(parameter: SyntaxView): SyntaxView | undefined {
  const declared = optionalChild(parameter, "DefaultValue");
  return declared && optionalChild(declared, "Value");
}
