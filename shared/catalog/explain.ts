import { bindQuery } from "../core/pack.ts";
import type { Position } from "../kql/position.ts";
import type { Column, Dialect } from "../kql/schema.ts";
import { validateQuery } from "../kql/validate.ts";
import type { CheckedQuery } from "../kql/validate.ts";
import { SAMPLE_WINDOW } from "./check-pack.ts";
import { compileDetection } from "./compile.ts";
import type { DetectionFile } from "./detection-file.ts";
import { loadDetectionFile } from "./detection-file.ts";
import type { FileProblem } from "./file-problem.ts";
import { ownWindow } from "./own-window.ts";
import { timePrelude } from "./prelude.ts";
import type { SourceText } from "./source-text.ts";

/** The tables that a query reads, the columns it answers, and its compiled texts. */
export interface Explanation {
  readonly file: string;
  readonly tables: readonly string[];
  /** Columns of the query's own result. */
  readonly columns: readonly Column[];
  /** Milliseconds that the query itself looks back, where the plan does not set its window. */
  readonly ownWindow?: number;
  /**
   * `log-analytics`: the text that the service gets, with a sample window (for a `.kql`, which is never deployed: its text with a
   * `Timestamp`). `defender-xdr`: the text that a hunter pastes into advanced hunting.
   */
  readonly text: Readonly<Record<Dialect, string>>;
  readonly warnings: readonly FileProblem[];
}

export type Explained = Explanation | { readonly problems: readonly FileProblem[] };

/** Explains a detection file, or a bare query (`.kql`). */
export function explain(source: SourceText): Explained {
  if (source.file.endsWith(".kql")) return explainQuery(source);
  const loaded = loadDetectionFile(source.text, source.file);
  return "problems" in loaded ? loaded : explainDetection(loaded.detection);
}

function explainQuery({ file, text }: SourceText): Explained {
  const query = text.replace(/^\uFEFF/, "");
  const checked = check(query, file, (at) => at);
  if ("problems" in checked) return checked;
  const { shortest } = ownWindow(checked, []);
  return {
    file,
    tables: checked.tables,
    columns: checked.columns,
    ...(shortest !== undefined && { ownWindow: shortest }),
    text: { "log-analytics": withTime(checked, query, true), "defender-xdr": withTime(checked, query, false) },
    warnings: checked.warnings.map((warning) => ({ file, ...warning })),
  };
}

function explainDetection(detection: DetectionFile): Explained {
  const { file, query, locate } = detection;
  const checked = check(query, file, locate);
  if ("problems" in checked) return checked;
  const compiled = compileDetection(detection);
  if ("problems" in compiled) return compiled;
  const { pack, warnings } = compiled;
  return {
    file,
    tables: pack.tables,
    columns: checked.columns,
    ...(pack.ownWindow !== undefined && { ownWindow: pack.ownWindow }),
    text: {
      "log-analytics": bindQuery(pack.query, SAMPLE_WINDOW, "all"),
      "defender-xdr": withTime(checked, query, false),
    },
    warnings,
  };
}

function check(
  query: string,
  file: string,
  locate: (at: Position) => Position,
): CheckedQuery | { readonly problems: readonly FileProblem[] } {
  const validation = validateQuery(query, timePrelude);
  if ("checked" in validation) return validation.checked;
  return { problems: validation.problems.map(({ message, ...at }) => ({ file, ...locate(at), message })) };
}

/** Advanced hunting has `Timestamp`; only a query that names TimeGenerated needs the prelude there. */
const withTime = ({ tables, namesTimeGenerated }: CheckedQuery, query: string, always: boolean): string =>
  always || namesTimeGenerated ? timePrelude(tables, namesTimeGenerated) + query : query;
