import { toText } from "../convert.ts";
import type { Value } from "../value.ts";
import { dynamicType } from "../value.ts";
import type { Row } from "./relation.ts";
import type { Compiled } from "./scope.ts";

/** Getter of an operand's or argument's text. */
export function textGetter({ get, type }: Compiled): (row: Row) => string {
  if (type === "string")
    return (row) => {
      const value = get(row);
      return typeof value === "string" ? value : "";
    };
  return (row) => {
    const value: Value = get(row);
    return toText(value, type === "dynamic" ? dynamicType(value) : type);
  };
}
