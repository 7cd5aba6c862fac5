import { randomUUID } from "node:crypto";
import { credentialFor } from "../../azure/credential.ts";
import { toPublishError } from "../../azure/publish-failure.ts";
import type { Config } from "../../settings/config.ts";
import type { Finding, Reading } from "./finding.ts";
import { signInReason } from "./sign-in.ts";

/** Two attempts at most: a person is waiting. Milliseconds. */
const RETRY_OPTIONS = { maxRetries: 1, retryDelayInMs: 500, timeoutInMs: 10_000 };

/** Type of the test message. It is not in the contract, so that no consumer takes it for a sighting. */
const TEST_TYPE = "firstsight.test.v1";

type Target = Pick<Config, "serviceBus" | "queue" | "identity">;

/** Opens a sender's link to the queue and, on request, sends one test message. Sends nothing else. */
export async function probeQueue(
  { serviceBus, queue, identity }: Target,
  test: { readonly now: Date } | undefined,
): Promise<{ readonly link: Reading<"open">; readonly test?: Finding }> {
  const { ServiceBusClient } = await import("@azure/service-bus");
  const options = { retryOptions: RETRY_OPTIONS };
  const client =
    serviceBus.kind === "loopback"
      ? new ServiceBusClient(serviceBus.connectionString, options)
      : new ServiceBusClient(serviceBus.endpoint, credentialFor(identity, ""), options);
  try {
    const sender = client.createSender(queue);
    // Needs the link's largest message size, and so opens the link.
    const link = await reading(async () => {
      await sender.createMessageBatch();
      return "open" as const;
    });
    if (test === undefined || link.kind !== "read") return { link };
    const message = testMessage(test.now);
    const sent = await reading(() => sender.sendMessages(message));
    return { link, test: assessTest(queue, message.messageId, sent) };
  } finally {
    await client.close().catch(() => undefined);
  }
}

function testMessage(now: Date) {
  const id = `doctor-${randomUUID()}`;
  const event = {
    specversion: "1.0",
    id,
    type: TEST_TYPE,
    source: "firstsight/doctor",
    time: now.toISOString(),
    datacontenttype: "application/json",
    data: { text: "A test of firstsight doctor. Nothing was sighted." },
  };
  return {
    messageId: id,
    subject: TEST_TYPE,
    contentType: "application/cloudevents+json; charset=utf-8",
    body: Buffer.from(JSON.stringify(event)),
    applicationProperties: { cloudEvents_type: TEST_TYPE, cloudEvents_id: id },
  };
}

function assessTest(queue: string, id: string, sent: Reading<unknown>): Finding {
  const about = `queue ${queue}, test message`;
  if (sent.kind === "read")
    return { about, status: "ok", found: `accepted as ${id}, type ${TEST_TYPE}: see that it reaches the consumer` };
  return {
    about,
    status: "wrong",
    found: `it was not accepted: ${"reason" in sent ? sent.reason : "there is no such queue"}`,
    todo: "see the line of the queue",
  };
}

async function reading<T>(work: () => Promise<T>): Promise<Reading<T>> {
  try {
    return { kind: "read", value: await work() };
  } catch (error) {
    const attempts: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
    const noToken = attempts.map(signInReason).find((one) => one !== undefined);
    if (noToken !== undefined) return { kind: "no-login", reason: noToken };
    const codes = new Set(attempts.map((one) => (one instanceof Error && "code" in one ? one.code : undefined)));
    const { message } = toPublishError(error, "the broker says");
    if (codes.has("MessagingEntityNotFound")) return { kind: "missing" };
    if (codes.has("UnauthorizedAccess")) return { kind: "denied", reason: message };
    return { kind: "failed", reason: message };
  }
}
