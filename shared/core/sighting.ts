/** Why a sighting is told now. */
export const CAUSES = ["new-activity", "late-arrival", "rule-changed", "approval-ended", "baseline"] as const;
export type Cause = (typeof CAUSES)[number];

type Disposition = "announced" | "expected";

/** What a query says of one (detection, device) inside its window; rows of one key folded. */
export interface Row {
  /** GUID, lower-case. */
  readonly detectionId: string;
  /** Lower-case, as keys need it. */
  readonly deviceId: string;
  /** As the device calls itself: untrusted, unbounded. */
  readonly deviceName: string;
  /** When the window first shows it, not when the tool was installed. */
  readonly firstSeen: Date;
  readonly lastSeen: Date;
  /** Report ids as text: they can be beyond 2^53. */
  readonly reports: readonly string[];
  readonly count: number;
  /** Of the catalogue's rows alone. */
  readonly certificate?: RowCertificate;
}

/** What the catalogue's query says beyond the device. Texts are the device's: untrusted, parsed only where they are told. */
export interface RowCertificate {
  /** Defender's device group; empty where the row has none. */
  readonly deviceGroup: string;
  /** JSON arrays of `{name, hash, issuer, trusted}`, one a row that was folded. */
  readonly signers: readonly string[];
  /** JSON arrays of SHA1. */
  readonly files: readonly string[];
  /** The name matches and a certificate is not trusted. */
  readonly counterfeit: boolean;
}

/** The unit of state: a detection seen on a device. */
export interface Sighting {
  readonly detectionId: string;
  readonly deviceId: string;
  readonly deviceName: string;
  /** Name of the source whose row made this episode. */
  readonly source: string;
  /** First activity of the current episode, as it was when the episode was decided; never moved afterwards (message ids hold its day). */
  readonly firstSeen: Date;
  /** At most a day behind: refreshed only when its UTC day moves. */
  readonly lastSeen: Date;
  /** 1 for new, one more at each return. */
  readonly episode: number;
  /** How often it was announced. */
  readonly announcement: number;
  readonly disposition: Disposition;
  readonly decidedAt: Date;
  /** Of the message that told it last: its own, or its wave's; absent while it was never told. */
  readonly messageId?: string;
  /** The wave that it was last told in. */
  readonly waveId?: string;
  /** The approval that covers it, where it is expected. */
  readonly approvalId?: string;
  /** Version of the approvals that judged it last. */
  readonly approvalsVersion: number;
  readonly definitionHash: string;
}

/** A message as it stands in the outbox and goes to the broker: exact bytes, decided once. */
export interface OutboxMessage {
  /** Broker's MessageId: SHA-256, hex. */
  readonly id: string;
  /** CloudEvents type, also the broker's Subject. */
  readonly type: string;
  readonly contentType: string;
  readonly body: Uint8Array;
  /** Application properties, all strings: for filters of consumers. */
  readonly properties: Readonly<Record<string, string>>;
}

/** Key of a sighting in maps; the table's RowKey is made from it. */
export const sightingKey = (sighting: { readonly detectionId: string; readonly deviceId: string }): string =>
  `${sighting.detectionId}|${sighting.deviceId}`;
