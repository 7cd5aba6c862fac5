import { createRequire } from "node:module";

import { within } from "./deadline.ts";
import { KqlRuntimeError } from "./kql-error.ts";
import { positionOf } from "./position.ts";
import type { Problem } from "./problem.ts";
import type { Column, Dialect, Schema } from "./schema.ts";
import { COLUMN_TYPES, SCHEMAS } from "./schema.ts";
import type { CodeView, DiagnosticView, SyntaxView } from "./syntax.ts";
import { items, tableColumns } from "./syntax.ts";

export interface Analysis {
  readonly code: CodeView;
  /** Root of the bound tree: read it with `syntax.ts`. */
  readonly syntax: SyntaxView;
  readonly text: string;
  readonly problems: readonly Problem[];
}

interface GlobalsView {
  WithDatabase(database: object): GlobalsView;
}

interface LanguageService {
  readonly KustoCode: { ParseAndAnalyze(text: string, globals: GlobalsView): CodeView };
  readonly GlobalState: { readonly Default: GlobalsView };
  readonly Symbols: {
    readonly TableSymbol: { From(schema: string): { WithName(name: string): object } };
    readonly DatabaseSymbol: { readonly ctor: new (name: string, members: object[]) => object };
  };
}

let loaded: LanguageService | undefined;

function service(): LanguageService {
  if (loaded === undefined) {
    const require = createRequire(import.meta.url);
    // Its declared main fails alone: the runtime first. Both define globals.
    require("@kusto/language-service-next/bridge.min.js");
    require("@kusto/language-service-next/Kusto.Language.Bridge.min.js");
    const kusto: { readonly Language: LanguageService } = Reflect.get(globalThis, "Kusto");
    loaded = kusto.Language;
  }
  return loaded;
}

const globalsOf = new Map<Schema, GlobalsView>();

function globalsFor(schema: Schema): GlobalsView {
  const known = globalsOf.get(schema);
  if (known !== undefined) return known;
  const { GlobalState, Symbols } = service();
  const tables = Object.entries(schema).map(([name, columns]) =>
    Symbols.TableSymbol.From(`(${columns.map(declaration).join(", ")})`).WithName(name),
  );
  const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor("Workspace", tables));
  globalsOf.set(schema, globals);
  return globals;
}

const declaration = (column: Column): string =>
  `['${column.name.replaceAll(/[\\']/g, String.raw`\$&`)}']: ${column.type}`;

/**
 * Parses and binds a text against the tables of a dialect, or against a schema of one's own (the same object each time: what
 * the service derives from it is kept by identity). Problems are in the order of the text; any of severity `error` means that
 * the text can't run. Commands (`.show …`) parse without a problem: look at `code.Kind`.
 * @throws {KqlRuntimeError} the text can't be analysed in 30 s
 */
export function analyse(text: string, dialect: Dialect | Schema): Analysis {
  const schema = typeof dialect === "string" ? SCHEMAS[dialect] : dialect;
  const { KustoCode } = service();
  const globals = globalsFor(schema);
  const code = inTime(() => KustoCode.ParseAndAnalyze(text, globals));
  const syntactic = new Set(items(code.GetSyntaxDiagnostics()).map(placeOf));
  const problems = items(code.GetDiagnostics()).map((found): Problem => {
    const { line, column } = positionOf(text, found.Start);
    const { Code, Message, Length, Start } = found;
    return {
      code: Code,
      message: Message,
      line,
      column,
      length: Length,
      severity: severityOf(found.Severity),
      kind: syntactic.has(placeOf(found)) ? "syntax" : "semantic",
      offset: Start,
    };
  });
  return { code, syntax: code.Syntax, text, problems: problems.toSorted((a, b) => a.offset - b.offset) };
}

/** The service's time doubles with each let that reads the one before twice. */
const MAX_ANALYSIS = 30_000;

function inTime<T>(task: () => T): T {
  try {
    return within(MAX_ANALYSIS, task);
  } catch (error) {
    // What the service had begun to keep may be half made.
    if (error instanceof KqlRuntimeError) globalsOf.clear();
    throw error;
  }
}

const placeOf = ({ Code, Start }: DiagnosticView): string => `${Code} ${Start}`;

const SEVERITIES = ["error", "warning", "suggestion", "information"] as const;

/** What the service does not name is taken for an error: never let through what is not understood. */
const severityOf = (severity: string): Problem["severity"] =>
  SEVERITIES.find((known) => known === severity.toLowerCase()) ?? "error";

/** Columns of the text's result; none where its last statement is not tabular. */
export function resultColumns(analysis: Analysis): readonly Column[] {
  return (tableColumns(analysis.code.ResultType) ?? []).map(({ name, type }) => ({
    name,
    type: COLUMN_TYPES.find((known) => known === type) ?? "dynamic",
  }));
}
