import { expect, test } from "vitest";
import { packs } from "../../shared/catalog/generated/packs.ts";
import { deviceTables } from "../../scripts/device-tables.ts";
import type { Predicted, SnapshotName } from "./snapshot.ts";
import { account, only, resources, SNAPSHOTS } from "./snapshot.ts";

/** Azure's built-in roles, by the id that Azure gave them. */
const ROLES: Readonly<Record<string, string>> = {
  "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
  "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
  "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39": "Service Bus Data Sender",
  "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0": "Service Bus Data Receiver",
  "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
  "3b03c2da-16b3-4a49-8834-0f8130efdd3b": "Log Analytics Data Reader",
  "73c42c96-874c-492b-b04d-ab87d138a893": "Log Analytics Reader",
};

const SUBSCRIPTION = (last: string): string => `/subscriptions/00000000-0000-4000-8000-00000000${last}`;
const WORKSPACE = (subscription: string, group: string, name: string): string =>
  `${SUBSCRIPTION(subscription)}/resourceGroups/${group}/providers/Microsoft.OperationalInsights/workspaces/${name}`;
const SENTINEL = WORKSPACE("aaaa", "rg-sentinel", "law-sentinel");
const OPERATOR = "00000000-0000-4000-8000-00000000bbbb";
const OTHER_OPERATOR = "00000000-0000-4000-8000-00000000ffff";

const assignments = (name: SnapshotName): readonly Predicted[] =>
  resources(name, "Microsoft.Authorization/roleAssignments");

/** An object id as it stands, or whose output it is. */
function holder({ properties }: Predicted): string {
  const id = String(properties["principalId"]);
  if (id.endsWith(".outputs.principalId.value]") && /format\('identity-\{0\}'/.test(id)) return "service";
  if (/\/userAssignedIdentities\/firstsight-soar-sample-id', '[^']*'\)\.principalId\]$/.test(id)) return "soar sample";
  return id;
}

function granted(name: SnapshotName): readonly (readonly [who: string, role: string, scope: string])[] {
  return assignments(name)
    .map((assignment) => {
      const role = String(assignment.properties["roleDefinitionId"]);
      const guid = role.slice(role.lastIndexOf("/") + 1);
      return [
        holder(assignment),
        ROLES[guid] ?? guid,
        assignment.id.replace(/\/providers\/Microsoft\.Authorization\/roleAssignments\/[^/]*$/, ""),
      ] as const;
    })
    .toSorted((one, other) => (one.join() < other.join() ? -1 : 1));
}

const own = (name: SnapshotName) =>
  [
    ["service", "Monitoring Metrics Publisher", only(name, "Microsoft.Insights/components").id],
    ["service", "Service Bus Data Sender", only(name, "Microsoft.ServiceBus/namespaces/queues").id],
    ["service", "Storage Blob Data Owner", account(name, "host")],
    ["service", "Storage Table Data Contributor", account(name, "state")],
  ] as const;

const grantedTo = (name: SnapshotName, who: string) => granted(name).filter(([holds]) => holds === who);

test("production – the service has its four roles, each on one resource, and Log Analytics Data Reader on the workspace", () => {
  expect(grantedTo("production", "service")).toEqual([
    ["service", "Log Analytics Data Reader", SENTINEL],
    ...own("production"),
  ]);
});

test("minimal – where somebody else gives the workspace's role, no other is given, and nobody else has any", () => {
  expect(granted("minimal")).toEqual(own("minimal"));
});

test("several workspaces – each gets its role in its own subscription; one of another tenant gets Log Analytics Reader", () => {
  expect(grantedTo("several", "service")).toEqual([
    ["service", "Log Analytics Data Reader", SENTINEL],
    ["service", "Log Analytics Data Reader", WORKSPACE("cccc", "rg-plant", "law-plant")],
    ["service", "Log Analytics Reader", WORKSPACE("dddd", "rg-customer", "law-customer")],
    ...own("several"),
  ]);
});

test("operators – each has the state's tables, and nothing else", () => {
  expect(granted("production").filter(([who]) => who !== "service")).toEqual([
    [OPERATOR, "Storage Table Data Contributor", account("production", "state")],
  ]);
  for (const operator of [OPERATOR, OTHER_OPERATOR])
    expect(grantedTo("several", operator)).toEqual([
      [operator, "Storage Table Data Contributor", account("several", "state")],
    ]);
});

test("the sample consumer – an identity of its own, which may receive from the queue and nothing else", () => {
  expect(granted("several").filter(([who]) => !["service", OPERATOR, OTHER_OPERATOR].includes(who))).toEqual([
    ["soar sample", "Service Bus Data Receiver", only("several", "Microsoft.ServiceBus/namespaces/queues").id],
  ]);
  expect(Object.keys(only("several", "Microsoft.Logic/workflows")["identity"] as object)).toEqual([
    "type",
    "userAssignedIdentities",
  ]);
  const identities = only("several", "Microsoft.Logic/workflows")["identity"] as { userAssignedIdentities: object };
  expect(Object.keys(identities.userAssignedIdentities)).toEqual([
    expect.stringMatching(/\/userAssignedIdentities\/firstsight-soar-sample-id$/),
  ]);
});

test("the workspace's role – on the tables that the compiled queries read, and no others", () => {
  const conditioned = SNAPSHOTS.flatMap(assignments).filter(({ properties }) => properties["condition"] !== undefined);
  const dataReader = SNAPSHOTS.flatMap(assignments).filter(({ properties }) =>
    String(properties["roleDefinitionId"]).endsWith("3b03c2da-16b3-4a49-8834-0f8130efdd3b"),
  );
  expect(conditioned).toEqual(dataReader);
  expect(conditioned).toHaveLength(3);
  const names = deviceTables(packs)
    .map((table) => `@Resource[Microsoft.OperationalInsights/workspaces/tables:name] StringEquals '${table}'`)
    .join(" OR ");
  for (const { properties } of conditioned) {
    expect(properties["condition"]).toBe(
      `((!(ActionMatches{'Microsoft.OperationalInsights/workspaces/tables/data/read'})) OR (${names}))`,
    );
    expect(properties["conditionVersion"]).toBe("2.0");
  }
});

test("the compiled queries read the certificates and the four tables of the evidence", () => {
  expect(deviceTables(packs)).toEqual(
    expect.arrayContaining([
      "DeviceEvents",
      "DeviceFileCertificateInfo",
      "DeviceFileEvents",
      "DeviceLogonEvents",
      "DeviceProcessEvents",
    ]),
  );
});

test("an assignment's name is a GUID of its own, and an identity is named as one", () => {
  for (const name of SNAPSHOTS) {
    const names = assignments(name).map((assignment) => assignment.name);
    expect(new Set(names).size).toBe(names.length);
    for (const guid of names) expect(guid).toMatch(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    const kinds = assignments(name).map((assignment) => [
      /^0{8}/.test(holder(assignment)),
      assignment.properties["principalType"],
    ]);
    for (const [isPerson, kind] of kinds) expect(kind).toBe(isPerson ? undefined : "ServicePrincipal");
  }
});
