import type { Approval } from "../../shared/core/approval.ts";
import { notResolved } from "../../shared/local/log-analytics/not-resolved.ts";
import type { Verdict } from "../local/fault-proxy.ts";
import type { Fault } from "./fault.ts";
import { A, B, expectTold, gated, onQuery } from "./fault.ts";
import type { Stage } from "./stage.ts";
import { DAY, HOUR, SEEN_FILE, SEEN_GROUP } from "./stage.ts";

/** Faults of evidence, approvals, waves and the daily look, where an approval covers both devices if everything is seen. */

const BRINGER = { path: "c:\\windows\\ccm\\ccmexec.exe", sha1: "c".repeat(40) };
const STRANGER = { path: "c:\\temp\\setup.exe", sha1: "d".repeat(40) };

const approval = (stage: Stage): Approval => ({
  id: "ccm",
  reason: "Our software deployment.",
  owner: "Desk",
  ticket: "CHG-1",
  expires: stage.date(60 * DAY),
  tools: ["level"],
  devices: { groups: [SEEN_GROUP] },
  arrival: { signer: "Microsoft Corporation", paths: [BRINGER.path], accountSids: ["S-1-5-18"] },
});

const nameOf = (path: string): string => path.slice(path.lastIndexOf("\\") + 1);

/** A process of the system's writes the tool's file on a device. */
function arrival(stage: Stage, device: string, at: number, by: typeof BRINGER, path = "C:\\Tools\\level.exe"): void {
  stage.rows.push({
    table: "DeviceFileEvents",
    at,
    columns: {
      DeviceId: device,
      ActionType: "FileCreated",
      FileName: nameOf(path),
      FolderPath: path,
      SHA1: SEEN_FILE,
      InitiatingProcessFileName: nameOf(by.path),
      InitiatingProcessFolderPath: by.path,
      InitiatingProcessSHA1: by.sha1,
      InitiatingProcessAccountSid: "S-1-5-18",
      InitiatingProcessId: 7,
    },
  });
}

/** Both came by the approved deployment. */
async function approved(stage: Stage): Promise<void> {
  await stage.approve([approval(stage)]);
  stage.rows.push({
    table: "DeviceFileCertificateInfo",
    at: stage.now - HOUR,
    columns: {
      DeviceId: A,
      SHA1: BRINGER.sha1,
      Signer: "Microsoft Corporation",
      IsSigned: true,
      IsTrusted: true,
      IsRootSignerMicrosoft: true,
    },
  });
  for (const device of [A, B]) arrival(stage, device, stage.now - HOUR, BRINGER);
}

/** Both are expected, and a day later something else brings the tool again. */
async function expectedThenMore(stage: Stage): Promise<void> {
  await approved(stage);
  await stage.run();
  stage.now += DAY;
  for (const device of [A, B]) arrival(stage, device, stage.now - HOUR, STRANGER);
}

const isEvidence = (query: string): boolean => query.includes("let Devices");
const evidenceAnswers =
  (answer: ReturnType<NonNullable<Stage["logAnalytics"]["onQuery"]>>) =>
  (stage: Stage): void =>
    onQuery(stage, ({ query }) => (isEvidence(query) ? answer : undefined));

/** Evidence fails: told, and the message says why. */
const unseen = (missing: string, make: Fault["make"]): Fault => ({
  before: approved,
  make,
  after: expectTold("new-activity", missing),
});

/** Nothing is decided meanwhile; then both are expected. */
const undecided = (make: Fault["make"], clear?: Fault["clear"]): Fault => ({
  before: approved,
  make,
  ...(clear && { clear }),
  tells: [],
});

type Entity = Readonly<Record<string, unknown>> & { readonly partitionKey: string; readonly rowKey: string };

async function entitiesOf(stage: Stage, isWanted: (partition: string) => boolean): Promise<readonly Entity[]> {
  const found: Entity[] = [];
  for await (const { partitionKey, rowKey, etag: _, timestamp: __, ...rest } of stage
    .client("Approvals")
    .listEntities())
    if (partitionKey !== undefined && rowKey !== undefined && isWanted(partitionKey))
      found.push({ ...rest, partitionKey, rowKey });
  return found;
}

/** Rows are taken out, and put back. */
function withoutRows(isWanted: (partition: string) => boolean): Fault {
  let taken: readonly Entity[] = [];
  return undecided(
    async (stage) => {
      taken = await entitiesOf(stage, isWanted);
      for (const { partitionKey, rowKey } of taken) await stage.client("Approvals").deleteEntity(partitionKey, rowKey);
    },
    async (stage) => {
      for (const entity of taken) await stage.client("Approvals").createEntity(entity);
    },
  );
}

const withSchema = (schemaVersion: number) => async (stage: Stage) => {
  const [pointer] = await entitiesOf(stage, (partition) => partition === "pointer");
  if (pointer) await stage.client("Approvals").updateEntity({ ...pointer, schemaVersion }, "Replace");
};

export const EVIDENCE_FAULTS: Readonly<Record<string, Fault>> = {
  "none, with evidence that the approval covers": { before: approved, make: () => {}, tells: [] },
  "an evidence query takes too long (504)": unseen("gave up (504)", evidenceAnswers("timeout")),
  "an evidence query is down (503)": unseen("503", evidenceAnswers({ status: 503 })),
  "an evidence query is refused (403)": unseen("403", evidenceAnswers({ status: 403 })),
  "an event table is missing": unseen("DeviceFileEvents", evidenceAnswers(notResolved("DeviceFileEvents"))),
  "an event table shows nothing (protected)": unseen(
    "DeviceProcessEvents shows no row",
    evidenceAnswers({ protect: ["DeviceProcessEvents"] }),
  ),
  "the evidence is partial": unseen("partial", evidenceAnswers({ partial: { keepRows: 1 } })),
  "a piece of evidence can't be read": unseen("file and process events: ", (stage) => {
    for (const device of [A, B])
      arrival(stage, device, stage.now - HOUR, BRINGER, `C:\\${"a\\".repeat(3000)}level.exe`);
  }),
  "there is more evidence than an answer holds": unseen("200 are in the answer", (stage) => {
    for (const device of [A, B])
      for (let i = 0; i < 200; i++) arrival(stage, device, stage.now - HOUR, BRINGER, `C:\\Tools\\${i}\\level.exe`);
  }),
  "the approval has expired": {
    before: approved,
    make: (stage) => stage.approve([{ ...approval(stage), expires: stage.date(stage.now) }]),
    after: expectTold("new-activity"),
  },
  "the approvals can't be read (503)": undecided(
    gated(({ kind, path }) => kind === "read" && path.includes("Approvals"), { status: 503 }),
  ),
  "the pointer of the approvals is gone": withoutRows((partition) => partition === "pointer"),
  "a row of the approvals is gone": withoutRows((partition) => partition !== "pointer"),
  "the approvals were written by a newer version": undecided(withSchema(2), withSchema(1)),
  // Another run takes what was read from under this one, each time.
  "a wave's row conflicts for ever": {
    make: gated(({ kind, body }) => kind === "transaction" && body.includes('"tally"'), {
      status: 412,
      code: "UpdateConditionNotSatisfied",
    }),
  },
  "another set of approvals is put in during the run": {
    before: async (stage) => {
      await approved(stage);
      await stage.run();
    },
    make: (stage) => {
      stage.now += HOUR;
      let applied = false;
      stage.proxy.before = async ({ kind, path }): Promise<Verdict> => {
        if (!applied && kind === "read" && path.includes("Sightings")) {
          applied = true;
          await stage.approve([]);
        }
        return "pass";
      };
    },
    after: expectTold("approval-ended"),
  },
  "the source is blind when the recheck is due": {
    before: expectedThenMore,
    make: (stage) => onQuery(stage, () => ({ protect: ["DeviceFileCertificateInfo"] })),
    after: expectTold("new-activity"),
  },
  "the recheck's evidence query takes too long (504)": {
    before: expectedThenMore,
    make: evidenceAnswers("timeout"),
    after: expectTold("new-activity"),
  },
};
