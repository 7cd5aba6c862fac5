import type { RowDifference } from "../catalog/testing/compare-rows.ts";
import type { CaseReport, DetectionReport, Failure } from "../catalog/testing/test-detection.ts";
import type { ApprovalReport } from "../catalog/testing/approval-tests.ts";
import type { ToolsReport } from "../catalog/testing/test-tools.ts";
import { counted } from "../operations/counted.ts";
import { problemLine } from "../catalog/file-problem.ts";
import { DIALECTS } from "../kql/schema.ts";

export interface TestTotals {
  readonly detections: number;
  readonly cases: number;
  readonly failed: number;
  readonly mutants: number;
  readonly survivors: number;
  readonly problems: number;
}

export const totalsOf = (reports: readonly DetectionReport[]): TestTotals => {
  const sum = (count: (report: DetectionReport) => number): number =>
    reports.reduce((total, report) => total + count(report), 0);
  return {
    detections: reports.length,
    cases: sum(({ cases }) => cases.length),
    failed: sum(({ cases }) => cases.filter(({ passed }) => !passed).length),
    mutants: sum(({ mutation }) => mutation?.mutants ?? 0),
    survivors: sum(({ mutation }) => mutation?.survivors.length ?? 0),
    problems: sum(({ problems }) => problems.length),
  };
};

/** Report for people: a line for each case, differences of failed cases, problems with their positions. */
export function reportLines(reports: readonly DetectionReport[], mutate: boolean): readonly string[] {
  const totals = totalsOf(reports);
  return [
    ...reports.flatMap((report) => detectionLines(report, mutate)),
    "",
    [
      `${counted(totals.detections, "detection")}, ${counted(totals.cases, "case")}${verdict(totals)}`,
      ...(totals.mutants > 0 ? [`${counted(totals.mutants, "mutant")}: ${survivorText(totals.survivors)}`] : []),
      ...(totals.problems > 0 ? [counted(totals.problems, "problem")] : []),
    ].join("; "),
  ];
}

/** Report on the catalogue's tools: their number, and problems with their positions. */
export const toolLines = ({ tools, cases, failed, mutants, survivors, problems }: ToolsReport): readonly string[] => [
  "the catalogue's tools",
  ...problems.map(problemLine),
  `  ${counted(tools, "tool")}, ${counted(cases, "signer")}${failed > 0 ? `: ${failed} wrong` : cases > 0 ? ": all right" : ""}`,
  ...(mutants === undefined ? [] : [`  ${counted(mutants, "mutant")}: ${survivorText(survivors?.length ?? 0)}`]),
];

/** A line for each template, and one for each case with an unexpected verdict. */
export const approvalLines = (reports: readonly ApprovalReport[]): readonly string[] => [
  "templates of approvals",
  ...reports.flatMap(({ file, cases, problems }) => [
    ...problems.map(problemLine),
    `  ${file.slice(file.lastIndexOf("/") + 1)}: ${counted(cases, "case")}${problems.length > 0 ? `, ${problems.length} wrong` : ": all right"}`,
  ]),
];

const verdict = ({ cases, failed }: TestTotals): string =>
  failed > 0 ? `: ${failed} failed` : cases > 0 ? ": all pass" : "";

function detectionLines({ file, cases, problems, mutation }: DetectionReport, mutate: boolean): readonly string[] {
  const skipped = mutate && mutation === undefined && cases.length > 0;
  return [
    file,
    ...cases.flatMap(caseLines),
    ...problems.map(problemLine),
    ...(skipped ? ["  mutants were not run: first all cases have to pass"] : []),
    ...(mutation === undefined
      ? []
      : [
          `  ${counted(mutation.mutants, "mutant")}: ${survivorText(mutation.survivors.length)}${mutation.listed > 0 ? `, ${mutation.listed} listed as meaning the same` : ""}`,
        ]),
  ];
}

const survivorText = (count: number): string => (count === 0 ? "all noticed" : `${count} not noticed by any case`);

function caseLines(report: CaseReport): readonly string[] {
  const { name, passed, failures } = report;
  if (passed) return [`  ✓ ${name}`];
  return [
    `  ✗ ${name}`,
    ...failures.flatMap((failure) => [
      problemLine({
        ...(failure.at ?? report),
        message: `${headline(failure)}${onlyIn(failure)}`,
      }),
      ...(failure.outcome.kind === "rows" ? failure.outcome.differences.flatMap(differenceLines) : []),
    ]),
  ];
}

function headline({ outcome }: Failure): string {
  if (outcome.kind !== "rows") return outcome.error;
  const count = (kind: RowDifference["kind"]): number =>
    outcome.differences.filter((difference) => difference.kind === kind).length;
  return [
    [count("different"), "differs from what is expected"],
    [count("missing"), "missing"],
    [count("unexpected"), "unexpected"],
  ]
    .flatMap(([number, differenceText]) =>
      number === 0 ? [] : [`${counted(Number(number), "row")} ${differenceText}`],
    )
    .join(", ");
}

/** The dialects of a failure; empty where it is the same in all. */
const onlyIn = ({ dialects }: Failure): string =>
  dialects.length === DIALECTS.length ? "" : ` (only in ${dialects.join(", ")})`;

/** `-`: expected and missing; `+`: present and not expected. */
function differenceLines(difference: RowDifference): readonly string[] {
  const row = (cells: Readonly<Record<string, string>>): string =>
    `{ ${Object.entries(cells)
      .map(([column, value]) => `${column}: ${value}`)
      .join(", ")} }`;
  switch (difference.kind) {
    case "missing":
      return [`      - ${row(difference.expected)}`];
    case "unexpected":
      return [`      + ${row(difference.actual)}`];
    case "different":
      return [
        `        ${row(difference.row)}`,
        ...difference.columns.flatMap(({ column, expected, actual }) => [
          `      -   ${column}: ${expected}`,
          `      +   ${column}: ${actual}`,
        ]),
      ];
    default:
      return difference satisfies never;
  }
}
