import { z } from "zod";
import { SEVERITIES } from "./pack.ts";
import { CAUSES } from "./sighting.ts";

/** Version of the contract, part of each type's name. */
export const TYPES = { new: "firstsight.sighting.new.v1", returned: "firstsight.sighting.returned.v1" } as const;

const time = z.iso.datetime({ precision: 3 });
const guid = z.guid();

/**
 * A sighting as consumers get it: CloudEvents 1.0 in structured mode. The JSON Schema under `docs/contract/` is made of this.
 * Properties may be added within v1; consumers leave aside what they don't know.
 */
export const sightingEvent = z.object({
  specversion: z.literal("1.0").describe("Version of CloudEvents"),
  id: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe("The broker's MessageId; the same when sent again. Keep it to be exact"),
  source: z.string().min(1).describe("Workspace that the rows came from, a URI reference: /firstsight/workspaces/NAME"),
  type: z
    .enum([TYPES.new, TYPES.returned])
    .describe("new: never seen before on this device; returned: seen before, then quiet longer than the dormancy"),
  subject: z.string().min(1).describe("DETECTION ID/DEVICE ID"),
  time: time.describe("When the sighting was first seen in the window, UTC"),
  datacontenttype: z.literal("application/json"),
  dataschema: z.string().describe("Name of this schema"),
  data: z.object({
    detection: z.object({
      id: guid,
      name: z.string(),
      tool: z.string().describe("Short name of the tool, for filters"),
      severity: z.enum(SEVERITIES),
      tactics: z.array(z.string()).describe("MITRE ATT&CK"),
      techniques: z.array(z.string()).describe("MITRE ATT&CK"),
    }),
    device: z.object({
      id: z.string().min(1).describe("Defender's DeviceId, lower-case"),
      name: z
        .string()
        .describe("As the device calls itself: untrusted; bounded, without control characters; may be empty"),
    }),
    sighting: z.object({
      kind: z.enum(["new", "returned"]),
      episode: z.int().min(1).describe("1 for new, one more at each return"),
      telling: z.int().min(1).describe("How often it was announced, this time included"),
      firstSeen: time.describe("When the window first shows the signer, not when the tool was installed"),
      lastSeen: time,
      count: z.int().min(0).describe("Rows in the window"),
      reports: z.array(z.string()).describe("Report ids as text; unique only with device and time"),
      previousLastSeen: time.optional().describe("Last day it was seen before it returned"),
    }),
    novelty: z.object({
      firstInState: z.boolean().describe("No device was known for this detection when the run was planned"),
      knownDevices: z.int().min(0).describe("Devices known for this detection then; approximate"),
    }),
    cause: z.enum(CAUSES).describe("Why it is told now"),
    window: z
      .object({ from: time, to: time })
      .describe("Event times that the query read; late rows reach further back"),
    workspace: z.object({ name: z.string(), id: guid, tenant: guid.optional().describe("Label from the settings") }),
    times: z.object({ event: time, announced: time.describe("When it was decided") }),
    runId: z.string(),
    links: z.object({ device: z.url().optional().describe("Page of the device in the Defender portal") }),
    truncated: z.array(z.string()).describe("Paths in data of what was cut or bounded; empty: all is there"),
  }),
});

export type SightingEvent = z.infer<typeof sightingEvent>;
