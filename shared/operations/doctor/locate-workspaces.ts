import type { Limiter } from "../../limiter.ts";
import type { Finding } from "./finding.ts";
import { unread } from "./finding.ts";
import type { Management } from "./management.ts";

interface Located {
  /** Resource ids by customer id. */
  readonly byCustomerId: ReadonlyMap<string, string>;
  readonly findings: readonly Finding[];
}

/** Finds the configured workspace of each resource id, by reading the resource's customer id. */
export async function locateWorkspaces(
  arm: Management,
  resourceIds: readonly string[],
  customerIds: readonly string[],
  limiter: Limiter,
): Promise<Located> {
  const byCustomerId = new Map<string, string>();
  const findings: Finding[] = [];
  const readings = await Promise.all(
    resourceIds.map(async (id) => ({ id, reading: await limiter(() => arm.customerId(id)) })),
  );
  for (const { id, reading } of readings) {
    const about = `workspace resource ${id.split("/").at(-1) ?? ""}`;
    const finding = unread(about, reading, "ask with a login that has Reader on it");
    if (finding) findings.push(finding);
    else if (reading.kind === "read" && customerIds.includes(reading.value)) byCustomerId.set(reading.value, id);
    else
      findings.push({
        about,
        status: "unseen",
        found:
          reading.kind === "read" ? "LOG_ANALYTICS_WORKSPACES does not name it" : "there is none at this resource id",
        todo: "check --workspace-resource-id",
      });
  }
  return { byCustomerId, findings };
}
