import { convert, toParsed } from "../../convert.ts";
import { dynamicType } from "../../value.ts";
import type { Family, ScalarFunction } from "./family.ts";
import { unaryOrNull } from "./family.ts";

const to = (target: string): ScalarFunction => unaryOrNull((value, type) => convert(value, type, target));

/** Conversions between types; null where a value can't be converted. Source: "Conversion functions" of the Kusto documentation. */
export const CONVERSIONS: Family = [
  ["tostring", to("string")],
  ["tolong", to("long")],
  ["toint", to("int")],
  ["toreal", to("real")],
  ["todouble", to("real")],
  ["tobool", to("bool")],
  ["toboolean", to("bool")],
  ["todatetime", to("datetime")],
  ["totimespan", to("timespan")],
  ["todecimal", to("decimal")],
  ["toguid", to("guid")],
  ["todynamic", unaryOrNull(toParsed)],
  ["parse_json", unaryOrNull(toParsed)],
  ["parsejson", unaryOrNull(toParsed)],
  ["gettype", unaryOrNull((value, type) => (value === null ? "null" : type === "dynamic" ? dynamicType(value) : type))],
];
