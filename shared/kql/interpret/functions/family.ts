import type { SyntaxView } from "../../syntax.ts";
import type { Value } from "../../value.ts";
import type { Getter } from "../relation.ts";
import type { Compiled, Scope } from "../scope.ts";
import { unsupported } from "../scope.ts";

/** A call to be compiled. `type` is what the language service says it results in. */
export interface Call {
  readonly name: string;
  readonly args: readonly Compiled[];
  readonly type: string;
  readonly scope: Scope;
  readonly node: SyntaxView;
}

/** Compiles a call to a closure. The number of arguments has been checked by the language service. */
export type ScalarFunction = (call: Call) => Getter;

export type Family = readonly (readonly [string, ScalarFunction])[];

/** The argument at that place. @throws {UnsupportedKqlError} where the call has none: a form that is not known here */
export function argument(call: Call, index: number): Compiled {
  return call.args[index] ?? unsupported(call.scope, `${call.name}() with ${call.args.length} arguments`, call.node);
}

/** A function of one value that is null for null. */
export const unary =
  (compute: (value: Exclude<Value, null>, type: string) => Value): ScalarFunction =>
  (call) => {
    const { get, type } = argument(call, 0);
    return (row) => {
      const value = get(row);
      return value === null ? null : compute(value, type);
    };
  };

/** A function of one value that has its own mind about null. */
export const unaryOrNull =
  (compute: (value: Value, type: string) => Value): ScalarFunction =>
  (call) => {
    const { get, type } = argument(call, 0);
    return (row) => compute(get(row), type);
  };

/** A function of all its arguments' values. */
export const variadic =
  (compute: (values: readonly Value[], types: readonly string[]) => Value): ScalarFunction =>
  ({ args }) => {
    const types = args.map(({ type }) => type);
    const getters = args.map(({ get }) => get);
    return (row) =>
      compute(
        getters.map((get) => get(row)),
        types,
      );
  };

/** The value as a text, `''` where it is none. */
export const text = (value: Value | undefined): string => (typeof value === "string" ? value : "");

/** The value as a number, `undefined` where it is none. */
export function number(value: Value | undefined): number | undefined {
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : undefined;
}
