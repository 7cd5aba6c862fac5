import type { SyntaxView } from "../../kql/syntax.ts";
import { child, elements, list, nodeName, optionalChild, tokenText } from "../../kql/syntax.ts";
import type { Edit } from "./edit.ts";

/** Replacements of an operator: another boundary, its negation, or a form that matches more or fewer rows. Negated forms follow. */
const COMPARISONS: Readonly<Record<string, readonly string[]>> = {
  ">": [">="],
  ">=": [">"],
  "<": ["<="],
  "<=": ["<"],
  "==": ["!=", "=~"],
  "!=": ["==", "!~"],
  "<>": ["=="],
  "=~": ["==", "!~"],
  "!~": ["!=", "=~"],
  in: ["!in", "in~"],
  "in~": ["!in~", "in"],
  has: ["contains", "startswith", "endswith", "has_cs"],
  has_cs: ["contains_cs", "startswith_cs", "endswith_cs", "has"],
  hasprefix: ["contains", "hasprefix_cs"],
  hasprefix_cs: ["contains_cs", "hasprefix"],
  hassuffix: ["contains", "hassuffix_cs"],
  hassuffix_cs: ["contains_cs", "hassuffix"],
  contains: ["has", "contains_cs"],
  contains_cs: ["has_cs", "contains"],
  startswith: ["contains", "startswith_cs"],
  startswith_cs: ["contains_cs", "startswith"],
  endswith: ["contains", "endswith_cs"],
  endswith_cs: ["contains_cs", "endswith"],
  has_all: ["has_any"],
};

/** Changes of a condition: removed, an operand dropped, a comparison changed, an item of a list dropped. */
export function predicateEdits(node: SyntaxView, text: string): readonly Edit[] {
  const written = (part: SyntaxView): string => text.slice(part.TextStart, part.End);
  const becomes = (replacement: string): Edit => ({
    start: node.TextStart,
    end: node.End,
    replacement,
    from: written(node),
    to: replacement,
  });
  switch (nodeName(node)) {
    case "FilterOperator": {
      const { TextStart: start, End: end } = child(node, "Condition");
      return [{ start, end, replacement: "true", from: written(node), to: "where true" }];
    }
    case "BinaryExpression": {
      const [left, right] = [child(node, "Left"), child(node, "Right")];
      const operator = tokenText(child(node, "Operator")).toLowerCase();
      if (operator === "and" || operator === "or") return [left, right].map((side) => becomes(written(side)));
      return comparisons(node, text);
    }
    case "InExpression":
    case "HasAnyExpression":
    case "HasAllExpression":
      return [...comparisons(node, text), ...withoutOne(child(node, "Right"), "Expressions", node, text)];
    case "BetweenExpression":
      return between(node, written).map(becomes);
    case "JsonArrayExpression":
      return withoutOne(node, "Values", node, text);
    case "FunctionCallExpression": {
      const [argument] = elements(child(child(node, "ArgumentList"), "Expressions"));
      return written(child(node, "Name")) === "not" && argument !== undefined
        ? [becomes(`(${written(argument)})`)]
        : [];
    }
    default:
      return [];
  }
}

function comparisons(node: SyntaxView, text: string): readonly Edit[] {
  const { TextStart: start, End: end } = child(node, "Operator");
  const operator = text.slice(start, end).toLowerCase();
  const plain = operator.replace(/^!/, "");
  const others =
    COMPARISONS[operator] ??
    (operator.startsWith("!")
      ? (COMPARISONS[plain] ?? []).map((other) => (other.startsWith("!") ? plain : `!${other}`))
      : []);
  return others.map((replacement) => ({
    start,
    end,
    replacement,
    from: text.slice(node.TextStart, node.End),
    to: text.slice(node.TextStart, start) + replacement + text.slice(end, node.End),
  }));
}

/** For a list of two or more: the list without each one of its items. */
function withoutOne(holder: SyntaxView, listName: string, shown: SyntaxView, text: string): readonly Edit[] {
  if (optionalChild(holder, listName) === undefined) return [];
  const items = list(holder, listName);
  const [first, last] = [items.at(0), items.at(-1)];
  if (first === undefined || last === undefined || items.length < 2) return [];
  return items.map((dropped) => ({
    start: first.TextStart,
    end: last.End,
    replacement: items
      .filter((item) => item !== dropped)
      .map((item) => text.slice(item.TextStart, item.End))
      .join(", "),
    from: text.slice(shown.TextStart, shown.End),
    to: `without ${text.slice(dropped.TextStart, dropped.End)}`,
  }));
}

/** Changes of a range: each end excluded, and each bound dropped. */
function between(node: SyntaxView, written: (part: SyntaxView) => string): readonly string[] {
  const couple = child(node, "Right");
  const [value, low, second] = [child(node, "Left"), child(couple, "First"), child(couple, "Second")].map(written);
  const isLength =
    child(couple, "Second").ResultType?.Name === "timespan" && child(couple, "First").ResultType?.Name === "datetime";
  const high = isLength ? `(${low}) + (${second})` : second;
  const isNegated = tokenText(child(node, "Operator")).startsWith("!");
  return [
    `${value} > ${low} and ${value} <= ${high}`,
    `${value} >= ${low} and ${value} < ${high}`,
    `${value} >= ${low}`,
    `${value} <= ${high}`,
  ].map((range) => (isNegated ? `not(${range})` : `(${range})`));
}
