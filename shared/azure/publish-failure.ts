import { PublishError } from "../errors.ts";

/** The fields of the SDK's errors that describe the failure. Any of them can be missing. */
interface Failure {
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  readonly retryable?: boolean;
  readonly syscall?: string;
  readonly errno?: string | number;
}

type Verdict = "refused" | "ambiguous" | "unavailable";

/**
 * Translates a failed send. An `AggregateError` has no code of its own: the worst of the attempts that it holds decides. The code
 * decides and never `retryable`, which the SDK sets to true even for a message that is too large.
 */
export function toPublishError(error: unknown, message: string): PublishError {
  if (error instanceof PublishError) return error;
  const attempts = error instanceof AggregateError && error.errors.length > 0 ? error.errors : [error];
  const verdicts = new Set(attempts.map((one) => verdictOf(asFailure(one))));
  const kind =
    (["unavailable", "ambiguous", "refused"] as const).find((verdict) => verdicts.has(verdict)) ?? "ambiguous";
  const last = asFailure(attempts.at(-1));
  const reason = [last.code, last.message?.split("\n", 1)[0]].filter(Boolean).join(": ");
  return new PublishError(kind, `${message}: ${reason}${ADVICE[last.code ?? ""] ?? ""}`, { cause: error });
}

const ADVICE: Readonly<Record<string, string>> = {
  UnauthorizedAccess: " (the identity needs Azure Service Bus Data Sender on the queue)",
  MessagingEntityNotFound: " (SERVICE_BUS_QUEUE names no queue of the namespace)",
  MessagingEntityDisabled: " (enable sending on the queue)",
};

function verdictOf(failure: Failure): Verdict {
  switch (failure.code) {
    case "MessagingEntityNotFound":
    case "MessagingEntityDisabled":
    case "UnauthorizedAccess":
      return "unavailable";
    case "QuotaExceeded":
    case "MessageSizeExceeded":
      return "refused";
    case "GeneralError":
      // Without a system error the broker has answered, with a condition that the SDK does not know.
      return failure.syscall === undefined && failure.errno === undefined ? "refused" : "ambiguous";
    case undefined:
    default:
      // Errors of `@azure/identity` for a missing token, matched by name: the package is not loaded for this.
      return /^(?:CredentialUnavailable|Authentication)/.test(failure.name ?? "") ? "unavailable" : "ambiguous";
  }
}

/** True where the broker can't be reached. The SDK does not retry this, whatever its retry options are. */
export function isUnconnected(error: unknown): boolean {
  const { code, syscall, message } = asFailure(error);
  if (error instanceof AggregateError) return false;
  return syscall !== undefined || (code === undefined && message?.startsWith("Failed to connect") === true);
}

/** The SDK's errors have these fields without declaring them. */
const asFailure = (error: unknown): Failure =>
  typeof error === "object" && error !== null ? error : { message: String(error) };
