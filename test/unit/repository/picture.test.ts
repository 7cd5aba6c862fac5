import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { drawRuns, THEMES } from "../../../scripts/draw-runs.ts";
import { readRuns } from "../../../scripts/picture.ts";

const read = (file: string): string => readFileSync(new URL(`../../../${file}`, import.meta.url), "utf8");
const IMAGES = THEMES.map((theme) => ({ theme, svg: read(`docs/images/first-run-${theme}.svg`) }));

/** Two runs as `npm start -- --json` prints them: three sightings, one of them alone and two in a wave; then nothing new. */
const LINES: readonly Readonly<Record<string, unknown>>[] = [
  { event: "run", n: 1, outcome: "ok", rows: 4, new: 4, returned: 0, expected: 1, announced: 3, sent: 3, runId: "x" },
  { event: "message", id: "1", type: "firstsight.wave.v1", detectionId: "d", deviceIds: [] },
  { event: "message", id: "2", type: "firstsight.wave-members.v1", detectionId: "d", deviceIds: ["a", "b"] },
  { event: "message", id: "3", type: "firstsight.sighting.new.v1", detectionId: "e", deviceIds: ["c"] },
  { event: "expected", n: 1, approvalId: "p", detectionId: "e", deviceIds: ["d"] },
  { event: "run", n: 2, outcome: "ok", rows: 4, new: 0, returned: 0, expected: 0, announced: 0, sent: 0, runId: "y" },
  { event: "summary", runs: 2, messages: 3, distinctIds: 3, exitCode: 0 },
];
const output = (lines: readonly object[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join("");

test("a run's output becomes what is drawn", () => {
  expect(readRuns(output(LINES), 9)).toEqual({
    devices: 9,
    runs: [
      { n: 1, rows: 4, known: 0, expected: 1, single: 1, inWaves: 2, waves: 1, lists: 1 },
      { n: 2, rows: 4, known: 4, expected: 0, single: 0, inWaves: 0, waves: 0, lists: 0 },
    ],
    messages: 3,
    distinctIds: 3,
  });
});

test("output that was cut off, a run that was not ok, and counts that don't add up are refused", () => {
  expect(() => readRuns(output(LINES.slice(0, -1)), 9)).toThrow("no summary");
  expect(() => readRuns(output(LINES.with(5, { ...LINES[5], outcome: "partial" })), 9)).toThrow("run 2 was partial");
  expect(() => readRuns(output(LINES.with(5, { ...LINES[5], rows: 5, new: 1, expected: 1 })), 9)).not.toThrow();
  expect(() => readRuns(output(LINES.with(5, { ...LINES[5], expected: 1 })), 9)).toThrow("don't add up");
  expect(() => readRuns(output(LINES.toSpliced(3, 1)), 9)).toThrow("don't add up");
});

test("drawing is pure, and each row is one mark", () => {
  const runs = readRuns(output(LINES), 9);
  const before = structuredClone(runs);
  for (const theme of THEMES) {
    const svg = drawRuns(runs, theme);
    expect(drawRuns(structuredClone(runs), theme)).toBe(svg);
    // A mark of each kind stands in the legend too.
    expect(svg.match(/<circle /g)).toHaveLength(4 + 1 + 1 + 3);
    expect(svg.match(/<rect [^>]*width="7.6"/g)).toHaveLength(2 + 1);
    expect(wellFormedProblem(svg)).toBeUndefined();
  }
  expect(runs).toEqual(before);
});

describe.each(IMAGES)("the picture for $theme", ({ theme, svg }) => {
  test("is what the script draws of the runs that it holds", () => {
    const held = /<metadata>(.*)<\/metadata>/.exec(svg)?.[1] ?? "";
    expect(drawRuns(JSON.parse(held), theme)).toBe(svg);
  });

  test("is valid XML with its theme's id, a title and a description, and loads nothing", () => {
    expect(wellFormedProblem(svg)).toBeUndefined();
    expect(svg).toMatch(
      new RegExp(
        `^<svg xmlns="http://www.w3.org/2000/svg" id="first-run-${theme}" [^>]*aria-labelledby="first-run-${theme}-title first-run-${theme}-desc"`,
      ),
    );
    const ids = [...svg.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(ids).toEqual([`first-run-${theme}`, `first-run-${theme}-title`, `first-run-${theme}-desc`]);
    expect(svg).not.toMatch(/href=|url\(|@import|<script|<style|\d{2}:\d{2}/);
  });
});

test("both themes show the same runs, and the README's output is of them", () => {
  const [light, dark] = IMAGES.map(({ svg }) => /<metadata>(.*)<\/metadata>/.exec(svg)?.[1]);
  expect(light).toBe(dark);
  const { runs, messages, distinctIds } = JSON.parse(light ?? "");
  const readme = read("README.md");
  for (const { n, rows, known, expected, single, inWaves, waves, lists } of runs)
    expect(readme).toMatch(
      new RegExp(
        `^Run ${n}  ok  ${rows} rows, ${rows - known} new, 0 returned, ${single + inWaves} announced, ${expected} expected, ${single + waves + lists} sent `,
        "m",
      ),
    );
  expect(readme).toContain(`\n${runs.length} runs, ${messages} messages received, ${distinctIds} distinct ids\n`);
});

test("what is not well-formed is found", () => {
  expect(wellFormedProblem("<a><b></a>")).toContain("b");
  expect(wellFormedProblem("<a>&nbsp;</a>")).toContain("&nbsp;");
  expect(wellFormedProblem('<a b="1" b="2"/>')).toContain("twice");
  expect(wellFormedProblem("<a/><b/>")).toContain("root");
});

/** Why a text is not well-formed XML of elements, attributes and text, as the pictures are; `undefined`: it is. */
function wellFormedProblem(xml: string): string | undefined {
  const open: string[] = [];
  let roots = 0;
  let end = 0;
  for (const match of xml.trim().matchAll(/<(\/?)([A-Za-z][\w-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g)) {
    const [whole, closing, name = "", attributes = "", empty] = match;
    const between = xml.slice(end, match.index);
    if (/[<>]|&(?!(?:amp|lt|gt|quot|apos|#\d+);)/.test(between + attributes)) return `text: ${between}${attributes}`;
    end = match.index + whole.length;
    const names = [...attributes.matchAll(/([\w:-]+)="/g)].map(([, attribute]) => attribute);
    if (new Set(names).size < names.length) return `an attribute of ${name} stands there twice`;
    if (closing === "/") {
      const last = open.pop();
      if (last !== name) return `</${name}> closes ${String(last)}`;
    } else {
      if (open.length === 0) roots += 1;
      if (empty !== "/") open.push(name);
    }
  }
  if (xml.slice(end).trim() !== "" || open.length > 0) return `does not end: ${open.join(", ")}${xml.slice(end)}`;
  return roots === 1 ? undefined : "not one root";
}
