import { createServer, request as send } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** One request to the table service, as it passes. */
export interface Passing {
  readonly n: number;
  /** `read`, or what is written: `create`, `update`, `delete`, several in a transaction. */
  readonly kind: "read" | "write" | "transaction";
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly body: string;
}

export type Verdict = "pass" | "drop" | { readonly status: number; readonly code?: string };

export interface FaultProxy {
  readonly port: number;
  /** The connection string of the service behind, through the gate. */
  through(connectionString: string): string;
  /** Asked before a request goes on; may wait. Default: pass. */
  before: (passing: Passing) => Verdict | Promise<Verdict>;
  /** Told when the service has answered and before the client hears it; may wait. `drop` cuts the connection. */
  after: (passing: Passing) => "pass" | "drop" | Promise<"pass" | "drop">;
  readonly seen: readonly Passing[];
  reset(): void;
  close(): Promise<void>;
}

/** A plain HTTP proxy on loopback in front of a table service: counts, holds, refuses and cuts requests. */
export async function openFaultProxy(targetPort: number): Promise<FaultProxy> {
  const seen: Passing[] = [];
  const sockets = new Set<Socket>();
  let n = 0;
  const server = createServer((incoming, outgoing) => {
    void pass(incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  // A server that listens on a port has an address of this form.
  const { port } = server.address() as AddressInfo;

  const proxy: FaultProxy = {
    port,
    through: (connectionString) => connectionString.replace(`:${targetPort}`, `:${port}`),
    before: () => "pass",
    after: () => "pass",
    seen,
    reset: () => void seen.splice(0),
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return proxy;

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer); // a request without encoding yields buffers
    const body = Buffer.concat(chunks);
    const passing = toPassing(++n, incoming, body);
    seen.push(passing);
    const verdict = await proxy.before(passing);
    if (verdict === "drop") {
      outgoing.destroy();
      return;
    }
    if (verdict !== "pass") {
      refuse(outgoing, verdict);
      return;
    }
    const answer = await forward(targetPort, incoming.method ?? "GET", incoming.url ?? "/", incoming.headers, body);
    if ((await proxy.after(passing)) === "drop") {
      outgoing.destroy();
      return;
    }
    outgoing.writeHead(answer.status, answer.headers);
    outgoing.end(answer.body);
  }
}

function toPassing(n: number, { method = "GET", url = "/" }: IncomingMessage, body: Buffer): Passing {
  const kind = url.includes("$batch") ? "transaction" : method === "GET" ? "read" : "write";
  return { n, kind, method, path: url, body: body.toString("utf8") };
}

function refuse(outgoing: ServerResponse, { status, code = "ServerBusy" }: Exclude<Verdict, string>): void {
  outgoing.writeHead(status, { "content-type": "application/json;odata=minimalmetadata" });
  outgoing.end(
    JSON.stringify({ "odata.error": { code, message: { lang: "en-US", value: `${code}: as the test wants it` } } }),
  );
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

function forward(
  port: number,
  method: string,
  path: string,
  headers: IncomingHttpHeaders,
  body: Buffer,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = send({ host: "127.0.0.1", port, method, path, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () =>
        resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: Buffer.concat(chunks) }),
      );
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
