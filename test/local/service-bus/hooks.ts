/** A message on its way in, as a hook sees it. */
interface IncomingMessage {
  readonly messageId: string | undefined;
  /** Size of the encoded message. */
  readonly bytes: number;
  readonly encoded: Buffer;
}

/** What becomes of one transfer: a single message or a whole batch. */
export type SendDecision =
  | "accept"
  /** Not stored; the sender gets the condition, such as `amqp:resource-limit-exceeded` or `com.microsoft:server-busy`. */
  | { readonly reject: string; readonly description?: string }
  /** Stored, then the connection breaks before the answer. */
  | "store-then-drop"
  /** The connection breaks, nothing is stored. */
  | "drop"
  /** Nothing is stored, the link is detached with `amqp:link:detach-forced`. */
  | "detach"
  /** Nothing is stored, nothing is answered. */
  | "silent"
  /** Stored, never answered. */
  | "store-silent";

/** Faults, asked for at each occasion: a test may exchange them while the broker runs. */
export interface BrokerHooks {
  onSend?(messages: readonly IncomingMessage[], queue: string): SendDecision | Promise<SendDecision>;
  /** Each attach, send and request finds no such queue. */
  readonly entityMissing?: boolean;
  /** New connections are cut before a word is said. */
  readonly refuseConnections?: boolean;
}
