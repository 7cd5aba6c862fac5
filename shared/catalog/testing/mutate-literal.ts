import { kqlString } from "../../core/kql-text.ts";
import { formatDatetime, parseDatetime } from "../../kql/datetime.ts";
import type { SyntaxView } from "../../kql/syntax.ts";
import { nodeName, property } from "../../kql/syntax.ts";
import type { Edit } from "./edit.ts";

/** A text that no data holds. */
const ANOTHER = "another text";

const TICKS_PER_DAY = 864_000_000_000n;

/** Changes of a literal: a text emptied, replaced or cut, a number plus and minus 1, a timespan doubled and halved, a time moved. */
export function literalEdits(node: SyntaxView, text: string): readonly Edit[] {
  if (!["LiteralExpression", "CompoundStringLiteralExpression"].includes(nodeName(node))) return [];
  const { TextStart: start, End: end } = node;
  const from = text.slice(start, end);
  return [...new Set(replacements(node.ResultType?.Name ?? "", valueText(node) ?? from, from))]
    .filter((replacement) => replacement !== from)
    .map((replacement) => ({ start, end, replacement, from, to: replacement }));
}

function replacements(type: string, value: string, written: string): readonly string[] {
  switch (type) {
    case "string":
      return [ANOTHER, "", ...cuts(value)].filter((other) => other !== value).map(kqlString);
    case "int":
    case "long":
      return /^\d+$/.test(value)
        ? [1n, -1n].map((step) => rewritten(written, value, String(BigInt(value) + step)))
        : [];
    case "real":
    case "decimal":
      return /^\d+\.\d+$/.test(value)
        ? [1, -1].map((step) => rewritten(written, value, real(Number(value) + step)))
        : [];
    case "bool":
      return [/true|1/i.test(value) ? "false" : "true"];
    case "timespan":
      return timespans(written);
    case "datetime": {
      const ticks = parseDatetime(value.replaceAll(/^["']|["']$/g, ""));
      return ticks === undefined
        ? []
        : [TICKS_PER_DAY, -TICKS_PER_DAY].map((step) => `datetime(${formatDatetime(ticks + step)})`);
    }
    default:
      return [];
  }
}

/** The text without its last or first character, and without its last or first word. */
const cuts = (value: string): readonly string[] => [
  value.slice(0, -1),
  value.slice(1),
  value.replace(/[^\p{L}\p{N}]*[\p{L}\p{N}]+[^\p{L}\p{N}]*$/u, ""),
  value.replace(/^[^\p{L}\p{N}]*[\p{L}\p{N}]+[^\p{L}\p{N}]*/u, ""),
];

/** Replaces the value, also inside `long(…)` and similar forms. */
const rewritten = (written: string, value: string, other: string): string => written.replace(value, other);

const real = (value: number): string => (Number.isInteger(value) ? value.toFixed(1) : String(value));

/** Double and half of a timespan, for `5d` and for `time(5d)` and other long forms. */
const timespans = (written: string): readonly string[] =>
  ["*", "/"].map((sign) => {
    const short = /^(\d+(?:\.\d+)?)([a-z]+)$/i.exec(written);
    if (short === null) return `(${written} ${sign} 2)`;
    return `${sign === "*" ? Number(short[1]) * 2 : Number(short[1]) / 2}${short[2]}`;
  });

function valueText(node: SyntaxView): string | undefined {
  const info = property(node, "LiteralValueInfo");
  const text = typeof info === "object" && info !== null ? property(info, "ValueText") : undefined;
  return typeof text === "string" ? text : undefined;
}
