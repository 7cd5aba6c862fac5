export interface Setting {
  readonly name: string;
  /** Used where the setting is absent or empty. */
  readonly default?: string;
  readonly required?: true;
  /** One line, for the table in docs/settings.md: what it is, its unit, its limits. */
  readonly description: string;
}

/** Every setting there is; tests compare the sample file, the Bicep and the table in docs/settings.md with it. */
export const SETTINGS = [
  {
    name: "LOG_ANALYTICS_WORKSPACES",
    required: true,
    description:
      'JSON array of `{"name", "id", "tenant"?}`, one a workspace. `name`: letters, digits, `-` and `_`, at most 63, unique; `id`: customer id (GUID); `tenant`: GUID, for messages',
  },
  {
    name: "STATE_TABLE_ENDPOINT",
    required: true,
    description:
      "Table endpoint of the storage account, https. A connection string or plain http only for a loopback address",
  },
  {
    name: "SERVICE_BUS_NAMESPACE",
    required: true,
    description: "Host name of the namespace. A connection string only for a loopback address",
  },
  { name: "SERVICE_BUS_QUEUE", default: "sightings", description: "Queue for the messages" },
  {
    name: "AZURE_CLIENT_ID",
    description: "Client id of the user-assigned identity. Required in Azure; elsewhere the Azure CLI's login is used",
  },
  {
    name: "DETECT_SCHEDULE",
    default: "0 */15 * * * *",
    description:
      "When to run the detections: NCRONTAB, six fields, UTC. The host reads the three schedules itself: in an app they have to be set",
  },
  {
    name: "RELAY_SCHEDULE",
    default: "0 */5 * * * *",
    description: "When to send what a run could not: NCRONTAB, six fields, UTC",
  },
  {
    name: "RETAIN_SCHEDULE",
    default: "0 30 3 * * *",
    description: "When to delete what is out of retention: NCRONTAB, six fields, UTC",
  },
  {
    name: "LOOKBACK_DAYS",
    default: "5",
    description: "Days that an ordinary run reads back, 1 to 30; at most `HORIZON_DAYS`",
  },
  {
    name: "HORIZON_DAYS",
    default: "30",
    description:
      "Days that any run reads back at most (first runs, catching up, late rows), 1 to 365; what the tables retain",
  },
  {
    name: "OVERLAP_HOURS",
    default: "6",
    description: "Hours that a run reads again before what is covered, 1 to 168; at most the horizon",
  },
  {
    name: "DORMANCY_DAYS",
    default: "90",
    description:
      "A sighting that was quiet for more days is announced as returned; 0: never; else more than `HORIZON_DAYS`, at most 3650",
  },
  {
    name: "RETENTION_DAYS",
    default: "400",
    description:
      "A sighting not seen for more days is deleted; more than `DORMANCY_DAYS` and than `HORIZON_DAYS` + `LOOKBACK_DAYS`, at most 3650",
  },
  {
    name: "RUN_BUDGET_MINUTES",
    default: "8",
    description:
      "Minutes after which a run takes no further unit, 1 to 60; well below the function's limit in `host.json`",
  },
  {
    name: "ANNOUNCE_LIMIT",
    default: "2000",
    description: "Accepted messages a relay pass, 1 to 100000; the rest stays for the next pass",
  },
  {
    name: "WAVE_THRESHOLD",
    default: "25",
    description:
      "Sightings of one detection within 24 hours that are announced as a wave, 2 to 10000; 0: each has a message of its own",
  },
  {
    name: "LOG_ANALYTICS_ENDPOINT",
    default: "https://api.loganalytics.azure.com",
    description: "Base URL of the query API, https; plain http only for a loopback address. Default: public cloud",
  },
  {
    name: "LOG_ANALYTICS_AUDIENCE",
    default: "https://api.loganalytics.io",
    description: "Audience of the token for the query API. Default: public cloud",
  },
  { name: "LOG_LEVEL", default: "info", description: "`trace`, `debug`, `info`, `warn` or `error`" },
] as const satisfies readonly Setting[];

export type SettingName = (typeof SETTINGS)[number]["name"];
