import { printableLine } from "./printable.ts";
import type { Finding, FindingStatus } from "../operations/doctor/finding.ts";

const SHOWN: Readonly<Record<FindingStatus, string>> = {
  ok: "ok    ",
  advice: "advice",
  unseen: "unseen",
  wrong: "WRONG ",
};

/** Prints a line for each finding, and a summary. Findings quote services' answers: control characters are replaced. */
export function printFindings(findings: readonly Finding[]): void {
  for (const { status, about, found, todo } of findings)
    console.log(
      printableLine(
        `${SHOWN[status]}  ${about}: ${found.replace(/\.+$/, "")}${todo === undefined ? "" : `. To do: ${todo}`}`,
      ),
    );
  const count = (status: FindingStatus): number => findings.filter((one) => one.status === status).length;
  console.log(
    `${findings.length} checked: ${count("wrong")} wrong, ${count("advice")} to consider, ${count("unseen")} not checked.`,
  );
}
