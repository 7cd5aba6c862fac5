import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { only, resources, SNAPSHOTS } from "./snapshot.ts";

interface Alert {
  readonly name: string;
  readonly description: string;
  readonly severity: number;
  readonly evaluationFrequency: string;
  readonly windowSize: string;
  readonly operator: string;
  readonly threshold: number;
  readonly runbook: string;
}
interface Alerts {
  readonly queries: readonly (Alert & { readonly displayName: string; readonly query: readonly string[] })[];
  readonly metrics: readonly (Alert & {
    readonly namespace: string;
    readonly metric: string;
    readonly aggregation: string;
  })[];
}

const infra = (file: string): string => readFileSync(new URL(`../../infra/${file}`, import.meta.url), "utf8");
const alerts: Alerts = JSON.parse(infra("alerts.json"));
const RUNBOOK = "https://example.com/firstsight/docs/operate.md";

/** What it says, with the runbook's address in the place of its path. */
function linked({ description, runbook }: { readonly description: string; readonly runbook: string }): string {
  expect(description).toContain(`docs/operate.md${runbook}`);
  return description.replaceAll("docs/operate.md", RUNBOOK);
}
const last = (id: string): string => id.slice(id.lastIndexOf("/") + 1);

/** What the service takes; the compiler takes anything. */
const OF_QUERIES = {
  evaluationFrequency: [
    "PT1M",
    "PT5M",
    "PT10M",
    "PT15M",
    "PT30M",
    "PT45M",
    "PT1H",
    "PT2H",
    "PT3H",
    "PT4H",
    "PT5H",
    "PT6H",
    "P1D",
  ],
  windowSize: [
    "PT5M",
    "PT10M",
    "PT15M",
    "PT30M",
    "PT45M",
    "PT1H",
    "PT2H",
    "PT3H",
    "PT4H",
    "PT5H",
    "PT6H",
    "P1D",
    "P2D",
  ],
  operator: ["Equals", "GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual"],
};
const OF_METRICS = {
  evaluationFrequency: ["PT1M", "PT5M", "PT15M", "PT30M", "PT1H"],
  windowSize: ["PT1M", "PT5M", "PT15M", "PT30M", "PT1H", "PT6H", "PT12H", "P1D"],
  operator: ["Equals", "GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual"],
};

test("each alert has values that the service takes", () => {
  expect(alerts.queries.length).toBeGreaterThan(0);
  expect(alerts.metrics.length).toBeGreaterThan(0);
  for (const [list, allowed] of [
    [alerts.queries, OF_QUERIES],
    [alerts.metrics, OF_METRICS],
  ] as const)
    for (const alert of list) {
      expect([0, 1, 2, 3, 4], alert.name).toContain(alert.severity);
      for (const key of ["evaluationFrequency", "windowSize", "operator"] as const)
        expect(allowed[key], `${alert.name}: ${key}`).toContain(alert[key]);
      expect(alert.name).toMatch(/^[a-z][a-z-]{2,60}$/);
      expect(alert.runbook).toMatch(/^#[a-z0-9-]+$/);
    }
  for (const { metric, namespace, aggregation } of alerts.metrics) {
    expect(namespace).toBe("Microsoft.ServiceBus/namespaces");
    expect(["DeadletteredMessages", "ActiveMessages", "ServerErrors", "ThrottledRequests", "UserErrors"]).toContain(
      metric,
    );
    expect(["Average", "Maximum", "Minimum", "Total", "Count"]).toContain(aggregation);
  }
});

test("each query alert asks its query of the service's own workspace, and says what to do and where that is written", () => {
  const deployed = resources("production", "Microsoft.Insights/scheduledQueryRules");
  const group = only("production", "Microsoft.Insights/actionGroups").id;
  expect(deployed.map(({ id }) => last(id))).toEqual(alerts.queries.map(({ name }) => `firstsight-${name}`));
  for (const [index, alert] of alerts.queries.entries()) {
    expect(deployed[index]?.["kind"]).toBe("LogAlert");
    expect(deployed[index]?.properties).toEqual({
      displayName: alert.displayName,
      description: linked(alert),
      severity: alert.severity,
      enabled: true,
      scopes: [expect.stringMatching(/format\('monitoring-\{0\}'.*\.outputs\.workspaceId\.value\]$/)],
      evaluationFrequency: alert.evaluationFrequency,
      windowSize: alert.windowSize,
      autoMitigate: true,
      skipQueryValidation: true,
      criteria: {
        allOf: [
          {
            query: alert.query.join("\n"),
            timeAggregation: "Count",
            operator: alert.operator,
            threshold: alert.threshold,
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 },
          },
        ],
      },
      actions: { actionGroups: [group], customProperties: { runbook: `${RUNBOOK}${alert.runbook}` } },
    });
  }
});

test("each metric alert watches the queue of this namespace", () => {
  const deployed = resources("production", "Microsoft.Insights/metricAlerts");
  const group = only("production", "Microsoft.Insights/actionGroups").id;
  expect(deployed.map(({ id }) => last(id))).toEqual(alerts.metrics.map(({ name }) => `firstsight-${name}`));
  for (const [index, alert] of alerts.metrics.entries())
    expect(deployed[index]?.properties).toMatchObject({
      description: expect.stringContaining(linked(alert)),
      severity: alert.severity,
      enabled: true,
      scopes: [only("production", "Microsoft.ServiceBus/namespaces").id],
      evaluationFrequency: alert.evaluationFrequency,
      windowSize: alert.windowSize,
      criteria: {
        "odata.type": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
        allOf: [
          {
            criterionType: "StaticThresholdCriterion",
            metricNamespace: alert.namespace,
            metricName: alert.metric,
            dimensions: [{ name: "EntityName", operator: "Include", values: ["sightings"] }],
            timeAggregation: alert.aggregation,
            operator: alert.operator,
            threshold: alert.threshold,
          },
        ],
      },
      actions: [{ actionGroupId: group }],
    });
});

test("who gave no address is mailed nothing, and the alerts are there all the same", () => {
  for (const { properties } of resources("minimal", "Microsoft.Insights/scheduledQueryRules"))
    expect(properties["actions"]).toMatchObject({ actionGroups: [] });
  expect(resources("minimal", "Microsoft.Insights/scheduledQueryRules")).toHaveLength(alerts.queries.length);
});

test("the workbook is deployed as it stands in its file, below the length that Bicep loads", () => {
  expect(infra("workbook.json").length).toBeLessThan(131_072);
  for (const name of SNAPSHOTS)
    expect(only(name, "Microsoft.Insights/workbooks").properties).toMatchObject({
      category: "workbook",
      serializedData: infra("workbook.json"),
      sourceId: expect.stringMatching(/format\('monitoring-\{0\}'.*\.outputs\.workspaceId\.value\]$/),
    });
});
