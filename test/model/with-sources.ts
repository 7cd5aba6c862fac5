import { vi } from "vitest";
import type { Approval } from "../../shared/core/approval.ts";
import type { Pack } from "../../shared/core/pack.ts";
import type { Source } from "../../shared/core/source.ts";
import type { Service } from "../../shared/run.ts";
import type { World } from "./world.ts";
import { DAY, DEPLOYER } from "./world.ts";

/** A service with parts of its sources exchanged. `names`: so many workspaces, all with the same data. */
export const withSources = (
  service: Service,
  change: (source: Source, workspace: string) => Partial<Source>,
  names?: readonly string[],
): Service => ({
  ...service,
  workspaces: service.workspaces.flatMap(({ source, ...workspace }) =>
    (names ?? [workspace.name]).map((name) => ({
      ...workspace,
      name,
      source: { ...source, ...change(source, name) },
    })),
  ),
});

/** The time that a run measures, moved by the test; given back by `vi.restoreAllMocks`. */
export function runClock(): { pass(ms: number): void } {
  let passed = 0;
  const real = performance.now.bind(performance);
  vi.spyOn(performance, "now").mockImplementation(() => real() + passed);
  return { pass: (ms) => void (passed += ms) };
}

/** Of a pack that evidence can be looked for with: the model answers without reading the queries. */
export const EVIDENCE: NonNullable<Pack["evidence"]> = { pieces: [], tasks: [], logons: [] };

/** Covers what the model's deployer brought to these devices. */
export const approvalOf = (
  world: World,
  names: readonly string[],
  change: Pick<Partial<Approval>, "id" | "tools" | "expires" | "arrival"> = {},
): Approval => ({
  id: "deployed",
  reason: "",
  owner: "",
  ticket: "",
  expires: world.date(100 * DAY),
  tools: ["level"],
  devices: { names },
  arrival: { signer: DEPLOYER.signer, microsoftRoot: true, paths: [DEPLOYER.path], accountSids: [DEPLOYER.sid] },
  ...change,
});

/** The deployer brings the tool to a device. */
export function deploy(world: World, device: string, at: number): void {
  world.activities.push({ device, at, ingested: at });
  world.happenings.push({ device, at, ingested: at, kind: "arrival" });
}
