import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { CONTRACT_FILE } from "../scripts/contract-schema.ts";

const ajv = new Ajv2020({ allErrors: true });
addFormats.default(ajv);
const validate = ajv.compile(JSON.parse(readFileSync(CONTRACT_FILE, "utf8")));

/** What the committed JSON Schema holds against an event; empty: nothing. As any consumer would check it. */
export function validatesContract(event: unknown): readonly string[] {
  return validate(event)
    ? []
    : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ""}`);
}
