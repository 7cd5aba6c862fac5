import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { findBicep, HOW_TO_GET_BICEP, runBicep } from "../../scripts/bicep-cli.ts";
import { checkInfra, compileTemplate } from "../../scripts/infra.ts";

const bicep = findBicep();
if (bicep === undefined && process.env["REQUIRE_BICEP"] === "1") throw new Error(HOW_TO_GET_BICEP);
if (bicep === undefined)
  console.warn(`skipped: test/infra/compiled.test.ts (what Bicep compiles); ${HOW_TO_GET_BICEP}`);

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Each object in a JSON value, the outermost first. */
function* objects(value: Json): Generator<JsonObject> {
  if (isObject(value)) yield value;
  if (typeof value === "object" && value !== null) for (const inside of Object.values(value)) yield* objects(inside);
}

function* strings(value: Json): Generator<string> {
  if (typeof value === "string") yield value;
  if (typeof value === "object" && value !== null) for (const inside of Object.values(value)) yield* strings(inside);
}

/** ARM's own; two brackets are an escaped literal. */
const isExpression = (text: string): boolean => /^\[(?!\[)/.test(text);

const isTemplate = (value: JsonObject): boolean =>
  typeof value["$schema"] === "string" && value["$schema"].endsWith("/deploymentTemplate.json#");

/** Rules that faulty.bicep breaks. */
const BROKEN = [
  "no-hardcoded-env-urls",
  "no-hardcoded-location",
  "no-unnecessary-dependson",
  "no-unused-existing-resources",
  "no-unused-params",
  "no-unused-vars",
  "outputs-should-not-contain-secrets",
  "prefer-interpolation",
  "prefer-unquoted-property-names",
  "secure-parameter-default",
  "simplify-interpolation",
  "use-description-outputs",
  "use-description-params",
  "use-parent-property",
  "use-resource-symbol-reference",
  "use-safe-access",
  "use-user-defined-types",
];

describe.skipIf(bicep === undefined)("with the Bicep CLI", { timeout: 300_000 }, () => {
  const cli = bicep ?? "";
  let template: Json;
  let templates: readonly JsonObject[];
  beforeAll(() => {
    // The CLI gives an ARM template, which is JSON.
    template = compileTemplate(cli) as Json;
    templates = [...objects(template)].filter(isTemplate);
  }, 300_000);

  test("the sources – no error, no warning, formatted, and the committed snapshots and tables are what they make", () => {
    expect(checkInfra(cli)).toEqual([]);
  });

  test("the template holds main and its modules", () => {
    // One for main, one a module; of the roles' ids, the storage's hardening: nothing but variables.
    expect(templates.length).toBe(13);
  });

  test("no expression fetches a key, a secret or a SAS", () => {
    const expressions = [...strings(template)].filter(isExpression);
    expect(expressions.length).toBeGreaterThan(100);
    for (const expression of expressions)
      expect(expression).not.toMatch(/\blist[A-Z]?\w*\(|\bgetSecret\(|SharedAccess/);
  });

  test("every API version is stable, but for diagnostic settings", () => {
    const versioned = [...objects(template)].flatMap(({ type, apiVersion }) =>
      typeof type === "string" && typeof apiVersion === "string" ? [`${type}@${apiVersion}`] : [],
    );
    expect(versioned.length).toBeGreaterThan(30);
    expect(new Set(versioned.filter((each) => !/@20\d\d-\d\d-\d\d$/.test(each)))).toEqual(
      new Set(["Microsoft.Insights/diagnosticSettings@2021-05-01-preview"]),
    );
  });

  test("every parameter, and every property of its type, says whether it is required, and is so", () => {
    const isDescribed = (name: string, declaration: JsonObject, isOptional: boolean): string | undefined => {
      const { metadata } = declaration;
      const description = isObject(metadata) ? metadata["description"] : undefined;
      const text = typeof description === "string" ? description : "";
      return text.startsWith(isOptional ? "Optional. " : "Required. ") ? undefined : `${name}: ${text}`;
    };
    const definitionOf = (inside: JsonObject, declaration: JsonObject): JsonObject => {
      const { $ref } = declaration;
      const { definitions } = inside;
      const found =
        typeof $ref === "string" && isObject(definitions) ? definitions[$ref.split("/").at(-1) ?? ""] : declaration;
      return isObject(found)
        ? { ...found, ...declaration, metadata: declaration["metadata"] ?? found["metadata"] ?? null }
        : declaration;
    };
    const wrong = templates.flatMap((inside) => {
      const { parameters, definitions } = inside;
      const ofParameters = Object.entries(isObject(parameters) ? parameters : {}).map(([name, declaration]) =>
        isObject(declaration)
          ? isDescribed(name, declaration, "defaultValue" in declaration || declaration["nullable"] === true)
          : name,
      );
      const ofTypes = Object.values(isObject(definitions) ? definitions : {}).flatMap((type) =>
        isObject(type) && isObject(type["properties"])
          ? Object.entries(type["properties"]).map(([name, declaration]) =>
              isObject(declaration)
                ? isDescribed(name, definitionOf(inside, declaration), declaration["nullable"] === true)
                : name,
            )
          : [],
      );
      return [...ofParameters, ...ofTypes].filter((problem) => problem !== undefined);
    });
    expect(wrong).toEqual([]);
  });

  test("secure parameters have no value, and no output is secret", () => {
    const secure = templates.flatMap(({ parameters, outputs }) =>
      [...Object.values(isObject(parameters) ? parameters : {}), ...Object.values(isObject(outputs) ? outputs : {})]
        .filter(isObject)
        .filter(({ type }) => typeof type === "string" && /^secure/i.test(type)),
    );
    expect(secure.map(({ type, defaultValue, value }) => [type, defaultValue ?? "", value])).toEqual([
      ["securestring", "", undefined],
      ["securestring", "", undefined],
    ]);
  });

  // A rule whose name is misspelt is ignored without a word.
  test("the linter's rules are known to it: a faulty file breaks them, each as an error", () => {
    const folder = mkdtempSync(join(tmpdir(), "firstsight-lint-"));
    try {
      cpSync(fileURLToPath(new URL("faulty.bicep", import.meta.url)), join(folder, "faulty.bicep"));
      cpSync(fileURLToPath(new URL("../../infra/bicepconfig.json", import.meta.url)), join(folder, "bicepconfig.json"));
      const { stderr } = runBicep(cli, ["lint", "--no-restore", "faulty.bicep"], folder);
      const broken = [...stderr.matchAll(/ : (\w+) ([a-z][a-z-]+): /g)].map(([, level, rule]) => `${level} ${rule}`);
      expect([...new Set(broken)].toSorted()).toEqual(BROKEN.map((rule) => `Error ${rule}`).toSorted());
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
