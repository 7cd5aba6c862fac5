import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  approvalText,
  loadApprovals,
  loadTemplate,
  type TemplateInput,
} from "../../../shared/catalog/approval-file.ts";
import { readTools } from "../../../shared/catalog/catalogue-files.ts";
import { problemLine } from "../../../shared/catalog/file-problem.ts";
import type { Approval } from "../../../shared/core/approval.ts";
import type { Fleet } from "./fleet-data.ts";
import { ANSIBLE } from "./process.ts";
import { APPROVED, CONTROLLER, SERVERS, WORKSTATIONS } from "./story.ts";
import { DAMEWARE, SCREENCONNECT, TEAMVIEWER } from "./tool.ts";

const TEMPLATES = join(import.meta.dirname, "../../../shared/catalog/approvals");
const DAY = 86_400_000;

/**
 * What the fleet's owner has approved by `now`: each scenario's template, filled in as `firstsight approvals new` does.
 * @throws {Error} with every problem, where a template or a text made of it is not in order
 */
export function approvalsOf(fleet: Fleet, now: Date): readonly Approval[] {
  const tools = readTools();
  if ("problems" in tools) throw new Error(tools.problems.map(problemLine).join("\n"));
  const texts = filledIn(fleet, now).map(({ template, ...by }) => {
    const file = join(TEMPLATES, `${template}.yaml`);
    const loaded = loadTemplate({ file, text: readFileSync(file, "utf8") });
    if ("problems" in loaded) throw new Error(loaded.problems.map(problemLine).join("\n"));
    return { file: `${by.id}.yaml`, text: approvalText(loaded, by) };
  });
  const { approvals, problems } = loadApprovals(texts, { now, tools: tools.tools.map(({ slug }) => slug) });
  if (problems.length > 0) throw new Error(problems.map(problemLine).join("\n"));
  return approvals.map(({ approval }) => approval);
}

function filledIn(fleet: Fleet, now: Date): readonly (TemplateInput & { readonly template: string })[] {
  const common = {
    owner: "workplace@corp.example",
    ticket: "CHG-1042",
    expires: new Date(now.getTime() + 180 * DAY).toISOString().slice(0, 10),
    tools: [],
    groups: [WORKSTATIONS],
    devices: [],
    sources: [],
    accounts: [],
  };
  const inventory = inventoryOf(fleet);
  return [
    { ...common, template: "microsoft-endpoint-manager", id: APPROVED.endpointManager, tools: [TEAMVIEWER.slug] },
    { ...common, template: "kaseya-vsa", id: APPROVED.kaseya },
    {
      ...common,
      template: "solarwinds-sam",
      id: APPROVED.solarwinds,
      tools: [DAMEWARE.slug],
      groups: [SERVERS],
    },
    {
      ...common,
      template: "ansible",
      id: APPROVED.ansible,
      tools: [SCREENCONNECT.slug],
      // A fleet that is too small for the story has no inventory either.
      ...(inventory.length > 0 ? { groups: [], devices: inventory } : { groups: [SERVERS] }),
      sources: [CONTROLLER],
      accounts: [ANSIBLE.sid],
    },
    { ...common, template: "logmein", id: APPROVED.logmein },
  ];
}

/** What the controller manages: whoever else comes with its account, comes to these. */
function inventoryOf({ devices, holdings }: Fleet): readonly string[] {
  const managed = new Set(holdings.filter(({ tool }) => tool === SCREENCONNECT.slug).map(({ deviceId }) => deviceId));
  return devices.filter(({ id }) => managed.has(id)).map(({ id, names }) => names.at(-1) ?? id);
}
