import { counted } from "../counted.ts";
import type { Approval } from "../../core/approval.ts";
import type { Finding, Reading } from "./finding.ts";
import { unread } from "./finding.ts";

export const STATE_TABLES = ["Sightings", "Coverage", "Approvals"] as const;
export type StateTable = (typeof STATE_TABLES)[number];

export interface StateReadings {
  /** `read`: the table exists; the value is true where it holds a row. */
  readonly tables: readonly { readonly name: StateTable; readonly rows: Reading<boolean> }[];
  /** Whether a row could be written and removed. */
  readonly written: Reading<"written">;
  /** `missing`: there is no pointer row. */
  readonly approvals: Reading<{ readonly version: number; readonly approvals: readonly Approval[] }>;
}

const ROLE = "Storage Table Data Contributor on the state account (operatorPrincipalIds of infra/main.bicep)";

/** Findings about the state account. Pure. */
export function assessState({ tables, written, approvals }: StateReadings, now: Date): readonly Finding[] {
  const coverage = tables.find(({ name }) => name === "Coverage")?.rows;
  const begun = coverage?.kind === "read" && coverage.value;
  return [
    ...tables.map(({ name, rows }) => assessTable(name, rows)),
    // Only for a table that exists: a missing one has its own finding.
    ...(tables.some(({ name, rows }) => name === "Sightings" && rows.kind === "read") ? [assessWriting(written)] : []),
    ...(tables.some(({ name, rows }) => name === "Approvals" && rows.kind === "read")
      ? [assessApprovals(approvals, begun, now)]
      : []),
  ];
}

function assessTable(name: StateTable, rows: Reading<boolean>): Finding {
  const about = `state: table ${name}`;
  if (rows.kind === "missing")
    return {
      about,
      status: "wrong",
      found: "is not there",
      todo: "deploy infra/main.bicep: the service makes no tables",
    };
  if (rows.kind === "failed")
    return {
      about,
      status: "wrong",
      found: `it can't be read: ${rows.reason}`,
      todo: "check STATE_TABLE_ENDPOINT and the account's network rules",
    };
  return (
    unread(about, rows, `ask with a login that has ${ROLE}`) ?? {
      about,
      status: "ok",
      found: rows.kind === "read" && rows.value ? "there, with rows" : "there, empty",
    }
  );
}

function assessWriting(written: Reading<"written">): Finding {
  const about = "state: writing";
  if (written.kind === "read") return { about, status: "ok", found: "a row was written to Sightings and removed" };
  const reason = "reason" in written ? written.reason : "there is no table";
  return {
    about,
    status: "wrong",
    found: `a row could not be written and removed: ${reason}`,
    todo: `give this login, and the service's identity, ${ROLE}; look for a lock or a network rule that makes the account read-only`,
  };
}

function assessApprovals(approvals: StateReadings["approvals"], begun: boolean, now: Date): Finding {
  const about = "approvals";
  if (approvals.kind === "missing")
    return begun
      ? {
          about,
          status: "wrong",
          found: "the service has run, and there is no set of approvals: each run fails",
          todo: "apply the reviewed files again: firstsight approvals apply",
        }
      : { about, status: "ok", found: "none yet; the first run makes the empty set" };
  if (approvals.kind === "failed")
    return {
      about,
      status: "wrong",
      found: `the set can't be read: ${approvals.reason}`,
      todo: "apply the reviewed files again: firstsight approvals apply",
    };
  const unseen = unread(about, approvals, `ask with a login that has ${ROLE}`);
  if (unseen !== undefined || approvals.kind !== "read")
    return unseen ?? { about, status: "unseen", found: "not read" };
  const { version, approvals: all } = approvals.value;
  const over = all.filter(({ expires }) => expires <= now).length;
  return over === 0
    ? { about, status: "ok", found: `set ${version} is complete: ${counted(all.length, "approval")}` }
    : {
        about,
        status: "advice",
        found: `set ${version} is complete: ${counted(all.length, "approval")}, ${over} of them expired`,
        todo: "renew them or take them out: firstsight approvals list",
      };
}
