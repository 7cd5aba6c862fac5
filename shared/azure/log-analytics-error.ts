import type { SourceErrorKind } from "../core/source.ts";
import { SourceError } from "../errors.ts";

/** One step of the service's nested error (`innererror`, `details`), outermost first. */
interface ErrorStep {
  readonly code: string;
  readonly message: string;
  readonly line?: number;
  readonly position?: number;
}

/**
 * The engine's codes for a query that has to read less: the result is truncated, or the query takes too much memory.
 * Source: "Partial query failures" and "Query limits" of the Kusto documentation.
 */
const TOO_LARGE =
  /E_QUERY_RESULT_SET_TOO_LARGE|E_RUNAWAY_QUERY|E_LOW_MEMORY_CONDITION|0x80DA000[137]\b|ResponsePayloadTooLarge|ResponseSizeError/i;
const TIMED_OUT = /E_QUERY_TIMEOUT|GatewayTimeout|QueryTimeout|request timed out/i;

/** Nesting of errors that is read. Deep enough for every answer seen; ends on a cyclic object. */
const MAX_DEPTH = 8;

/** Advice for 401, 403 and 404. These are not retried and not sliced: neither helps against a missing right. */
const MISSING_RIGHT =
  "the identity needs the role Log Analytics Data Reader on it (for a workspace of another tenant: Log Analytics Reader)";

/**
 * Translates a failed call to the query API into the error that a run acts on. `doing`: the operation, for the message.
 * Source of statuses and codes: "Azure Monitor Log Analytics API errors" and "Timeouts" of the Azure Monitor documentation.
 */
export function toSourceError(
  error: unknown,
  doing: string,
  workspace: { readonly name: string; readonly id: string },
): SourceError {
  if (error instanceof SourceError)
    return new SourceError(error.kind, `${doing}: ${error.message}`, { cause: error.cause });
  const status = numberOf(error, "statusCode");
  const steps = status === undefined ? [] : stepsOf(bodyOf(error));
  const reason = steps.length > 0 ? describe(steps) : messageOf(error);
  const fail = (kind: SourceErrorKind, why: string): SourceError =>
    new SourceError(kind, `${doing}: ${why}`, { cause: error });

  if (isSignIn(error)) return signInError(error, fail);
  if (status === undefined) return fail("transient", transportReason(error));
  if (status === 401 || status === 403)
    return fail("authorisation", `refused (${status}); ${MISSING_RIGHT}: ${reason}`);
  if (status === 413 || TOO_LARGE.test(reason)) return fail("too-large", reason);
  if (status === 504 || status === 408 || TIMED_OUT.test(reason))
    return fail("timeout", `the service gave up (${status}): ${reason}`);
  if (status === 404)
    return fail(
      "authorisation",
      `workspace ${workspace.id} isn't found (404): check its id in LOG_ANALYTICS_WORKSPACES; ${MISSING_RIGHT}: ${reason}`,
    );
  if (status === 429 || status >= 500)
    return fail("transient", `the service is throttling or down (${status}): ${reason}`);
  if (status >= 400) return fail("query", `the service refuses the query (${status}): ${reason}`);
  return fail("transient", `the answer (${status}) is empty or can't be read: ${reason}`);
}

/** The reason of a partial result: every code of the service, outermost first, with the innermost message. */
export function partialReason(error: unknown): string {
  const steps = stepsOf(error);
  return steps.length > 0 ? describe(steps) : messageOf(error);
}

/** True for a 429 without a Retry-After header: the SDK retries only a 429 that has one. */
export function isUntimedThrottling(error: unknown): boolean {
  if (numberOf(error, "statusCode") !== 429) return false;
  const headers = field(field(error, "response"), "headers");
  const get = field(headers, "get");
  if (typeof get !== "function") return true;
  return !["retry-after", "retry-after-ms", "x-ms-retry-after-ms"].some((name) =>
    Boolean(Reflect.apply(get, headers, [name])),
  );
}

/** No token was issued. Transient only where the identity service itself is throttling or down. */
function signInError(error: unknown, fail: (kind: SourceErrorKind, why: string) => SourceError): SourceError {
  const status = numberOf(error, "statusCode") ?? numberOf(field(error, "errorResponse"), "statusCode") ?? 0;
  const down = status === 429 || status >= 500;
  return fail(
    down ? "transient" : "authorisation",
    `no token: ${messageOf(error)}; in Azure check AZURE_CLIENT_ID, elsewhere sign in with the Azure CLI`,
  );
}

const isSignIn = (error: unknown): boolean =>
  error instanceof Error &&
  /^(?:CredentialUnavailableError|AuthenticationRequiredError|AuthenticationError|AggregateAuthenticationError)$/.test(
    error.name,
  );

function transportReason(error: unknown): string {
  if (error instanceof Error && error.name === "AbortError") return "gave up waiting for the answer";
  // The SDK's own parsing throws where a 200 or 204 has no body.
  if (error instanceof SyntaxError || error instanceof TypeError)
    return `the answer is empty or can't be read: ${error.message}`;
  return messageOf(error);
}

function bodyOf(error: unknown): unknown {
  const response = field(error, "response");
  const text = field(response, "bodyAsText");
  if (typeof text === "string" && text !== "") {
    try {
      return field(JSON.parse(text), "error");
    } catch {
      return undefined; // A gateway's HTML page: the status alone is reported.
    }
  }
  return undefined;
}

function stepsOf(error: unknown, depth = 0): readonly ErrorStep[] {
  if (typeof error !== "object" || error === null || depth > MAX_DEPTH) return [];
  const code = text(field(error, "code"));
  const message = text(field(error, "message"));
  const line = numberOf(error, "line");
  const position = numberOf(error, "pos");
  const own: ErrorStep = {
    code,
    message,
    ...(line !== undefined && { line }),
    ...(position !== undefined && { position }),
  };
  const details = field(error, "details");
  const inner = [field(error, "innererror") ?? field(error, "innerError"), ...(Array.isArray(details) ? details : [])];
  return [...(code === "" && message === "" ? [] : [own]), ...inner.flatMap((step) => stepsOf(step, depth + 1))];
}

/** One line: `BadArgumentError > SemanticError > SEM0100: … (line 3, position 14)`. */
function describe(steps: readonly ErrorStep[]): string {
  const codes = steps.map((step) => step.code).filter((code) => code !== "");
  const last = steps.findLast((step) => step.message !== "");
  const where = steps.findLast((step) => step.line !== undefined);
  const place =
    where === undefined
      ? ""
      : ` (line ${where.line}${where.position === undefined ? "" : `, position ${where.position}`})`;
  return `${codes.join(" > ")}: ${last?.message ?? "no message"}${place}`;
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : text(field(error, "message")) || String(error);

const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;

function numberOf(value: unknown, name: string): number | undefined {
  const number = field(value, name);
  return typeof number === "number" ? number : undefined;
}
