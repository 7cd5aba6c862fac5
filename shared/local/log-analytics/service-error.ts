import { KqlSemanticError, UnsupportedKqlError } from "../../kql/kql-error.ts";
import type { Problem } from "../../kql/problem.ts";
import type { Position } from "../../kql/position.ts";

/** An answer of the service without a result. Source: "Azure Monitor Log Analytics API errors". */
export interface ServiceAnswer {
  readonly status: number;
  readonly body: object;
}

const answer = (status: number, code: string, message: string, inner?: object): ServiceAnswer => ({
  status,
  body: { error: { message, code, ...(inner && { innererror: inner }) } },
});

/** The refusal of a request without a token; `undefined` where it carries any token: the stand-in does not check it. */
export function unauthenticated(authorization: string | undefined): ServiceAnswer | undefined {
  if (authorization === undefined || authorization === "")
    return answer(401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.");
  return /^Bearer \S+/.test(authorization)
    ? undefined
    : answer(401, "AuthorizationRequiredError", "Valid authentication was not provided");
}

/** Also the answer for an unknown workspace. */
export const NOT_FOUND = answer(404, "PathNotFoundError", "The requested path does not exist");
export const TIMED_OUT = answer(504, "GatewayTimeout", "Gateway timeout");

/** The limit is the stand-in's; the service's own is not documented. */
export const TOO_LARGE = answer(413, "PayloadTooLargeError", "The request is larger than 4 MiB");

export const badArgument = (message: string): ServiceAnswer => answer(400, "BadArgumentError", message);

export const NO_QUESTION = badArgument(
  "The request had some invalid properties: a JSON object with a `query` is expected",
);

/** The answer for a failed execution; `undefined` for an error that is a defect of the stand-in. */
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

/** The service reports only the first problem; syntax comes before semantics. */
function problemAnswer(problems: readonly Problem[]): ServiceAnswer {
  const syntax = problems.find(({ kind }) => kind === "syntax");
  if (syntax !== undefined) return syntaxError(syntax, syntax.message);
  const [problem] = problems;
  if (problem === undefined) return badArgument("The request had some invalid properties");
  const { line, column: pos } = problem;
  return invalid("SemanticError", "A semantic error occurred.", {
    code: "SEM0100",
    message: `${serviceMessage(problem)} on line [${line},${pos}]`,
    line,
    pos,
  });
}

/** The answer for a syntax error. The service counts columns from 0 here ("could not be parsed at '|' on line [1,0]"). */
export function syntaxError({ line, column }: Position, message: string): ServiceAnswer {
  const pos = column - 1;
  return invalid("SyntaxError", "A recognition error occurred in the query.", {
    code: "SYN0002",
    message: `Query could not be parsed: ${message} on line [${line},${pos}]`,
    line,
    pos,
  });
}

const invalid = (code: string, message: string, innererror: object): ServiceAnswer =>
  answer(400, "BadArgumentError", "The request had some invalid properties", { code, message, innererror });

/** A problem's message in the service's words, for the two problems that callers meet. */
function serviceMessage({ code, message }: Problem): string {
  const name = /'(.*?)'/.exec(message)?.[1] ?? "";
  if (code === "KS142") return `Failed to resolve column or scalar expression named '${name}'`;
  return code === "KS204" ? `Failed to resolve table or column expression named '${name}'` : message;
}

/** The error that accompanies a partial result. */
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
