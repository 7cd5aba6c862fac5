import { z } from "zod";

import { howFields, slugField } from "./approval-schema.ts";
import { unknownFields } from "./yaml-file.ts";

/** Values that a template may require besides owner, ticket, expires and devices. */
const REQUIRED = ["tools", "logon", "session"] as const;

const fields = {
  template: z.literal(true),
  id: slugField("id"),
  name: z.string().min(1),
  /** Whether the approved product is the tool itself, or brings another tool. */
  product: z.enum(["is-the-tool", "brings-another"], { error: "product is is-the-tool or brings-another" }),
  reason: z.string().trim().min(1).max(2000),
  dangers: z.array(z.string().min(1)).min(1, "dangers is empty: a template says what it can hide"),
  tools: z.array(slugField("a tool")).min(1).exactOptional(),
  requires: z.array(z.enum(REQUIRED)).default([]),
  ...howFields,
};

/** Schema of a shipped template: how a product brings a tool. Owner, ticket, expiry and devices come with the approval. */
export const templateSchema = z
  .strictObject(fields, {
    error: unknownFields(Object.keys(fields), `a template has ${Object.keys(fields).join(", ")}`),
  })
  .refine(({ tools, requires }) => (tools === undefined) === requires.includes("tools"), {
    error: "a template names its tools, or requires them",
    path: ["tools"],
  });

export type Template = z.infer<typeof templateSchema>;

/** Whether a text is meant as a template, even where it is not valid. */
export const isTemplate = (text: string): boolean => /^template\s*:/m.test(text);
