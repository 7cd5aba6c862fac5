/**
 * Takes out each rule of the design, one at a time, in a copy of the sources, and sees its test go red: a test that stays green
 * without its rule proves nothing. Exit 1 when one stays green, or when a rule is no longer found where it was.
 */
import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

interface Cut {
  /** Begins the name of the test that has to go red. */
  readonly rule: string;
  readonly what: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const RULES = ["rules", "approval-rules", "waves", "starvation", "histories"].map(
  (name) => `test/unit/${name}.test.ts`,
);

const CUTS: readonly Cut[] = [
  {
    rule: "R1",
    what: "covered-to is To",
    file: "shared/core/plan.ts",
    from: "earliest(to.getTime(), newestIngested.getTime())",
    to: "to.getTime()",
  },
  {
    rule: "R1",
    what: "a blind workspace advances",
    file: "shared/core/plan.ts",
    from: "if (blind || newestIngested === undefined) return undefined;",
    to: "if (newestIngested === undefined) return to;",
  },
  {
    rule: "R2",
    what: "units in any order",
    file: "shared/core/plan.ts",
    from: "return units.toSorted(",
    to: "return units.length > 0 ? units : units.toSorted(",
  },
  {
    rule: "R2",
    what: "no stop before the limit",
    file: "shared/run/run-source.ts",
    from: "timeIsUp()\n          ? LEFT",
    to: "timeIsUp() && false\n          ? LEFT",
  },
  {
    rule: "R2",
    what: "what failed comes first again",
    file: "shared/run/run-source.ts",
    from: "[plan.coveredTo, ledger.tried.get(key)]",
    to: "[plan.coveredTo]",
  },
  {
    rule: "R2",
    what: "workspaces in the order of the settings",
    file: "shared/run/run.ts",
    from: "leastCoveredWorkspaceFirst(fresh, context).map(",
    to: "fresh.map(",
  },
  {
    rule: "R2",
    what: "parts from the first on, each time",
    file: "shared/run/run-unit.ts",
    from: "startingElsewhere(split(slice) ?? [], unit.window.to)",
    to: "split(slice) ?? []",
  },
  {
    rule: "R2",
    what: "a review and a look may take all the time",
    file: "shared/run/run.ts",
    from: "service.settings.budget / 2",
    to: "service.settings.budget",
  },
  {
    rule: "R6",
    what: "what an older set wrote after the review stays",
    file: "shared/review/recheck-expected.ts",
    from: 'verdict.kind === "nothing" && of.disposition === "expected" ? again(of, detection) : verdict',
    to: "verdict",
  },
  {
    rule: "R11",
    what: "the first of several old ids counts",
    file: "shared/core/decide-write.ts",
    from: "found.lastSeen > last.lastSeen",
    to: "false",
  },
  {
    rule: "R16",
    what: "a gap of one share counts for all",
    file: "shared/run/run-source.ts",
    from: "for (const partition of partitionsOf(slice)) gapEnds",
    to: 'for (const partition of partitionsOf("all")) gapEnds',
  },
  {
    rule: "R3",
    what: "the file's own window is not known",
    file: "shared/core/plan.ts",
    from: "(pack.ownWindow ?? reach.horizon));",
    to: "reach.horizon);",
  },
  { rule: "R4", what: "no late rows", file: "shared/core/plan.ts", from: "since: at(since)", to: "since: now" },
  {
    rule: "R4",
    what: "no overlap",
    file: "shared/core/plan.ts",
    from: "changed ? horizon : covered - reach.overlap;",
    to: "changed ? horizon : covered;",
  },
  {
    rule: "R5",
    what: "who loses the race opens a wave of its own",
    file: "shared/announce/assign-wave.ts",
    from: 'if (outcome.kind === "done") return',
    to: 'if (outcome.kind !== "refused") return',
  },
  {
    rule: "R6",
    what: "no review",
    file: "shared/review/review-approvals.ts",
    from: "if (!differs(ledger.marks.review, approvals, now)) return;",
    to: "if (differs(ledger.marks.review, approvals, now) || now) return;",
  },
  {
    rule: "R6",
    what: "the review after the units",
    file: "shared/run/run.ts",
    from: "await reviewApprovals({ ...context, timeIsUp: halfIsUp });\n    await lookAtExpected({ ...context, timeIsUp: halfIsUp }, fresh);\n    const units = { ...context, timeIsUp };\n    workspaces = await workUnits(fresh, units);",
    to: "const units = { ...context, timeIsUp };\n    workspaces = await workUnits(fresh, units);\n    await reviewApprovals({ ...context, timeIsUp: halfIsUp });\n    await lookAtExpected({ ...context, timeIsUp: halfIsUp }, fresh);",
  },
  {
    rule: "R6",
    what: "the pointer is not read again",
    file: "shared/review/reannounce.ts",
    from: "if (version !== approvals.version)",
    to: "if (version !== approvals.version && false)",
  },
  {
    rule: "R7",
    what: "looks by event time",
    file: "shared/review/recheck-expected.ts",
    from: "  from: now,\n  to: now,\n  since,",
    to: "  from: since,\n  to: now,\n  since: now,",
  },
  {
    rule: "R7",
    what: "recent decisions are looked at from the mark alone",
    file: "shared/review/recheck-expected.ts",
    from: "({ decidedAt }) => decidedAt >= since",
    to: "({ decidedAt }) => decidedAt >= since && false",
  },
  {
    rule: "R7",
    what: "a look that failed moves the mark",
    file: "shared/review/recheck-expected.ts",
    from: "if (whole) await",
    to: "if (whole || true) await",
  },
  {
    rule: "R7",
    what: "a blind workspace is looked at all the same",
    file: "shared/review/recheck-expected.ts",
    from: "error !== undefined || blind.length > 0",
    to: "error !== undefined || blind.length < 0",
  },
  {
    rule: "R8",
    what: "a conflict is taken for somebody else's success",
    file: "shared/announce/announce-candidates.ts",
    from: 'case "conflict":\n          continue;',
    to: 'case "conflict":\n          return;',
  },
  {
    rule: "R9",
    what: "nothing left is written all the same",
    file: "shared/announce/announce-candidates.ts",
    from: "if (told.length + seen.length === 0) return;",
    to: "",
  },
  {
    rule: "R10",
    what: "an epoch that is missing is made anew",
    file: "shared/run/epochs.ts",
    from: 'named === standing ? "intact" : "lost"',
    to: '"intact"',
  },
  {
    rule: "R11",
    what: "a changed pack reads as before",
    file: "shared/core/plan.ts",
    from: "coverage.packHash !== pack.hash;",
    to: "false;",
  },
  {
    rule: "R11",
    what: "superseded ids are not known",
    file: "shared/core/decide-write.ts",
    from: "own ? undefined : lastKnown(detection.supersedes, row, known)",
    to: "own ? undefined : lastKnown([], row, known)",
  },
  {
    rule: "R12",
    what: "approvals that can't be read are none",
    file: "shared/run/run.ts",
    from: "throw new ApprovalsError(error.message, { cause: error });",
    to: "return { version: 0, approvals: [] };",
  },
  {
    rule: "R13",
    what: "what could not be looked at does not matter",
    file: "shared/core/approve.ts",
    from: "if (evidence.missing.length > 0)",
    to: "if (evidence.missing.length > 0 && false)",
  },
  {
    rule: "R13",
    what: "what can't be stored whole covers",
    file: "shared/core/decide-write.ts",
    from: "if (verdict.covered && stored?.whole === true)",
    to: "if (verdict.covered)",
  },
  {
    rule: "R14",
    what: "a refused transaction fails as a whole",
    file: "shared/announce/announce-candidates.ts",
    from: "await putAside(partition, written, outcome, words, current);",
    to: "totals.putAside += putAside.length;",
  },
  {
    rule: "R15",
    what: "refused messages count",
    file: "shared/outbox/relay.ts",
    from: "while (!ended && tally.sent < limit)",
    to: "while (!ended && tally.sent + tally.refused < limit)",
  },
  {
    rule: "R16",
    what: "dormancy in hours",
    file: "shared/core/decide.ts",
    from: "return utcDay(row.firstSeen) - quietSince;",
    to: "return gapEnd ? utcDay(row.firstSeen) - quietSince : (row.firstSeen.getTime() - known.lastSeen.getTime()) / DAY;",
  },
  {
    rule: "R16",
    what: "gaps are quiet",
    file: "shared/core/decide.ts",
    from: "gapEnd === undefined ? utcDay(known.lastSeen)",
    to: "gapEnd === undefined || gapEnd ? utcDay(known.lastSeen)",
  },
  {
    rule: "R17",
    what: "no proof before sending",
    file: "shared/outbox/relay.ts",
    from: "await outbox.prove();",
    to: "",
  },
  {
    rule: "R18",
    what: "partial rows decide like whole ones",
    file: "shared/core/decide.ts",
    from: "if (!by.complete) return",
    to: "if (!by.complete && false) return",
  },
  {
    rule: "R19",
    what: "no epoch in the id",
    file: "shared/core/message-id.ts",
    from: "[of.epochId, of.detectionId",
    to: "[of.detectionId",
  },
  {
    rule: "R19",
    what: "no day in the id",
    file: "shared/core/message-id.ts",
    from: ", utcDay(of.firstSeen)]",
    to: "]",
  },
  {
    rule: "R19",
    what: "no telling in the id",
    file: "shared/core/message-id.ts",
    from: "of.telling, ",
    to: "",
  },
  {
    rule: "R19",
    what: "no members in a member message's id",
    file: "shared/core/message-id.ts",
    from: '["wave-members", wave, ...members.toSorted()]',
    to: '["wave-members", wave, members.length]',
  },
  {
    rule: "R20",
    what: "the epochs before the pointer",
    file: "shared/run/run.ts",
    from: "const approvals = await approvalsInForce(service, ledger);\n    const epochs = await ensureEpochs(ledger, service.sightings, coverage, service.newId);",
    to: "const epochs = await ensureEpochs(ledger, service.sightings, coverage, service.newId);\n    const approvals = await approvalsInForce(service, await coverage.ledger());",
  },
  {
    rule: "R20",
    what: "a pointer that is gone is made anew",
    file: "shared/run/run.ts",
    from: "if (ledger.epochs.size === 0) await",
    to: "await",
  },
  {
    rule: "R20",
    what: "Coverage before the epoch row",
    file: "shared/run/epochs.ts",
    from: "const made = epoch ?? (await sightings.makeEpoch(partition, newId()));\n      await coverage.nameEpoch(partition, made);",
    to: "const made = epoch ?? newId();\n      await coverage.nameEpoch(partition, made);\n      await sightings.makeEpoch(partition, made);",
  },
  {
    rule: "R20",
    what: "a baseline is a gap",
    file: "shared/core/plan.ts",
    from: "...(covered !== undefined && covered < reachable && {",
    to: "...(covered !== undefined && (changed || covered < reachable) && {",
  },
];

const root = fileURLToPath(new URL("../", import.meta.url));
const copy = await mkdtemp(join(tmpdir(), "firstsight-rules-"));
let failed = 0;
try {
  for (const part of ["shared", "test", "docs", "package.json", "tsconfig.json", "vitest.config.ts"])
    await cp(join(root, part), join(copy, part), { recursive: true });
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));
  for (const cut of CUTS) {
    const file = join(copy, cut.file);
    const whole = await readFile(file, "utf8");
    if (!whole.includes(cut.from)) {
      console.log(`${cut.rule}  NOT FOUND  ${cut.what} (${cut.file})`);
      failed += 1;
      continue;
    }
    await writeFile(file, whole.replace(cut.from, cut.to));
    const red = await goesRed(cut);
    await writeFile(file, whole);
    console.log(`${cut.rule}  ${red ? "red" : "STAYS GREEN"}  ${cut.what}`);
    if (!red) failed += 1;
  }
} finally {
  await rm(copy, { recursive: true, force: true });
}
console.log(
  failed === 0 ? `${CUTS.length} cuts, each seen red` : `${failed} of ${CUTS.length} cuts are not held by a test`,
);
process.exitCode = failed === 0 ? 0 : 1;

/** vitest ends with 1 when a test fails; anything else is no proof. */
function goesRed({ rule }: Cut): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [join(copy, "node_modules/vitest/vitest.mjs"), "run", ...RULES, "-t", `${rule} –`, "--testTimeout", "20000"],
      { cwd: copy, stdio: ["ignore", "pipe", "pipe"] },
    );
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.on("error", reject);
    child.on("close", (code) => resolve(code === 1 && /Tests .*failed/.test(output)));
  });
}
