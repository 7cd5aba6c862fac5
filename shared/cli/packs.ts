import { generatePacks } from "../../scripts/generate-packs.ts";
import { problemLine } from "../catalog/file-problem.ts";
import type { Pack } from "../core/pack.ts";

/**
 * The packs that would be deployed; compiles them first where the clone has none yet.
 * @throws {Error} naming every problem of the detections
 */
export async function packs(): Promise<readonly Pack[]> {
  const problems = await generatePacks();
  if (problems.length > 0) throw new Error(problems.map(problemLine).join("\n"));
  return (await import("../catalog/generated/packs.ts")).packs;
}
