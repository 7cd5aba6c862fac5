import type { IncomingMessage } from "node:http";

/** Larger than any query: limits a caller that sends without end. */
const MAX_REQUEST_BYTES = 4 * 1024 * 1024;

/** The body as text; `undefined` where it is larger than 4 MiB (the rest is read and dropped). */
export async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!(chunk instanceof Buffer)) continue;
    size += chunk.length;
    if (size <= MAX_REQUEST_BYTES) chunks.push(chunk);
    // Far beyond the limit: does not wait for the end.
    else if (size > 16 * MAX_REQUEST_BYTES) break;
    else chunks.length = 0;
  }
  return size > MAX_REQUEST_BYTES ? undefined : Buffer.concat(chunks).toString("utf8");
}
