import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import { examine } from "../operations/doctor/examine.ts";
import { isLoopbackUrl } from "../settings/loopback.ts";
import { printFindings } from "./doctor-print.ts";
import { packs } from "./packs.ts";
import { readConfig } from "./settings-file.ts";

/** Azure Resource Manager of the public cloud and of the other clouds. A token goes to no other host. */
const MANAGEMENT = "https://management.azure.com";
const MANAGEMENT_ENDPOINTS: readonly string[] = [
  MANAGEMENT,
  "https://management.chinacloudapi.cn",
  "https://management.usgovcloudapi.net",
];

interface DoctorOptions {
  readonly settings: string;
  readonly workspaceResourceId?: readonly string[];
  readonly queueResourceId?: string;
  readonly managementEndpoint: string;
  readonly sendTestMessage?: true;
  readonly json?: true;
}

/** `firstsight doctor`: checks everything that the service needs. */
export function addDoctorCommand(program: Command): void {
  program
    .command("doctor")
    .description(
      "Check everything that the service needs, with your own login: a line for each check, with the finding and what to do. Exit code 1 when something is wrong.",
    )
    .option("--settings <file>", "local settings file; settings in the environment win", "local.settings.json")
    .addOption(
      new Option(
        "--workspace-resource-id <id...>",
        "Azure resource ids of the workspaces, for plan and retention; in the environment with commas between them",
      )
        .env("FIRSTSIGHT_WORKSPACE_RESOURCE_IDS")
        .argParser(resourceIds),
    )
    .addOption(
      new Option(
        "--queue-resource-id <id>",
        "Azure resource id of the queue, for duplicate detection, lock, time to live",
      )
        .env("FIRSTSIGHT_QUEUE_RESOURCE_ID")
        .argParser((text) => resourceId(text, QUEUE)),
    )
    .addOption(
      new Option("--management-endpoint <url>", "Azure Resource Manager: of a cloud, or on this machine")
        .env("FIRSTSIGHT_MANAGEMENT_ENDPOINT")
        .argParser(managementEndpoint)
        .default(MANAGEMENT),
    )
    .option("--send-test-message", "send one message of type firstsight.test.v1 too; consumers see it")
    .option("--json", "one JSON object on stdout")
    .action(diagnose);
}

async function diagnose(options: DoctorOptions): Promise<void> {
  const config = await readConfig(options.settings, process.env);
  const findings = await examine({
    config,
    packs: await packs(),
    addresses: {
      endpoint: options.managementEndpoint,
      workspaceResourceIds: options.workspaceResourceId ?? [],
      ...(options.queueResourceId !== undefined && { queueResourceId: options.queueResourceId }),
    },
    now: new Date(),
    sendTestMessage: options.sendTestMessage === true,
  });
  const wrong = findings.some(({ status }) => status === "wrong");
  if (options.json) console.log(JSON.stringify({ ok: !wrong, findings }));
  else printFindings(findings);
  if (wrong) process.exitCode = 1;
}

interface ResourceType {
  readonly path: RegExp;
  readonly example: string;
}

const WORKSPACE: ResourceType = {
  path: /^\/subscriptions\/[^/?#\s]+\/resourceGroups\/[^/?#\s]+\/providers\/Microsoft\.OperationalInsights\/workspaces\/[^/?#\s]+$/i,
  example: "/subscriptions/…/resourceGroups/…/providers/Microsoft.OperationalInsights/workspaces/NAME",
};
const QUEUE: ResourceType = {
  path: /^\/subscriptions\/[^/?#\s]+\/resourceGroups\/[^/?#\s]+\/providers\/Microsoft\.ServiceBus\/namespaces\/[^/?#\s]+\/queues\/[^?#\s]+$/i,
  example: "/subscriptions/…/resourceGroups/…/providers/Microsoft.ServiceBus/namespaces/NAME/queues/QUEUE",
};

function resourceId(text: string, { path, example }: ResourceType): string {
  if (!path.test(text) || text.split("/").includes(".."))
    throw new InvalidArgumentError(`Write one such as ${example}.`);
  return text;
}

const resourceIds = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...text.split(",").map((id) => resourceId(id.trim(), WORKSPACE)),
];

function managementEndpoint(text: string): string {
  const url = text.replace(/\/+$/, "");
  if (!MANAGEMENT_ENDPOINTS.includes(url) && !isLoopbackUrl(url))
    throw new InvalidArgumentError(`It is one of ${MANAGEMENT_ENDPOINTS.join(", ")}, or on this machine.`);
  return url;
}
