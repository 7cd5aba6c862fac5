import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { firstsight } from "../../shared/cli/program.ts";
import { parseConfig } from "../../shared/settings/config.ts";
import { SETTINGS } from "../../shared/settings/settings.ts";

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
const README = read("README.md");

/** The host's own, which every local settings file has. */
const OF_THE_HOST: ReadonlySet<string> = new Set(["FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage"]);

test("the README's table has every setting, with its default and its words, and no other", () => {
  const table = SETTINGS.map(
    (setting) =>
      `| \`${setting.name}\` | ${"required" in setting ? "required" : "default" in setting ? `\`${setting.default}\`` : ""} | ${setting.description} |`,
  );
  const section = README.split("\n## Settings\n")[1]?.split("\n## ")[0] ?? "";
  expect(section.split("\n").filter((line) => line.startsWith("| `"))).toEqual(table);
});

test("the sample of local settings names all of them, and is a configuration once its names are filled in", () => {
  const { Values } = JSON.parse(read("local.settings.sample.json"));
  expect(Object.keys(Values).filter((name) => !OF_THE_HOST.has(name))).toEqual(SETTINGS.map(({ name }) => name));
  expect(
    parseConfig({ ...Values, LOG_ANALYTICS_WORKSPACES: '[{"name":"soc","id":"00000000-0000-4000-8000-000000000001"}]' })
      .queue,
  ).toBe("sightings");
});

test("the README's commands are those of package.json", () => {
  const { scripts } = JSON.parse(read("package.json"));
  const named = [...README.matchAll(/npm run ([a-z:]+)/g)].map(([, name]) => name);
  expect(named.length).toBeGreaterThan(0);
  for (const name of named) expect(Object.keys(scripts)).toContain(name);
  expect(README).toContain("npm ci && npm start");
  expect(README).toContain("npm ci && npm test");
});

test("the README's commands of firstsight are there", () => {
  const named = [...README.matchAll(/npx firstsight ([a-z]+)(?: ([a-z][a-z-]+)(?![\w.]))?/g)];
  expect(named.length).toBeGreaterThan(10);
  const all = firstsight().commands;
  for (const [text, name, sub] of named) {
    const command = all.find((one) => one.name() === name);
    expect(command, text).toBeDefined();
    // Words after a command without commands of its own are its arguments.
    if (sub !== undefined && command && command.commands.length > 0)
      expect(
        command.commands.map((one) => one.name()),
        text,
      ).toContain(sub);
  }
});
