import { createHash } from "node:crypto";
import type { Approval } from "../core/approval.ts";
import { decodeApproval, encodeApproval } from "../core/approve/approval-json.ts";
import { StateError } from "../errors.ts";

/** UTF-16 units in a row's text. A text property of Table Storage holds at most 32,768. */
const MAX_TEXT = 30_000;

export interface ApprovalRows {
  readonly texts: readonly string[];
  readonly hash: string;
}

/**
 * The rows of a set of approvals. An approval with thousands of devices is longer than one property holds, so it is cut into
 * parts. Each row holds the number of parts that follow, a space, and one part.
 */
export function rowsOf(approvals: readonly Approval[]): ApprovalRows {
  const texts = approvals.flatMap((approval) => {
    const text = encodeApproval(approval);
    const parts = Array.from({ length: Math.ceil(text.length / MAX_TEXT) }, (_, i) =>
      text.slice(i * MAX_TEXT, (i + 1) * MAX_TEXT),
    );
    return parts.map((part, i) => `${parts.length - 1 - i} ${part}`);
  });
  return { texts, hash: hashOf(texts) };
}

/** The approvals in the rows of a set. @throws {StateError} where the rows hold anything else, or end within an approval */
export function toApprovals(texts: readonly string[], version: number): readonly Approval[] {
  const approvals: Approval[] = [];
  let text = "";
  for (const row of texts) {
    const space = row.indexOf(" ");
    text += row.slice(space + 1);
    if (row.slice(0, space) !== "0") continue;
    const approval = decodeApproval(text);
    if (!approval) throw new StateError(`set ${version} of Approvals holds what is no approval: ${text.slice(0, 80)}…`);
    approvals.push(approval);
    text = "";
  }
  if (text !== "") throw new StateError(`set ${version} of Approvals ends within an approval`);
  return approvals;
}

/** SHA-256, hex, over the rows' texts in order. */
export const hashOf = (texts: readonly string[]): string =>
  createHash("sha256").update(JSON.stringify(texts)).digest("hex");
