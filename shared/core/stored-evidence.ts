import type { Evidence } from "./evidence.ts";

export function encodeEvidence(
  evidence: Evidence,
  extra: { readonly deviceGroup: string; readonly counterfeit: boolean },
): { readonly text: string; readonly whole: boolean } {
  return { text: JSON.stringify({ ...evidence, ...extra }), whole: true };
}
