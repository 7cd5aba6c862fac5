import type { QueryWindow } from "../../shared/core/pack.ts";
import type { Source, SourceRecord } from "../../shared/core/source.ts";
import { DEPLOYER, LEVEL } from "./fixtures.ts";
import type { WorldState } from "./world-state.ts";

/** Evidence queries over the world's events. */
export const modelEvidence =
  (world: WorldState, task: string): Source["evidence"] =>
  async (pack, request) => {
    if (!pack.evidence)
      return {
        queries: 0,
        pieces: [],
        tasks: [],
        logons: [],
        missing: [{ devices: request.devices, reason: "no files" }],
      };
    await world.turn(task);
    const missing = world.evidenceMissing ? [{ devices: request.devices, reason: "as the test wants it" }] : [];
    const pieces = pack.detections.flatMap(({ id }) =>
      request.devices.map((device) => piecesOf(world, id, device, request.window)),
    );
    return { queries: 1, pieces, tasks: [], logons: [], missing };
  };

/** The record that an evidence query gives for one device. */
function piecesOf(world: WorldState, detectionId: string, device: string, window: QueryWindow): SourceRecord {
  const acts = world.events.filter((event) => {
    if (event.device !== device || (event.detection ?? LEVEL) !== detectionId || event.ingested > world.now)
      return false;
    const time = world.date(event.at);
    const late = world.date(event.ingested) > window.since && time > window.horizon;
    return late || (time >= window.from && time <= window.to);
  });
  const items = acts.map(({ at, kind, path = DEPLOYER.path, folder = "c:\\program files\\agent" }) => {
    const end = {
      file: "agent.exe",
      path: folder,
      sha1: "1".repeat(40),
      command: "",
      install: "",
    };
    return {
      kind,
      source: kind === "arrival" ? "DeviceFileEvents/FileCreated" : "DeviceProcessEvents/ProcessCreated",
      instance: "1",
      firstAt: world.date(at).toISOString(),
      first: end,
      lastAt: world.date(at).toISOString(),
      last: end,
      name: path.split("\\").at(-1) ?? "",
      path,
      sha1: "2".repeat(40),
      parent: "services.exe",
      sid: DEPLOYER.sid,
      account: "system",
      type: "",
      status: "",
      certificate: { signers: [DEPLOYER.signer], trusted: true, root: true },
      own: false,
    };
  });
  return {
    DetectionId: detectionId,
    DeviceId: device,
    TableName: "",
    Groups: items.length,
    Pieces: JSON.stringify(items),
  };
}
