// A ticket a sighting, one a wave, members as its comments. usage: node consumer.ts NAMESPACE QUEUE FILE-OF-IDS
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { DefaultAzureCredential } from "@azure/identity";
import { ServiceBusClient } from "@azure/service-bus";

const [namespace, queue, file] = process.argv.slice(2);
if (!namespace || !queue || !file) throw new Error("usage: node consumer.ts NAMESPACE QUEUE FILE-OF-IDS");
const told = new Set(existsSync(file) ? readFileSync(file, "utf8").split("\n") : []);
const client = namespace.includes("UseDevelopmentEmulator=true")
  ? new ServiceBusClient(namespace)
  : new ServiceBusClient(namespace, new DefaultAzureCredential());

client.createReceiver(queue, { skipParsingBodyAsJson: true }).subscribe(
  {
    async processMessage(message) {
      const id = String(message.messageId); // the event's id too: the same whenever it is sent again
      if (told.has(id)) return;
      const { type, data } = JSON.parse(String(message.body));
      if (!/^firstsight\.(sighting|wave)/.test(type)) return; // a doctor's test, a type of tomorrow
      // Your ticket system here; `ticket` is its external key, so that a crash before the next line opens none twice.
      console.log(JSON.stringify({ ticket: data.wave?.id ?? id, type, tool: data.detection.tool }));
      appendFileSync(file, `${id}\n`, { flush: true });
      told.add(id);
    },
    processError: async ({ error }) => console.error(error.message),
  },
  { maxConcurrentCalls: 1 }, // done is completed; what throws comes again, and after ten times lies with the dead letters
);
