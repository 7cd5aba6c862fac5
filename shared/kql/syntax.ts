/**
 * The part of the language service's syntax tree that the project uses. The service's own declarations (34,000 lines, every
 * property nullable) are not used: the functions below read nodes by property name and fail loudly on an unexpected shape.
 */

/** A symbol: a type, a column, a table, a function or a variable. */
export interface SymbolView {
  readonly Name: string;
}

/** Type symbol of a table, with its columns. */
interface TableSymbolView extends SymbolView {
  readonly Columns: ListView<ColumnSymbolView>;
}

interface ColumnSymbolView extends SymbolView {
  readonly Type: SymbolView;
}

export interface ListView<T> {
  readonly Count: number;
  getItem(index: number): T;
}

/** A node or token. `TextStart` is an offset in UTF-16 units after leading blanks and comments. */
export interface SyntaxView {
  readonly Kind: number;
  readonly TextStart: number;
  readonly Width: number;
  readonly End: number;
  readonly ChildCount: number;
  readonly IsToken: boolean;
  readonly IsMissing: boolean;
  readonly Parent: SyntaxView | null;
  readonly ResultType?: SymbolView | null;
  readonly ReferencedSymbol?: SymbolView | null;
  GetChild(index: number): SyntaxView | null;
  toString(): string;
}

export interface DiagnosticView {
  readonly Code: string;
  readonly Severity: string;
  readonly Message: string;
  readonly Start: number;
  readonly Length: number;
}

export interface CodeView {
  /** `Query`, or `Command` for a management command, which begins with a dot. */
  readonly Kind: string;
  readonly Syntax: SyntaxView;
  readonly ResultType: SymbolView | null;
  GetDiagnostics(): ListView<DiagnosticView>;
  GetSyntaxDiagnostics(): ListView<DiagnosticView>;
}

/** A property of a node or symbol, untyped. */
export const property = (owner: object, name: string): unknown => Reflect.get(owner, name);

const isSyntax = (value: unknown): value is SyntaxView =>
  typeof value === "object" && value !== null && "GetChild" in value && "TextStart" in value;

/** The child node or token with that name; `undefined` where the text has none. */
export function optionalChild(node: SyntaxView, name: string): SyntaxView | undefined {
  const value = property(node, name);
  return isSyntax(value) && !value.IsMissing ? value : undefined;
}

/** The child with that name. @throws {TypeError} where there is none: the grammar is another one than the code was written for */
export function child(node: SyntaxView, name: string): SyntaxView {
  const value = property(node, name);
  if (!isSyntax(value)) throw new TypeError(`a ${nodeName(node)} has no ${name}`);
  return value;
}

/** The body of the query's own function, bound for this call, as a separate tree; `undefined` where there is none. */
export function calledBody(call: SyntaxView): SyntaxView | undefined {
  const method = property(call, "GetCalledFunctionBody");
  const body: unknown = typeof method === "function" ? Reflect.apply(method, call, []) : undefined;
  return isSyntax(body) ? body : undefined;
}

/** Elements of the list in that child, without separators. */
export function list(node: SyntaxView, name: string): SyntaxView[] {
  return elements(child(node, name));
}

/** Elements of a list node, without separators. */
export function elements(node: SyntaxView): SyntaxView[] {
  return children(node).map((item) => (nodeName(item) === "SeparatedElement" ? child(item, "Element") : item));
}

/** All present children, nodes and tokens. */
function children(node: SyntaxView): SyntaxView[] {
  const found: SyntaxView[] = [];
  for (let i = 0; i < node.ChildCount; i++) {
    const item = node.GetChild(i);
    if (item !== null && item !== undefined) found.push(item);
  }
  return found;
}

/** Text of a token without leading blanks. */
export function tokenText(token: SyntaxView): string {
  const text = property(token, "Text");
  return typeof text === "string" ? text : token.toString().trim();
}

/** The node and every node below it, parents first. Uses an explicit stack: a deep tree must not overflow the call stack. */
export function* walk(root: SyntaxView): Generator<SyntaxView> {
  const stack = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    yield node;
    stack.push(...children(node).toReversed());
  }
}

/** Columns of a table type; `undefined` for any other type. */
export function tableColumns(
  type: SymbolView | null | undefined,
): readonly { readonly name: string; readonly type: string }[] | undefined {
  if (type === null || type === undefined || !isTable(type)) return undefined;
  return items(type.Columns).map((column) => ({ name: column.Name, type: column.Type.Name }));
}

const isTable = (type: SymbolView): type is TableSymbolView =>
  "Columns" in type && !("Tables" in type) && shortName(type) === "TableSymbol";

export function items<T>(view: ListView<T>): T[] {
  return Array.from({ length: view.Count }, (_, index) => view.getItem(index));
}

/** Class of a node or symbol without its namespace: `FilterOperator`, `ColumnSymbol`. Generic classes without their arity. */
export const nodeName = (view: SyntaxView | SymbolView): string => shortName(view);

const names = new WeakMap<object, string>();

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

function shortName(view: object): string {
  const known = names.get(view.constructor);
  if (known !== undefined) return known;
  const full = textOf(property(view.constructor, "$$name")) ?? view.constructor.name;
  const name = full.replace(/[`$[].*$/, "").replace(/^.*\./, "");
  names.set(view.constructor, name);
  return name;
}

/** Name of a scalar type; `unknown` where the service could not tell. */
export const columnTypeName = (type: SymbolView | null | undefined): string => type?.Name ?? "unknown";
