import type { SyntaxView } from "../../syntax.ts";
import type { Value } from "../../value.ts";
import type { Getter } from "../relation.ts";
import type { Compiled, Scope } from "../scope.ts";
import { unsupported } from "../scope.ts";

/** A call to compile. `type`: its result type according to the language service. */
export interface Call {
  readonly name: string;
  readonly args: readonly Compiled[];
  readonly type: string;
  readonly scope: Scope;
  readonly node: SyntaxView;
}

/** Compiles a call. The language service has checked the number of arguments. */
export type ScalarFunction = (call: Call) => Getter;

export type Family = readonly (readonly [string, ScalarFunction])[];

/** The argument at that index. @throws {UnsupportedKqlError} where there is none: a form that the interpreter does not know */
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

/** A function of one value that handles null itself. */
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

/** The value if it is a text, else `''`. */
export const text = (value: Value | undefined): string => (typeof value === "string" ? value : "");

/** The value if it is a number, else `undefined`. */
export function number(value: Value | undefined): number | undefined {
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : undefined;
}
