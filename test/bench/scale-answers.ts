import type { ServerResponse } from "node:http";
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { packs } from "../../shared/catalog/generated/packs.ts";
import { SIGHTING_COLUMNS } from "./sighting-columns.ts";
import { freshnessAnswer } from "./freshness-answer.ts";
import { fleetSighting } from "./scale-fleet.ts";

/**
 * `node scale-answers.ts SIGHTINGS MAX_ROWS MAX_BYTES`: the query API over a fleet of so many sightings, in the service's form and with its
 * limits: a result beyond one of them is cut, with an error beside it. Says `{"port":…}`; `GET /` answers how often it was asked. Ends with
 * its stdin.
 */
const [count = 0, maxRows = 0, maxBytes = 0] = process.argv.slice(2).map(Number);
process.stdin.on("close", () => process.exit(0)).resume();

const HOUR = 3_600_000;
const now = new Date();
const iso = (hoursAgo: number): string => new Date(now.getTime() - hoursAgo * HOUR).toISOString().replace("Z", "0000Z");
const [FIRST, LAST] = [iso(30), iso(1)];

/** Of sightings by first character of the device, and of the first of each device. */
const bySlice = new Map<string, number[]>();
const ofDevice = new Map<string, number>();
for (let i = 0; i < count; i++) {
  const { deviceId } = fleetSighting(i);
  const key = deviceId.charAt(0);
  const stored = bySlice.get(key);
  if (stored) stored.push(i);
  else bySlice.set(key, [i]);
  if (!ofDevice.has(deviceId)) ofDevice.set(deviceId, i);
}

const EVIDENCE_COLUMNS = [
  ["DetectionId", "string"],
  ["DeviceId", "string"],
  ["TableName", "string"],
  ["Groups", "long"],
  ["Pieces", "string"],
] as const;
const TABLES = ["DeviceFileEvents", "DeviceProcessEvents", "DeviceFileCertificateInfo"];
const PIECES = JSON.stringify([onePiece()]);

let asked = 0;
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk) => (body += String(chunk)));
  request.on("end", () => void answer(request.method === "GET" ? undefined : body, response));
});
server.listen(0, "127.0.0.1", () => console.log(JSON.stringify(server.address())));

async function answer(body: string | undefined, response: ServerResponse): Promise<void> {
  response.writeHead(200, { "content-type": "application/json" });
  if (body === undefined) {
    response.end(JSON.stringify({ asked }));
    return;
  }
  asked += 1;
  const { query } = JSON.parse(body);
  if (query.includes("NewestIngested")) await send(response, ...freshness());
  else if (query.includes("Pieces")) await send(response, EVIDENCE_COLUMNS, evidence(query));
  else await send(response, SIGHTING_COLUMNS, sightings(query));
}

function freshness() {
  return freshnessAnswer(
    packs.flatMap(({ tables }) => tables),
    now,
  );
}

/** Rows as fast as they are taken, up to the limits. */
async function send(
  response: ServerResponse,
  columns: readonly (readonly [string, string])[],
  rows: Iterable<readonly unknown[]>,
): Promise<void> {
  try {
    await pipeline(Readable.from(resultText(columns, rows), { objectMode: false }), response);
  } catch {
    // The service has had enough of it, and asks again in slices.
    response.destroy();
  }
}

function* resultText(
  columns: readonly (readonly [string, string])[],
  rows: Iterable<readonly unknown[]>,
): Generator<string> {
  yield `{"tables":[{"name":"PrimaryResult","columns":${JSON.stringify(columns.map(([name, type]) => ({ name, type })))},"rows":[`;
  let [sent, bytes, held, reached] = [0, 0, "", ""];
  for (const row of rows) {
    const text = JSON.stringify(row);
    if (sent + 1 > maxRows) reached = `${maxRows} records`;
    else if (bytes + text.length > maxBytes) reached = `${maxBytes} bytes`;
    if (reached !== "") break;
    held += sent === 0 ? text : `,${text}`;
    sent += 1;
    bytes += text.length + 1;
    if (held.length < 65_536) continue;
    yield held;
    held = "";
  }
  yield `${held}]}]${reached === "" ? "" : `,"error":${JSON.stringify(partial(reached))}`}}`;
}

const partial = (limit: string): object => ({
  code: "PartialError",
  message: "There were some errors when processing your query.",
  details: [
    {
      code: "EngineError",
      message: "Something went wrong processing your query on the server.",
      innererror: {
        code: "-2133196797",
        message: `The results of this query exceed the set limit of ${limit}, so not all records were returned (E_QUERY_RESULT_SET_TOO_LARGE, 0x80DA0003).`,
      },
    },
  ],
});

function* sightings(query: string): Generator<readonly unknown[]> {
  const prefix = /DeviceId startswith "([^"]*)"/.exec(query)?.[1];
  // Every device's id is of hex digits: "anything else" is nobody.
  if (prefix !== undefined && query.includes("matches regex")) return;
  for (const [key, indexes] of bySlice) {
    if (prefix !== undefined && !prefix.startsWith(key)) continue;
    for (const i of indexes) {
      const { detection, deviceId } = fleetSighting(i);
      if (!deviceId.startsWith(prefix ?? "")) continue;
      yield [
        detection.id,
        deviceId,
        `ws-${deviceId.slice(0, 8)}.corp.example`,
        FIRST,
        LAST,
        `["${1_000_000_000 + i}","${1_100_000_000 + i}","${1_200_000_000 + i}"]`,
        3,
        "Workstations",
        JSON.stringify([{ name: detection.name, hash: deviceId, issuer: "DigiCert Trusted G4", trusted: true }]),
        JSON.stringify([1, 2, 3].map((n) => deviceId.slice(n) + deviceId.slice(0, n))),
        false,
      ];
    }
  }
}

function* evidence(query: string): Generator<readonly unknown[]> {
  for (const [, deviceId = ""] of query.matchAll(/"([0-9a-f]{40})"/g)) {
    const i = ofDevice.get(deviceId);
    if (i !== undefined) yield [fleetSighting(i).detection.id, deviceId, "", 1, PIECES];
  }
  for (const table of TABLES) yield ["", "", table, 1, ""];
}

function onePiece() {
  const path = "C:\\Program Files\\Tool\\";
  const end = { file: "tool.exe", path, sha1: "a".repeat(40), command: "tool.exe --install", install: "" };
  return {
    kind: "arrival",
    source: "DeviceFileEvents",
    instance: "1",
    firstAt: FIRST,
    first: end,
    lastAt: LAST,
    last: end,
    name: "explorer.exe",
    path: "C:\\Windows\\explorer.exe",
    sha1: "b".repeat(40),
    parent: "userinit.exe",
    sid: "S-1-5-21-1-2-3-1001",
    account: "someone",
    type: "",
    status: "",
    certificate: { signers: ["Microsoft Windows"], trusted: true, root: true },
    own: false,
  };
}
