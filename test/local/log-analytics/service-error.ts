import { KqlSemanticError, UnsupportedKqlError } from "../../../shared/kql/kql-error.ts";
import type { Problem } from "../../../shared/kql/language.ts";

/** An answer of the service's that is no result. Source: "Azure Monitor Log Analytics API errors". */
export interface ServiceAnswer {
  readonly status: number;
  readonly body: object;
}

const answer = (status: number, code: string, message: string, inner?: object): ServiceAnswer => ({
  status,
  body: { error: { message, code, ...(inner && { innererror: inner }) } },
});

export const UNAUTHENTICATED = answer(401, "AuthorizationRequiredError", "Valid authentication was not provided");
export const NOT_FOUND = answer(404, "PathNotFoundError", "The requested path does not exist");
export const TIMED_OUT = answer(504, "GatewayTimeout", "Gateway timeout");

export const badArgument = (message: string): ServiceAnswer => answer(400, "BadArgumentError", message);

/** What a failed execution answers; `undefined` for an error that is a defect of the stand-in itself. */
export function executionError(error: unknown): ServiceAnswer | undefined {
  if (error instanceof KqlSemanticError) return problemAnswer(error.problems);
  if (!(error instanceof Error)) return undefined;
  if (error instanceof UnsupportedKqlError || error.name === "KqlRuntimeError") {
    return answer(400, "BadArgumentError", "The request had some invalid properties", {
      code: error.name,
      message: `the stand-in can't run this query: ${error.message}`,
    });
  }
  return undefined;
}

/** The service names the first problem only; syntax goes before semantics. */
function problemAnswer(problems: readonly Problem[]): ServiceAnswer {
  const syntax = problems.find(({ kind }) => kind === "syntax");
  const problem = syntax ?? problems[0];
  if (problem === undefined) return badArgument("The request had some invalid properties");
  const { line, column: pos } = problem;
  const place = `on line [${line},${pos}]`;
  const inner =
    syntax === undefined
      ? {
          code: "SemanticError",
          message: "A semantic error occurred.",
          innererror: { code: "SEM0100", message: `${spoken(problem)} ${place}`, line, pos },
        }
      : {
          code: "SyntaxError",
          message: "A recognition error occurred in the query.",
          innererror: { code: "SYN0002", message: `Query could not be parsed: ${problem.message} ${place}`, line, pos },
        };
  return answer(400, "BadArgumentError", "The request had some invalid properties", inner);
}

/** The two that callers meet, in the service's words. */
function spoken({ code, message }: Problem): string {
  const name = /'(.*?)'/.exec(message)?.[1] ?? "";
  if (code === "KS142") return `Failed to resolve column or scalar expression named '${name}'`;
  return code === "KS204" ? `Failed to resolve table or column expression named '${name}'` : message;
}

/** The error beside a result that is not whole. */
export function partialError(message: string): object {
  return {
    code: "PartialError",
    message: "There were some errors when processing your query.",
    details: [
      {
        code: "EngineError",
        message: "Something went wrong processing your query on the server.",
        innererror: { code: "-2133196797", message, severity: 2, severityName: "Error" },
      },
    ],
  };
}

export const tooLarge = (limit: string): string =>
  `The results of this query exceed the set limit of ${limit}, so not all records were returned (E_QUERY_RESULT_SET_TOO_LARGE, 0x80DA0003).`;
