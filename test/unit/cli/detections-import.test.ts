import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";

import { importDetection } from "../../../shared/catalog/import-detection.ts";
import { validateFiles } from "../../../shared/catalog/validate-files.ts";
import { addDetectionsCommand } from "../../../shared/cli/detections.ts";
import type { Said } from "./command-line.ts";
import { commandLine } from "./command-line.ts";
import { huntingFile, queryBlock, scheduledFile } from "../catalog/detection-source.ts";
import { PUBLISHED, rebuilt } from "../catalog/published-query.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "firstsight-import-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const put = (name: string, text: string | Buffer): string => {
  const path = join(folder, "in", name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
  return path;
};

const read = (name: string): string => readFileSync(join(folder, "out", name), "utf8");
const written = (): readonly string[] => readdirSync(join(folder, "out")).toSorted();

const take = (path: string, ...more: readonly string[]): Promise<Said> =>
  commandLine(addDetectionsCommand, ["detections", "import", path, "--out", join(folder, "out"), ...more]);

/** Without the folder's name, which is another each time. */
const local = (lines: readonly string[]): readonly string[] => lines.map((line) => line.replaceAll(`${folder}/`, ""));

const MISPLACED =
  "requiredDataConnectors:\n  - connectorId: MicrosoftThreatProtection\n  dataTypes:\n    - DeviceFileCertificateInfo\ntactics: Persistence";

const other = (digit: number): Readonly<Record<string, string>> => ({
  id: `id: ${String(digit).repeat(8)}-5f0b-4b53-9a55-0d3a4f3c2b1a`,
});

describe("detections import", () => {
  it("a file as it was published: CRLF, a byte order mark, the known indentation fixed and said; its id kept", async () => {
    const source = huntingFile({ tactics: MISPLACED });
    const { out, code } = await take(put("rmm_Some Tool_filesig.yml", `\uFEFF${source.replaceAll("\n", "\r\n")}`));
    expect(local(out)).toEqual([
      "in/rmm_Some Tool_filesig.yml: written to out/rmm-some-tool-filesig.yaml; fill in out/rmm-some-tool-filesig.test.yaml",
      "in/rmm_Some Tool_filesig.yml:6:1: fixed: dataTypes was indented two spaces too little and belonged to no connector",
      "1 file: 1 written, 0 the same already, 0 can't be taken; 1 fixed",
    ]);
    expect(code).toBe(0);
    expect(written()).toEqual(["rmm-some-tool-filesig.test.yaml", "rmm-some-tool-filesig.yaml"]);
    const text = read("rmm-some-tool-filesig.yaml");
    expect(text).toBe(source.replace("  dataTypes:\n    - D", "    dataTypes:\n      - D"));
    expect(parse(text).requiredDataConnectors).toEqual([
      { connectorId: "MicrosoftThreatProtection", dataTypes: ["DeviceFileCertificateInfo"] },
    ]);
    expect(validateFiles([{ file: "rmm-some-tool-filesig.yaml", text }]).problems).toEqual([]);
  });

  it("a scheduled rule; its skeleton of tests has the columns that its query names, and gaps where only its author knows", async () => {
    const query = queryBlock(
      "DeviceProcessEvents // DeviceInfo\n| where ProcessVersionInfoCompanyName has 'x' and TimeGenerated > ago(1d)\n| join kind=inner (DeviceInfo | where IsAzureADJoined) on DeviceId",
    );
    await take(put("rule.yaml", scheduledFile({ query })));
    expect(parse(read("rule.test.yaml"))).toEqual({
      now: "2026-03-01T12:00:00Z",
      cases: [
        {
          name: "a row that matches",
          tables: {
            DeviceProcessEvents: [
              { Timestamp: "now-1d", DeviceId: "device-1", DeviceName: "pc-1", ProcessVersionInfoCompanyName: "" },
            ],
            DeviceInfo: [{ Timestamp: "now-1d", DeviceId: "device-1", DeviceName: "pc-1", IsAzureADJoined: false }],
          },
          expect: null,
        },
        { name: "a row like it that must not match", tables: null, expect: [] },
        {
          name: "a boundary: another spelling, or an edge of the query's window",
          boundary: true,
          tables: null,
          expect: null,
        },
      ],
    });
  });

  it("a folder: one that can't be taken stops no other, and each reason has its place in the file", async () => {
    put("a/Good.yaml", huntingFile());
    put(
      "a/column.yaml",
      huntingFile({ ...other(1), tactics: MISPLACED, query: queryBlock("DeviceInfo\n| where Nope") }),
    );
    put("b/NRT rule.yml", scheduledFile({ ...other(2), kind: "kind: NRT" }));
    put("b/broken.yaml", "id: [");
    put("b/latin.yaml", Buffer.from("name: caf\xe9", "latin1"));
    put("b/x.test.yaml", "now: 1");
    put(".hidden/h.yaml", huntingFile(other(3)));
    put("b/日本.yaml", huntingFile(other(4)));
    const { out, code } = await take(join(folder, "in"));
    expect(local(out)).toEqual([
      "in/a/Good.yaml: written to out/good.yaml; fill in out/good.test.yaml",
      expect.stringMatching(/^in\/a\/column\.yaml:13:11: The name 'Nope' does not refer/),
      "in/b/NRT rule.yml:11:7: kind must be Scheduled; leave it out for a hunting query. Other kinds can't run here",
      expect.stringMatching(/^in\/b\/broken\.yaml:1:6: not valid YAML: /),
      "in/b/latin.yaml:1:1: not UTF-8; save it as UTF-8",
      "in/b/日本.yaml:1:1: no letter a to z or digit is in the file's name; rename it",
      "6 files: 1 written, 0 the same already, 5 can't be taken; 0 fixed",
    ]);
    expect(code).toBe(1);
    expect(written()).toEqual(["good.test.yaml", "good.yaml"]);
  });

  it("what is there stays, unless it is forced; tests always stay", async () => {
    const file = put("x.yaml", huntingFile());
    await take(file);
    writeFileSync(join(folder, "out/x.test.yaml"), "filled in");
    expect(local((await take(file)).out)[0]).toBe(
      "in/x.yaml: out/x.yaml is the same already; its tests in out/x.test.yaml stay",
    );
    put("x.yaml", huntingFile({ name: "name: Another" }));
    expect(await take(file).then(({ out, code }) => [local(out)[0], code])).toEqual([
      "in/x.yaml:1:5: out/x.yaml is there already and differs; --force overwrites it",
      1,
    ]);
    expect(read("x.yaml")).toContain("name: Some tool");
    expect((await take(file, "--force")).code).toBe(0);
    expect([read("x.yaml").includes("name: Another"), read("x.test.yaml")]).toEqual([true, "filled in"]);
  });

  it("an id stands once, and so does a name; a tool's id is the tool's", async () => {
    put("1.yaml", huntingFile());
    put("2.yaml", huntingFile());
    put("a/same name.yaml", huntingFile(other(5)));
    put("b/Same-Name.yaml", huntingFile(other(6)));
    put("level.yaml", huntingFile({ id: "id: 3bd4f4fb-20a9-4491-8bc1-51e55da7fdcc" }));
    const { out } = await take(join(folder, "in"));
    expect(local(out)).toEqual([
      "in/1.yaml: written to out/1.yaml; fill in out/1.test.yaml",
      "in/2.yaml:1:5: id 6f0e8d3c-5f0b-4b53-9a55-0d3a4f3c2b1a is that of out/1.yaml; make a new GUID",
      "in/a/same name.yaml: written to out/same-name.yaml; fill in out/same-name.test.yaml",
      "in/b/Same-Name.yaml:1:5: another file of this import became out/same-name.yaml; rename one of them",
      "in/level.yaml:1:5: id 3bd4f4fb-20a9-4491-8bc1-51e55da7fdcc is that of the catalogue's tool level, which is detected already; make a new GUID, or switch the tool off in shared/catalog/local/rmm-tools.yaml",
      "5 files: 2 written, 0 the same already, 3 can't be taken; 0 fixed",
    ]);
  });

  it("for machines: one object", async () => {
    put("a.yaml", huntingFile({ tactics: MISPLACED }));
    put("b.yaml", "x");
    const { out } = await take(join(folder, "in"), "--json");
    expect(JSON.parse(out.join("\n"))).toEqual({
      files: [
        {
          file: join(folder, "in/a.yaml"),
          outcome: "written",
          path: join(folder, "out/a.yaml"),
          fixed: true,
          tests: { path: join(folder, "out/a.test.yaml"), outcome: "written" },
          notes: [{ file: join(folder, "in/a.yaml"), line: 6, column: 1, message: expect.stringMatching(/^fixed: /) }],
        },
        {
          file: join(folder, "in/b.yaml"),
          outcome: "refused",
          problems: [
            expect.objectContaining({ line: 1, column: 1, message: expect.stringMatching(/^not a detection/) }),
          ],
        },
      ],
      totals: { written: 1, unchanged: 0, refused: 1, fixed: 1 },
    });
  });

  it("nothing to take is usage", async () => {
    expect((await take(join(folder, "nowhere"))).code).toBe(2);
    mkdirSync(join(folder, "in"));
    expect(await take(join(folder, "in"))).toMatchObject({
      code: 2,
      errors: [expect.stringContaining("no .yaml or .yml")],
    });
  });

  it("of the published files those without faults are taken, whatever they look for", () => {
    const kinds = new Map(
      PUBLISHED.map((published) => [`${published.shape} ${published.faults.join(" ")}`, published]),
    );
    const outcomes = [...kinds.values()].map((published) => {
      const { id, tool, shape, faults } = published;
      const text = huntingFile({ id: `id: ${id}`, tactics: MISPLACED, query: queryBlock(rebuilt(published, false)) });
      const outcome = importDetection({ file: `rmm_${tool}_${shape}.yaml`, text: text.replaceAll("\n", "\r\n") });
      return [faults.length, "problems" in outcome ? outcome.problems.length : "taken"];
    });
    expect(outcomes.length).toBeGreaterThan(6);
    expect(outcomes).toEqual(outcomes.map(([faults]) => [faults, faults === 0 ? "taken" : faults]));
  });
});
