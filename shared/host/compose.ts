import { randomUUID } from "node:crypto";
import { approvalsTable } from "../azure/approvals-table.ts";
import { coverageTable } from "../azure/coverage-table.ts";
import { credentialFor } from "../azure/credential.ts";
import { createLimiter } from "../limiter.ts";
import { createLogsQueryClient } from "../azure/log-analytics-client.ts";
import { logAnalyticsSource, QUERIES_AT_ONCE } from "../azure/log-analytics.ts";
import { outboxTable } from "../azure/outbox-table.ts";
import { retention } from "../azure/retention.ts";
import type { SendRetryOptions } from "../azure/sightings-queue.ts";
import { openQueue } from "../azure/sightings-queue.ts";
import { sightingsTable } from "../azure/sightings-table.ts";
import { tableClient } from "../azure/table-client.ts";
import { waveTable } from "../azure/wave-table.ts";
import { packs } from "../catalog/generated/packs.ts";
import type { Config } from "../settings/config.ts";
import type { Logger } from "../logger.ts";
import type { RelayResult } from "../outbox/relay.ts";
import { relay } from "../outbox/relay.ts";
import type { PurgeResult } from "../operations/purge.ts";
import { purge } from "../operations/purge.ts";
import type { Service } from "../run/run-context.ts";

/** Milliseconds that one relay pass may take: less than the relay's interval of five minutes. */
const RELAY_BUDGET = 4 * 60_000;

export interface Composition {
  readonly service: Service;
  readonly relay: () => Promise<RelayResult>;
  readonly purge: () => Promise<PurgeResult>;
}

export interface Conditions {
  /** Aborted when the host shuts down. */
  readonly stopping?: AbortSignal;
  /** Default: the machine's clock. */
  readonly clock?: () => Date;
  /** Milliseconds before retries of the SDKs. Default: the SDKs' own, and those that the services' limits require. */
  readonly retry?: {
    readonly query: number;
    readonly throttled: readonly number[];
    readonly table: number;
    readonly send: SendRetryOptions;
  };
}

/** Wires the service to the real SDKs, one client each. A client connects when it is first used. */
export function compose(
  config: Config,
  log: Logger,
  { stopping, clock = () => new Date(), retry }: Conditions = {},
): Composition {
  const sightings = tableClient(config, "Sightings", retry?.table);
  const coverage = coverageTable(tableClient(config, "Coverage", retry?.table));
  const { endpoint, audience } = config.logAnalytics;
  const client = createLogsQueryClient({
    endpoint,
    audience,
    credential: credentialFor(config.identity, endpoint),
    ...(retry && { retryDelay: retry.query }),
  });
  const limiter = createLimiter(QUERIES_AT_ONCE);

  const pass = (): Promise<RelayResult> =>
    relay({
      outbox: outboxTable(sightings),
      queue: () =>
        openQueue({
          address: config.serviceBus,
          queue: config.queue,
          credential: credentialFor(config.identity, ""),
          ...(retry && { retry: retry.send }),
        }),
      log,
      limit: config.announceLimit,
      budgetMs: RELAY_BUDGET,
      now: clock,
    });

  return {
    service: {
      settings: {
        ...config.readWindows,
        dormancyDays: config.dormancyDays,
        budget: config.runBudgetMs,
        waveThreshold: config.waveThreshold,
      },
      packs,
      sources: config.workspaces.map((workspace) =>
        logAnalyticsSource({
          client,
          workspace,
          limiter,
          log,
          ...(retry && { throttledDelays: retry.throttled }),
        }),
      ),
      sightings: sightingsTable(sightings),
      coverage,
      waves: waveTable(sightings),
      approvals: approvalsTable(tableClient(config, "Approvals", retry?.table)),
      relay: pass,
      clock,
      newId: randomUUID,
      log,
      ...(stopping && { stopping }),
    },
    relay: pass,
    purge: () =>
      purge({ retention: retention(sightings), coverage, retentionDays: config.retentionDays, now: clock(), log }),
  };
}
