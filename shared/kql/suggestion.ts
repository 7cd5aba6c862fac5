import type { Analysis } from "./language.ts";
import type { Problem } from "./problem.ts";
import { nameText } from "./name-text.ts";
import { nearest } from "./nearest.ts";
import type { QueryPurpose } from "./query-purpose.ts";
import { PLUGINS } from "./refusals.ts";
import type { Dialect } from "./schema.ts";
import { SCHEMAS } from "./schema.ts";
import { child, nodeName, property, walk } from "./syntax.ts";

/** Functions that only a portal has: they read data that a detection can't reach. */
const PORTAL_FUNCTION =
  /^(?:FileProfile|DeviceFromIP|AssignedIPAddresses|SeenBy|_GetWatchlist\w*|_?(?:Im|ASim)_?\w*)$/i;

interface ProblemContext {
  readonly problem: Problem;
  /** The text at the problem's position. */
  readonly word: string;
  /** Dialects that have the problem. */
  readonly dialects: readonly Dialect[];
  readonly purpose: QueryPurpose;
  /** Tables that the query reads. */
  readonly tables: readonly string[];
  /** Analyses of prelude and query, one for each dialect. */
  readonly analyses: readonly Analysis[];
}

/** Advice about a problem: a sentence to append to its message, with a leading blank; empty where nothing is certain. */
export function suggestion(context: ProblemContext): string {
  const { problem, word, dialects, purpose } = context;
  const [only] = dialects;
  if (only !== undefined && dialects.length < purpose.dialects.length) {
    const place = only === "log-analytics" ? "Log Analytics" : "Defender XDR";
    if (problem.code !== "KS142") return ` (in ${place})`;
    return ` ${place} lacks it: write column_ifexists("${word}", "") in its place.`;
  }
  switch (problem.code) {
    case "KS142":
      return forColumn(context);
    case "KS204":
    case "KS205":
      return forTable(context);
    case "KS201":
      return purpose.tables.includes(word) ? ` ${word} is a table: give the let another name.` : "";
    case "KS211":
      return forFunction(context);
    case "KS124": {
      const near = nearest(word, PLUGINS);
      return near === undefined ? "" : ` Did you mean ${near}?`;
    }
    case "KS245":
      return " Write long chains of or as in (…) or has_any (…), and take the rest apart with let statements.";
    case "KS141":
      return /[^=!<>~]=(?![=~])/.test(word) ? " A comparison is written ==." : "";
    default:
      return "";
  }
}

function forTable({ word, purpose, analyses }: ProblemContext): string {
  const near = nearest(word, [...purpose.tables, ...declaredIn(analyses)]);
  return near === undefined
    ? ` ${capital(purpose.noun)} may read ${purpose.tables.join(", ")}.`
    : ` Did you mean ${near}?`;
}

function forColumn({ word, analyses, purpose, tables }: ProblemContext): string {
  // Leaves out the tables, which the prelude declares.
  const declared = declaredIn(analyses).filter((name) => !purpose.tables.includes(name));
  const names = new Set([...columnsRead(tables, purpose), ...declared]);
  if (names.has(word)) return ` An earlier operator has dropped the column: keep it there.`;
  const near = nearest(word, names) ?? longerNameOf(word, names) ?? nearest(word, purpose.tables);
  return near === undefined ? "" : ` Did you mean ${near}?`;
}

/** The longer name that ends with the word, as `InitiatingProcessAccountUpn` does with `AccountUpn`. Shorter words end many names by chance. */
const longerNameOf = (word: string, names: Iterable<string>): string | undefined =>
  word.length < 5
    ? undefined
    : [...names]
        .filter((name) => name.toLowerCase().endsWith(word.toLowerCase()))
        .toSorted((a, b) => a.length - b.length)[0];

function forFunction({ word, analyses }: ProblemContext): string {
  const name = /^\w*/.exec(word)?.[0] ?? word;
  if (PORTAL_FUNCTION.test(name))
    return ` It reads from outside the tables, and only a portal knows it: put the values into the query.`;
  const near = nearest(name, [...functionNames(analyses), ...declaredIn(analyses)]);
  return near === undefined ? "" : ` Did you mean ${near}?`;
}

/** Names that the query itself declares: let statements, computed columns, parameters. */
function declaredIn(analyses: readonly Analysis[]): readonly string[] {
  const [first] = analyses;
  if (first === undefined) return [];
  return [...walk(first.syntax)].flatMap((node) =>
    nodeName(node) === "NameDeclaration" ? [nameText(child(node, "Name"))] : [],
  );
}

const columnsRead = (tables: readonly string[], { dialects }: QueryPurpose): readonly string[] =>
  tables.flatMap((table) => dialects.flatMap((dialect) => (SCHEMAS[dialect][table] ?? []).map(({ name }) => name)));

/** All functions that the language service knows. */
function functionNames([first]: readonly Analysis[]): readonly string[] {
  const globals = first && property(first.code, "Globals");
  if (typeof globals !== "object" || globals === null) return [];
  // Aggregates first: of two equally near names the aggregate is meant more often (count, not cot).
  return ["Aggregates", "Functions"].flatMap((kind) => {
    const known = property(globals, kind);
    return Array.isArray(known) ? known.map(({ Name }: { readonly Name: string }) => Name) : [];
  });
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
