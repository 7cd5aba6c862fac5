import type { IncomingMessage } from "node:http";

/** The query of one request, and its options. */
export interface Question {
  readonly query: string;
  readonly timespan?: string;
}

/** One query of a `$batch`. */
export interface BatchItem {
  readonly id: string;
  /** Lower-case. */
  readonly workspace: string;
  readonly statistics: boolean;
  /** `undefined`: the body holds no query. */
  readonly question: Question | undefined;
}

/** `undefined` where the body holds no query, or names further workspaces: the stand-in has no cross-workspace queries. */
export function parseQuestion(body: string): Question | undefined {
  return questionIn(parsed(body));
}

/** The query of a GET request; `undefined` without one. */
export function questionOfUrl(request: IncomingMessage): Question | undefined {
  const parameters = new URL(request.url ?? "", "http://localhost").searchParams;
  const query = parameters.get("query");
  const timespan = parameters.get("timespan");
  return query === null ? undefined : { query, ...(timespan !== null && { timespan }) };
}

/** The queries of a `$batch`; `undefined` where the body is no batch. Source: "Batch queries", Log Analytics API. */
export function parseBatch(body: string): readonly BatchItem[] | undefined {
  const requests = property(parsed(body), "requests");
  if (!Array.isArray(requests)) return undefined;
  const items: BatchItem[] = [];
  for (const request of requests) {
    const [id, workspace] = [property(request, "id"), property(request, "workspace")];
    if (typeof id !== "string" || typeof workspace !== "string") return undefined;
    const prefer = property(property(request, "headers"), "prefer") ?? property(property(request, "headers"), "Prefer");
    items.push({
      id,
      workspace: workspace.toLowerCase(),
      statistics: prefersStatistics(typeof prefer === "string" ? prefer : ""),
      question: questionIn(property(request, "body")),
    });
  }
  return items;
}

export const wantsStatistics = (request: IncomingMessage): boolean =>
  prefersStatistics([request.headers["prefer"]].flat().join(","));

const prefersStatistics = (prefer: string): boolean => prefer.includes("include-statistics=true");

function questionIn(body: unknown): Question | undefined {
  const [query, timespan, workspaces] = ["query", "timespan", "workspaces"].map((name) => property(body, name));
  if (typeof query !== "string" || (Array.isArray(workspaces) && workspaces.length > 0)) return undefined;
  return { query, ...(typeof timespan === "string" && { timespan }) };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

const property = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
