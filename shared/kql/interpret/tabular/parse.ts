import { convert, toText } from "../../convert.ts";
import { regex } from "../../regex.ts";
import type { SyntaxView } from "../../syntax.ts";
import { child, elements, list, nodeName } from "../../syntax.ts";
import type { Value } from "../../value.ts";
import { isList, missing } from "../../value.ts";
import { compile, simpleName } from "../expression.ts";
import { literal } from "../literal.ts";
import { scalarType } from "../own-function.ts";
import { located } from "../pattern.ts";
import type { BoundColumn, Getter, Relation } from "../relation.ts";
import { columnNamed, remembered } from "../relation.ts";
import type { Scope } from "../scope.ts";
import { unsupported } from "../scope.ts";
import type { Operator } from "../tabular.ts";
import { resultOf } from "../tabular.ts";
import { textGetter } from "../text-getter.ts";
import { parametersOf } from "./parameters.ts";

/** A part of the pattern after `with`. */
type Piece =
  | { readonly kind: "star" }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "column"; readonly name: string; readonly type: string };

type Mode = "simple" | "relaxed" | "regex";

/** `parse`: keeps every row; the new columns are missing where the text does not match. Source: "parse operator", Kusto documentation. */
export const parse: Operator = (node, input, scope) => parsed(node, input, scope).relation;

/** `parse-where`: keeps the rows whose text matches. */
export const parseWhere: Operator = (node, input, scope) => {
  const { relation, values } = parsed(node, input, scope);
  return { ...relation, scan: (emit) => relation.scan((row) => values(row) !== null && emit(row)) };
};

function parsed(
  node: SyntaxView,
  input: Relation,
  scope: Scope,
): { readonly relation: Relation; readonly values: Getter } {
  const parameters = parametersOf(node, scope, ["kind", "flags"]);
  const mode = modeOf(parameters.get("kind") ?? "simple", node, scope);
  const pieces = list(node, "Patterns").map((item) => pieceOf(item, scope));
  const made = pieces.filter((piece) => piece.kind === "column");
  const known = made.find(({ name }) => columnNamed(input, name) !== undefined);
  if (known !== undefined) return unsupported(scope, `parse into the column ${known.name} of its input`, node);
  const pattern = located(() => regex(patternOf(pieces, mode, parameters.get("flags"))), scope, node);
  const source = textGetter(compile(child(node, "Expression"), scope));
  const values = remembered((row) => valuesOf(pattern.exec(source(row)), made, mode));
  const columns = resultOf(node).map(({ name, type }): BoundColumn => {
    const place = made.findIndex((piece) => piece.name === name);
    return columnNamed(input, name) ?? { name, type, get: (row) => elementAt(values(row), place, type) };
  });
  return { relation: { ...input, columns }, values };
}

function modeOf(kind: string, node: SyntaxView, scope: Scope): Mode {
  return kind === "simple" || kind === "relaxed" || kind === "regex"
    ? kind
    : unsupported(scope, `parse kind=${kind}`, node);
}

function pieceOf(node: SyntaxView, scope: Scope): Piece {
  switch (nodeName(node)) {
    case "StarExpression":
      return { kind: "star" };
    case "NameDeclaration":
      return { kind: "column", name: simpleName(node), type: "string" };
    case "NameAndTypeDeclaration": {
      const type = elements(child(node, "Type"))[0]?.toString().trim() ?? "string";
      return { kind: "column", name: simpleName(child(node, "Name")), type: scalarType(type) };
    }
    case "LiteralExpression":
    case "CompoundStringLiteralExpression":
      return { kind: "text", text: toText(literal(node, "string", scope), "string") };
    default:
      return unsupported(scope, `parse with ${nodeName(node)}`, node);
  }
}

const quoted = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);

/** Patterns of a column's value by type; other types match any text, which is converted afterwards. */
const SHAPES: ReadonlyMap<string, string> = new Map([
  ["long", "-?[0-9]+"],
  ["int", "-?[0-9]+"],
  ["real", "-?[0-9]+(?:[.][0-9]+)?(?:[eE][-+]?[0-9]+)?"],
  ["decimal", "-?[0-9]+(?:[.][0-9]+)?"],
  ["bool", "[A-Za-z0-9]+"],
]);

/**
 * Compiles the pattern to one regular expression. In kind=regex a string column is `.*`, greedy without the flag `U`, and the
 * expression may match anywhere. In the other kinds it has to match the whole text, each string up to the next delimiter's first
 * occurrence.
 */
function patternOf(pieces: readonly Piece[], mode: Mode, flags: string | undefined): string {
  let column = 0;
  const written = pieces.map((piece, i) => {
    if (piece.kind === "star") return ".*?";
    if (piece.kind === "text") return mode === "regex" ? piece.text : quoted(piece.text);
    column += 1;
    return `(?P<p${column}>${shapeOf(piece.type, mode, pieces[i + 1])})`;
  });
  const whole = written.join("");
  if (mode === "regex") return flags === undefined ? whole : `(?${flags})${whole}`;
  return String.raw`(?s)\A${whole}\z`;
}

function shapeOf(type: string, mode: Mode, next: Piece | undefined): string {
  const shape = SHAPES.get(type);
  if (mode === "regex") return shape ?? ".*";
  // In relaxed mode a value may be anything up to the next delimiter; one of another type is null.
  if (shape === undefined || (mode === "relaxed" && next?.kind !== "star")) return ".*?";
  return mode === "relaxed" ? `(?:${shape})?` : shape;
}

type Column = Extract<Piece, { kind: "column" }>;

/** The columns' values; null where the text does not match, or in strict mode a value does not have its type. */
function valuesOf(found: RegExpExecArray | null, columns: readonly Column[], mode: Mode): readonly Value[] | null {
  if (found === null) return null;
  const values = columns.map(({ type }, i) => convert(found.groups?.[`p${i + 1}`] ?? "", "string", type));
  return mode !== "relaxed" && values.includes(null) ? null : values;
}

const elementAt = (values: Value, place: number, type: string): Value =>
  isList(values) ? (values[place] ?? missing(type)) : missing(type);
