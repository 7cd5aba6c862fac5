import type { SyntaxView } from "../syntax.ts";
import { child, nodeName } from "../syntax.ts";
import { compile, simpleName } from "./expression.ts";
import type { Binding, Scope } from "./scope.ts";
import { unsupported, withBinding } from "./scope.ts";
import { compileTabular, isTabular } from "./tabular.ts";

/** Binds the let statements in their order. A scalar is computed once. */
export function bindStatements(statements: readonly SyntaxView[], outer: Scope): Scope {
  let scope = outer;
  for (const statement of statements) {
    if (nodeName(statement) !== "LetStatement") return unsupported(scope, nodeName(statement), statement);
    scope = withBinding(scope, simpleName(child(statement, "Name")), bindingOf(child(statement, "Expression"), scope));
  }
  return scope;
}

function bindingOf(node: SyntaxView, scope: Scope): Binding {
  if (nodeName(node) === "FunctionDeclaration") return { kind: "function", declaration: node, scope };
  if (isTabular(node)) return { kind: "table", relation: compileTabular(node, scope) };
  return { kind: "value", value: compile(node, scope) };
}
