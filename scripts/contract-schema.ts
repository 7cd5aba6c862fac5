import { z } from "zod";
import { DATA_SCHEMA } from "../shared/core/envelope.ts";
import { anyEvent } from "../shared/core/event.ts";

/** Path of the committed schema. */
export const CONTRACT_FILE = new URL(`../docs/contract/${DATA_SCHEMA}`, import.meta.url);

/** JSON Schema (2020-12) of every message, generated from the code's schema. `io: "input"` allows unknown properties, so that v1 can grow. */
export const contractText = (): string =>
  `${JSON.stringify({ title: "Firstsight events", description: "Messages on the queue: CloudEvents 1.0, structured JSON. Leave aside properties that you don't know.", ...z.toJSONSchema(anyEvent, { target: "draft-2020-12", io: "input" }) }, undefined, 2)}\n`;
