import type { Finding, Reading } from "./finding.ts";
import { SIGN_IN, unread } from "./finding.ts";
import type { TableExpectation, TableReadings } from "./assess-table.ts";
import { assessTable } from "./assess-table.ts";

export interface WorkspaceReadings {
  readonly name: string;
  readonly tables: readonly Omit<TableReadings, "workspace">[];
}

/** Findings about a workspace: whether this login can query it, then about each table. Pure. */
export function assessWorkspace({ name, tables }: WorkspaceReadings, expected: TableExpectation): readonly Finding[] {
  const access = assessAccess(
    `workspace ${name}`,
    tables.map(({ rows }) => rows),
  );
  const seen = access.status === "ok" ? tables : tables.map((table) => ({ ...table, rows: ALREADY_REPORTED }));
  return [
    access,
    ...assessManagement(`workspace ${name}, plan and retention of its tables`, tables),
    ...seen.flatMap((table) => assessTable({ workspace: name, ...table }, expected)),
  ];
}

/** Stands for the tables of a workspace that can't be queried: the workspace's own finding says so. */
const ALREADY_REPORTED = { kind: "no-address", reason: "" } as const;

/** One finding for all tables: a missing right or address is the same for each. */
function assessManagement(about: string, tables: WorkspaceReadings["tables"]): readonly Finding[] {
  const lines = tables.map(({ managed }) =>
    unread(about, managed, "ask with a login that has Reader on the workspace"),
  );
  return lines.filter((line) => line !== undefined).slice(0, 1);
}

function assessAccess(about: string, readings: readonly Reading<unknown>[]): Finding {
  const noLogin = readings.find(({ kind }) => kind === "no-login");
  if (noLogin?.kind === "no-login") return { about, status: "wrong", found: noLogin.reason, todo: SIGN_IN };
  const denied = readings.find(({ kind }) => kind === "denied");
  if (denied?.kind === "denied")
    return {
      about,
      status: "wrong",
      found: `this login may not query it: ${denied.reason}`,
      todo: "assign Log Analytics Data Reader on the workspace (of another tenant: Log Analytics Reader) to this login and to the service's identity, and check its id in LOG_ANALYTICS_WORKSPACES",
    };
  const answered = readings.some(({ kind }) => kind === "read" || kind === "missing");
  const failed = readings.find(({ kind }) => kind === "failed");
  if (answered || failed === undefined) return { about, status: "ok", found: "answers queries of this login" };
  return {
    ...(unread(about, failed, "") ?? { about, found: "it does not answer" }),
    status: "wrong",
    todo: "check LOG_ANALYTICS_ENDPOINT, the workspace's network isolation, and ask again",
  };
}
