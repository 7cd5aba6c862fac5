import { z } from "zod";

import { howFields, slugField } from "./approval-schema.ts";
import { unknownFields } from "./yaml-file.ts";

/** What has to be filled in beside owner, ticket, expires and devices. */
const REQUIRED = ["tools", "logon", "session"] as const;

const fields = {
  template: z.literal(true),
  id: slugField("id"),
  name: z.string().min(1),
  /** The product that is approved is the tool, or brings another one. */
  product: z.enum(["is-the-tool", "brings-another"], { error: "product is is-the-tool or brings-another" }),
  reason: z.string().trim().min(1).max(2000),
  dangers: z.array(z.string().min(1)).min(1, "dangers is empty: a template says what it can hide"),
  tools: z.array(slugField("a tool")).min(1).exactOptional(),
  requires: z.array(z.enum(REQUIRED)).default([]),
  ...howFields,
};

/** A file that ships: how a product brings a tool, without the owner, the ticket, the end and the devices that make it count. */
export const templateSchema = z
  .strictObject(fields, {
    error: unknownFields(Object.keys(fields), `a template has ${Object.keys(fields).join(", ")}`),
  })
  .refine(({ tools, requires }) => (tools === undefined) === requires.includes("tools"), {
    error: "a template names its tools, or requires them",
    path: ["tools"],
  });

export type Template = z.infer<typeof templateSchema>;

/** Whether a text means to be a template, however broken it is. */
export const isTemplate = (text: string): boolean => /^template\s*:/m.test(text);
