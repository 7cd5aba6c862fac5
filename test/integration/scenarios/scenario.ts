import { readFileSync } from "node:fs";
import type { TemplateInput } from "../../../shared/catalog/approval-file.ts";
import { approvalText, loadApprovals, loadTemplate } from "../../../shared/catalog/approval-file.ts";
import { readTools } from "../../../shared/catalog/catalogue-files.ts";
import type { Approval } from "../../../shared/core/approval.ts";
import type { Story } from "./device-story.ts";
import { sha1, storyOf } from "./device-story.ts";

/** The fleet's group, which the templates are filled in for, and another. */
export const FLEET = "Workstations";
const ELSEWHERE = "Kiosks";

/** The first run of every scenario. */
const FIRST_RUN = new Date("2026-03-01T00:00:00Z");
/** When the approvals of the scenarios end: days after the first run. */
export const EXPIRES_AFTER = 12;
const EXPIRES = "2026-03-13";

/** One device, and what becomes of the tools on it with the approvals of its scenario. Without them all are announced. */
interface Case {
  readonly name: string;
  /** Slugs: covered. */
  readonly expected?: readonly string[];
  /** Slugs: told whatever is approved. */
  readonly announced?: readonly string[];
  /** The device is in none of the approved groups. */
  readonly elsewhere?: true;
  readonly happens: (on: Story) => void;
}

export interface Scenario {
  readonly name: string;
  readonly cases: readonly Case[];
  /** YAML of its approvals. `device`: the id of a case's device. */
  readonly approvals: (device: (name: string) => string) => readonly string[];
}

export const deviceOf = (scenario: Scenario, name: string): string => {
  if (!scenario.cases.some((one) => one.name === name)) throw new Error(`${scenario.name} has no case ${name}`);
  return sha1(`${scenario.name}: ${name}`);
};

export function rowsOf(scenario: Scenario): Story["rows"] {
  return scenario.cases.flatMap(({ name, elsewhere, happens }) => {
    const story = storyOf(deviceOf(scenario, name), elsewhere ? ELSEWHERE : FLEET);
    happens(story);
    return story.rows;
  });
}

/** Approvals of a scenario, checked as `firstsight approvals apply` checks its files. */
export function approvalsOf(scenario: Scenario): readonly Approval[] {
  const loaded = readTools();
  if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
  const texts = scenario.approvals((name) => deviceOf(scenario, name));
  const { approvals, problems } = loadApprovals(
    texts.map((text, i) => ({ file: `${scenario.name}-${i}.yaml`, text })),
    { now: FIRST_RUN, tools: loaded.tools.map(({ slug }) => slug) },
  );
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return approvals.map(({ approval }) => approval);
}

/** A template as it ships, filled in for the fleet's group unless devices are given. */
export function fillIn(name: string, change: Partial<TemplateInput> = {}): string {
  const file = `shared/catalog/approvals/${name}.yaml`;
  const template = loadTemplate({ file, text: readFileSync(new URL(`../../../${file}`, import.meta.url), "utf8") });
  if ("problems" in template) throw new Error(JSON.stringify(template.problems));
  return approvalText(template, {
    id: name,
    owner: "Service desk",
    ticket: "CHG-1042",
    expires: EXPIRES,
    tools: [],
    groups: change.devices ? [] : [FLEET],
    devices: [],
    sources: [],
    accounts: [],
    ...change,
  });
}

/** What was there before anybody looked: one approval of listed devices. */
export const preexisting = (tool: string, devices: readonly string[]): string =>
  `id: there-before
reason: Installed before Firstsight was.
owner: Service desk
ticket: CHG-1043
expires: ${EXPIRES}
tools: [${tool}]
devices:
  names: [${devices.join(", ")}]
preexisting: true
made: 2026-02-28T23:30:00Z
`;
