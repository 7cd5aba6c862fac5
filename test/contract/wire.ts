import type { TableClient } from "@azure/data-tables";

/** One write that names a version in its If-Match, as it was sent and answered. */
interface ConditionalWrite {
  readonly rowKey: string;
  readonly ifMatch: string;
  /** Versions of this RowKey that were read before. */
  readonly read: readonly string[];
  /** Of the whole transaction, where it is part of one. */
  readonly status: number;
}

export interface Wire {
  /** The same client, with everything that passes noted. */
  tap(client: TableClient): TableClient;
  readonly conditional: readonly ConditionalWrite[];
}

/** Notes what the SDK puts on the wire: of a transaction, the headers of its parts too. */
export function createWire(): Wire {
  const conditional: ConditionalWrite[] = [];
  const versions = new Map<string, string[]>();
  return {
    conditional,
    tap(client) {
      client.pipeline.addPolicy(
        {
          name: "wire",
          async sendRequest(request, next) {
            const { url, method, headers, body } = request;
            const writes = url.includes("$batch")
              ? writesIn(typeof body === "string" ? body : "")
              : writeOf(`${method} ${url}`, headers.get("if-match"));
            const known = writes.map((write) => ({ ...write, read: [...(versions.get(write.rowKey) ?? [])] }));
            const answer = await next(request);
            const text = answer.bodyAsText ?? "";
            const status = url.includes("$batch") ? statusIn(text) : answer.status;
            conditional.push(...known.map((write) => ({ ...write, status })));
            if (method === "GET")
              for (const [rowKey, etag] of versionsIn(text))
                versions.set(rowKey, [...(versions.get(rowKey) ?? []), etag]);
            return answer;
          },
        },
        { afterPhase: "Sign" },
      );
      return client;
    },
  };
}

type Sent = Pick<ConditionalWrite, "rowKey" | "ifMatch">;

/** None where the write names no version. */
function writeOf(target: string, ifMatch: string | undefined): readonly Sent[] {
  const rowKey = /RowKey='((?:[^']|'')*)'/.exec(decodeURIComponent(target))?.[1];
  return rowKey === undefined || ifMatch === undefined ? [] : [{ rowKey, ifMatch }];
}

/** The parts of a transaction, each an HTTP request in text. */
const writesIn = (body: string): readonly Sent[] =>
  body.split("--changeset").flatMap((part) => {
    const target = /^(?:PUT|PATCH|MERGE|POST|DELETE) .*$/m.exec(part)?.[0] ?? "";
    return writeOf(target, /^If-Match: *(.*?)\r?$/im.exec(part)?.[1]);
  });

/** The worst status of a transaction's parts. */
const statusIn = (answer: string): number =>
  Math.max(...[...answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status)));

/** RowKeys and etags of the entities in a read's answer. */
function versionsIn(answer: string): readonly (readonly [string, string])[] {
  if (!answer.startsWith("{")) return [];
  const parsed = JSON.parse(answer) as { readonly value?: unknown }; // the service's answer is an object, as it begins
  const entities: readonly unknown[] = Array.isArray(parsed.value) ? parsed.value : [parsed];
  return entities.flatMap((entity) => {
    const { RowKey: rowKey, "odata.etag": etag } = entity as Readonly<Record<string, unknown>>;
    return typeof rowKey === "string" && typeof etag === "string" ? [[rowKey, etag] as const] : [];
  });
}
