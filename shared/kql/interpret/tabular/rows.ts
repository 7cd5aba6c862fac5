import { child } from "../../syntax.ts";
import { compile } from "../expression.ts";
import type { Relation } from "../relation.ts";
import { materialised } from "../relation.ts";
import { NO_ROW } from "../scope.ts";
import { parametersOf } from "./parameters.ts";
import type { Operator } from "../tabular.ts";
import { resultOf } from "../tabular.ts";

/** `where`: rows for which the condition is true, neither false nor null. */
export const where: Operator = (node, input, scope) => {
  parametersOf(node, scope, []);
  const { get } = compile(child(node, "Condition"), scope);
  return { ...input, scan: (emit) => input.scan((row) => get(row) === true && emit(row)) };
};

export const take: Operator = (node, input, scope) =>
  firstRows(input, Number(compile(child(node, "Expression"), scope).get(NO_ROW)));

export const firstRows = (input: Relation, limit: number): Relation => ({
  ...input,
  scan: (emit) => {
    let left = limit;
    if (left <= 0) return;
    input.scan((row) => {
      left -= 1;
      return emit(row) || left <= 0;
    });
  },
});

export const count: Operator = (node, input) => ({
  ...materialised(resultOf(node), []),
  scan: (emit) => {
    let found = 0;
    input.scan(() => {
      found += 1;
      return false;
    });
    emit([found]);
  },
});

/** `as`: returns its input; the pipe binds the name. */
export const as: Operator = (node, input, scope) => {
  parametersOf(node, scope, []);
  return input;
};

/** `render`: only affects a portal; returns its input. */
export const render: Operator = (_node, input) => input;
