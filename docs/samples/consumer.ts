// One ticket for each sighting and each wave; members become comments. usage: node consumer.ts NAMESPACE QUEUE FILE-OF-IDS
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { DefaultAzureCredential } from "@azure/identity";
import { ServiceBusClient } from "@azure/service-bus";

const [namespace, queue, file] = process.argv.slice(2);
if (!namespace || !queue || !file) throw new Error("usage: node consumer.ts NAMESPACE QUEUE FILE-OF-IDS");
const handled = new Set(existsSync(file) ? readFileSync(file, "utf8").split("\n") : []);
const client = namespace.includes("UseDevelopmentEmulator=true")
  ? new ServiceBusClient(namespace)
  : new ServiceBusClient(namespace, new DefaultAzureCredential());

client.createReceiver(queue, { skipParsingBodyAsJson: true }).subscribe(
  {
    async processMessage(message) {
      const id = String(message.messageId); // the event's id too; it is the same whenever the message is sent again
      if (handled.has(id)) return;
      const { type, data } = JSON.parse(String(message.body));
      if (!/^firstsight\.(sighting|wave)/.test(type)) return; // the doctor's test message, or a type of a later version
      // Call your ticket system here. `ticket` is its external key: a crash before the next line then opens no second ticket.
      console.log(JSON.stringify({ ticket: data.wave?.id ?? id, type, tool: data.detection.tool }));
      appendFileSync(file, `${id}\n`, { flush: true });
      handled.add(id);
    },
    processError: async ({ error }) => console.error(error.message),
  },
  { maxConcurrentCalls: 1 }, // success completes the message; an error redelivers it, ten times at most
);
