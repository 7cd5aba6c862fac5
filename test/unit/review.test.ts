import { describe, expect, test } from "vitest";
import type { ApprovalSet } from "../../shared/core/approval.ts";
import type { StoredSighting } from "../../shared/core/review.ts";
import { differs, review } from "../../shared/core/review.ts";
import { arrival, ago, CCM, CHROME, evidence, fromTemplate, subject, NOW } from "./approval-samples.ts";

const APPROVAL = fromTemplate("microsoft-endpoint-manager");
const END = APPROVAL.expires;
const BEFORE_END = new Date(END.getTime() - 1);
const set = (version: number, ...approvals: ApprovalSet["approvals"]): ApprovalSet => ({ version, approvals });

const { tool, ...of } = subject();
const stored = (change: Partial<StoredSighting> = {}): StoredSighting => ({
  ...of,
  detectionId: "3bd4f4fb-20a9-4491-8bc1-51e55da7fdcc",
  source: "north",
  lastSeen: ago(10),
  episode: 1,
  announcement: 0,
  disposition: "expected",
  decidedAt: ago(5),
  definitionHash: "0".repeat(64),
  evidence: evidence(arrival(CCM)),
  approvalsVersion: 1,
  ...change,
});
const expected = (change: Partial<StoredSighting> = {}): StoredSighting =>
  stored({ approvalId: APPROVAL.id, ...change });
const announced = (change: Partial<StoredSighting> = {}): StoredSighting => ({
  ...stored(),
  disposition: "announced",
  announcement: 1,
  ...change,
});

describe("review of an expected sighting", () => {
  test("still covered, by the same set – stays as it is, unwritten", () => {
    expect(review(expected(), tool, set(1, APPROVAL), NOW)).toEqual({
      kind: "keep",
      reason: expect.stringContaining("CHG-1"),
    });
  });

  test("still covered, by a newer set or another approval – stays, and is noted (R6)", () => {
    expect(review(expected(), tool, set(2, APPROVAL), NOW)).toMatchObject({
      kind: "keep",
      note: { approvalsVersion: 2, approvalId: APPROVAL.id },
    });
    expect(review(expected(), tool, set(2, { ...APPROVAL, id: "another" }), NOW)).toMatchObject({
      kind: "keep",
      note: { approvalsVersion: 2, approvalId: "another" },
    });
  });

  test("its approval expires, in the same set – announced", () => {
    expect(review(expected(), tool, set(1, APPROVAL), BEFORE_END).kind).toBe("keep");
    expect(review(expected(), tool, set(1, APPROVAL), END)).toEqual({
      kind: "announce",
      reason: expect.stringContaining("microsoft-endpoint-manager: it expired"),
    });
  });

  test.each([
    ["the approval was taken out", set(2), "is no longer among the approvals"],
    ["it was edited to other devices", set(2, { ...APPROVAL, devices: { names: ["ws-9"] } }), "is none of its devices"],
    ["it names another tool", set(2, { ...APPROVAL, tools: ["teamviewer"] }), "is no longer among the approvals"],
  ])("%s – announced", (_name, after, reason) => {
    expect(review(expected(), tool, after, NOW)).toEqual({ kind: "announce", reason: expect.stringContaining(reason) });
  });

  test("new uncovered evidence – announced", () => {
    const more = evidence(arrival(CCM), arrival(CHROME, { path: "c:\\downloads\\a.exe" }));
    expect(review(expected({ evidence: more }), tool, set(1, APPROVAL), NOW)).toMatchObject({ kind: "announce" });
  });

  test("R13: evidence that is no longer whole – announced", () => {
    const partial = { ...evidence(arrival(CCM)), missing: ["did not fit"] };
    expect(review(expected({ evidence: partial }), tool, set(1, APPROVAL), NOW)).toMatchObject({ kind: "announce" });
  });

  test("R6: a set older than the one that judged it leaves it alone", () => {
    expect(review(expected({ approvalsVersion: 3 }), tool, set(2), END)).toEqual({
      kind: "keep",
      reason: "judged by set 3, which is newer than set 2",
    });
  });
});

describe("review of an announced sighting", () => {
  test("a newer set covers it – expected from here on", () => {
    expect(review(announced(), tool, set(2, APPROVAL), NOW)).toMatchObject({
      kind: "expect",
      approvalId: "microsoft-endpoint-manager",
    });
    expect(review(announced({ approvalsVersion: 0 }), tool, set(1, APPROVAL), NOW)).toMatchObject({ kind: "expect" });
  });

  test("R6: the set that announced it, or an older one, never hides it", () => {
    expect(review(announced(), tool, set(1, APPROVAL), NOW)).toEqual({
      kind: "keep",
      reason: "announced by set 1 itself",
    });
    expect(review(announced({ approvalsVersion: 3 }), tool, set(2, APPROVAL), NOW).kind).toBe("keep");
  });

  test("a newer set does not cover it – stays, and is noted, so that an older one that does leaves it alone (R6)", () => {
    expect(review(announced(), tool, set(4), NOW)).toEqual({
      kind: "keep",
      reason: "no approval names the tool",
      note: { approvalsVersion: 4 },
    });
  });

  test("a set with an expired approval – stays announced", () => {
    expect(review(announced(), tool, set(2, APPROVAL), END).kind).toBe("keep");
  });
});

describe("when a review is due", () => {
  const mark = { version: 2, at: NOW };

  test.each([
    ["never reviewed", undefined, set(0), NOW, true],
    ["a newer set", mark, set(3), NOW, true],
    ["an older set: another run was further", mark, set(1, APPROVAL), END, false],
    ["the same set, nothing expired", mark, set(2, APPROVAL), BEFORE_END, false],
    ["the same set, an approval expired since", mark, set(2, APPROVAL), END, true],
    ["the same set, reviewed since it expired", { version: 2, at: END }, set(2, APPROVAL), END, false],
    ["the same set, as of before the mark", { version: 2, at: END }, set(2, APPROVAL), NOW, false],
  ])("%s", (_name, since, after, now, due) => {
    expect(differs(since, after, now)).toBe(due);
  });
});
