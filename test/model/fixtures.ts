import { createHash } from "node:crypto";
import type { Detection, Pack } from "../../shared/core/pack.ts";
import { SourceError } from "../../shared/errors.ts";
import type { RunSettings } from "../../shared/run/run-context.ts";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** The file, the signer and the account that the model's deployments come from. */
export const DEPLOYER = {
  path: "c:\\windows\\ccm\\ccmexec.exe",
  signer: "Microsoft Corporation",
  sid: "S-1-5-18",
} as const;

export const detection = (id: string, change: Partial<Detection> = {}): Detection => ({
  id,
  name: `Detection ${id}`,
  description: "",
  tool: "level",
  severity: "medium",
  tactics: ["CommandAndControl"],
  techniques: ["T1219"],
  supersedes: [],
  hash: `hash-${id}`,
  ...change,
});

export const LEVEL = "3bd4f4fb-20a9-4491-8bc1-51e55da7fdcc";

export const packOf = (detections: readonly Detection[], change: Partial<Pack> = {}): Pack => ({
  name: "yaml-level",
  hash: createHash("sha256").update(JSON.stringify(detections)).digest("hex"),
  detections,
  tables: ["DeviceFileCertificateInfo"],
  query: [],
  ...change,
});

export const SETTINGS: RunSettings = {
  lookback: 5 * DAY,
  horizon: 30 * DAY,
  overlap: 6 * HOUR,
  dormancyDays: 31,
  budget: 8 * 60_000,
  waveThreshold: 0,
};

export const tooLarge = (): never => {
  throw new SourceError("too-large", "the result is too large");
};
