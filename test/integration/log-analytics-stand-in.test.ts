import type { LogsQueryClientOptions } from "@azure/monitor-query";
import { LogsQueryClient, LogsQueryResultStatus } from "@azure/monitor-query";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { SCHEMAS } from "../../shared/kql/schema.ts";
import { tableOf } from "../../shared/kql/table-data.ts";
import type { TableData } from "../../shared/kql/table-data.ts";
import { startLogAnalytics } from "../../shared/local/log-analytics/server.ts";
import type { LogAnalyticsStandIn } from "../../shared/local/log-analytics/server.ts";

const NOW = new Date("2026-03-01T12:00:00Z");
const SOC = "0f8fad5b-d9cb-469f-a165-70867728950e";
const OTHER = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
const MONTH = { startTime: new Date("2026-01-30T12:00:00Z"), endTime: new Date("2026-03-02T12:00:00Z") };
const COUNT = "DeviceFileCertificateInfo | count";

const certificates = (count: number): TableData =>
  tableOf(
    SCHEMAS["log-analytics"]["DeviceFileCertificateInfo"] ?? [],
    Array.from({ length: count }, (_, i) => ({
      TimeGenerated: new Date(NOW.getTime() - i * 86_400_000),
      $ingested: new Date(NOW.getTime() - i * 86_400_000 + 60_000),
      DeviceId: `a${i}`,
      DeviceName: `pc-${i}`,
      Signer: "Level Software, Inc",
      ReportId: 9007199254740993n,
      IsTrusted: true,
    })),
  );

let soc = certificates(10);
let standIn: LogAnalyticsStandIn;
let client: LogsQueryClient;

const plainLoopback: NonNullable<LogsQueryClientOptions["additionalPolicies"]>[number]["policy"] = {
  name: "plainLoopback",
  sendRequest: (request, next) => {
    request.url = request.url.replace(/^https:/, "http:");
    request.allowInsecureConnection = true;
    return next(request);
  },
};

beforeAll(async () => {
  standIn = await startLogAnalytics({
    workspaces: {
      [SOC]: () => ({ tables: { DeviceFileCertificateInfo: soc } }),
      [OTHER.toUpperCase()]: () => ({ tables: {} }),
    },
    now: () => NOW,
    maxRows: 1000,
    maxBytes: 40_000,
  });
  client = new LogsQueryClient(
    { getToken: () => Promise.resolve({ token: "local", expiresOnTimestamp: Date.now() + 3_600_000 }) },
    {
      endpoint: standIn.endpoint.replace(/^http:/, "https:"),
      audience: "https://api.loganalytics.io",
      retryOptions: { maxRetries: 1, retryDelayInMs: 1, maxRetryDelayInMs: 1 },
      additionalPolicies: [{ policy: plainLoopback, position: "perRetry" }],
    },
  );
});
afterAll(() => standIn.close());
beforeEach(() => {
  soc = certificates(10);
  standIn.onQuery = undefined;
  standIn.requests.length = 0;
});

/** The rows of an answer that has to be whole. */
async function rows(query: string, workspace = SOC): Promise<unknown[][]> {
  const result = await client.queryWorkspace(workspace, query, MONTH);
  if (result.status !== LogsQueryResultStatus.Success)
    throw new Error(`${result.status}: ${JSON.stringify(result.partialError)}`);
  return result.tables[0]?.rows ?? [];
}

interface Partial {
  readonly rows: readonly (readonly unknown[])[];
}

async function partial(query: string, duration: string): Promise<Partial> {
  const result = await client.queryWorkspace(SOC, query, { duration });
  if (result.status !== LogsQueryResultStatus.PartialFailure) throw new Error(`${result.status}, not partial`);
  expect(result.partialError.code).toBe("PartialError");
  return { rows: result.partialTables[0]?.rows ?? [] };
}

/** The engine's own message: the client keeps only the outer one. */
async function innerMessage(query: string): Promise<unknown> {
  const body = await (await post({ query })).text();
  return JSON.parse(body).error.details[0].innererror.message;
}

const post = (body: unknown, headers: Record<string, string> = {}, workspace = SOC): Promise<Response> =>
  fetch(`${standIn.endpoint}/v1/workspaces/${workspace}/query`, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
    headers: { authorization: "Bearer x", "content-type": "application/json", ...headers },
  });

describe("through the real client", () => {
  it("runs the Level query; types arrive as the client makes them", async () => {
    const query = `DeviceFileCertificateInfo
      | extend Timestamp = column_ifexists("Timestamp", column_ifexists("TimeGenerated", datetime(null)))
      | where Timestamp between (now(-2d) .. now()) | where Signer has "Level Software, Inc"
      | summarize FirstSeen = min(Timestamp), Report = make_set(tostring(ReportId), 128), Count = count() by DeviceId
      | sort by DeviceId asc`;
    const result = await client.queryWorkspace(SOC, query, MONTH, { includeQueryStatistics: true });
    if (result.status !== LogsQueryResultStatus.Success) throw new Error(result.status);
    expect(result.tables[0]?.columnDescriptors).toEqual([
      { name: "DeviceId", type: "string" },
      { name: "FirstSeen", type: "datetime" },
      { name: "Report", type: "dynamic" },
      { name: "Count", type: "long" },
    ]);
    expect(result.tables[0]?.rows).toEqual([
      ["a0", NOW, ["9007199254740993"], 1],
      ["a1", new Date("2026-02-28T12:00:00Z"), ["9007199254740993"], 1],
      ["a2", new Date("2026-02-27T12:00:00Z"), ["9007199254740993"], 1],
    ]);
    expect(result.statistics).toMatchObject({ query: { datasetStatistics: [{ tableRowCount: 3 }] } });
  });

  it("each workspace has its own rows, and they may change between queries", async () => {
    expect(await rows(COUNT)).toEqual([[10]]);
    expect(await rows(COUNT, OTHER)).toEqual([[0]]);
    soc = certificates(12);
    expect(await rows(COUNT)).toEqual([[12]]);
    expect(standIn.requests.map(({ workspace, n, query }) => [workspace, n > 0, query])).toEqual([
      [SOC, true, COUNT],
      [OTHER, true, COUNT],
      [SOC, true, COUNT],
    ]);
  });

  it("the timespan cuts on TimeGenerated", async () => {
    const result = await client.queryWorkspace(SOC, COUNT, { duration: "P2D" });
    expect(result).toMatchObject({ status: "Success", tables: [{ rows: [[3]] }] });
    const day = { startTime: new Date("2026-02-27T12:00:00Z"), endTime: new Date("2026-02-28T11:00:00Z") };
    expect(await client.queryWorkspace(SOC, COUNT, day)).toMatchObject({ tables: [{ rows: [[1]] }] });
  });

  it("too many rows, or too many bytes: a partial result in the service's words", async () => {
    soc = certificates(1001);
    const ids = "DeviceFileCertificateInfo | project DeviceId";
    expect((await partial(ids, "P9000D")).rows).toHaveLength(1000);
    expect(await innerMessage(ids)).toMatch(/1000 records.*E_QUERY_RESULT_SET_TOO_LARGE/);

    const kept = (await partial("DeviceFileCertificateInfo", "P900D")).rows.length;
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(900);
    expect(await innerMessage("DeviceFileCertificateInfo | take 900")).toMatch(
      /40000 bytes.*E_QUERY_RESULT_SET_TOO_LARGE/,
    );
  });

  it("a semantic error names line and position", async () => {
    await expect(rows("DeviceFileCertificateInfo\n| where Nope == 1")).rejects.toMatchObject({
      statusCode: 400,
      code: "BadArgumentError",
      response: {
        bodyAsText: expect.stringMatching(
          /SEM0100.*Failed to resolve column or scalar expression named 'Nope'.*"line":2,"pos":9/,
        ),
      },
    });
  });

  it("what the interpreter does not know is refused, not guessed", async () => {
    await expect(rows("DeviceInfo | evaluate narrow()")).rejects.toMatchObject({
      statusCode: 400,
      response: { bodyAsText: expect.stringContaining("unsupported: evaluate at 1:14") },
    });
  });
});

describe("faults on demand", () => {
  it("a status with headers and body; 429 with a time to wait is asked again", async () => {
    standIn.onQuery = () => {
      standIn.onQuery = undefined;
      return { status: 429, headers: { "retry-after": "0" } };
    };
    expect(await rows(COUNT)).toEqual([[10]]);
    expect(standIn.requests).toHaveLength(2);
  });

  it.each([403, 500])("status %i", async (status) => {
    standIn.onQuery = () => ({ status, body: { error: { code: "X", message: "as told" } } });
    await expect(rows(COUNT)).rejects.toMatchObject({ statusCode: status });
  });

  it("timeout: 504", async () => {
    standIn.onQuery = () => "timeout";
    await expect(rows(COUNT)).rejects.toMatchObject({ statusCode: 504 });
  });

  it("hang: until the caller gives up", async () => {
    standIn.onQuery = () => "hang";
    const caller = new AbortController();
    const query = client.queryWorkspace(SOC, COUNT, MONTH, { abortSignal: caller.signal });
    await expect.poll(() => standIn.requests.length).toBe(1);
    caller.abort();
    await expect(query).rejects.toThrow("abort");
  });

  it("drop: the connection is cut", async () => {
    standIn.onQuery = () => "drop";
    await expect(post({ query: COUNT })).rejects.toThrow("fetch failed");
  });

  it("empty answers", async () => {
    standIn.onQuery = () => "empty-200";
    const empty = await post({ query: COUNT });
    expect([empty.status, await empty.text()]).toEqual([200, ""]);
    standIn.onQuery = () => "no-content-204";
    expect((await post({ query: COUNT })).status).toBe(204);
  });

  it("partial: so many of the true rows, with the code asked for", async () => {
    standIn.onQuery = () => ({ partial: { keepRows: 2, code: "E_QUERY_TIMEOUT" } });
    const ids = "DeviceFileCertificateInfo | project DeviceId";
    expect((await partial(ids, "P30D")).rows).toEqual([["a0"], ["a1"]]);
    expect(await innerMessage(ids)).toContain("E_QUERY_TIMEOUT");
  });

  it("protect: the table answers with no rows, and no error", async () => {
    standIn.onQuery = () => ({ protect: ["DeviceFileCertificateInfo"] });
    expect(await rows(COUNT)).toEqual([[0]]);
  });
});

describe("over plain HTTP, in the service's form", () => {
  it("longs with every digit, datetimes with seven, dynamics as text, nulls", async () => {
    const query = `print l = 9007199254740993, d = datetime(2026-01-01T00:00:00.0000001Z), y = dynamic({"a": [1, 2.0]}), t = 1d, b = bool(null), s = "é\\"", r = 0.5, i = int(1), g = guid(74be27de-1e4e-49d9-b579-fe0b331d3642), n = datetime(null)`;
    const answer = await post({ query });
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
    const text = await answer.text();
    expect(text).toContain(
      String.raw`[9007199254740993,"2026-01-01T00:00:00.0000001Z","{\"a\":[1,2.0]}","1.00:00:00",null,"é\"",0.5,1,"74be27de-1e4e-49d9-b579-fe0b331d3642",null]`,
    );
    const { tables } = JSON.parse(text);
    expect(tables[0].name).toBe("PrimaryResult");
    expect(tables[0].columns.map(({ type }: { type: string }) => type).join()).toBe(
      "long,datetime,dynamic,timespan,bool,string,real,int,guid,datetime",
    );
    expect(text).not.toContain("statistics");
  });

  it.each([
    ["no token", { authorization: "" }, SOC, 401],
    ["another kind of token", { authorization: "Basic eDp5" }, SOC, 401],
    ["an unknown workspace", {}, "11111111-1111-4111-8111-111111111111", 404],
    ["a path that is no GUID's", {}, "constructor", 404],
  ])("%s", async (_title, headers: Record<string, string>, workspace, status) => {
    expect((await post({ query: COUNT }, headers, workspace)).status).toBe(status);
    expect(standIn.requests).toEqual([]);
  });

  it("a missing Content-Type gives 200 with nothing", async () => {
    const answer = await fetch(`${standIn.endpoint}/v1/workspaces/${SOC}/query`, {
      method: "POST",
      body: new TextEncoder().encode(JSON.stringify({ query: COUNT })),
      headers: { authorization: "Bearer x" },
    });
    expect([answer.status, await answer.text()]).toEqual([200, ""]);
  });

  it.each([
    ["no JSON", "{"],
    ["no query", {}],
    ["further workspaces", { query: COUNT, workspaces: [OTHER] }],
    ["a timespan that is none", { query: COUNT, timespan: "yesterday" }],
    ["a syntax error", { query: "DeviceInfo | where (" }],
    ["a table that is not there", { query: "Nope | count" }],
    ["no statement", { query: "" }],
    ["a command", { query: ".show tables" }],
  ])("400 for %s", async (_title, body) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { code: "BadArgumentError" } });
  });

  it("syntax and semantics differ in their codes", async () => {
    expect(await (await post({ query: "DeviceInfo | where (" })).json()).toMatchObject({
      error: { innererror: { code: "SyntaxError", innererror: { code: "SYN0002", line: 1 } } },
    });
    const message = expect.stringContaining("Failed to resolve table or column expression named 'Nope'");
    expect(await (await post({ query: "Nope | count" })).json()).toMatchObject({
      error: { innererror: { code: "SemanticError", innererror: { code: "SEM0100", message, line: 1, pos: 1 } } },
    });
  });
});

describe("close", () => {
  it("ends what hangs", async () => {
    const own = await startLogAnalytics({
      workspaces: { [SOC]: () => ({ tables: {} }) },
      now: () => NOW,
      onQuery: () => "hang",
    });
    const asked = fetch(`${own.endpoint}/v1/workspaces/${SOC}/query`, {
      method: "POST",
      body: JSON.stringify({ query: COUNT }),
      headers: { authorization: "Bearer x", "content-type": "application/json" },
    });
    const outcome = expect(asked).rejects.toThrow("fetch failed");
    await expect.poll(() => own.requests.length).toBe(1);
    await own.close();
    await outcome;
  });
});
