import { credentialFor } from "../../azure/credential.ts";
import type { Limiter } from "../../limiter.ts";
import { createLimiter } from "../../limiter.ts";
import { createLogsQueryClient } from "../../azure/log-analytics-client.ts";
import { logAnalyticsSource, QUERIES_AT_ONCE } from "../../azure/log-analytics.ts";
import type { Config } from "../../settings/config.ts";
import { isInForce } from "../../core/approve.ts";
import type { Pack } from "../../core/pack.ts";
import type { Source } from "../../core/source.ts";
import { probeQueue } from "./probe-queue.ts";
import { probeState } from "./probe-state.ts";
import { probeTable } from "./probe-table.ts";
import type { Finding, Reading } from "./finding.ts";
import { assessQueue } from "./assess-queue.ts";
import { assessSettings } from "./assess-settings.ts";
import { assessState } from "./assess-state.ts";
import type { TableExpectation } from "./assess-table.ts";
import { assessWorkspace } from "./assess-workspace.ts";
import { locateWorkspaces } from "./locate-workspaces.ts";
import type { Management } from "./management.ts";
import { management } from "./management.ts";
import type { NeededTable } from "./needed-tables.ts";
import { neededTables } from "./needed-tables.ts";

const DAY = 86_400_000;

/** Addresses in Azure Resource Manager; the service has no settings for them. */
interface ManagementAddresses {
  readonly endpoint: string;
  readonly workspaceResourceIds: readonly string[];
  readonly queueResourceId?: string;
}

export interface Examination {
  readonly config: Config;
  readonly packs: readonly Pack[];
  readonly addresses: ManagementAddresses;
  readonly now: Date;
  readonly sendTestMessage: boolean;
}

/** Probes every service once and assesses the readings, in the order in which a run meets the services. */
export async function examine(examination: Examination): Promise<readonly Finding[]> {
  const { config, packs, addresses, now, sendTestMessage } = examination;
  const arm = management(addresses.endpoint, credentialFor(config.identity, addresses.endpoint));
  const limiter = createLimiter(QUERIES_AT_ONCE);
  const [located, state, queue] = await Promise.all([
    locateWorkspaces(
      arm,
      addresses.workspaceResourceIds,
      config.workspaces.map(({ id }) => id),
      limiter,
    ),
    probeState(config),
    probeQueue(config, sendTestMessage ? { now } : undefined),
  ]);
  const managedQueue =
    addresses.queueResourceId === undefined
      ? noAddress("give --queue-resource-id to check duplicate detection, lock and time to live")
      : await arm.queue(addresses.queueResourceId);
  const expected: TableExpectation = {
    now,
    horizonDays: config.readWindows.horizon / DAY,
    approvals:
      state.approvals.kind === "read"
        ? state.approvals.value.approvals.some((approval) => isInForce(approval, now))
        : undefined,
  };
  const tables = neededTables(packs);
  const workspaces = await Promise.all(
    sourcesOf(config, limiter).map(async ({ id, source }) => ({
      name: source.name,
      tables: await probeTables({ source, arm, resource: located.byCustomerId.get(id), limiter }, tables, now),
    })),
  );
  return [
    ...assessSettings(config, now),
    ...located.findings,
    ...workspaces.flatMap((seen) => assessWorkspace(seen, expected)),
    ...assessState(state, now),
    ...assessQueue({ name: config.queue, link: queue.link, managed: managedQueue }),
    ...(queue.test ? [queue.test] : []),
  ];
}

const noAddress = (reason: string): Reading<never> => ({ kind: "no-address", reason });

function sourcesOf(config: Config, limiter: Limiter): readonly { readonly id: string; readonly source: Source }[] {
  const { endpoint, audience } = config.logAnalytics;
  const client = createLogsQueryClient({ endpoint, audience, credential: credentialFor(config.identity, endpoint) });
  return config.workspaces.map((workspace) => ({
    id: workspace.id,
    source: logAnalyticsSource({ client, workspace, limiter }),
  }));
}

interface TableProbe {
  readonly source: Source;
  readonly arm: Management;
  readonly resource: string | undefined;
  readonly limiter: Limiter;
}

async function probeTables({ source, arm, resource, limiter }: TableProbe, tables: readonly NeededTable[], now: Date) {
  return Promise.all(
    tables.map(async (table) => ({
      table,
      rows: await probeTable(source, table, now),
      managed:
        resource === undefined
          ? noAddress("give its --workspace-resource-id to check plan and retention")
          : await limiter(() => arm.table(resource, table.name)),
    })),
  );
}
