/** A received query. */
export interface QueryRequest {
  /** Customer GUID of the workspace, lower-case. */
  readonly workspace: string;
  readonly query: string;
  /** As sent; `undefined` where the request had none. */
  readonly timespan?: string;
  /** Counts the queries of this server from 1. */
  readonly n: number;
}

/**
 * What the stand-in does instead of answering; `undefined`: it answers.
 * `timeout`: 504 in the service's form. `hang`: no answer until the caller goes or the server closes. `drop`: the connection is cut.
 * `empty-200`, `no-content-204`: the service's answers to a missing Content-Type and for an empty workspace. `partial`: the true
 * answer, cut to so many rows, with an error. `protect`: these tables show no rows, as for a caller without the right to read them.
 */
export type Fault =
  | undefined
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string | object }
  | "timeout"
  | "hang"
  | "drop"
  | "empty-200"
  | "no-content-204"
  | { readonly partial: { readonly keepRows: number; readonly code?: string } }
  | { readonly protect: readonly string[] };

export type OnQuery = (request: QueryRequest) => Fault;
