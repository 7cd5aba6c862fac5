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
  /** Root of the bound syntax tree; `syntax.ts` has the functions to read it. */
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
    // The package's main needs the bridge runtime loaded first. Both define globals.
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
 * Parses and binds a text against the tables of a dialect, or against another schema (pass the same object each time: derived
 * data is cached by identity). Problems are in the order of the text; with any of severity `error` the text can't run. Management
 * commands (`.show …`) parse without a problem: check `code.Kind`.
 * @throws {KqlRuntimeError} when the analysis takes more than 30 s
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

/** Milliseconds. The analysis time doubles with each let statement that reads the one before it twice. */
const MAX_ANALYSIS = 30_000;

function inTime<T>(task: () => T): T {
  try {
    return within(MAX_ANALYSIS, task);
  } catch (error) {
    // An interrupted analysis may leave the service's caches incomplete.
    if (error instanceof KqlRuntimeError) globalsOf.clear();
    throw error;
  }
}

const placeOf = ({ Code, Start }: DiagnosticView): string => `${Code} ${Start}`;

const SEVERITIES = ["error", "warning", "suggestion", "information"] as const;

/** An unknown severity counts as an error: nothing that is not understood may pass. */
const severityOf = (severity: string): Problem["severity"] =>
  SEVERITIES.find((known) => known === severity.toLowerCase()) ?? "error";

/** Columns of the result; none where the last statement is not tabular. */
export function resultColumns(analysis: Analysis): readonly Column[] {
  return (tableColumns(analysis.code.ResultType) ?? []).map(({ name, type }) => ({
    name,
    type: COLUMN_TYPES.find((known) => known === type) ?? "dynamic",
  }));
}
