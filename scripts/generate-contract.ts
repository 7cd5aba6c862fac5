import { mkdir, writeFile } from "node:fs/promises";
import { CONTRACT_FILE, contractText } from "./contract-schema.ts";

/** Writes the JSON Schema of the messages. A test compares the committed one with the code. */
await mkdir(new URL("./", CONTRACT_FILE), { recursive: true });
await writeFile(CONTRACT_FILE, contractText());
