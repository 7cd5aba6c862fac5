import { z } from "zod";

import { SEVERITIES } from "../core/pack.ts";
import { unknownFields } from "./yaml-file.ts";

/** A tool's purpose. Tools of the first three are announced unless switched off; the others only where switched on. */
const CATEGORIES = [
  "rmm",
  "remote-access",
  "remote-support",
  "device-management",
  "ssh-client",
  "tunnel-vpn",
  "employee-monitoring",
  "backup-exfil",
  "security-agent",
  "rat-commercial",
] as const;

/** How specific the literals are: the tool alone; its vendor, which signs other products too; or too common to stand alone. */
const GRADES = ["tool-specific", "vendor-wide", "not-standalone"] as const;

/** Longest name; anything longer is no vendor's name. */
const MAX_NAME = 200;

const text = (name: string): z.ZodString =>
  z
    .string({ error: `${name} is a text; put it in quotes` })
    .trim()
    .min(1, `${name} is empty`)
    .max(MAX_NAME, `${name} has at most ${MAX_NAME} characters`);

const slug = z
  .string({ error: "slug is missing: a short name, lower-case letters and digits joined by -" })
  .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, "slug is lower-case letters and digits, joined by -");

const guid = z
  .string({ error: "id is a GUID" })
  .regex(
    /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
    "id must be a GUID, such as 3bd4f4fb-20a9-4491-8bc1-51e55da7fdcc",
  )
  .toLowerCase();

/**
 * A phrase for `has`. Terms are runs of letters and digits, and a phrase has to end on term bounds: punctuation at an end would
 * add nothing, and a literal of punctuation alone would match everything.
 */
const literal = text("a literal").regex(
  /^[\p{L}\p{N}](?:.*[\p{L}\p{N}])?$/u,
  "a literal begins and ends with a letter or digit: has matches whole terms",
);

const severity = z.enum(SEVERITIES, { error: `severity is one of ${SEVERITIES.join(", ")}` });
const enabled = z.boolean({ error: "enabled is true or false" });

const toolFields = {
  slug,
  id: guid.optional(),
  name: text("name"),
  vendor: text("vendor"),
  category: z.enum(CATEGORIES, { error: `category is one of ${CATEGORIES.join(", ")}` }),
  website: z.url({ protocol: /^https?$/, error: "website is an http or https address" }).optional(),
  literals: z.array(literal, { error: "literals is a list of phrases" }).max(16, "at most 16 literals").default([]),
  exactNames: z
    .array(text("an exact name"), { error: "exactNames is a list of signer names" })
    .max(16, "at most 16 exact names")
    .default([]),
  grade: z.enum(GRADES, { error: `grade is one of ${GRADES.join(", ")}` }),
  severity,
  enabled,
  supersedes: z.array(guid, { error: "supersedes is a list of GUIDs" }).default([]),
  observedSigners: z.array(text("an observed signer")).default([]),
  uncovered: z.array(text("an uncovered name")).default([]),
  references: z.array(text("a reference")).default([]),
  misses: z.array(z.string().min(1).max(500)).default([]),
};

const toolSchema = z
  .strictObject(toolFields, {
    error: unknownFields(
      Object.keys(toolFields),
      "a tool has at least slug, name, vendor, category, literals, grade, severity and enabled",
    ),
  })
  .refine((tool) => tool.literals.length + tool.exactNames.length > 0, {
    error: "a tool has a literal or an exact name: without one it finds nothing",
    path: ["slug"],
  })
  .refine((tool) => !tool.enabled || tool.grade !== "not-standalone", {
    error:
      "the grade not-standalone says that the literals are too common to stand alone: leave it off, or find a better literal",
    path: ["enabled"],
  });

const overrideFields = { tool: slug, enabled: enabled.optional(), severity: severity.optional() };

const overrideSchema = z
  .strictObject(overrideFields, {
    error: unknownFields(Object.keys(overrideFields), "a setting has tool, and enabled or severity"),
  })
  .refine((given) => given.enabled !== undefined || given.severity !== undefined, {
    error: "says nothing: add enabled or severity",
    path: ["tool"],
  });

/** Schema of `rmm-tools.yaml`. */
export const toolsSchema = z.strictObject(
  { tools: z.array(toolSchema, { error: "tools is a list" }) },
  { error: unknownFields(["tools"], "the catalogue is a list below tools:") },
);

/** Schema of `local/rmm-tools.yaml`: the customer's settings for shipped tools, and the customer's own tools. */
export const localToolsSchema = z.strictObject(
  {
    settings: z.array(overrideSchema, { error: "settings is a list" }).default([]),
    tools: z.array(toolSchema, { error: "tools is a list" }).default([]),
  },
  { error: unknownFields(["settings", "tools"], "this file has settings: and tools:") },
);

export type ToolEntry = z.infer<typeof toolSchema>;
