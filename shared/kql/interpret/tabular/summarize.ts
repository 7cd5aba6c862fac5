import { keyOf, keyOfAll } from "../../compare.ts";
import type { SyntaxView } from "../../syntax.ts";
import { child, items, list, nodeName, optionalChild, property } from "../../syntax.ts";
import type { Value } from "../../value.ts";
import { COLLECTIONS } from "../aggregates/collections.ts";
import { EXTREMES } from "../aggregates/extremes.ts";
import { SPREAD } from "../aggregates/spread.ts";
import { STATISTICS } from "../aggregates/statistics.ts";
import type { Accumulator, Aggregate } from "../aggregates/accumulator.ts";
import { hold } from "../budget.ts";
import { argumentsOf, compile, expressionsOf, simpleName, typeOf } from "../expression.ts";
import type { Getter, Relation, Row } from "../relation.ts";
import { columnNamed, materialised } from "../relation.ts";
import type { Compiled, Scope } from "../scope.ts";
import { unsupported } from "../scope.ts";
import type { Operator } from "../tabular.ts";
import { resultOf } from "../tabular.ts";
import { parametersOf } from "./parameters.ts";

/** Aggregates by name. Each family has a file; add an aggregate there. */
export const AGGREGATES: ReadonlyMap<string, Aggregate> = new Map([
  ...STATISTICS,
  ...SPREAD,
  ...COLLECTIONS,
  ...EXTREMES,
]);

type Maker = () => Accumulator;

/** One row for each group, in order of arrival; without `by` one row, also for an empty input. The by-columns come first. */
export const summarize: Operator = (node, input, scope) => {
  parametersOf(node, scope, []);
  const clause = optionalChild(node, "ByClause");
  if (clause !== undefined && optionalChild(clause, "BinClause") !== undefined)
    return unsupported(scope, "summarize … by … bin=", node);
  const keyGetters = clause === undefined ? [] : expressionsOf(clause).map((item) => compile(item, scope).get);
  const result = resultOf(node);
  const makers = makersOf(list(node, "Aggregates"), result.slice(keyGetters.length), scope);
  return {
    ...materialised(result, []),
    scan: (emit) => {
      const groups = grouped(input, keyGetters, makers, () => hold(scope, node));
      for (const { keys, accumulators } of groups)
        if (emit([...keys, ...accumulators.flatMap(({ values }) => values())])) return;
    },
  };
};

interface Group {
  readonly keys: readonly Value[];
  readonly accumulators: readonly Accumulator[];
}

function grouped(
  input: Relation,
  keyGetters: readonly Getter[],
  makers: readonly Maker[],
  keep: () => void,
): Iterable<Group> {
  const groups = new Map<unknown, Group>();
  const fresh = (keys: readonly Value[]): Group => ({ keys, accumulators: makers.map((make) => make()) });
  if (keyGetters.length === 0) groups.set(null, fresh([]));
  const [only] = keyGetters;
  const keysOf = (row: Row): readonly Value[] => keyGetters.map((get) => get(row));
  input.scan((row) => {
    const keys = keysOf(row);
    const key =
      keyGetters.length === 0
        ? null
        : only !== undefined && keyGetters.length === 1
          ? keyOf(keys[0] ?? null)
          : keyOfAll(keys);
    let group = groups.get(key);
    if (group === undefined) {
      keep();
      group = fresh(keys);
      groups.set(key, group);
    }
    for (const { add } of group.accumulators) add(row);
    return false;
  });
  return groups.values();
}

/** `x = count()`, `(x, y) = arg_max(a, b)` */
const NAMED: ReadonlySet<string> = new Set(["SimpleNamedExpression", "CompoundNamedExpression"]);

/** Makers of accumulators, in the order of the result's columns. */
function makersOf(nodes: readonly SyntaxView[], columns: readonly { readonly type: string }[], scope: Scope): Maker[] {
  let place = 0;
  return nodes.map((node) => {
    const call = NAMED.has(nodeName(node)) ? child(node, "Expression") : node;
    const tuple = tupleColumns(call);
    const width = tuple?.length ?? 1;
    const types = columns.slice(place, place + width).map(({ type }) => type);
    place += width;
    return aggregateMaker(call, tuple, types, scope);
  });
}

function aggregateMaker(
  node: SyntaxView,
  tuple: readonly string[] | undefined,
  types: readonly string[],
  scope: Scope,
): Maker {
  if (nodeName(node) === "ParenthesizedExpression")
    return aggregateMaker(child(node, "Expression"), tuple, types, scope);
  const name = nodeName(node) === "FunctionCallExpression" ? simpleName(child(node, "Name")) : undefined;
  const aggregate = name === undefined ? undefined : AGGREGATES.get(name);
  if (name !== undefined && aggregate !== undefined)
    return aggregate({ name, args: argumentsFor(node, tuple, scope), types, scope, node });
  return computedMaker(node, scope);
}

/** Names of the columns of an aggregate with several (`arg_max`); `undefined` for one with a single column. */
function tupleColumns(node: SyntaxView): readonly string[] | undefined {
  const type = node.ResultType;
  if (type === null || type === undefined || nodeName(type) !== "TupleSymbol") return undefined;
  const columns = property(type, "Columns");
  return isColumnList(columns) ? items(columns).map((column) => column.Name) : undefined;
}

const isColumnList = (
  value: unknown,
): value is { readonly Count: number; getItem(index: number): { readonly Name: string } } =>
  typeof value === "object" && value !== null && "Count" in value && "getItem" in value;

/** Compiles an aggregate's arguments. A star means the columns that are neither group keys nor named: the tuple lists them. */
function argumentsFor(node: SyntaxView, tuple: readonly string[] | undefined, scope: Scope): Compiled[] {
  const args: Compiled[] = [];
  for (const item of argumentsOf(node)) {
    if (nodeName(item) === "StarExpression") {
      for (const name of tuple?.slice(args.length) ?? []) {
        const column = scope.row && columnNamed(scope.row, name);
        if (column === undefined) return unsupported(scope, "*", item);
        args.push({ type: column.type, get: column.get, constant: false });
      }
    } else args.push(compile(item, scope));
  }
  return args;
}

/**
 * An expression over aggregates (`countif(…) > 0`, `max(a) - min(a)`): computes each aggregate in it, then the expression over their
 * results.
 */
function computedMaker(node: SyntaxView, scope: Scope): Maker {
  const inner: { readonly node: SyntaxView; readonly maker: Maker }[] = [];
  const aggregates = new Map<SyntaxView, number>();
  collect(node, (found) => {
    aggregates.set(found, inner.length);
    inner.push({ node: found, maker: aggregateMaker(found, undefined, [typeOf(found)], scope) });
  });
  // An unknown aggregate is compiled as a scalar function here, which refuses it by name.
  const combined = compile(node, { ...scope, aggregates });
  if (inner.length === 0) return unsupported(scope, "summarize of an expression without an aggregate", node);
  return () => {
    const accumulators = inner.map(({ maker }) => maker());
    return {
      add: (row) => {
        for (const { add } of accumulators) add(row);
      },
      values: () => [combined.get(accumulators.flatMap(({ values }) => values()))],
    };
  };
}

function collect(node: SyntaxView, found: (node: SyntaxView) => void): void {
  if (nodeName(node) === "FunctionCallExpression" && AGGREGATES.has(simpleName(child(node, "Name")))) {
    found(node);
    return;
  }
  for (let i = 0; i < node.ChildCount; i++) {
    const next = node.GetChild(i);
    if (next !== null && !next.IsToken) collect(next, found);
  }
}
