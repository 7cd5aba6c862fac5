import { describe, expect, it } from "vitest";
import type { DetectionFile } from "../../../shared/catalog/detection-file.ts";
import { duplicateIds, loadDetectionFile } from "../../../shared/catalog/detection-file.ts";
import { problemLine } from "../../../shared/catalog/file-problem.ts";
import { huntingFile, queryBlock, scheduledFile } from "./detection-source.ts";

function loaded(text: string, file = "some-tool.yaml"): DetectionFile {
  const result = loadDetectionFile(text, file);
  if ("problems" in result) throw new Error(result.problems.map(problemLine).join("\n"));
  return result.detection;
}

function problemsOf(text: string, file = "f.yaml"): string[] {
  const result = loadDetectionFile(text, file);
  return "problems" in result ? result.problems.map(problemLine) : [];
}

describe("a hunting query", () => {
  it("becomes a detection; without a severity it is medium", () => {
    const { locate, ...rest } = loaded(huntingFile(), "detections/rmm-some-tool-file-signature.yaml");
    expect(rest).toEqual({
      file: "detections/rmm-some-tool-file-signature.yaml",
      slug: "rmm-some-tool-file-signature",
      kind: "hunting",
      id: "6f0e8d3c-5f0b-4b53-9a55-0d3a4f3c2b1a",
      name: "Some tool",
      description: "Finds some tool.",
      tool: "some-tool",
      severity: "medium",
      tactics: ["CommandAndControl"],
      techniques: ["T1219"],
      supersedes: [],
      query: "DeviceFileCertificateInfo\n| where Signer has 'Some tool'\n",
      mapped: [],
      idAt: { line: 1, column: 5 },
    });
    expect(locate({ line: 1, column: 1 })).toEqual({ line: 9, column: 3 });
  });

  it("may write one string in place of a list, or nothing", () => {
    const one = loaded(
      huntingFile({ tactics: "tactics: Persistence", relevantTechniques: "relevantTechniques: T1219.001" }),
    );
    expect([one.tactics, one.techniques]).toEqual([["Persistence"], ["T1219.001"]]);
    const none = loaded(huntingFile({ tactics: "tactics:", relevantTechniques: undefined }));
    expect([none.tactics, none.techniques]).toEqual([[], []]);
  });

  it.each(["process-creation", "network-connection", "file-signature", "createproc", "netconn", "filesig"])(
    "takes its tool from rmm-x-y-%s.yaml",
    (kind) => {
      expect(loaded(huntingFile(), `rmm-x-y-${kind}.yaml`).tool).toBe("x-y");
    },
  );

  it("keeps keys that Sentinel has and this does not use", () => {
    expect(loaded(huntingFile({ metadata: "metadata:\n  author: {name: Someone}", tags: "tags: [a]" })).name).toBe(
      "Some tool",
    );
  });

  it("has its id in lower case", () => {
    expect(loaded(huntingFile({ id: "id: 6F0E8D3C-5F0B-4B53-9A55-0D3A4F3C2B1A" })).id).toBe(
      "6f0e8d3c-5f0b-4b53-9a55-0d3a4f3c2b1a",
    );
  });

  it("reads the same with CRLF and with a byte order mark", () => {
    const plain = huntingFile();
    const { locate, ...rest } = loaded(`\uFEFF${plain.replaceAll("\n", "\r\n")}`);
    const { locate: plainLocate, ...expected } = loaded(plain);
    expect(rest).toEqual(expected);
    expect(locate({ line: 2, column: 3 })).toEqual(plainLocate({ line: 2, column: 3 }));
  });
});

describe("a scheduled rule", () => {
  it("has a severity of its own", () => {
    expect(loaded(scheduledFile())).toMatchObject({ kind: "scheduled", severity: "high" });
  });

  it("is recognised by its trigger without a kind", () => {
    expect(problemsOf(huntingFile({ triggerOperator: "triggerOperator: gt" }))).toContain(
      "f.yaml:1:1: severity is missing; add one of Informational, Low, Medium, High",
    );
  });

  it("may write ISO durations", () => {
    expect(
      loaded(scheduledFile({ queryFrequency: "queryFrequency: PT1H", queryPeriod: "queryPeriod: P14D" })).kind,
    ).toBe("scheduled");
  });
});

describe("where a place of the query stands in the file", () => {
  const at = (query: string, line: number, column: number): unknown =>
    loaded(huntingFile({ query })).locate({ line, column });

  it.each([
    ["block", "query: |\n    DeviceInfo\n    | where X", 2, 3, { line: 10, column: 7 }],
    ["block with blank lines first", "query: |\n\n\n  DeviceInfo", 3, 1, { line: 11, column: 3 }],
    ["block with an indicator", "query: |2-\n    DeviceInfo", 1, 3, { line: 9, column: 5 }],
    ["plain", "query: DeviceInfo | where X", 1, 14, { line: 8, column: 21 }],
    ["quoted", "query: 'DeviceInfo | where X'", 1, 14, { line: 8, column: 22 }],
    ["quoted with escapes: where it begins", `query: "DeviceInfo | where X == \\"a\\""`, 1, 14, { line: 8, column: 8 }],
    ["folded: where it begins", "query: >\n  DeviceInfo\n  | where X", 1, 14, { line: 8, column: 8 }],
  ])("%s", (_, query, line, column, expected) => {
    expect(at(query, line, column)).toEqual(expected);
  });
});

const MISPLACED =
  "dataTypes is indented two spaces too little: it belongs to the connector; put it below the c of connectorId";

describe("what is wrong is named with its place and how to mend it", () => {
  it.each([
    [
      "dataTypes under the dash, as published",
      huntingFile({
        tactics:
          "requiredDataConnectors:\n  - connectorId: MicrosoftThreatProtection\n  dataTypes:\n    - DeviceFileCertificateInfo\ntactics:",
      }),
      [`f.yaml:6:1: ${MISPLACED}`],
    ],
    [
      "dataTypes under the dash in the first column, which YAML takes for a key of the file",
      huntingFile({ tactics: "requiredDataConnectors:\n- connectorId: X\ndataTypes:\n- DeviceInfo\ntactics:" }),
      [`f.yaml:6:1: ${MISPLACED}`],
    ],
    [
      "dataTypes under two dashes, CRLF, and another fault",
      huntingFile({
        tactics:
          "requiredDataConnectors:\n  - connectorId: X\n  dataTypes:\n    - A\n  - connectorId: Y\n  dataTypes:\n  - B\ntactics:",
        query: "query: [",
      }).replaceAll("\n", "\r\n"),
      [
        `f.yaml:6:1: ${MISPLACED}`,
        `f.yaml:9:1: ${MISPLACED}`,
        "f.yaml:15:1: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]",
      ],
    ],
    ["an empty file", "", ["f.yaml:1:1: not a detection: it needs id, name, description and query"]],
    ["a list", "- a\n", ["f.yaml:1:1: not a detection: it needs id, name, description and query"]],
    [
      "a tab",
      huntingFile({ name: "name: x\n\tdescription: y", description: undefined }),
      ["f.yaml:3:1: not valid YAML: Tabs are not allowed as indentation"],
    ],
    ["a key twice", huntingFile({ severity: "name: y" }), ["f.yaml:11:1: not valid YAML: Map keys must be unique"]],
    [
      "two documents",
      `${huntingFile()}---\na: 1\n`,
      ["f.yaml:11:1: not valid YAML: Source contains multiple documents"],
    ],
    [
      "a tag that nobody knows",
      huntingFile({ name: "name: !secret x" }),
      ["f.yaml:2:7: not valid YAML: Unresolved tag: !secret"],
    ],
    [
      "an alias of nothing",
      huntingFile({ name: "name: *x" }),
      ["f.yaml:2:7: not valid YAML: Unresolved alias (the anchor must be set before the alias): x"],
    ],
    ["no id", huntingFile({ id: undefined }), ["f.yaml:1:1: id is missing; make a new GUID and never change it"]],
    [
      "an id that is none",
      huntingFile({ id: "id: 12" }),
      ["f.yaml:1:5: id must be a GUID, such as 3bd4f4fb-20a9-4491-8bc1-51e55da7fdcc"],
    ],
    [
      "no name",
      huntingFile({ name: undefined }),
      ["f.yaml:1:1: name is missing; add it: name is a text of 1 to 256 characters"],
    ],
    ["an empty name", huntingFile({ name: "name: ''" }), ["f.yaml:2:7: name is a text of 1 to 256 characters"]],
    [
      "a long name",
      huntingFile({ name: `name: ${"x".repeat(257)}` }),
      ["f.yaml:2:7: name is a text of 1 to 256 characters"],
    ],
    [
      "a number for a name",
      huntingFile({ name: "name: 7" }),
      ["f.yaml:2:7: name is a text of 1 to 256 characters; put it in quotes"],
    ],
    [
      "a long description",
      huntingFile({ description: `description: ${"x".repeat(5001)}` }),
      ["f.yaml:3:14: description is a text of 1 to 5000 characters"],
    ],
    [
      "no query",
      huntingFile({ query: undefined }),
      ["f.yaml:1:1: query is missing; add it: query is a text of 1 to 100000 characters"],
    ],
    [
      "a misspelt key",
      huntingFile({ query: "qurey: DeviceInfo" }),
      [
        "f.yaml:1:1: query is missing; add it: query is a text of 1 to 100000 characters",
        "f.yaml:8:1: unknown key qurey; did you mean query?",
      ],
    ],
    [
      "a tactic with spaces",
      huntingFile({ tactics: "tactics: Command and Control" }),
      ['f.yaml:4:10: "Command and Control" is no ATT&CK tactic; did you mean CommandAndControl?'],
    ],
    [
      "a technique",
      huntingFile({ relevantTechniques: "relevantTechniques:\n  - T12" }),
      ['f.yaml:7:5: "T12" is no ATT&CK technique; write it as T1219 or T1219.001'],
    ],
    [
      "a severity",
      huntingFile({ severity: "severity: Critical" }),
      ['f.yaml:11:11: severity "Critical" must be one of Informational, Low, Medium, High'],
    ],
    [
      "a file name with a space",
      huntingFile(),
      [
        "a/My file.yaml:1:1: the file's name My file.yaml names its pack: use lower-case letters and digits, joined by -",
      ],
      "a/My file.yaml",
    ],
    [
      "another kind",
      scheduledFile({ kind: "kind: NRT" }),
      ["f.yaml:11:7: kind must be Scheduled; leave it out for a hunting query. Other kinds can't run here"],
    ],
    [
      "a frequency",
      scheduledFile({ queryFrequency: "queryFrequency: 1m" }),
      ["f.yaml:13:17: queryFrequency must be between 5m and 14d, written as 30m, 1h or 5d"],
    ],
    [
      "a period",
      scheduledFile({ queryPeriod: "queryPeriod: 15d" }),
      ["f.yaml:14:14: queryPeriod must be between 5m and 14d, written as 30m, 1h or 5d"],
    ],
    [
      "a period shorter than the frequency",
      scheduledFile({ queryFrequency: "queryFrequency: 1d", queryPeriod: "queryPeriod: 1h" }),
      ["f.yaml:14:14: queryPeriod must be at least queryFrequency, or events between two runs are never read"],
    ],
    [
      "a long period often",
      scheduledFile({ queryFrequency: "queryFrequency: 5m" }),
      ["f.yaml:13:17: with a queryPeriod of 2d or more, queryFrequency must be at least 1h"],
    ],
    [
      "a trigger",
      scheduledFile({ triggerOperator: "triggerOperator: above" }),
      ["f.yaml:15:18: triggerOperator must be one of gt, lt, eq, ne"],
    ],
    [
      "a threshold",
      scheduledFile({ triggerThreshold: "triggerThreshold: 10001" }),
      ["f.yaml:16:19: triggerThreshold is a whole number from 0 to 10000"],
    ],
    [
      "a long query",
      scheduledFile({ query: queryBlock(`DeviceInfo\n//${"x".repeat(10_000)}`) }),
      ["f.yaml:8:8: query is a text of 1 to 10000 characters"],
    ],
    [
      "no entity mapping",
      scheduledFile({ entityMappings: "entityMappings: []" }),
      ["f.yaml:17:17: entityMappings has 1 to 5 entries; take the empty list out"],
    ],
    [
      "an entity mapping without its fields",
      scheduledFile({ entityMappings: "entityMappings:\n  - entityType: Host\n  - fieldMappings: []" }),
      [
        "f.yaml:18:5: fieldMappings is missing; an entity has 1 to 3",
        "f.yaml:19:5: entityType is missing; add it: entityType is a text of 1 to 256 characters",
        "f.yaml:19:20: an entity has 1 to 3 fieldMappings",
      ],
    ],
    [
      "six entity mappings",
      scheduledFile({
        entityMappings: `entityMappings:\n${"  - {entityType: Host, fieldMappings: [{identifier: FullName, columnName: DeviceName}]}\n".repeat(6)}`,
      }),
      ["f.yaml:18:3: entityMappings has 1 to 5 entries"],
    ],
    [
      "many custom details",
      scheduledFile({
        customDetails: `customDetails: {${Array.from({ length: 21 }, (_, i) => `k${i}: c`).join(", ")}}`,
      }),
      ["f.yaml:17:16: customDetails has at most 20 entries"],
    ],
    [
      "a long version",
      scheduledFile({ version: `version: ${"1.".repeat(11)}` }),
      ["f.yaml:17:10: version is a text of at most 20 characters"],
    ],
  ])("%s", (_, text, expected, file = "f.yaml") => {
    expect(problemsOf(text, file)).toEqual(expected);
  });

  it("an id that another file has", () => {
    const files = [loaded(huntingFile(), "a.yaml"), loaded(huntingFile(), "b.yaml")];
    expect(duplicateIds(files).map(problemLine)).toEqual([
      "b.yaml:1:5: id 6f0e8d3c-5f0b-4b53-9a55-0d3a4f3c2b1a is that of a.yaml; make a new GUID",
    ]);
  });
});
