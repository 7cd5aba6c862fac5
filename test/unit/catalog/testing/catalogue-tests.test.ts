import { describe, expect, test } from "vitest";

import { readTemplates, readToolTests, readTools, toolFileOf } from "../../../../shared/catalog/catalogue-files.ts";
import { problemLine } from "../../../../shared/catalog/file-problem.ts";
import { testApproval } from "../../../../shared/catalog/testing/approval-tests.ts";
import { testTools } from "../../../../shared/catalog/testing/test-tools.ts";
import { loadToolTests } from "../../../../shared/catalog/testing/tool-tests.ts";
import type { Tool } from "../../../../shared/catalog/tools.ts";
import { loadTools } from "../../../../shared/catalog/tools.ts";

/** What `firstsight detections test` runs of the catalogue and of the approvals: that it finds what is wrong. */

const TOOLS = `tools:
  - { slug: alpha, name: Alpha, vendor: Alpha, category: rmm, literals: [Alpha Soft, Alfa Soft], grade: tool-specific, severity: medium, enabled: true }
  - { slug: beta, name: Beta, vendor: Beta, category: rmm, literals: [Beta Soft], grade: tool-specific, severity: medium, enabled: true }
`;
const BETA = "beta:\n  found: [Beta Soft Inc]\n  notFound: [NextBeta Soft]\n";

function made(): readonly Tool[] {
  const loaded = loadTools({ file: "tools.yaml", text: TOOLS }, undefined);
  if ("problems" in loaded) throw new Error(loaded.problems.map(problemLine).join("\n"));
  return loaded.tools;
}

function outcome(tests: string, mutate = false): { readonly said: readonly string[]; readonly mutants?: number } {
  const loaded = loadToolTests([{ file: "t.yaml", text: tests }], made(), () => "tools.yaml");
  if ("problems" in loaded) return { said: loaded.problems.map(problemLine) };
  const { problems, mutants } = testTools(made(), loaded.cases, { mutate });
  return { said: problems.map(problemLine), ...(mutants !== undefined && { mutants }) };
}

describe("tests of tools", () => {
  test.each([
    [
      "a tool without tests",
      BETA,
      'tools.yaml:1:1: tool alpha has no tests; add them to tools.test.yaml: "alpha: { found: [...], notFound: [...] }", signers by which it is found and look-alikes by which it is not',
    ],
    [
      "a tool that there is not",
      `alhpa:\n  found: [a]\n  notFound: [b]\n${BETA}`,
      "t.yaml:2:3: there is no tool alhpa",
    ],
    ["no look-alike", `alpha:\n  found: [a]\n  notFound: []\n${BETA}`, "t.yaml:3:13: notFound has a signer at least"],
    [
      "a field of another name",
      `alpha:\n  found: [a]\n  notfound: [b]\n${BETA}`,
      "t.yaml:3:3: unknown field notfound; did you mean notFound?",
    ],
    [
      "a signer that does not find it",
      `alpha:\n  found: [Alpha Software, Beta Soft Ltd]\n  notFound: [b]\n${BETA}`,
      't.yaml:2:11: alpha is not found by "Alpha Software"',
      't.yaml:2:27: alpha is not found by "Beta Soft Ltd", but beta',
    ],
    [
      "a look-alike that does",
      `alpha:\n  found: [Alpha Soft]\n  notFound: [The Alfa Soft Company]\n${BETA}`,
      't.yaml:3:14: alpha is found by "The Alfa Soft Company" and must not be',
    ],
  ])("%s – is said at its place", (_, tests, ...said) => {
    const problems = outcome(tests).said;
    expect(problems.filter((line) => !line.includes("notFound is a list"))).toEqual(said);
  });

  test("a literal that no signer needs survives, and so does has where contains would do", () => {
    const tests = `alpha:\n  found: [Alpha Soft]\n  notFound: [NextAlpha Soft]\n${BETA}`;
    expect(outcome(tests, true)).toEqual({
      mutants: 8,
      said: [
        't.yaml:3:14: no signer notices this change: alpha: without "Alfa Soft"; add one that only it decides',
        't.yaml:3:14: no signer notices this change: alpha: "Alfa Soft" anywhere, not as whole terms; add one that only it decides',
      ],
    });
  });

  test("those that ship pass, and notice every change", () => {
    const tools = readTools();
    if ("problems" in tools) throw new Error("the catalogue is broken");
    const tests = loadToolTests(readToolTests(), tools.tools, toolFileOf);
    if ("problems" in tests) throw new Error(tests.problems.map(problemLine).join("\n"));
    const report = testTools(tools.tools, tests.cases, { mutate: true });
    expect(report.problems).toEqual([]);
    expect(report.mutants).toBeGreaterThan(400);
  });
});

describe("tests of approvals", () => {
  const template = readTemplates().find(({ template: { file } }) => file.endsWith("/solarwinds-sam.yaml"));
  if (!template) throw new Error("the template is gone");
  const said = (text: string): readonly string[] =>
    testApproval(template.template, { file: "t.yaml", text }, ["dameware"]).problems.map(problemLine);
  const FILLED = "filled: { tools: [dameware], groups: [Servers] }\ncases:\n";
  const COVERED = `  - { name: yes, covered: true, pieces: [{ by: 'c:\\program files (x86)\\solarwinds\\agent\\solarwinds.agent.service.exe', signer: "Solarwinds Worldwide, LLC" }] }\n`;
  const NOT = "  - { name: no, covered: false, pieces: [] }\n";

  test("none beside the template", () => {
    expect(testApproval(template.template, undefined, []).problems.map(problemLine)).toEqual([
      "shared/catalog/approvals/solarwinds-sam.yaml:1:1: no test shows what it covers: write its .test.yaml beside it",
    ]);
  });

  test.each([
    ["all as stated", COVERED + NOT],
    ["no look-alike", COVERED, "t.yaml:3:3: no case is a look-alike that is not covered; add one"],
    [
      "a verdict that is another",
      COVERED + NOT + COVERED.replace("yes, covered: true", "other, covered: false"),
      expect.stringMatching(/^t\.yaml:5:13: other: covered \(/),
    ],
    [
      "one that should be covered and is not",
      COVERED + NOT + NOT.replace("no, covered: false", "why, covered: true"),
      expect.stringMatching(/^t\.yaml:5:13: why: not covered \(.*arrival/),
    ],
    [
      "a field of another name",
      `${COVERED}  - { name: no, covered: false, pieces: [{ by: x, singer: y }] }\n`,
      "t.yaml:4:51: unknown field singer; did you mean signer?",
    ],
  ])("%s", (_, cases, ...problems) => {
    expect(said(FILLED + cases)).toEqual(problems);
  });

  test("those that ship are all right", () => {
    const tools = readTools();
    const slugs = "tools" in tools ? tools.tools.map(({ slug }) => slug) : [];
    for (const of of readTemplates()) expect(testApproval(of.template, of.test, slugs).problems).toEqual([]);
  });
});
