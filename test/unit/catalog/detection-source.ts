/** A hunting query file: what a test gives takes the place of a line, `undefined` takes it out. */
export function huntingFile(changes: Readonly<Record<string, string | undefined>> = {}): string {
  return fileOf({
    id: "id: 6f0e8d3c-5f0b-4b53-9a55-0d3a4f3c2b1a",
    name: "name: Some tool",
    description: "description: Finds some tool.",
    tactics: "tactics:\n  - CommandAndControl",
    relevantTechniques: "relevantTechniques:\n  - T1219",
    query: queryBlock("DeviceFileCertificateInfo\n| where Signer has 'Some tool'"),
    ...changes,
  });
}

/** The same as a scheduled rule. */
export const scheduledFile = (changes: Readonly<Record<string, string | undefined>> = {}): string =>
  huntingFile({
    kind: "kind: Scheduled",
    severity: "severity: High",
    queryFrequency: "queryFrequency: 1h",
    queryPeriod: "queryPeriod: 2d",
    triggerOperator: "triggerOperator: gt",
    triggerThreshold: "triggerThreshold: 0",
    ...changes,
  });

/** The query as a block; its first line is the one after the key. */
export const queryBlock = (query: string): string =>
  `query: |\n${query
    .split("\n")
    .map((line) => (line === "" ? "" : `  ${line}`))
    .join("\n")}`;

const fileOf = (lines: Readonly<Record<string, string | undefined>>): string =>
  `${Object.values(lines)
    .filter((line) => line !== undefined)
    .join("\n")}\n`;
