import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { firstsight } from "../../../shared/cli/program.ts";
import { parseConfig } from "../../../shared/settings/config.ts";
import { SETTINGS } from "../../../shared/settings/settings.ts";
import type { MarkdownPage } from "./markdown-page.ts";
import { readPage, slugOf } from "./markdown-page.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const read = (file: string): string => readFileSync(join(ROOT, file), "utf8");

const PAGES: readonly MarkdownPage[] = globSync(
  ["*.md", ".github/**/*.md", "{docs,infra,scripts,shared,test}/**/*.md"],
  {
    cwd: ROOT,
  },
)
  .filter((file) => !file.startsWith("shared/catalog/local/"))
  .toSorted()
  .map((file) => readPage(file, read(file)));
const pageOf = (file: string): MarkdownPage => PAGES.find((page) => page.file === file) ?? readPage(file, "");
const README = pageOf("README.md");

/** The host's own, which every local settings file has. */
const OF_THE_HOST: ReadonlySet<string> = new Set(["FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage"]);

test("the pages that a reader is sent to are there", () => {
  const names = ["architecture", "invariants", "deploy", "operate", "consume", "settings", "detections", "approvals"];
  const wanted = ["CHANGELOG.md", "CONTRIBUTING.md", "README.md", "SECURITY.md"].concat(
    [...names, "faults", "kql-support", "live-checks"].map((name) => `docs/${name}.md`),
  );
  expect(PAGES.map(({ file }) => file)).toEqual(expect.arrayContaining(wanted));
});

describe("links", () => {
  /** Why a link leads nowhere; `undefined`: it leads somewhere, or off the repository. */
  function brokenLink(from: string, link: string): string | undefined {
    if (/^[a-z][a-z0-9+.-]*:|^\/\//i.test(link)) return undefined;
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? from : normalize(join(dirname(from), decodeURIComponent(path)));
    if (target.startsWith("..") || !existsSync(join(ROOT, target))) return `${from}: ${link}: no such file`;
    if (anchor === undefined) return undefined;
    const page = PAGES.find(({ file }) => file === target);
    return page?.anchors.has(decodeURIComponent(anchor)) ? undefined : `${from}: ${link}: no such heading`;
  }

  test("every link inside the repository leads to a file, and to a heading of it", () => {
    const all = PAGES.flatMap(({ file, links }) => links.map((link) => brokenLink(file, link)));
    expect(all.length).toBeGreaterThan(50);
    expect(all.filter((problem) => problem !== undefined)).toEqual([]);
  });

  test("a link to a file, a heading or a page that is not there is found", () => {
    expect(brokenLink("docs/faults.md", "operate.md#no-such-heading")).toContain("no such heading");
    expect(brokenLink("docs/faults.md", "no-such-page.md")).toContain("no such file");
    expect(brokenLink("README.md", "../outside.md")).toContain("no such file");
    expect(brokenLink("README.md", "#run-it")).toBeUndefined();
    expect(brokenLink("README.md", "https://example.com/#x")).toBeUndefined();
  });

  test("headings are named as GitHub names them", () => {
    expect(slugOf("What happens if the queue is down for a week?")).toBe(
      "what-happens-if-the-queue-is-down-for-a-week",
    );
    expect(slugOf("`state accept` – and **more**, see [it](x.md)")).toBe("state-accept--and-more-see-it");
    expect(slugOf("0.1.0 – 2026-11-25")).toBe("010--2026-11-25");
    const { anchors } = readPage("x.md", "# A b\n```\n# not this\n```\n## A b\n### snake_case");
    expect([...anchors]).toEqual(["a-b", "a-b-1", "snake_case"]);
  });

  test("links in code are no links", () => {
    const { links } = readPage("x.md", '`[a](b)` [c](d "title")\n```sh\n[e](f)\n```\n<img src="g">\n[h]: i\n');
    expect(links).toEqual(["d", "g", "i"]);
  });
});

describe("README", () => {
  test("at most 150 lines, with how to run and how to test it", () => {
    expect(README.lines.length).toBeLessThanOrEqual(150);
    expect(README.codeLines).toContain("npm ci && npm start");
    expect(README.codeLines).toContain("npm ci && npm test");
  });

  test("leads to every page in one click, and a stranger's questions to their section", () => {
    const linked = new Set(README.links.map((link) => normalize(link.split("#")[0] ?? "")));
    const pages = PAGES.map(({ file }) => file).filter((file) => /^(?:docs\/)?[^/]+\.md$/.test(file));
    expect(pages.filter((file) => file !== "README.md" && !linked.has(file))).toEqual([]);
    expect(README.links).toContain("docs/architecture.md#where-a-change-goes");
    expect(README.links).toContain("docs/faults.md#what-happens-if-the-queue-is-down-for-a-week");
  });
});

describe("commands", () => {
  const codeOf = ({ file, codeSpans, codeLines }: MarkdownPage) =>
    [...codeSpans, ...codeLines].map((text) => ({ file, text }));
  const code = PAGES.flatMap(codeOf);

  test("every npm script in a page is one of package.json", () => {
    const { scripts } = JSON.parse(read("package.json"));
    const named = code.flatMap(({ file, text }) =>
      [...text.matchAll(/npm run (?:-s |--silent )?([\w:-]+)/g)].map(([, name]) => ({ file, name: String(name) })),
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter(({ name }) => !Object.hasOwn(scripts, name))).toEqual([]);
  });

  test("every command of firstsight in a page is there, with its options", () => {
    const named = code.flatMap(({ file, text }) =>
      text.split(/&&|\|\||;|\s#|\s\\?\|\s/).flatMap((part) => {
        const words = /^\s*(?:npx )?firstsight (.+)$/.exec(part)?.[1]?.trim().split(/\s+/);
        return words ? [{ file, words }] : [];
      }),
    );
    expect(named.length).toBeGreaterThan(20);
    expect(
      named.flatMap(({ file, words }) => unknownWord(words).map((word) => `${file}: ${words.join(" ")}: ${word}`)),
    ).toEqual([]);
  });

  test("a command, a subcommand and an option that is not there is found", () => {
    expect(unknownWord(["no-such"])).toEqual(["no-such"]);
    expect(unknownWord(["state", "no-such"])).toEqual(["no-such"]);
    expect(unknownWord(["state", "accept", "--restore|--no-such"])).toEqual(["--no-such"]);
    expect(unknownWord(["catalog", "show", "anydesk"])).toEqual([]);
  });

  /** The first word that names nothing. `a|b` stands for both; words behind the last command are its arguments. */
  function unknownWord(words: readonly string[]): readonly string[] {
    let commands: readonly Command[] = [firstsight()];
    for (const word of words) {
      if (word.startsWith("-")) {
        const known = commands.flatMap(({ options }) => options.flatMap(({ short, long }) => [short, long]));
        const unknown = word
          .split(/[|,=]/)
          .filter((name) => name.startsWith("-") && !known.concat("--help").includes(name));
        if (unknown.length > 0) return unknown;
        continue;
      }
      const below = commands.flatMap((command) => command.commands);
      if (below.length === 0) continue;
      const names = word.split("|");
      const unknown = names.find((name) => !below.some((command) => command.name() === name));
      if (unknown !== undefined) return [unknown];
      commands = below.filter((command) => names.includes(command.name()));
    }
    return [];
  }
});

describe("files that pages name", () => {
  /** Not in a clean clone: made by the build, or by the first file that somebody puts there. */
  const NOT_COMMITTED = ["shared/catalog/local/", "shared/catalog/generated/", "shared/catalog/detections/"];
  const PATH = /^(?:shared|functions|infra|scripts|test|docs|\.github)\/[\w./*{},@-]*$/;

  /** `*` and `{a,b}` are patterns, and a word in capitals stands for any name: something has to fit. A folder ends with `/`. */
  function isThere(path: string): boolean {
    if (NOT_COMMITTED.some((folder) => path.startsWith(folder))) return true;
    const pattern = path.replaceAll(/\b[A-Z]{2,}\b/g, "*");
    if (/[*{]/.test(pattern)) return globSync(pattern, { cwd: ROOT }).length > 0;
    return existsSync(join(ROOT, path));
  }

  test("every path of the repository in a page is there", () => {
    const named = PAGES.flatMap(({ file, codeSpans, codeLines }) =>
      [...codeSpans, ...codeLines.flatMap((line) => line.split(/[\s"'()]+/))].flatMap((text) => {
        const path = text.replace(/#.*$/, "").replace(/[,:;.]$/, "");
        return PATH.test(path) ? [{ file, path }] : [];
      }),
    );
    expect(named.length).toBeGreaterThan(80);
    const missing = named.filter(({ path }) => !isThere(path)).map(({ file, path }) => `${file}: ${path}`);
    expect([...new Set(missing)]).toEqual([]);
  });

  test("a path that is not there is found", () => {
    expect(isThere("shared/no-such.ts")).toBe(false);
    expect(isThere("shared/no-such/*.ts")).toBe(false);
    expect(isThere("shared/catalog/approvals/NAME.yaml")).toBe(true);
    expect(isThere("shared/catalog/{rmm-tools,rmm-tools.test}.yaml")).toBe(true);
  });
});

describe("settings", () => {
  test("the table of the page has every setting, with its default and its words, and no other", () => {
    const table = SETTINGS.map(
      (setting) =>
        `| \`${setting.name}\` | ${"required" in setting ? "required" : "default" in setting ? `\`${setting.default}\`` : ""} | ${setting.description} |`,
    );
    expect(pageOf("docs/settings.md").lines.filter((line) => line.startsWith("| `"))).toEqual(table);
  });

  test("the sample of local settings names all of them, and is a configuration once its names are filled in", () => {
    const { Values } = JSON.parse(read("local.settings.sample.json"));
    expect(Object.keys(Values).filter((name) => !OF_THE_HOST.has(name))).toEqual(SETTINGS.map(({ name }) => name));
    expect(
      parseConfig({
        ...Values,
        LOG_ANALYTICS_WORKSPACES: '[{"name":"soc","id":"00000000-0000-4000-8000-000000000001"}]',
      }).queue,
    ).toBe("sightings");
  });
});
