import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { credentialFor } from "../../shared/azure/credential.ts";
import { createLimiter } from "../../shared/limiter.ts";
import { logAnalyticsSource, QUERIES_AT_ONCE } from "../../shared/azure/log-analytics.ts";
import type { LogAnalyticsOptions } from "../../shared/azure/log-analytics.ts";
import { createLogsQueryClient } from "../../shared/azure/log-analytics-client.ts";
import { freshnessQuery, decodeFreshness } from "../../shared/azure/log-analytics-freshness.ts";
import type { Pack, QueryWindow } from "../../shared/core/pack.ts";
import { parseRows } from "../../shared/core/row.ts";
import type { Source, SourceErrorKind } from "../../shared/core/source.ts";
import { SourceError } from "../../shared/errors.ts";
import { contextLogger } from "../../shared/logger.ts";
import { dateOfTicks } from "../../shared/kql/datetime.ts";
import { execute } from "../../shared/kql/interpret.ts";
import { analyse, resultColumns } from "../../shared/kql/language.ts";
import { DIALECTS, SCHEMAS } from "../../shared/kql/schema.ts";
import { INGESTED, tableOf } from "../../shared/kql/table-data.ts";

const LEVEL = "4a1f0c1e-0000-4000-8000-000000000001";
const WORKSPACE = { name: "soc", id: "0f8fad5b-d9cb-469f-a165-70867728950e" };
const NOW = new Date("2026-11-24T08:00:00Z");
const daysAgo = (days: number): Date => new Date(NOW.getTime() - days * 86_400_000);
const WINDOW: QueryWindow = { from: daysAgo(5), to: NOW, since: daysAgo(1), horizon: daysAgo(30) };

const pack: Pack = {
  name: "yaml-level",
  hash: "0",
  detections: [
    {
      id: LEVEL,
      name: "RMM Level",
      description: "",
      tool: "level",
      severity: "medium",
      tactics: [],
      techniques: [],
      supersedes: [],
      hash: "0",
    },
  ],
  tables: ["DeviceFileCertificateInfo"],
  query: ["T | where Timestamp > ", { instant: "from" }, { slice: true }],
};

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Wait for the caller to hang up. */
  readonly hang?: true;
}
interface Request {
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: { readonly query: string; readonly timespan: string };
}

const COLUMNS = [
  { name: "DeviceId", type: "string" },
  { name: "DeviceName", type: "string" },
  { name: "FirstSeen", type: "datetime" },
  { name: "LastSeen", type: "datetime" },
  { name: "Report", type: "string" },
  { name: "Count", type: "long" },
];
const ROW = [
  "a1b2",
  "pc-1",
  "2026-11-24T01:02:03.1234567Z",
  "2026-11-24T02:00:00Z",
  "[9007199254740993,9007199254740992]",
  2,
];
const table = (rows: readonly unknown[], columns = COLUMNS) => ({ tables: [{ name: "PrimaryResult", columns, rows }] });
const success = (rows: readonly unknown[] = [ROW], more: object = {}): Answer => ({
  status: 200,
  body: { ...table(rows), ...more },
});
const failure = (
  status: number,
  code: string,
  message: string,
  inner?: object,
  headers?: Answer["headers"],
): Answer => ({
  status,
  body: { error: { code, message, ...(inner && { innererror: inner }) } },
  ...(headers && { headers }),
});

let server: Server;
let endpoint: string;
let answers: (Answer | ((request: Request) => Answer))[] = [];
let requests: Request[] = [];
let lines: Record<string, unknown>[] = [];
let atOnce = { now: 0, most: 0 };

beforeAll(async () => {
  server = createServer((request, response) => void answerNext(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  endpoint = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  answers = [];
  requests = [];
  lines = [];
  atOnce = { now: 0, most: 0 };
});

/** Answers in the order scripted; the last one for ever. */
async function answerNext(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const text = (await request.toArray()).join("");
  const seen: Request = { url: request.url ?? "", headers: request.headers, body: JSON.parse(text) };
  requests.push(seen);
  atOnce = { now: atOnce.now + 1, most: Math.max(atOnce.most, atOnce.now + 1) };
  response.once("close", () => (atOnce = { ...atOnce, now: atOnce.now - 1 }));
  const next = answers.length > 1 ? answers.shift() : answers[0];
  const answer = typeof next === "function" ? next(seen) : (next ?? success());
  if (answer.hang) return;
  const body =
    answer.body === undefined ? "" : typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body);
  response.writeHead(answer.status, { ...(body !== "" && { "content-type": "application/json" }), ...answer.headers });
  setImmediate(() => response.end(body));
}

const sink = (line: string): void => void lines.push(JSON.parse(line));
const log = contextLogger({ trace: sink, debug: sink, info: sink, warn: sink, error: sink }, "debug");

function source(over: Partial<LogAnalyticsOptions> = {}, to = endpoint): Source {
  const client = createLogsQueryClient({
    endpoint: to,
    audience: "https://api.loganalytics.io",
    credential: credentialFor({ kind: "developer" }, to),
    retryDelay: 1,
  });
  return logAnalyticsSource({
    client,
    workspace: WORKSPACE,
    limiter: createLimiter(QUERIES_AT_ONCE),
    throttledDelays: [1, 1, 1],
    log,
    ...over,
  });
}

async function failureOf(
  work: Promise<unknown>,
): Promise<{ readonly kind: SourceErrorKind; readonly message: string }> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof SourceError)) throw new Error("expected a SourceError", { cause: error });
  return error;
}
/** With the records of all portions. */
const query = async (of = source()) => {
  const { count, batches, discard, ...answer } = await of.query(pack, WINDOW, { prefix: "3" });
  const records = [...batches].flat();
  expect(count).toBe(records.length);
  expect([...batches].flat()).toEqual(records);
  discard();
  return { ...answer, records };
};

describe("query", () => {
  it("asks with bound text, the horizon as timespan, a server timeout and statistics", async () => {
    await query();
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({
      url: `/v1/workspaces/${WORKSPACE.id}/query`,
      headers: { prefer: "wait=180,include-statistics=true", authorization: "Bearer loopback" },
      body: {
        query: 'T | where Timestamp > datetime(2026-11-19T08:00:00.000Z)\n| where DeviceId startswith "3"',
        timespan: "2026-10-25T08:00:00.000Z/2026-11-25T08:00:00.000Z",
      },
    });
  });

  it("asks from the window's start where that is before the horizon", async () => {
    await source().query(pack, { ...WINDOW, from: daysAgo(31) }, "all");
    expect(requests[0]?.body.timespan).toBe("2026-10-24T08:00:00.000Z/2026-11-25T08:00:00.000Z");
  });

  it("gives records by column name, nulls for null times, statistics; ids beyond 2^53 keep their digits", async () => {
    answers = [
      success([ROW, ["c3", "pc-2", null, "2026-11-24T02:00:00Z", "[1]", 1]], {
        statistics: { query: { executionTime: 0.5 } },
      }),
    ];
    const answer = await query();
    expect(answer).toEqual({
      complete: true,
      statistics: { query: { executionTime: 0.5 } },
      records: [
        {
          DeviceId: "a1b2",
          DeviceName: "pc-1",
          FirstSeen: new Date("2026-11-24T01:02:03.123Z"),
          LastSeen: new Date("2026-11-24T02:00:00Z"),
          Report: "[9007199254740993,9007199254740992]",
          Count: 2,
        },
        {
          DeviceId: "c3",
          DeviceName: "pc-2",
          FirstSeen: null,
          LastSeen: new Date("2026-11-24T02:00:00Z"),
          Report: "[1]",
          Count: 1,
        },
      ],
    });
    const { rows, rejected } = parseRows(answer.records, pack);
    expect(rows.map(({ reports }) => reports)).toEqual([["9007199254740992", "9007199254740993"]]);
    expect(rejected).toEqual([{ key: `${LEVEL}|c3`, reason: expect.stringContaining("FirstSeen is null") }]);
  });

  it("an answer with no rows is complete", async () => {
    answers = [success([])];
    expect(await query()).toEqual({ complete: true, records: [] });
  });

  it("a partial result keeps its rows and says every code of the service", async () => {
    const error = {
      code: "PartialError",
      message: "There were some errors when processing your query.",
      details: [
        {
          code: "EngineError",
          message: "Something went wrong.",
          innererror: {
            code: "-2133196797",
            message: "The results exceed the set limit (E_QUERY_RESULT_SET_TOO_LARGE).",
          },
        },
      ],
    };
    answers = [success([ROW], { error })];
    expect(await query()).toMatchObject({
      complete: false,
      partialReason:
        "PartialError > EngineError > -2133196797: The results exceed the set limit (E_QUERY_RESULT_SET_TOO_LARGE).",
      records: [{ DeviceId: "a1b2" }],
    });
    expect(requests).toHaveLength(1);
  });

  it("an error put among the rows makes the result partial", async () => {
    answers = [success([ROW, { Exceptions: ["E_RUNAWAY_QUERY"] }])];
    expect(await query()).toMatchObject({
      complete: false,
      partialReason: expect.stringContaining("broke off"),
      records: [{ DeviceId: "a1b2" }],
    });
  });

  const semantic = {
    code: "SemanticError",
    message: "A semantic error occurred.",
    innererror: { code: "SEM0100", message: "Failed to resolve column named 'Sginer'", line: 3, pos: 14 },
  };
  it.each<[string, Answer, SourceErrorKind, RegExp, number]>([
    [
      "401",
      failure(401, "AuthenticationFailed", "no"),
      "authorisation",
      /workspace soc, pack yaml-level, slice 3: refused \(401\).*Log Analytics Data Reader/,
      1,
    ],
    [
      "403",
      failure(403, "InsufficientAccessError", "The provided credentials have insufficient access"),
      "authorisation",
      /\(403\).*Log Analytics Data Reader.*insufficient access/,
      1,
    ],
    [
      "404",
      failure(404, "WorkspaceNotFoundError", "gone"),
      "authorisation",
      /0f8fad5b-.* isn't found.*LOG_ANALYTICS_WORKSPACES/,
      1,
    ],
    [
      "a semantic error",
      failure(400, "BadArgumentError", "The request had some invalid properties", semantic),
      "query",
      /SEM0100: Failed to resolve column named 'Sginer' \(line 3, position 14\)/,
      1,
    ],
    ["another 400", failure(400, "BadArgumentError", "bad timespan"), "query", /BadArgumentError: bad timespan/, 1],
    [
      "too large",
      failure(400, "EngineError", "x", { code: "-2133196797", message: "(E_QUERY_RESULT_SET_TOO_LARGE, 0x80DA0003)" }),
      "too-large",
      /E_QUERY_RESULT_SET_TOO_LARGE/,
      1,
    ],
    ["413", failure(413, "Other", "x"), "too-large", /Other/, 1],
    ["504, after the SDK's retries", failure(504, "GatewayTimeout", "timed out"), "timeout", /gave up \(504\)/, 4],
    [
      "503, after the SDK's retries",
      { status: 503, body: "<html>down</html>" },
      "transient",
      /throttling or down \(503\)/,
      4,
    ],
    ["500, after the SDK's retries", failure(500, "InternalServerError", "oops"), "transient", /\(500\)/, 4],
    [
      "429 without Retry-After, after our retries",
      failure(429, "ThrottledError", "slow down"),
      "transient",
      /\(429\)/,
      4,
    ],
    [
      "429 with Retry-After, after the SDK's retries",
      failure(429, "ThrottledError", "slow down", undefined, { "retry-after": "0" }),
      "transient",
      /\(429\)/,
      4,
    ],
    ["204", { status: 204 }, "transient", /empty or can't be read/, 1],
    ["an empty 200", { status: 200 }, "transient", /empty or can't be read/, 1],
    ["200 with no tables", { status: 200, body: { tables: [] } }, "transient", /no table/, 1],
    ["200 that breaks off", { status: 200, body: '{"tables":[{' }, "transient", /./, 1],
    ["200 of something else", { status: 200, body: "{}" }, "transient", /empty or can't be read/, 1],
  ])("%s", async (_name, answer, kind, message, calls) => {
    answers = [answer];
    const failed = await failureOf(query());
    expect({ kind: failed.kind, message: failed.message, calls: requests.length }).toEqual({
      kind,
      message: expect.stringMatching(message),
      calls,
    });
  });

  it.each<[string, readonly Answer[]]>([
    ["429 without Retry-After", [failure(429, "ThrottledError", "x"), failure(429, "ThrottledError", "x"), success()]],
    ["429 with Retry-After", [failure(429, "ThrottledError", "x", undefined, { "retry-after": "0" }), success()]],
    ["503", [{ status: 503 }, success()]],
    ["504", [{ status: 504 }, success()]],
    [
      "both kinds of 429",
      [failure(429, "T", "x"), failure(429, "T", "x", undefined, { "retry-after": "0" }), success()],
    ],
  ])("goes on after %s", async (_name, scripted) => {
    answers = [...scripted];
    expect((await query()).records).toHaveLength(1);
    expect(requests).toHaveLength(scripted.length);
  });

  it("does not ask again what took the service its whole time", async () => {
    answers = [failure(504, "GatewayTimeout", "timed out"), success()];
    const client = createLogsQueryClient({
      endpoint,
      audience: "https://api.loganalytics.io",
      credential: credentialFor({ kind: "developer" }, endpoint),
      retryDelay: 1,
      slowAfter: 0,
    });
    expect(await failureOf(query(source({ client })))).toMatchObject({
      kind: "timeout",
      message: expect.stringMatching(/workspace soc.*gave up \(504\) after \d+ s/),
    });
    expect(requests).toHaveLength(1);
  });

  it("says each wait for a throttling service", async () => {
    answers = [failure(429, "ThrottledError", "x"), success()];
    await query();
    expect(lines).toEqual([expect.objectContaining({ event: "query.throttled", attempt: 1, delayMs: 1 })]);
  });

  it("nobody listens", async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
    const address = closed.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await new Promise((resolve) => closed.close(resolve));
    const failed = await failureOf(query(source({}, `http://127.0.0.1:${port}`)));
    expect(failed).toMatchObject({ kind: "transient", message: expect.stringContaining("ECONNREFUSED") });
  });

  it("gives up on a service that stays silent", async () => {
    answers = [{ status: 200, hang: true }];
    const failed = await failureOf(query(source({ giveUpAfter: 50 })));
    expect(failed).toMatchObject({ kind: "transient", message: expect.stringContaining("gave up waiting") });
  });

  it("gives up while it waits for a throttling service", async () => {
    answers = [failure(429, "ThrottledError", "x")];
    const failed = await failureOf(query(source({ giveUpAfter: 100, throttledDelays: [3_600_000] })));
    expect(failed).toMatchObject({ kind: "transient", message: expect.stringContaining("gave up waiting") });
  });

  it("a token that can't be had is a matter of authorisation", async () => {
    const refused = Object.assign(new Error("no managed identity"), { name: "CredentialUnavailableError" });
    const client = createLogsQueryClient({
      endpoint,
      audience: "https://api.loganalytics.io",
      credential: { getToken: () => Promise.reject(refused) },
      retryDelay: 1,
    });
    expect(await failureOf(query(source({ client })))).toMatchObject({
      kind: "authorisation",
      message: expect.stringContaining("no token: no managed identity"),
    });
    expect(requests).toHaveLength(0);
  });

  it("asks at most four at once, over all workspaces, and frees the place of a failure", async () => {
    const limiter = createLimiter(QUERIES_AT_ONCE);
    const sources = [source({ limiter }), source({ limiter, workspace: { name: "other", id: LEVEL } })];
    answers = [failure(403, "InsufficientAccessError", "x"), failure(400, "BadArgumentError", "x"), success()];
    const all = await Promise.allSettled(Array.from({ length: 24 }, (_, i) => query(sources[i % 2])));
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(22);
    expect(atOnce.most).toBeGreaterThan(1);
    expect(atOnce.most).toBeLessThanOrEqual(QUERIES_AT_ONCE);
  });
});

it("sends plain http nowhere but to loopback", async () => {
  const client = createLogsQueryClient({
    endpoint: "http://example.invalid",
    audience: "https://api.loganalytics.io",
    credential: credentialFor({ kind: "developer" }, endpoint),
    retryDelay: 1,
  });
  const failed = await failureOf(query(source({ client })));
  expect(failed.message).toMatch(/non-TLS|https/i);
});

describe("freshness", () => {
  const FRESH_COLUMNS = [
    { name: "Hour", type: "datetime" },
    { name: "Rows", type: "long" },
    { name: "Signed", type: "long" },
    { name: "Unsignable", type: "long" },
    { name: "NewestIngested", type: "datetime" },
    { name: "NewestRow", type: "datetime" },
    { name: "TableName", type: "string" },
  ];
  const fresh = (rows: readonly unknown[]): Answer => ({ status: 200, body: table(rows, FRESH_COLUMNS) });
  const TABLES = ["DeviceFileCertificateInfo", "DeviceProcessEvents"];
  const CERTIFICATE = [
    "2026-11-24T06:00:00Z",
    10,
    9,
    0,
    "2026-11-24T07:05:00Z",
    "2026-11-24T06:59:00Z",
    "DeviceFileCertificateInfo",
  ];
  const missing = failure(400, "BadArgumentError", "x", {
    code: "SemanticError",
    message: "x",
    innererror: {
      code: "SEM0100",
      message: "'table' operator: Failed to resolve table expression named 'DeviceProcessEvents'",
    },
  });

  it.each(DIALECTS)("the query is valid against %s, for one table and for all", (dialect) => {
    for (const tables of [TABLES.slice(0, 1), [...TABLES, "DeviceFileEvents"]]) {
      const analysis = analyse(freshnessQuery(tables, NOW), dialect);
      expect(analysis.problems.filter(({ severity }) => severity === "error")).toEqual([]);
      expect(resultColumns(analysis).map(({ name, type }) => ({ name, type }))).toEqual(
        expect.arrayContaining(FRESH_COLUMNS),
      );
    }
  });

  it.each(DIALECTS)("the query counts by hour what lies within seven days, over rows of %s", (dialect) => {
    const hoursAgo = (hours: number): Date => new Date(NOW.getTime() - hours * 3_600_000);
    const time = dialect === "log-analytics" ? "TimeGenerated" : "Timestamp";
    const tables = {
      DeviceFileCertificateInfo: tableOf(SCHEMAS[dialect]["DeviceFileCertificateInfo"] ?? [], [
        { [time]: hoursAgo(1.5), Signer: "A", [INGESTED]: hoursAgo(1) },
        { [time]: hoursAgo(1.25), Signer: "", [INGESTED]: hoursAgo(0.5) },
        { [time]: hoursAgo(100), Signer: "A", [INGESTED]: hoursAgo(0.75) },
        { [time]: hoursAgo(169), Signer: "A", [INGESTED]: hoursAgo(0.1) },
        { [time]: hoursAgo(-24), Signer: "A", [INGESTED]: hoursAgo(0.1) },
      ]),
      DeviceProcessEvents: tableOf(SCHEMAS[dialect]["DeviceProcessEvents"] ?? [], [
        { [time]: hoursAgo(3), [INGESTED]: hoursAgo(2) },
      ]),
    };
    const asked = [...TABLES, "DeviceFileEvents"];
    const { columns, rows } = execute(freshnessQuery(asked, NOW), { dialect, tables, now: NOW });
    const records = rows.map((row) =>
      Object.fromEntries(
        row.map((value, i) => [
          columns[i]?.name,
          typeof value === "bigint" && columns[i]?.type === "datetime"
            ? dateOfTicks(value)
            : Number.isNaN(Number(value))
              ? value
              : Number(value),
        ]),
      ),
    );
    const [certificate, process, file] = decodeFreshness(asked, records);
    expect(certificate?.hours.toSorted((a, b) => a.hour.getTime() - b.hour.getTime())).toEqual([
      { hour: hoursAgo(100), count: 1, signed: 1 },
      { hour: hoursAgo(2), count: 2, signed: 1 },
    ]);
    expect(certificate).toMatchObject({ newestIngested: hoursAgo(0.5), newestRow: hoursAgo(1.25) });
    expect(process).toEqual({
      table: "DeviceProcessEvents",
      newestIngested: hoursAgo(2),
      newestRow: hoursAgo(3),
      hours: [{ hour: hoursAgo(3), count: 1 }],
    });
    expect(file).toEqual({ table: "DeviceFileEvents", hours: [] });
  });

  it("names an unknown table", () => {
    expect(analyse(freshnessQuery([...TABLES, "DeviceNothing"], NOW), "log-analytics").problems).toEqual([
      expect.objectContaining({ code: "KS204", message: expect.stringContaining("DeviceNothing") }),
    ]);
  });

  it("one query for all tables; signed only where the table has a Signer; a table without rows is there, empty", async () => {
    answers = [
      fresh([
        CERTIFICATE,
        ["2026-11-24T05:00:00Z", 4, 0, 0, "2026-11-24T07:06:00Z", "2026-11-24T05:10:00Z", "DeviceFileCertificateInfo"],
        ["2026-11-24T05:00:00Z", 7, 7, 7, null, "2026-11-24T05:10:00Z", "DeviceProcessEvents"],
      ]),
    ];
    expect(await source().freshness([...TABLES, "DeviceFileEvents"], NOW)).toEqual([
      {
        table: "DeviceFileCertificateInfo",
        newestIngested: new Date("2026-11-24T07:06:00Z"),
        newestRow: new Date("2026-11-24T06:59:00Z"),
        hours: [
          { hour: new Date("2026-11-24T06:00:00Z"), count: 10, signed: 9 },
          { hour: new Date("2026-11-24T05:00:00Z"), count: 4, signed: 0 },
        ],
      },
      {
        table: "DeviceProcessEvents",
        newestRow: new Date("2026-11-24T05:10:00Z"),
        hours: [{ hour: new Date("2026-11-24T05:00:00Z"), count: 7 }],
      },
      { table: "DeviceFileEvents", hours: [] },
    ]);
    expect(requests).toHaveLength(1);
    expect(requests[0]?.body.timespan).toBe("2026-11-17T08:00:00.000Z/2026-11-25T08:00:00.000Z");
  });

  it("no tables, no query", async () => {
    expect(await source().freshness([], NOW)).toEqual([]);
    expect(requests).toHaveLength(0);
  });

  it("a missing table is named at error level and silent; the others show what they have", async () => {
    answers = [({ body }) => (body.query.includes("DeviceProcessEvents") ? missing : fresh([CERTIFICATE]))];
    const [certificate, process] = await source().freshness(TABLES, NOW);
    expect(certificate?.hours).toHaveLength(1);
    expect(process).toEqual({ table: "DeviceProcessEvents", hours: [] });
    expect(lines).toEqual([
      expect.objectContaining({
        level: "error",
        event: "table.missing",
        source: "soc",
        table: "DeviceProcessEvents",
      }),
    ]);
  });

  it("where no table can be read, the refusal stands", async () => {
    answers = [missing];
    expect(await failureOf(source().freshness(TABLES, NOW))).toMatchObject({
      kind: "query",
      message: expect.stringContaining("'DeviceProcessEvents'"),
    });
    expect(await failureOf(source().freshness(["DeviceProcessEvents"], NOW))).toMatchObject({ kind: "query" });
  });

  it.each<[string, Answer, SourceErrorKind]>([
    ["refused", failure(403, "InsufficientAccessError", "x"), "authorisation"],
    [
      "partial",
      {
        status: 200,
        body: { ...table([CERTIFICATE], FRESH_COLUMNS), error: { code: "PartialError", message: "half" } },
      },
      "transient",
    ],
    [
      "of other columns",
      { status: 200, body: table([["DeviceFileCertificateInfo"]], [{ name: "TableName", type: "string" }]) },
      "query",
    ],
  ])("%s, it is a SourceError", async (_name, answer, kind) => {
    answers = [answer];
    expect((await failureOf(source().freshness(["DeviceFileCertificateInfo"], NOW))).kind).toBe(kind);
  });
});
