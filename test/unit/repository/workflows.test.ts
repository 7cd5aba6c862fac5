import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";

interface Step {
  readonly uses?: string;
  readonly run?: string;
}

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly environment?: string;
  readonly "timeout-minutes"?: number;
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const FOLDER = fileURLToPath(new URL("../../../.github/workflows/", import.meta.url));
const FILES = globSync("*.yml", { cwd: FOLDER }).toSorted();

test("there are those that test, show a change and deploy", () => {
  expect(FILES).toEqual(["ci.yml", "deploy.yml", "what-if.yml"]);
});

describe.each(FILES)("%s", (file) => {
  const text = readFileSync(`${FOLDER}${file}`, "utf8");
  const workflow = parse(text) as Workflow;
  const jobs = Object.entries(workflow.jobs);

  test("holds no secret and asks for none", () => {
    expect(text).not.toMatch(/\bsecrets\b|publish-profile|client-secret|creds:/i);
  });

  test("gives each job no right but to read, and a token of Azure only to one that logs in there", () => {
    expect(workflow.permissions).toEqual({ contents: "read" });
    for (const [name, { permissions, steps }] of jobs) {
      const logsIn = steps.some(({ uses }) => uses?.startsWith("azure/login@"));
      expect({ name, token: permissions?.["id-token"] }).toEqual({ name, token: logsIn ? "write" : undefined });
      // A job that may write to the repository runs nothing of it.
      if (permissions?.["contents"] === "write")
        expect(steps.some(({ uses }) => uses?.startsWith("actions/checkout@"))).toBe(false);
    }
  });

  test("runs no script with what an outsider can write, in no context of the base branch", () => {
    expect(Object.keys(workflow.on)).not.toContain("pull_request_target");
    for (const [, { steps }] of jobs) for (const { run } of steps) expect(run ?? "").not.toContain("${{");
  });

  test("ends, whatever hangs", () => {
    for (const [name, job] of jobs) expect([name, job["timeout-minutes"]]).toEqual([name, expect.any(Number)]);
  });
});

test("nothing is created in Azure but by the job that the environment's reviewers let through", () => {
  for (const file of FILES) {
    const { jobs } = parse(readFileSync(`${FOLDER}${file}`, "utf8")) as Workflow;
    for (const { environment, steps } of Object.values(jobs))
      if (steps.some(({ run }) => /az deployment \w+ create|config-zip/.test(run ?? "")))
        expect([file, environment]).toEqual(["deploy.yml", "production"]);
  }
});
