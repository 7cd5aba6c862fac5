import type { ServerResponse } from "node:http";

import type { Fault } from "./hooks.ts";
import { TIMED_OUT } from "./service-error.ts";

/** Sends the fault. True where the fault was the whole answer. */
export function applyFault(fault: Fault, response: ServerResponse): boolean {
  if (fault === undefined) return false;
  if (typeof fault === "object") {
    if (!("status" in fault)) return false;
    const { body } = fault;
    const text = typeof body === "object" ? JSON.stringify(body) : (body ?? "");
    response
      .writeHead(fault.status, {
        ...(typeof body === "object" && { "content-type": "application/json" }),
        ...fault.headers,
      })
      .end(text);
    return true;
  }
  switch (fault) {
    case "timeout":
      send(response, TIMED_OUT.status, TIMED_OUT.body);
      break;
    case "hang":
      break; // ends when the server closes or the caller goes
    case "drop":
      response.destroy();
      break;
    case "empty-200":
      response.writeHead(200).end();
      break;
    case "no-content-204":
      response.writeHead(204).end();
      break;
    default:
      throw new TypeError(`no such fault: ${String(fault satisfies never)}`);
  }
  return true;
}

export function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" }).end(JSON.stringify(body));
}
