import type { CertificateRow } from "./certificate-row.ts";
import type { Device } from "./device.ts";
import type { EventRow, FleetTable } from "./event-row.ts";
import type { Holding } from "./tell-story.ts";

export interface Fleet {
  readonly seed: number;
  /** When it was made, ISO. */
  readonly madeAt: string;
  /** How many devices it was made with; the first ones. */
  readonly size: number;
  /** Those with Level so far, in all steps: numbers the kinds on. */
  readonly levelCount: number;
  /** Tables to which nothing is added any more, and from when on, ISO. */
  readonly silent: readonly { readonly table: FleetTable; readonly from: string }[];
  readonly devices: readonly Device[];
  /** Of DeviceFileCertificateInfo. */
  readonly rows: readonly CertificateRow[];
  /** Of the other tables. */
  readonly events: readonly EventRow[];
  /** The truth to check against: every tool on every device, and which approval covers it. */
  readonly holdings: readonly Holding[];
}
