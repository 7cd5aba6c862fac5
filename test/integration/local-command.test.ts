import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LogsQueryClient, LogsQueryResultStatus } from "@azure/monitor-query";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";

const MAIN = fileURLToPath(new URL("../../shared/cli/main.ts", import.meta.url));
const NOW = "2026-03-01T12:00:00Z";
const WORKSPACE = "00000000-0000-4000-8000-000000000001";
const LAST_WEEK = { startTime: new Date("2026-02-22T12:00:00Z"), endTime: new Date(NOW) };

const row = (deviceId: string, more = ""): string =>
  `{"TimeGenerated":"2026-02-28T12:00:00.1234567Z","DeviceId":"${deviceId}","Signer":"Level Software, Inc"${more}}\n`;

interface Started {
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly complained: () => string;
  readonly exited: Promise<number | null>;
}

const running: ChildProcess[] = [];

function firstsight(...args: readonly string[]): Started {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  running.push(child);
  const [out, err]: string[][] = [[], []];
  child.stdout.setEncoding("utf8").on("data", (text: string) => out?.push(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => err?.push(text));
  return {
    child,
    said: () => out?.join("") ?? "",
    complained: () => err?.join("") ?? "",
    exited: new Promise((resolve) => child.once("close", resolve)),
  };
}

/** With its address, once it has said it. */
async function served(data: string, ...more: readonly string[]): Promise<Started & { readonly endpoint: string }> {
  const started = firstsight("local", "log-analytics", "--data", data, "--port", "0", "--now", NOW, ...more);
  await vi.waitFor(() => expect(started.said()).toContain("curl"), { timeout: 20_000 });
  return { ...started, endpoint: /http:\/\/127\.0\.0\.1:\d+/.exec(started.said())?.[0] ?? "" };
}

let folder: string;
let server: Started & { readonly endpoint: string };
let client: LogsQueryClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "local-command-"));
  await writeFile(
    join(folder, "DeviceFileCertificateInfo.ndjson"),
    `${row("a1", `,"ReportId":9007199254740993,"$ingested":"2026-02-28T12:05:00Z"`)}${row("b2", `,"IsTrusted":true`)}`,
  );
  server = await served(folder);
  client = new LogsQueryClient(
    { getToken: () => Promise.resolve({ token: "local", expiresOnTimestamp: Date.now() + 3_600_000 }) },
    {
      endpoint: server.endpoint.replace(/^http:/, "https:"),
      audience: "https://api.loganalytics.io",
      retryOptions: { maxRetries: 0 },
      additionalPolicies: [
        {
          position: "perRetry",
          policy: {
            name: "plainLoopback",
            sendRequest: (request, next) => {
              request.url = request.url.replace(/^https:/, "http:");
              request.allowInsecureConnection = true;
              return next(request);
            },
          },
        },
      ],
    },
  );
});
afterAll(async () => {
  for (const child of running) if (child.exitCode === null) child.kill("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

const ask = (
  body: unknown,
  {
    headers = {},
    workspace = WORKSPACE,
    method = "POST",
  }: { headers?: Record<string, string>; workspace?: string; method?: string } = {},
): Promise<Response> =>
  fetch(`${server.endpoint}/v1/workspaces/${workspace}/query`, {
    method,
    body: typeof body === "string" ? body : JSON.stringify(body),
    headers: { authorization: "Bearer any", "content-type": "application/json", ...headers },
  });

const json = async (answer: Response) => JSON.parse(await answer.text());

/** Rows as the real client has them. */
async function clientRows(query: string): Promise<unknown[][]> {
  const result = await client.queryWorkspace(WORKSPACE, query, LAST_WEEK);
  if (result.status !== LogsQueryResultStatus.Success) throw new Error(result.status);
  return result.tables[0]?.rows ?? [];
}

const ROWS = `DeviceFileCertificateInfo | project DeviceId, TimeGenerated, ReportId = tostring(ReportId), IsTrusted, Late = ingestion_time() - TimeGenerated, D = dynamic({"a":1}), R = 0.5 | sort by DeviceId asc`;

describe("local log-analytics", () => {
  it("says where it is and how to ask", async () => {
    expect(server.said()).toContain("DeviceFileCertificateInfo: 2 rows");
    expect(server.said()).toContain(`curl -s ${server.endpoint}/v1/workspaces/${WORKSPACE}/query`);
  });

  it("the real client, POST, GET and a batch get the same answer", async () => {
    const plain = await json(await ask({ query: ROWS, timespan: "P7D" }));
    expect(plain.tables[0].rows).toEqual([
      ["a1", "2026-02-28T12:00:00.1234567Z", "9007199254740993", null, "00:04:59.8765433", '{"a":1}', 0.5],
      ["b2", "2026-02-28T12:00:00.1234567Z", "", true, null, '{"a":1}', 0.5],
    ]);
    const when = new Date("2026-02-28T12:00:00.123Z");
    const asObjects = [
      ["a1", when, "9007199254740993", null, "00:04:59.8765433", { a: 1 }, 0.5],
      ["b2", when, "", true, null, { a: 1 }, 0.5],
    ];
    expect(await clientRows(ROWS)).toEqual(asObjects);
    const url = new URL(`${server.endpoint}/v1/workspaces/${WORKSPACE}/query`);
    url.search = new URLSearchParams({ query: ROWS, timespan: "P7D" }).toString();
    expect(await (await fetch(url, { headers: { authorization: "Bearer any" } })).json()).toEqual(plain);
    const batch = await client.queryBatch([
      { workspaceId: WORKSPACE, query: ROWS, timespan: LAST_WEEK },
      { workspaceId: WORKSPACE, query: "Nope | count", timespan: LAST_WEEK },
      { workspaceId: "11111111-1111-4111-8111-111111111111", query: "DeviceInfo", timespan: LAST_WEEK },
    ]);
    expect([...batch]).toMatchObject([
      { status: "Success", tables: [{ rows: asObjects }] },
      { status: "Failure", code: "BadArgumentError" },
      { status: "Failure", code: "PathNotFoundError" },
    ]);
  });

  it("a semantic error has line and position, for both", async () => {
    const query = "DeviceInfo\n| where Nope == 1";
    const inner = { code: "SEM0100", message: expect.stringContaining("'Nope'"), line: 2, pos: 9 };
    expect(await (await ask({ query })).json()).toMatchObject({
      error: { code: "BadArgumentError", innererror: { code: "SemanticError", innererror: inner } },
    });
    await expect(clientRows(query)).rejects.toMatchObject({ statusCode: 400, code: "BadArgumentError" });
  });

  it("statistics where they are preferred, and only there", async () => {
    const headers = { prefer: "wait=600,include-statistics=true" };
    expect(await (await ask({ query: ROWS }, { headers })).json()).toMatchObject({
      statistics: { query: { datasetStatistics: [{ tableRowCount: 2 }] } },
    });
    expect(await (await ask({ query: ROWS })).json()).not.toHaveProperty("statistics");
    const result = await client.queryWorkspace(WORKSPACE, ROWS, LAST_WEEK, { includeQueryStatistics: true });
    expect(result).toMatchObject({ statistics: { query: { datasetStatistics: [{ tableRowCount: 2 }] } } });
  });

  it("more rows than the service lets through: a partial error, for both", async () => {
    const query = "range x from 1 to 500001 step 1";
    const answer = await json(await ask({ query }));
    expect(answer.tables[0].rows).toHaveLength(500_000);
    expect(answer.error).toMatchObject({ code: "PartialError", details: [{ innererror: { severityName: "Error" } }] });
    const result = await client.queryWorkspace(WORKSPACE, query, LAST_WEEK);
    expect(result).toMatchObject({ status: "PartialFailure", partialError: { code: "PartialError" } });
  });

  it("a changed file is read again; what is wrong in it is told, and mended it is answered", async () => {
    const file = join(folder, "DeviceInfo.ndjson");
    const count = { query: "DeviceInfo | count" };
    await writeFile(file, `{"DeviceId":"a"}\n`);
    expect((await json(await ask(count))).tables[0].rows).toEqual([[1]]);
    await writeFile(file, `{"DeviceId":"a"}\n{"DevceId":"b"}\n`);
    const wrong = await ask(count);
    expect([wrong.status, await wrong.text()]).toEqual([
      400,
      expect.stringMatching(/DeviceInfo\.ndjson:2: .*did you mean DeviceId\?/),
    ]);
    await writeFile(file, `{"DeviceId":"a"}\n{"DeviceId":"b"}\n{}\n`);
    expect((await json(await ask(count))).tables[0].rows).toEqual([[3]]);
  });

  it.each([
    ["no JSON", 400, "BadArgumentError", () => ask("{")],
    ["no query", 400, "BadArgumentError", () => ask({})],
    ["another method", 404, "PathNotFoundError", () => ask({ query: "print 1" }, { method: "PUT" })],
    ["an unknown workspace", 404, "PathNotFoundError", () => ask({ query: "print 1" }, { workspace: "1" })],
    ["an unknown path", 404, "PathNotFoundError", () => ask({ query: "print 1" }, { workspace: "1/2" })],
    ["no token", 401, "AuthenticationFailed", () => ask({ query: "print 1" }, { headers: { authorization: "" } })],
    ["a body beyond all measure", 413, "PayloadTooLargeError", () => ask({ query: " ".repeat(5_000_000) })],
    [
      "10,000 nested parentheses",
      400,
      "BadArgumentError",
      () => ask({ query: `print ${"(".repeat(10_000)}1${")".repeat(10_000)}` }),
    ],
  ])("refuses %s in the service's form", async (_title, status, code, asked) => {
    const answer = await asked();
    expect([answer.status, await answer.json()]).toMatchObject([status, { error: { code } }]);
  });

  it.each([
    ["an endless mv-expand", "range x from 1 to 1000000 step 1 | extend l = repeat(1, 1000000) | mv-expand l | count"],
    [
      "a join of everything with everything",
      "range x from 1 to 100000 step 1 | extend k = 1 | join kind=inner (range y from 1 to 100000 step 1 | extend k = 1) on k | count",
    ],
    ["a range without end", "range x from 1 to 9000000000000000 step 1 | count"],
  ])("%s is refused in bounded time, and the next query answered", async (_title, query) => {
    const refused = await ask({ query });
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: { code: "BadArgumentError" } }]);
    expect((await json(await ask({ query: "print 1" }))).tables[0].rows).toEqual([[1]]);
  });

  it("many at once, some of them wrong, each get their own answer", async () => {
    const asked = Array.from({ length: 40 }, (_, i) => ask({ query: i % 4 === 0 ? `Nope${i}` : `print x = ${i}` }));
    const answers = await Promise.all(asked.map(async (answer) => (await answer).text()));
    for (const [i, text] of answers.entries()) expect(text).toContain(i % 4 === 0 ? `'Nope${i}'` : `"rows":[[${i}]]`);
  });

  it.each(["SIGINT", "SIGTERM"] as const)("%s ends it with 0", async (signal) => {
    const own = await served(folder);
    own.child.kill(signal);
    expect(await own.exited).toBe(0);
    expect(own.complained()).toBe("");
  });
});

describe("local log-analytics does not start", () => {
  const holder = createServer();
  afterEach(() => void holder.close());

  it("on a port in use: exit 1", async () => {
    await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
    const address = holder.address();
    const port = typeof address === "object" && address !== null ? String(address.port) : "";
    const { exited, complained } = firstsight("local", "log-analytics", "--data", folder, "--port", port);
    expect([await exited, complained()]).toEqual([1, expect.stringContaining(`port ${port} is in use; name another`)]);
  });

  it("over rows that do not fit: exit 1 with their place", async () => {
    const own = await mkdtemp(join(folder, "wrong-"));
    await writeFile(join(own, "DeviceInfo.ndjson"), `{"Timestamp":1}`);
    const { exited, complained } = firstsight("local", "log-analytics", "--data", own, "--port", "0");
    expect([await exited, complained()]).toEqual([
      1,
      expect.stringContaining("DeviceInfo.ndjson:1: DeviceInfo has no column"),
    ]);
  });

  it.each([["70000"], ["http"], ["-1"]])("on a port that is none (%s): exit 2", async (port) => {
    const { exited, complained } = firstsight("local", "log-analytics", "--data", folder, "--port", port);
    expect([await exited, complained()]).toEqual([2, expect.stringContaining("from 0 to 65535")]);
  });
});
