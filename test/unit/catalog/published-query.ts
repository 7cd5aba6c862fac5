import { z } from "zod";

import facts from "./published-queries.json" with { type: "json" };

const SHAPES = ["file-signature", "process-creation", "network-connection"] as const;

const FAULTS = ["account-upn", "sha1", "trailing-comma", "stage-without-where", "doubled-operator"] as const;
/** What the language service says is wrong with a query as it was published. */
export type Fault = (typeof FAULTS)[number];

/** Facts on the published hunting queries for remote-management tools: which literals they look for, and what is wrong with them. */
const schema = z.array(
  z.strictObject({
    id: z.guid(),
    tool: z.string(),
    shape: z.enum(SHAPES),
    literals: z.array(z.string()).min(1),
    faults: z.array(z.enum(FAULTS)),
  }),
);
export type Published = z.infer<typeof schema>[number];

export const PUBLISHED: readonly Published[] = schema.parse(facts);

export interface Shaped {
  readonly table: string;
  /** Columns that are searched, each with what it is searched for. */
  readonly searched: readonly { readonly column: string; readonly literals: readonly string[] }[];
  /** Beside the device. */
  readonly by: readonly string[];
}

const isHost = (literal: string): boolean => /^[\w-]+(?:\.[\w-]+)+$/.test(literal);

export function shapeOf({ shape, literals, faults }: Published, fixed: boolean): Shaped {
  switch (shape) {
    case "file-signature":
      return { table: "DeviceFileCertificateInfo", searched: [{ column: "Signer", literals }], by: [] };
    case "process-creation":
      return {
        table: "DeviceProcessEvents",
        searched: [
          { column: "ProcessVersionInfoCompanyName", literals },
          { column: "ProcessVersionInfoProductName", literals },
        ],
        by: ["AccountUpn"],
      };
    case "network-connection":
      return {
        table: "DeviceNetworkEvents",
        searched: [
          { column: "RemoteUrl", literals: literals.filter(isHost) },
          {
            column: "InitiatingProcessVersionInfoCompanyName",
            literals: literals.filter((literal) => !isHost(literal)),
          },
        ].filter((one) => one.literals.length > 0),
        by: [faults.includes("account-upn") && !fixed ? "AccountUpn" : "InitiatingProcessAccountUpn", "RemoteUrl"],
      };
    default:
      return shape satisfies never;
  }
}

/** A query of the published shape over the published literals, in our words: with the published faults, or mended. */
export function rebuilt(published: Published, fixed: boolean): string {
  const has = (fault: Fault): boolean => !fixed && published.faults.includes(fault);
  const { table, searched, by } = shapeOf(published, fixed);
  const list = (literals: readonly string[]): string =>
    `(${literals.map(quoted).join(", ")}${has("trailing-comma") ? "," : ""})`;
  const condition = searched.map(({ column, literals }) => `${column} has_any ${list(literals)}`).join(" or ");
  const isSigned = published.faults.some((fault) => fault === "sha1" || fault === "stage-without-where");
  return [
    "let Time_start = now(-5d);",
    "let Time_end = now();",
    ...(isSigned
      ? [
          "let Signed = DeviceFileCertificateInfo",
          `  | where Signer has_any (${published.literals.map(quoted).join(", ")})`,
          `  | distinct ${has("sha1") ? "Sha1" : "SHA1"};`,
        ]
      : []),
    table,
    "| where Timestamp between (Time_start .. Time_end)",
    `| where ${condition}`,
    ...(has("doubled-operator") ? [`| where FolderPath has_all has_any ("a", "b")`] : []),
    ...(isSigned ? [`| ${has("stage-without-where") ? "" : "where "}${hashOf(table)} in (Signed)`] : []),
    `| summarize FirstSeen = min(Timestamp), LastSeen = max(Timestamp), Report = make_set(ReportId), Count = count() by ${["DeviceId", "DeviceName", ...by].join(", ")}`,
  ].join("\n");
}

/** Where the signature is joined to the process: the hash of what ran. */
export const hashOf = (table: string): string => (table === "DeviceNetworkEvents" ? "InitiatingProcessSHA1" : "SHA1");

const quoted = (literal: string): string => JSON.stringify(literal);
