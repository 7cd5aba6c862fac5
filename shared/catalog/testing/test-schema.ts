import { z } from "zod";
import { parseDatetime, dateOfTicks } from "../../kql/datetime.ts";

const missingOr =
  (missing: string, wrong: string) =>
  ({ input }: { readonly input?: unknown }): string =>
    input === undefined || input === null ? missing : wrong;

/** Keeps Zod's message for an unknown field: the loader reports which field it is, at its position. */
const strict = <T extends z.core.$ZodLooseShape>(shape: T, wanted: string): z.ZodObject<T, z.core.$strict> =>
  z.strictObject(shape, { error: ({ code }) => (code === "unrecognized_keys" ? undefined : wanted) });

const text = (name: string, missing: string) =>
  z
    .string({ error: missingOr(`${name} is missing; ${missing}`, `${name} is a text; put it in quotes`) })
    .min(1, `${name} is empty; ${missing}`);

const now = z
  .string({
    error: missingOr("now is missing; add it: now: 2026-03-01T12:00:00Z", "now is a time such as 2026-03-01T12:00:00Z"),
  })
  .transform((given, context) => {
    const ticks = parseDatetime(given);
    if (ticks !== undefined) return dateOfTicks(ticks);
    context.addIssue({ code: "custom", message: `now is a time such as 2026-03-01T12:00:00Z, and not "${given}"` });
    return z.NEVER;
  });

const ROW = "a row is a map of columns to values: {DeviceId: a1, Signer: Some name}";

const row = z.record(z.string(), z.unknown(), { error: ROW });

const testCase = strict(
  {
    name: text("name", "say in a few words what the case shows"),
    boundary: z.boolean({ error: "boundary is true, or left out" }).default(false),
    tables: z.record(z.string(), z.array(row, { error: "a table is a list of rows: - {DeviceId: a1}" }), {
      error: missingOr(
        "tables is missing; add the rows that the query reads, by table",
        "tables is a map of tables to lists of rows",
      ),
    }),
    expect: z.array(
      row.refine((given) => Object.keys(given).length > 0, {
        error: "this row is empty; name the columns that matter",
      }),
      {
        error: missingOr(
          "expect is missing; list the rows that the query answers, or write expect: []",
          "expect is a list of rows; write expect: [] for none",
        ),
      },
    ),
  },
  "a case is a map with name, tables and expect",
);

const survivor = strict(
  {
    mutation: text("mutation", "copy it from what detections test --mutate prints"),
    reason: text("reason", "say why the changed query means the same"),
  },
  "a survivor is a map with mutation and reason",
);

const CASES = "cases has at least three entries: one that matches, one that must not (expect: []), one boundary";

/** Schema of a `*.test.yaml`. */
export const testFileSchema = strict(
  {
    now,
    cases: z.array(testCase, { error: missingOr(`cases is missing; ${CASES}`, `cases is a list; ${CASES}`) }),
    survivors: z.array(survivor, { error: "survivors is a list of maps with mutation and reason" }).default([]),
  },
  "not a test file: it needs now and cases",
);
