import { z } from "zod";
import { SOURCE_KINDS } from "./source.ts";
import { evidenceEvent } from "./evidence-event.ts";
import { SEVERITIES } from "./pack.ts";
import { CAUSES } from "./sighting.ts";

/** Types of events. Each name contains the version of the contract. */
export const TYPES = {
  new: "firstsight.sighting.new.v1",
  returned: "firstsight.sighting.returned.v1",
  wave: "firstsight.wave.v1",
  members: "firstsight.wave-members.v1",
} as const;

const time = z.iso.datetime({ precision: 3 });
const guid = z.guid();
const id = z.string().regex(/^[0-9a-f]{64}$/);

const detection = z.object({
  id: guid,
  name: z.string(),
  tool: z.string().describe("Short name of the tool, for filters"),
  severity: z.enum(SEVERITIES),
  tactics: z.array(z.string()).describe("MITRE ATT&CK"),
  techniques: z.array(z.string()).describe("MITRE ATT&CK"),
});

const deviceId = z.string().min(1).describe("Defender's DeviceId, lower-case");
const deviceName = z
  .string()
  .describe("Name that the device reports: untrusted; bounded, without control characters; may be empty");
const deviceGroup = z.string().optional().describe("Defender's device group, where the rows have one");

const kind = z.enum(["new", "returned"]);
const episode = z.int().min(1).describe("1 for new, one more at each return");
const announcement = z.int().min(1).describe("How often it was announced, this time included");
const firstSeen = time.describe("When the window first shows the signer, not when the tool was installed");
const count = z.int().min(0).describe("Rows in the window; 0 where stored evidence was evaluated again");
const cause = z.enum(CAUSES).describe("Why it is announced now");
const counterfeit = z
  .boolean()
  .optional()
  .describe("The signer's name matches and the certificate is not trusted; absent: the detection does not state it");

const window = z.object({ from: time, to: time }).describe("Event times that the query read; late rows can be older");
const source = z
  .object({
    id: guid.describe("Customer id of the Log Analytics workspace"),
    name: z.string().describe("From the settings; may change"),
    kind: z.enum(SOURCE_KINDS),
    tenant: guid.optional().describe("Label from the settings"),
  })
  .describe("Where the rows came from");
const truncated = z
  .array(z.string())
  .describe("Paths in data of texts and lists that were cut; empty: data is complete");

const envelope = {
  specversion: z.literal("1.0").describe("Version of CloudEvents"),
  id: id.describe("The broker's MessageId; the same when sent again. Store it to drop every duplicate"),
  source: z.string().min(1).describe("Where the rows came from, a URI reference: /firstsight/sources/GUID"),
  datacontenttype: z.literal("application/json"),
  dataschema: z.string().describe("Name of this schema"),
};

/**
 * The event of one sighting: CloudEvents 1.0 in structured mode. The JSON Schema under `docs/contract/` is generated from this.
 * Properties may be added within v1; consumers ignore properties that they don't know.
 */
const sightingEvent = z.object({
  ...envelope,
  type: z
    .enum([TYPES.new, TYPES.returned])
    .describe("new: never seen before on this device; returned: seen before, then quiet longer than the dormancy"),
  subject: z.string().min(1).describe("DETECTION ID/DEVICE ID"),
  time: time.describe("When the sighting was first seen in the window, UTC"),
  data: z.object({
    detection,
    device: z.object({ id: deviceId, name: deviceName, group: deviceGroup }),
    sighting: z.object({
      kind,
      episode,
      announcement,
      firstSeen,
      lastSeen: time,
      count,
      reports: z.array(z.string()).describe("Report ids as text; unique only with device and time"),
      previousLastSeen: time.optional().describe("When it was last seen before it returned; up to a day early"),
      counterfeit,
      signers: z
        .array(
          z.object({
            name: z.string(),
            hash: z.string().describe("SHA1 of the certificate"),
            issuer: z.string(),
            trusted: z.boolean().optional().describe("Absent: not in Defender's data"),
          }),
        )
        .optional()
        .describe("Signers of the files that were found, at most 16"),
      files: z.array(z.string()).optional().describe("SHA1 of the files that were found, at most 100"),
    }),
    novelty: z.object({
      firstInState: z.boolean().describe("No device was known for this detection when the run was planned"),
      knownDevices: z.int().min(0).describe("Devices known for this detection then; approximate"),
      otherTools: z
        .array(z.string())
        .optional()
        .describe("Tools known on this device before, short names; absent: not queried"),
    }),
    cause,
    evidence: evidenceEvent.optional().describe("Events around the files; absent: not collected"),
    window,
    source,
    times: z.object({ event: time, announced: time.describe("When the announcement was decided") }),
    runId: z.string(),
    links: z.object({
      device: z.url().optional().describe("Page of the device in the Defender portal"),
      hunting: z
        .url()
        .optional()
        .describe("Query for the rows of the sighting, in the Defender portal's advanced hunting"),
    }),
    truncated,
  }),
});

export type SightingEvent = z.infer<typeof sightingEvent>;

const wave = z.object({
  id: id.describe("The same in the header and in all members; the header's message id"),
  openedAt: time,
});

/** The event of a wave's header: many sightings of one detection within a day. This is the ticket. */
const waveEvent = z.object({
  ...envelope,
  type: z.literal(TYPES.wave).describe("Header of a wave; its members may arrive before it"),
  subject: z.string().min(1).describe("DETECTION ID"),
  time: time.describe("When the wave was opened, UTC"),
  data: z.object({
    detection,
    wave: wave.extend({
      closesAt: time.describe("Sightings decided before then are announced as members"),
      threshold: z.int().min(1).describe("Sightings within 24 hours that open a wave"),
      count: z.int().min(1).describe("Sightings of the last 24 hours so far, including those announced singly"),
    }),
    initiators: z
      .array(z.object({ name: z.string(), signer: z.string().optional(), devices: z.int().min(1) }))
      .describe(
        "Processes that brought or started it on the devices counted so far, most frequent first, at most 10; untrusted names",
      ),
    novelty: z.object({ firstInState: z.boolean(), knownDevices: z.int().min(0) }),
    source,
    runId: z.string(),
    links: z.object({ hunting: z.url().optional() }),
    truncated,
  }),
});

export type WaveEvent = z.infer<typeof waveEvent>;

/** The event of a wave's members: at most 98 devices. Each device is in one such message only. */
const waveMembersEvent = z.object({
  ...envelope,
  type: z.literal(TYPES.members).describe("Members of a wave: comments of its ticket"),
  subject: z.string().min(1).describe("DETECTION ID"),
  time: time.describe("When they were decided, UTC"),
  data: z.object({
    detection,
    wave,
    members: z
      .array(
        z.object({
          id: id.describe("Id of this announcement; unique over all members of all messages"),
          device: z.object({ id: deviceId, name: deviceName, group: deviceGroup }),
          kind,
          episode,
          announcement,
          firstSeen,
          lastSeen: time,
          count,
          cause,
          counterfeit,
        }),
      )
      .min(1)
      .max(98),
    window,
    source,
    runId: z.string(),
    truncated,
  }),
});

export type WaveMembersEvent = z.infer<typeof waveMembersEvent>;

/** Every event that may be on the queue. */
export const anyEvent = z.discriminatedUnion("type", [sightingEvent, waveEvent, waveMembersEvent]);

export type AnyEvent = z.infer<typeof anyEvent>;
