import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { account, only, resources, snapshot, SNAPSHOTS } from "./snapshot.ts";

// The compiler lets any of these values pass, right or wrong: so each is stated here.

describe.each(SNAPSHOTS)("%s", (name) => {
  test("could be evaluated without a diagnostic", () => {
    expect(snapshot(name).diagnostics).toEqual([]);
  });

  test("both storage accounts – no keys, nothing public, TLS 1.2, copies that exist", () => {
    const accounts = resources(name, "Microsoft.Storage/storageAccounts");
    expect(accounts.map(({ id }) => id).toSorted()).toEqual([account(name, "host"), account(name, "state")].toSorted());
    for (const { properties, kind, sku } of accounts as readonly ((typeof accounts)[number] & {
      sku: { name: string };
    })[]) {
      expect(kind).toBe("StorageV2");
      expect(["Standard_LRS", "Standard_ZRS", "Standard_GRS", "Standard_GZRS"]).toContain(sku.name);
      expect(properties).toEqual({
        allowBlobPublicAccess: false,
        allowCrossTenantReplication: false,
        allowSharedKeyAccess: false,
        defaultToOAuthAuthentication: true,
        isLocalUserEnabled: false,
        isSftpEnabled: false,
        minimumTlsVersion: "TLS1_2",
        publicNetworkAccess: "Enabled",
        supportsHttpsTrafficOnly: true,
      });
    }
  });

  test("blobs – soft delete and versions, no public container", () => {
    const services = resources(name, "Microsoft.Storage/storageAccounts/blobServices");
    expect(services).toHaveLength(2);
    for (const { properties } of services)
      expect(properties).toEqual({
        isVersioningEnabled: true,
        deleteRetentionPolicy: { enabled: true, days: 30 },
        containerDeleteRetentionPolicy: { enabled: true, days: 30 },
      });
    expect(only(name, "Microsoft.Storage/storageAccounts/blobServices/containers").properties).toEqual({
      publicAccess: "None",
    });
  });

  test("the state account – its three tables, and a lock against deletion", () => {
    expect(resources(name, "Microsoft.Storage/storageAccounts/tableServices/tables").map(({ id }) => id)).toEqual(
      ["Sightings", "Coverage", "Approvals"].map(
        (table) => `${account(name, "state")}/tableServices/default/tables/${table}`,
      ),
    );
    const lock = only(name, "Microsoft.Authorization/locks");
    expect(lock.id.startsWith(`${account(name, "state")}/providers/`)).toBe(true);
    expect(lock.properties["level"]).toBe("CanNotDelete");
  });

  test("the queue – duplicates found for a week, five minutes' lock, ten deliveries, two weeks to live, then a dead letter", () => {
    const namespace = only(name, "Microsoft.ServiceBus/namespaces");
    expect(namespace["sku"]).toEqual({ name: "Standard", tier: "Standard" });
    expect(namespace.properties).toEqual({
      disableLocalAuth: true,
      minimumTlsVersion: "1.2",
      publicNetworkAccess: "Enabled",
    });
    expect(only(name, "Microsoft.ServiceBus/namespaces/queues").properties).toEqual({
      requiresDuplicateDetection: true,
      duplicateDetectionHistoryTimeWindow: "P7D",
      lockDuration: "PT5M",
      maxDeliveryCount: 10,
      defaultMessageTimeToLive: "P14D",
      deadLetteringOnMessageExpiration: true,
      maxSizeInMegabytes: 5120,
      enablePartitioning: false,
    });
  });

  test("diagnostics – of Service Bus, of the state's tables and of the package", () => {
    const settings = resources(name, "Microsoft.Insights/diagnosticSettings");
    const write = ["StorageWrite", "StorageDelete"];
    const scope = (id: string): string => id.replace(/\/providers\/Microsoft\.Insights\/diagnosticSettings\/.*$/, "");
    expect(
      Object.fromEntries(
        settings.map(({ id, properties }) => [
          scope(id),
          (properties["logs"] as { category: string; enabled: boolean }[]).map(({ category, enabled }) =>
            enabled ? category : "off",
          ),
        ]),
      ),
    ).toEqual({
      [`${account(name, "host")}/blobServices/default`]: write,
      [`${account(name, "state")}/tableServices/default`]: write,
      [only(name, "Microsoft.ServiceBus/namespaces").id]: ["OperationalLogs", "RuntimeAuditLogs"],
    });
  });

  test("telemetry – on a workspace of its own, by identity alone", () => {
    const workspace = only(name, "Microsoft.OperationalInsights/workspaces");
    expect(workspace.properties).toEqual({
      sku: { name: "PerGB2018" },
      retentionInDays: 90,
      features: { disableLocalAuth: true, enableLogAccessUsingOnlyResourcePermissions: true },
    });
    expect(only(name, "Microsoft.Insights/components").properties).toEqual({
      Application_Type: "web",
      DisableLocalAuth: true,
      IngestionMode: "LogAnalytics",
      WorkspaceResourceId: workspace.id,
    });
  });

  test("the function app – Flex Consumption, Node 24, one identity, no passwords", () => {
    expect(only(name, "Microsoft.Web/serverfarms")).toMatchObject({
      kind: "functionapp",
      sku: { name: "FC1", tier: "FlexConsumption" },
      properties: { reserved: true, zoneRedundant: name === "several" },
    });
    const app = only(name, "Microsoft.Web/sites");
    const identity = resources(name, "Microsoft.ManagedIdentity/userAssignedIdentities")[0]?.id ?? "none";
    expect(identity).toMatch(/\/firstsight-id$/);
    expect(app).toMatchObject({
      kind: "functionapp,linux",
      identity: { type: "UserAssigned", userAssignedIdentities: { [identity]: {} } },
    });
    expect(app.properties).toEqual({
      serverFarmId: only(name, "Microsoft.Web/serverfarms").id,
      httpsOnly: true,
      clientAffinityEnabled: false,
      functionAppConfig: {
        deployment: {
          storage: {
            type: "blobContainer",
            value: expect.stringMatching(/format\('hostStorage-\{0\}'.*\.outputs\.blobEndpoint\.value, 'package'\)\]$/),
            authentication: { type: "UserAssignedIdentity", userAssignedIdentityResourceId: identity },
          },
        },
        runtime: { name: "node", version: "24" },
        scaleAndConcurrency: { instanceMemoryMB: 2048, maximumInstanceCount: 40 },
      },
      siteConfig: {
        minTlsVersion: "1.2",
        scmMinTlsVersion: "1.2",
        ftpsState: "Disabled",
        http20Enabled: true,
        remoteDebuggingEnabled: false,
      },
    });
    expect(
      resources(name, "Microsoft.Web/sites/basicPublishingCredentialsPolicies").map(({ id, properties }) => [
        id.slice(id.lastIndexOf("/") + 1),
        properties,
      ]),
    ).toEqual([
      ["scm", { allow: false }],
      ["ftp", { allow: false }],
    ]);
  });

  test("nothing but this is deployed", () => {
    const types = new Set(snapshot(name).predictedResources.map(({ type }) => type.replace(/^Microsoft\./, "")));
    const always = [
      "Authorization/locks",
      "Authorization/roleAssignments",
      "Insights/components",
      "Insights/diagnosticSettings",
      "Insights/metricAlerts",
      "Insights/scheduledQueryRules",
      "Insights/workbooks",
      "ManagedIdentity/userAssignedIdentities",
      "OperationalInsights/workspaces",
      "ServiceBus/namespaces",
      "ServiceBus/namespaces/queues",
      "Storage/storageAccounts",
      "Storage/storageAccounts/blobServices",
      "Storage/storageAccounts/blobServices/containers",
      "Storage/storageAccounts/managementPolicies",
      "Storage/storageAccounts/tableServices",
      "Storage/storageAccounts/tableServices/tables",
      "Web/serverfarms",
      "Web/sites",
      "Web/sites/basicPublishingCredentialsPolicies",
      "Web/sites/config",
    ];
    const further = {
      production: ["Insights/actionGroups"],
      minimal: [],
      several: ["Logic/workflows", "Web/connections"],
    }[name];
    expect([...types].toSorted()).toEqual([...always, ...further].toSorted());
  });

  test("API versions – stable, but for diagnostic settings, which have no stable one of use", () => {
    const unstable = snapshot(name).predictedResources.filter(
      ({ apiVersion }) => !/^20\d\d-\d\d-\d\d$/.test(apiVersion),
    );
    expect(new Set(unstable.map(({ type, apiVersion }) => `${type}@${apiVersion}`))).toEqual(
      new Set(["Microsoft.Insights/diagnosticSettings@2021-05-01-preview"]),
    );
  });

  test("no value holds or fetches a key", () => {
    const text = JSON.stringify(snapshot(name).predictedResources);
    expect(text).not.toMatch(
      /\blist(?:\w*Keys?|\w*Secrets?|\w*Sas|Credentials|Callback\w*)\(|AccountKey=|SharedAccess|[?&]sig=/i,
    );
  });
});

test("nothing is asked for over HTTP: every function is a timer, the app holds no other, the sample consumer polls", () => {
  const folder = new URL("../../functions/", import.meta.url);
  for (const file of readdirSync(folder)) {
    const registered = [...readFileSync(new URL(file, folder), "utf8").matchAll(/\bapp\.(\w+)\(/g)];
    expect(
      registered.map(([, kind]) => kind),
      file,
    ).toEqual(["timer"]);
  }
  for (const name of SNAPSHOTS) expect(resources(name, "Microsoft.Web/sites/functions")).toEqual([]);
  const workflow = only("several", "Microsoft.Logic/workflows").properties["definition"] as {
    triggers: Record<string, { type: string }>;
  };
  expect(Object.values(workflow.triggers).map(({ type }) => type)).toEqual(["ApiConnection"]);
});
