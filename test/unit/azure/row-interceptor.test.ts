import { Readable } from "node:stream";

import { array, assert, double, integer, jsonValue, property, string } from "fast-check";
import { describe, expect, it } from "vitest";

import { rowExtractor } from "../../../shared/azure/row-extractor.ts";
import { rowInterceptor } from "../../../shared/azure/row-interceptor.ts";
import { SourceError } from "../../../shared/errors.ts";

type SendRequest = ReturnType<typeof rowInterceptor>["policy"]["policy"]["sendRequest"];
type Request = Parameters<SendRequest>[0];
type Response = Awaited<ReturnType<Parameters<SendRequest>[1]>>;

const column = { name: "rows", type: "string" };

function read(text: string, size: number) {
  const bytes = Buffer.from(text);
  const reader = rowExtractor(bytes.length);
  for (let at = 0; at < bytes.length; at += size) reader.write(bytes.subarray(at, at + size));
  const { body, tables } = reader.end();
  return { body, tables: tables.map((rows) => Array.from({ length: rows.count }, (_, n) => rows.at(n))) };
}

describe("an answer is read piece by piece", () => {
  it("gives the rows and the body without them, wherever it is cut, whatever texts are in it", () => {
    assert(
      property(
        array(array(array(jsonValue(), { minLength: 1, maxLength: 4 }), { maxLength: 5 }), { maxLength: 3 }),
        string(),
        integer({ min: 1, max: 40 }),
        double({ noNaN: true, noDefaultInfinity: true }),
        (tables, name, size, cpu) => {
          // `-0` has no text of its own.
          const body = JSON.parse(
            JSON.stringify({
              tables: tables.map((rows) => ({ name, columns: [column], rows })),
              statistics: { rows: [[1, cpu]], tables: [{ rows: [[2]] }] },
              error: { code: name },
            }),
          );
          const found = read(JSON.stringify(body), size);
          expect(found.tables).toEqual(body.tables.map(({ rows }: { readonly rows: unknown }) => rows));
          expect(JSON.parse(found.body)).toEqual({
            ...body,
            tables: body.tables.map((table: object) => ({ ...table, rows: [] })),
          });
        },
      ),
      { numRuns: 500 },
    );
  });

  it("keeps what the engine put among the rows, and spaces between them", () => {
    const found = read('{ "tables" : [ {"rows" : [ ["a]"] , {"Exceptions":["E_RUNAWAY_QUERY"]} ] } ] }', 3);
    expect(found.tables).toEqual([[["a]"], { Exceptions: ["E_RUNAWAY_QUERY"] }]]);
    expect(JSON.parse(found.body)).toEqual({ tables: [{ rows: [] }] });
  });

  it("keeps no piece that it has read to the end", () => {
    const pieces = ['{"tables":[{"rows":[', '["a"],', '["b"', ',"c"]]}],"error":', '{"code":"x"}}'].map((text) =>
      Buffer.from(text),
    );
    const reader = rowExtractor(100);
    for (const [i, piece] of pieces.entries()) {
      reader.write(piece);
      // The third ends within a row.
      if (i !== 2) piece.fill("#");
    }
    const { body, tables } = reader.end();
    expect(JSON.parse(body)).toEqual({ tables: [{ rows: [] }], error: { code: "x" } });
    expect(tables.map((rows) => [rows.at(0), rows.at(1)])).toEqual([[["a"], ["b", "c"]]]);
  });

  it("gives its rows' memory back when they are discarded", () => {
    const reader = rowExtractor(100);
    reader.write(Buffer.from('{"tables":[{"rows":[["a"]]}]}'));
    const { tables } = reader.end();
    reader.discard();
    expect(tables[0]?.count).toBe(0);
    expect(() => tables[0]?.at(0)).toThrow(SyntaxError);
  });

  it("leaves what is no result as it is", () => {
    for (const text of ["", "<html>", '{"error":{"code":"x"}}', '{"tables":"none"}'])
      expect(read(text, 2)).toEqual({ body: text, tables: [] });
  });
});

describe("an answer that is more than is held", () => {
  const ANSWER = JSON.stringify({ tables: [{ name: "PrimaryResult", columns: [column], rows: [["ä"], ["b"]] }] });

  const BYTES = Buffer.byteLength(ANSWER);

  it("up to the limit it is given", async () => {
    const { bodyAsText } = await sent(Readable.from([Buffer.from(ANSWER)]), BYTES);
    expect(JSON.parse(bodyAsText ?? "")).toMatchObject({ tables: [{ rows: [] }] });
  });

  it("is too large, and no more of it is read", async () => {
    const stream = Readable.from([Buffer.from(ANSWER)]);
    const failure = sent(stream, BYTES - 1);
    await expect(failure).rejects.toThrow(SourceError);
    await expect(failure).rejects.toMatchObject({ kind: "too-large" });
    expect(stream.destroyed).toBe(true);
  });

  it("one that breaks off is transient", async () => {
    const stream = Readable.from(
      (function* () {
        yield Buffer.from(ANSWER.slice(0, 9));
        throw new Error("reset");
      })(),
    );
    await expect(sent(stream, 1000)).rejects.toMatchObject({
      kind: "transient",
      message: expect.stringContaining("reset"),
    });
  });

  it("one that nobody waits for any more ends at once", async () => {
    const caller = new AbortController();
    const stream = new Readable({ read: () => undefined });
    const failure = sent(stream, 1000, caller.signal);
    caller.abort();
    await expect(failure).rejects.toMatchObject({ name: "AbortError" });
    expect(stream.destroyed).toBe(true);
  });
});

/** The answer as it comes through the policy. */
function sent(stream: NodeJS.ReadableStream, maxAnswer: number, abortSignal?: AbortSignal): Promise<Response> {
  // Of a request and a response the policy reads no more than this.
  const request = { ...(abortSignal && { abortSignal }) } as Partial<Request> as Request;
  const response = { request, status: 200, readableStreamBody: stream } as Partial<Response> as Response;
  return rowInterceptor(maxAnswer).policy.policy.sendRequest(request, () => Promise.resolve(response));
}
