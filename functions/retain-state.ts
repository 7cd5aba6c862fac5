import { app } from "@azure/functions";
import { serve } from "../shared/host/service-for.ts";

app.timer("retainState", {
  schedule: "%RETAIN_SCHEDULE%",
  handler: async (_timer, context) => {
    await serve(context).retain();
  },
});
