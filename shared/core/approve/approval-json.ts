import { z } from "zod";
import type { Approval } from "../approval.ts";

const texts = z.array(z.string()).min(1).readonly();
const time = z.iso
  .datetime()
  .transform((text) => new Date(text))
  .or(z.date());

const actor = {
  signer: z.string().exactOptional(),
  microsoftRoot: z.literal(true).exactOptional(),
  paths: texts.exactOptional(),
  accountSids: texts.exactOptional(),
  parents: texts.exactOptional(),
};
const actors = { ...actor, or: z.array(z.strictObject(actor)).readonly().exactOptional() };

/** An approval as the state stores it. Strict: an unknown field could be a condition, and ignoring a condition would cover more. */
const schema = z.strictObject({
  id: z.string().min(1),
  reason: z.string(),
  owner: z.string(),
  ticket: z.string(),
  expires: time,
  tools: texts,
  devices: z.strictObject({ names: texts.exactOptional(), groups: texts.exactOptional() }),
  arrival: z
    .strictObject({
      ...actors,
      logon: z.strictObject({ sources: texts, accountSids: texts }).exactOptional(),
      taskAction: z.string().exactOptional(),
    })
    .exactOptional(),
  run: z.strictObject(actors).exactOptional(),
  session: z.strictObject({ validFrom: time, validTo: time }).exactOptional(),
  preexisting: z.literal(true).exactOptional(),
  made: time.exactOptional(),
});

/** One approval as JSON in ASCII, times in ISO 8601. ASCII, so that the text can be cut anywhere and its length is its size. */
export const encodeApproval = (approval: Approval): string =>
  JSON.stringify(approval).replaceAll(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/** The approval in a text that `encodeApproval` wrote; `undefined` for any other text. */
export function decodeApproval(text: string): Approval | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
