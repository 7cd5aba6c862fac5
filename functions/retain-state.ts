import { app } from "@azure/functions";
import { serve } from "../shared/serve.ts";

app.timer("retainState", {
  schedule: "%RETAIN_SCHEDULE%",
  handler: async (_timer, context) => {
    await serve(context).retain();
  },
});
