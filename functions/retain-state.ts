import { app } from "@azure/functions";
import { serviceFor } from "../shared/host/service-for.ts";

app.timer("retainState", {
  schedule: "%RETAIN_SCHEDULE%",
  handler: async (_timer, context) => {
    await serviceFor(context).purge();
  },
});
