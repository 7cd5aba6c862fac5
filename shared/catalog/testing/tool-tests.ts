import { z } from "zod";

import type { SourceText } from "../source-text.ts";
import type { FileProblem } from "../file-problem.ts";
import type { Tool } from "../tools.ts";
import { loadYaml, unknownFields } from "../yaml-file.ts";

/** One signer, and whether it has to identify the tool. */
export interface ToolCase {
  readonly slug: string;
  readonly signer: string;
  readonly found: boolean;
  /** Makes a problem at the case's position. */
  readonly problem: (message: string) => FileProblem;
}

export type LoadedToolTests = { readonly cases: readonly ToolCase[] } | { readonly problems: readonly FileProblem[] };

const signers = (name: string) =>
  z
    .array(z.string({ error: "a signer is a text; put it in quotes" }).min(1, "a signer is empty"), {
      error: `${name} is a list of signers`,
    })
    .min(1, `${name} has a signer at least`);

const FIELDS = { found: signers("found"), notFound: signers("notFound") };

const schema = z.record(
  z.string(),
  z.strictObject(FIELDS, {
    error: unknownFields(Object.keys(FIELDS), "a tool's tests are found: and notFound:, a signer at least in each"),
  }),
  { error: "tests are by slug: slug: { found: [...], notFound: [...] }" },
);

/**
 * Tests of the catalogue's tools, from `rmm-tools.test.yaml` and the customer's own file. Every tool needs tests, also a disabled
 * one; tests of an unknown tool are a problem.
 */
export function loadToolTests(
  sources: readonly SourceText[],
  tools: readonly Pick<Tool, "slug">[],
  fileOf: (slug: string) => string,
): LoadedToolTests {
  const problems: FileProblem[] = [];
  const cases: ToolCase[] = [];
  const slugs = new Set(tools.map(({ slug }) => slug));
  for (const { file, text } of sources) {
    const loaded = loadYaml(text, file, schema);
    if ("problems" in loaded) {
      problems.push(...loaded.problems);
      continue;
    }
    for (const [slug, tests] of Object.entries(loaded.data)) {
      if (!slugs.has(slug)) problems.push(loaded.problem([slug], `there is no tool ${slug}`));
      for (const name of ["found", "notFound"] as const)
        for (const [i, signer] of tests[name].entries())
          cases.push({
            slug,
            signer,
            found: name === "found",
            problem: (message) => loaded.problem([slug, name, i], message),
          });
    }
  }
  if (problems.length > 0) return { problems };
  const tested = new Set(cases.map(({ slug }) => slug));
  const untested = tools.filter(({ slug }) => !tested.has(slug));
  if (untested.length > 0)
    return {
      problems: untested.map(({ slug }) => ({
        file: fileOf(slug),
        line: 1,
        column: 1,
        message: `tool ${slug} has no tests; add them to ${fileOf(slug).replace(/\.yaml$/, ".test.yaml")}: "${slug}: { found: [...], notFound: [...] }", signers by which it is found and look-alikes by which it is not`,
      })),
    };
  return { cases };
}
