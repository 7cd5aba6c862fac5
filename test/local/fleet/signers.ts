import { readFileSync } from "node:fs";
import { join } from "node:path";

/** How one vendor's certificate name has been spelt. Each contains the words of the Level detection (KQL `has`). */
export const LEVEL_SIGNERS = [
  "Level Software, Inc.",
  "Level Software, Inc",
  "LEVEL SOFTWARE, INC.",
  "level software, inc.",
] as const;

/** What most files of a Windows device are signed by. */
export const EVERYDAY_SIGNERS = ["Microsoft Windows", "Microsoft Corporation", "Google LLC"] as const;

/** A signer with the tool that it belongs to, by people who looked; none: no tool. */
export interface SampleSigner {
  readonly signer: string;
  readonly slug?: string;
}

/** The rows of sample-signers.csv, in their order. */
export function sampleSigners(): readonly SampleSigner[] {
  const [header = [], ...lines] = readFileSync(join(import.meta.dirname, "..", "sample-signers.csv"), "utf8")
    .split(/\r?\n/)
    .filter((line) => line !== "")
    .map(fields);
  const signer = header.indexOf("signer");
  const slug = header.indexOf("expected_slug");
  return lines.map((line) => ({
    signer: line[signer] ?? "",
    ...(line[slug] !== "-" && { slug: line[slug] ?? "" }),
  }));
}

/** Signers that belong to no remote-management tool, look-alikes among them. */
export const benignSigners = (): readonly string[] => [
  ...new Set(sampleSigners().flatMap(({ signer, slug }) => (slug === undefined ? [signer] : []))),
];

/** One line of CSV (RFC 4180); no field of the file has a line break in it. */
function fields(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "",
  );
}
