import { z } from "zod";

import { nearest } from "../kql/nearest.ts";
import { SEVERITIES } from "../core/pack.ts";
import type { Severity } from "../core/pack.ts";

/** The limits are those of Microsoft Sentinel for analytics rules of kind Scheduled. */

const MINUTE = 60_000;
const DAY = 86_400_000;

const TACTICS = [
  "Reconnaissance",
  "ResourceDevelopment",
  "InitialAccess",
  "Execution",
  "Persistence",
  "PrivilegeEscalation",
  "DefenseEvasion",
  "CredentialAccess",
  "Discovery",
  "LateralMovement",
  "Collection",
  "CommandAndControl",
  "Exfiltration",
  "Impact",
  "PreAttack",
  "ImpairProcessControl",
  "InhibitResponseFunction",
];

const TRIGGERS = new Set(["gt", "lt", "eq", "ne", "greaterthan", "lessthan", "equal", "notequal"]);

const missingOr =
  (missing: string, wrong: string) =>
  ({ input }: { readonly input?: unknown }): string =>
    input === undefined || input === null ? missing : wrong;

function text(name: string, most: number): z.ZodString {
  const wanted = `${name} is a text of 1 to ${most} characters`;
  return z
    .string({ error: missingOr(`${name} is missing; add it: ${wanted}`, `${wanted}; put it in quotes`) })
    .min(1, wanted)
    .max(most, wanted);
}

const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function guid(name: string): z.ZodType<string> {
  const wanted = `${name} must be a GUID, such as 3bd4f4fb-20a9-4491-8bc1-51e55da7fdcc`;
  return z
    .string({ error: missingOr(`${name} is missing; make a new GUID and never change it`, wanted) })
    .regex(GUID, wanted)
    .toLowerCase();
}

/** A list, or one string instead; an absent value is an empty list. */
const listOf = <T>(item: z.ZodType<T>, wanted: string): z.ZodType<T[]> =>
  z.preprocess(
    (given) => (given === undefined || given === null ? [] : typeof given === "string" ? [given] : given),
    z.array(item, { error: wanted }),
  );

const tactic = z.string({ error: "a tactic is a text" }).refine((given) => TACTICS.includes(given), {
  error: ({ input }) => {
    const near = typeof input === "string" ? nearest(input.replaceAll(/[ _-]/g, ""), TACTICS) : undefined;
    return `"${String(input)}" is no ATT&CK tactic; ${near === undefined ? `one of ${TACTICS.join(", ")}` : `did you mean ${near}?`}`;
  },
});

const technique = z.string({ error: "a technique is a text such as T1219" }).regex(/^T\d{4}(?:\.\d{3})?$/, {
  error: ({ input }) => `"${String(input)}" is no ATT&CK technique; write it as T1219 or T1219.001`,
});

const severity = z
  .string({
    error: missingOr("severity is missing; add one of Informational, Low, Medium, High", "severity is a text"),
  })
  .transform((given, context): Severity => {
    const found = SEVERITIES.find((known) => known === given.toLowerCase());
    if (found !== undefined) return found;
    context.addIssue({
      code: "custom",
      message: `severity "${given}" must be one of Informational, Low, Medium, High`,
    });
    return z.NEVER;
  });

/** Milliseconds of `5m`, `1h`, `14d` or of an ISO 8601 duration; `undefined` for anything else. */
function milliseconds(given: string): number | undefined {
  const found =
    /^(?:(\d+)d|(\d+)h|(\d+)m)$/i.exec(given) ?? /^P(?=.)(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?)?$/i.exec(given);
  if (found === null) return undefined;
  const [days = 0, hours = 0, minutes = 0] = found.slice(1).map((part) => Number(part ?? 0));
  return days * DAY + hours * 60 * MINUTE + minutes * MINUTE;
}

function duration(name: string): z.ZodType<number> {
  const wanted = `${name} must be between 5m and 14d, written as 30m, 1h or 5d`;
  return z
    .string({ error: missingOr(`${name} is missing; a scheduled rule has one: ${wanted}`, wanted) })
    .transform((given, context) => {
      const value = milliseconds(given);
      if (value !== undefined && value >= 5 * MINUTE && value <= 14 * DAY) return value;
      context.addIssue({ code: "custom", message: wanted });
      return z.NEVER;
    });
}

const connector = z.looseObject(
  {
    connectorId: text("connectorId", 256),
    dataTypes: listOf(z.string({ error: "a data type is the name of a table" }), "dataTypes is a list of table names"),
  },
  { error: "a connector has connectorId and, below it at the same column, dataTypes" },
);

const entityMapping = z.looseObject(
  {
    entityType: text("entityType", 256),
    fieldMappings: z
      .array(
        z.looseObject(
          { identifier: text("identifier", 256), columnName: text("columnName", 256) },
          { error: "a field mapping has identifier and columnName" },
        ),
        { error: missingOr("fieldMappings is missing; an entity has 1 to 3", "fieldMappings is a list") },
      )
      .min(1, "an entity has 1 to 3 fieldMappings")
      .max(3, "an entity has 1 to 3 fieldMappings"),
  },
  { error: "an entity mapping has entityType and fieldMappings" },
);

const kinds = {
  id: guid("id"),
  name: text("name", 256),
  description: text("description", 5000),
  requiredDataConnectors: listOf(connector, "requiredDataConnectors is a list"),
  tactics: listOf(tactic, "tactics is a list, or one tactic"),
  relevantTechniques: listOf(technique, "relevantTechniques is a list, or one technique"),
  entityMappings: z
    .array(entityMapping, { error: "entityMappings is a list" })
    .min(1, "entityMappings has 1 to 5 entries; take the empty list out")
    .max(5, "entityMappings has 1 to 5 entries")
    .nullish(),
  customDetails: z
    .record(z.string(), z.unknown(), { error: "customDetails is a map of names to columns" })
    .refine((given) => Object.keys(given).length <= 20, { error: "customDetails has at most 20 entries" })
    .nullish(),
  version: z
    .union([z.string(), z.number()], { error: "version is a text of at most 20 characters" })
    .refine((given) => String(given).length <= 20, { error: "version is a text of at most 20 characters" })
    .nullish(),
  tool: z
    .string({ error: "tool is a text" })
    .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, "tool is a slug: lower-case letters and digits, joined by -")
    .optional(),
  supersedes: listOf(guid("supersedes"), "supersedes is a list of GUIDs, or one"),
};

/** A Sentinel hunting query: no severity, schedule or trigger of its own. */
export const huntingSchema = z.looseObject({
  ...kinds,
  query: text("query", 100_000),
  severity: severity.default("medium"),
});

/** A Sentinel analytics rule of the kind Scheduled. */
export const scheduledSchema = z
  .looseObject({
    ...kinds,
    kind: z
      .literal("Scheduled", {
        error: "kind must be Scheduled; leave it out for a hunting query. Other kinds can't run here",
      })
      .optional(),
    query: text("query", 10_000),
    severity,
    queryFrequency: duration("queryFrequency"),
    queryPeriod: duration("queryPeriod"),
    triggerOperator: z
      .string({ error: missingOr("triggerOperator is missing; write gt", "triggerOperator is a text") })
      .refine((given) => TRIGGERS.has(given.toLowerCase()), {
        error: "triggerOperator must be one of gt, lt, eq, ne",
      }),
    triggerThreshold: z
      .int({
        error: missingOr("triggerThreshold is missing; write 0", "triggerThreshold is a whole number from 0 to 10000"),
      })
      .min(0, "triggerThreshold is a whole number from 0 to 10000")
      .max(10_000, "triggerThreshold is a whole number from 0 to 10000"),
  })
  .superRefine(({ queryFrequency, queryPeriod }, context) => {
    if (queryPeriod < queryFrequency)
      context.addIssue({
        code: "custom",
        path: ["queryPeriod"],
        message: "queryPeriod must be at least queryFrequency, or events between two runs are never read",
      });
    if (queryPeriod >= 2 * DAY && queryFrequency < 60 * MINUTE)
      context.addIssue({
        code: "custom",
        path: ["queryFrequency"],
        message: "with a queryPeriod of 2d or more, queryFrequency must be at least 1h",
      });
  });

/** Keys of Sentinel's files that have no effect here; the schemas hold the keys that have one. */
export const KNOWN_KEYS: readonly string[] = [
  ...Object.keys(huntingSchema.shape),
  ...Object.keys(scheduledSchema.shape),
  "alertDetailsOverride",
  "alertRuleTemplateName",
  "description-detailed",
  "enabled",
  "eventGroupingSettings",
  "incidentConfiguration",
  "metadata",
  "sentinelEntitiesMappings",
  "status",
  "subTechniques",
  "suppressionDuration",
  "suppressionEnabled",
  "tags",
  "templateVersion",
];
