import { convert, toText } from "../../convert.ts";
import { parseJson } from "../../dynamic.ts";
import type { Value } from "../../value.ts";
import { dynamicType, isList, isMap } from "../../value.ts";
import { fail } from "../scope.ts";
import { textGetter } from "../text-getter.ts";
import type { Call, Family, ScalarFunction } from "./family.ts";
import { argument } from "./family.ts";

type Step = string | number;

const STEP = /\.([\w-]+)|\[(?:'([^']*)'|"([^"]*)"|(\d+))\]/y;

/** Steps of a path such as `$.a['b'][0]`. Wildcards and filters of JSONPath are not supported and refused. */
function stepsOf(path: string, call: Call): readonly Step[] {
  const steps: Step[] = [];
  let at = path.startsWith("$") ? 1 : 0;
  while (at < path.length) {
    STEP.lastIndex = at;
    const found = STEP.exec(path);
    if (found === null)
      return fail(call.scope, `${call.name}() does not know the JSON path ${JSON.stringify(path)}`, call.node);
    steps.push(found[4] === undefined ? (found[1] ?? found[2] ?? found[3] ?? "") : Number(found[4]));
    at = STEP.lastIndex;
  }
  return steps;
}

function walked(value: Value | undefined, steps: readonly Step[]): Value {
  let current: Value | undefined = value;
  for (const step of steps) {
    if (typeof step === "number") current = current !== undefined && isList(current) ? current[step] : undefined;
    else current = current !== undefined && isMap(current) ? current.get(step) : undefined;
  }
  return current ?? null;
}

/** `extract_json(path, text[, typeof(T)])`: the value at the path, as text or as the type. */
const extractJson: ScalarFunction = (call) => {
  const path = textGetter(argument(call, 0));
  const source = textGetter(argument(call, 1));
  const known = new Map<string, readonly Step[]>();
  return (row) => {
    const wanted = path(row);
    const steps = known.get(wanted) ?? stepsOf(wanted, call);
    known.set(wanted, steps);
    const found = walked(parseJson(source(row)), steps);
    return call.type === "string" ? toText(found, dynamicType(found)) : convert(found, "dynamic", call.type);
  };
};

export const JSON_PATHS: Family = [
  ["extract_json", extractJson],
  ["extractjson", extractJson],
];
