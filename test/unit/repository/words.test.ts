import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, test } from "vitest";
import { CONTRACT_FILE } from "../../../scripts/contract-schema.ts";
import type { Found } from "./declared-names.ts";
import { declaredNames } from "./declared-names.ts";

/** Words that this code once had for what the field has a better word for. Each is gone from names, files, logs, messages and commands. */

/** Names of anything that a file declares. */
const NAMES = new Set(
  [
    "Telling tellingOf telling Words Told told Kept SeenAgain Judged Judge judge judged JudgedState byReview byLook",
    "lift lifted lookedFor asLookedFor Lookout lookoutOver look Surroundings Around askOrSay askOrMiss Glimpse Known",
    "StandingSighting StandingUnit standing Tally Ledger ledger noteTried tried Reach SAID putAside HeldRows HeldResult",
    "withheldRows answerReader portions recordsOf takeRecords startingElsewhere ROUNDS WIDTH SendPatience eachOf inState",
    "bringerOf isHeir RowComplaint Doomed mend unmended carryOut Gate Happening compare",
  ].flatMap((line) => line.split(" ")),
);

/** Words that are fine as a property (KQL's `by`), and say nothing as the name of a value. */
const VARIABLES = new Set(["of", "by"]);

/** Beginnings of old names. */
const BEGINNINGS = /^(?:say[A-Z]|forget)/;
const DOCTOR_BEGINNINGS = /^(?:ask|judge)[A-Z]/;

/** Parts of log events and of files' names; whole fields of log lines and of messages. */
const EVENT_PARTS = new Set(["put-aside", "workspace", "look", "told", "lifted"]);
const FIELDS = new Set(["telling", "workspace", "workspaces", "look", "tried"]);
const MESSAGE_WORDS = new Set(["telling", "workspace", "workspaceName", "approval-lifted"]);
const COMMANDS = new Set(["retell", "--retell", "look", "--look", "lift", "--lift", "judge"]);
const FILE_PARTS = new Set(
  "telling judge judged told lookout look glimpse ledger tally mend complaint doomed standing portions lift lifted retell".split(
    " ",
  ),
);

/** Old words that mean something else where they stand. */
const ALLOWED: readonly { readonly file: string; readonly name: string; readonly reason: string }[] = [
  { file: "shared/kql/interpret/tabular/sort.ts", name: "compare", reason: "sorting compares two values" },
  { file: "scripts/draw-runs.ts", name: "WIDTH", reason: "the picture is this wide" },
  { file: "shared/core/report-ids.ts", name: "compare", reason: "sorting compares two ids" },
  ...["decide", "decide-write"].map((file) => ({
    file: `shared/core/${file}.ts`,
    name: "Known",
    reason: "a type parameter: SightingVersion or KnownRecord, as the caller has it",
  })),
];

const isAllowed = (file: string, name: string): boolean =>
  ALLOWED.some((allowed) => allowed.file === file && allowed.name === name);

const isOldName = (file: string, name: string): boolean =>
  NAMES.has(name) ||
  BEGINNINGS.test(name) ||
  (file.startsWith("shared/operations/doctor/") && DOCTOR_BEGINNINGS.test(name));

const isOld = (file: string, { kind, name }: Found): boolean => {
  if (kind === "log event") return name.split(".").some((part) => EVENT_PARTS.has(part));
  if (kind === "log field") return FIELDS.has(name);
  if (kind === "command") return COMMANDS.has(name);
  return isOldName(file, name) || (kind === "variable" && VARIABLES.has(name));
};

/** The old words among what a file declares. */
const oldWords = (file: string, found: readonly Found[]): readonly Found[] =>
  found.filter((one) => !isAllowed(file, one.name) && isOld(file, one));

const FILES = globSync("{functions,shared,scripts,test}/**/*.{ts,cjs,py}").toSorted();
const SOURCES = FILES.filter((file) => file.endsWith(".ts"));

test.each(SOURCES)("%s declares no old word", (file) => {
  const found = oldWords(file, declaredNames(readFileSync(file, "utf8")));
  expect(found.map(({ kind, name, line }) => `${file}:${line}: ${kind} ${name}`)).toEqual([]);
});

test("no file is named after one", () => {
  expect(FILES.length).toBeGreaterThan(400);
  expect(
    FILES.filter((file) =>
      basename(file)
        .split(/[-.]/)
        .some((part) => FILE_PARTS.has(part)),
    ),
  ).toEqual([]);
});

test("no field of a message, and none of its values, is one", () => {
  const words: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value === "string") words.push(value);
    if (typeof value !== "object" || value === null) return;
    for (const [key, inside] of Object.entries(value)) {
      words.push(key);
      visit(inside);
    }
  };
  visit(JSON.parse(readFileSync(CONTRACT_FILE, "utf8")));
  expect(words).toEqual(expect.arrayContaining(["announcement", "approval-ended", "source"]));
  expect(words.filter((word) => MESSAGE_WORDS.has(word))).toEqual([]);
});

test("what is allowed is there", () => {
  for (const { file, name } of ALLOWED)
    expect(declaredNames(readFileSync(file, "utf8")).map((found) => found.name)).toContain(name);
});

describe("the finder", () => {
  test.each<[string, string, string]>([
    ["a type", "interface Telling {}", "type Telling"],
    ["a type's property", "interface A { readonly telling: number }", "property telling"],
    ["a type's parameter", "type A<Known> = Known[]", "type parameter Known"],
    ["a class's private field", "class A { #standing = 1 }", "property standing"],
    ["a class's method", "class A { forgetAll(): void {} }", "property forgetAll"],
    ["a function", "function carryOut(): void {}", "variable carryOut"],
    ["a parameter", "const a = (of: string) => of", "variable of"],
    ["a parameter of a type", "type A = (by: string) => void", "variable by"],
    ["a parameter with a default", "function a(by = 1) {}", "variable by"],
    ["a part of a pattern", "const { a: { b: [told = 1] } } = c", "variable told"],
    ["the rest of a pattern", "const { a, ...of } = c", "variable of"],
    ["a loop's", "for (const ledger of all) use(ledger);", "variable ledger"],
    ["an import", 'import { a as judge } from "./a.ts"', "variable judge"],
    ["a key", "const a = { putAside: 1 }", "property putAside"],
    ["a log event", 'log.warn({ event: "state.put-aside" })', "log event state.put-aside"],
    ["a field of a log line", 'log.warn({ event: "a.b", workspace }, "c")', "log field workspace"],
    ["an option", 'program.command("accept").option("-r, --retell", "all again")', "command --retell"],
    ["a command", 'program.command("retell <id>")', "command retell"],
  ])("%s", (_kind, source, expected) => {
    expect(oldWords("a.ts", declaredNames(source)).map(({ kind, name }) => `${kind} ${name}`)).toContain(expected);
  });

  test.each([
    ["a property that KQL has", "const a = { by: [] }"],
    ["a for loop", "for (const a of b) c(a)"],
    ["texts and comments", '// told\nconst a = "what was told of the standing"'],
    ["a name that begins like one", "const ofTable = 1, saying = 2"],
  ])("lets pass – %s", (_kind, source) => {
    expect(oldWords("a.ts", declaredNames(source))).toEqual([]);
  });
});
