import { app } from "@azure/functions";
import { serviceFor } from "../shared/host/service-for.ts";

app.timer("relayOutbox", {
  schedule: "%RELAY_SCHEDULE%",
  handler: async (_timer, context) => {
    const { relay, service } = serviceFor(context);
    const result = await relay();
    service.log.info({ event: "relay.completed", ...result }, `relay: ${result.sent} sent, ${result.depth} left`);
    if (result.failed) throw new Error(`the relay stopped: ${result.failed.message}`);
  },
});
