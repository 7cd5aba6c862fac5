/** Why a sighting is announced now. */
export const CAUSES = ["new-activity", "late-arrival", "rule-changed", "approval-ended", "baseline"] as const;
export type Cause = (typeof CAUSES)[number];

type Disposition = "announced" | "expected";

/** A result row: one (detection, device) inside the query's window. Rows of one key are folded. */
export interface Row {
  /** GUID, lower-case. */
  readonly detectionId: string;
  /** Lower-case, as keys need it. */
  readonly deviceId: string;
  /** Name that the device reports: untrusted, unbounded. */
  readonly deviceName: string;
  /** When the window first shows it, not when the tool was installed. */
  readonly firstSeen: Date;
  readonly lastSeen: Date;
  /** Report ids as text: they can be beyond 2^53. */
  readonly reports: readonly string[];
  readonly count: number;
  /** Only rows of the catalogue have one. */
  readonly certificate?: RowCertificate;
}

/** Further columns of the catalogue's query. Texts come from the device: untrusted, and parsed only for a message. */
export interface RowCertificate {
  /** Defender's device group; empty where the row has none. */
  readonly deviceGroup: string;
  /** JSON arrays of `{name, hash, issuer, trusted}`, one a row that was folded. */
  readonly signers: readonly string[];
  /** JSON arrays of SHA1. */
  readonly files: readonly string[];
  /** The signer's name matches and a certificate is not trusted. */
  readonly counterfeit: boolean;
}

/** The unit of state: a detection seen on a device. */
export interface Sighting {
  readonly detectionId: string;
  readonly deviceId: string;
  readonly deviceName: string;
  /** Name of the source of the row that began this episode. */
  readonly source: string;
  /** First activity of the current episode, as of its decision. Never changed afterwards, because message ids contain its day. */
  readonly firstSeen: Date;
  /** At most a day behind: it is refreshed only when its UTC day changes. */
  readonly lastSeen: Date;
  /** 1 for new, one more at each return. */
  readonly episode: number;
  /** How often it has been announced; 0 while it was only expected. */
  readonly announcement: number;
  readonly disposition: Disposition;
  readonly decidedAt: Date;
  /** Id of the message that announced it last, its own or its wave's; absent: it was never announced. */
  readonly messageId?: string;
  /** The wave in which it was last announced. */
  readonly waveId?: string;
  /** The approval that covers it, where it is expected. */
  readonly approvalId?: string;
  /** Version of the set of approvals of the last decision. */
  readonly approvalsVersion: number;
  readonly definitionHash: string;
}

/** A message as the outbox stores it and the broker gets it: exact bytes, decided once. */
export interface OutboxMessage {
  /** Broker's MessageId: SHA-256, hex. */
  readonly id: string;
  /** CloudEvents type, also the broker's Subject. */
  readonly type: string;
  readonly contentType: string;
  readonly body: Uint8Array;
  /** Application properties, all strings, for consumers' filters. */
  readonly properties: Readonly<Record<string, string>>;
}

/** Key of a sighting in maps. The table's RowKey is derived from it. */
export const sightingKey = (sighting: { readonly detectionId: string; readonly deviceId: string }): string =>
  `${sighting.detectionId}|${sighting.deviceId}`;
