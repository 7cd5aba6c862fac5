/** One line of the table: what was measured, against what it has to be. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** `≤ 1.5`, `≥ 20`; absent: only stated. */
  readonly limit?: { readonly sign: "≤" | "≥"; readonly value: number };
  /** True: a count or a size, the same on every machine; held in a smoke run too. */
  readonly exact?: true;
}

export function isMet({ value, limit }: Figure): boolean {
  if (!limit) return true;
  return limit.sign === "≤" ? value <= limit.value : value >= limit.value;
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
};

/** Milliseconds that `work` takes. */
export async function timed(work: () => unknown): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

export function printFigures(figures: readonly Figure[]): void {
  const lines = figures.map((figure) => [
    figure.name,
    `${format(figure.value)} ${figure.unit}`.trim(),
    figure.limit ? `${figure.limit.sign} ${format(figure.limit.value)}` : "",
    figure.limit ? (isMet(figure) ? "met" : "NOT MET") : "",
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  for (const line of lines)
    console.log(
      line
        .map((cell, i) => (i === 1 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
        .join("  ")
        .trimEnd(),
    );
}

function format(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString("en-US");
  return value >= 100 ? Math.round(value).toLocaleString("en-US") : value.toFixed(2);
}
