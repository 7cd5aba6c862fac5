import type { Fault } from "./hooks.ts";

/** The service's answer for a table that the workspace does not have. */
export const notResolved = (table: string): Fault => ({
  status: 400,
  body: {
    error: {
      code: "BadArgumentError",
      message: "The request had some invalid properties",
      innererror: {
        code: "SemanticError",
        message: "A semantic error occurred.",
        innererror: {
          code: "SEM0100",
          message: `'table' operator: Failed to resolve table expression named '${table}'`,
        },
      },
    },
  },
});
