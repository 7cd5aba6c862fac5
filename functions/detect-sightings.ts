import { app } from "@azure/functions";
import { run } from "../shared/run/run.ts";
import { serviceFor } from "../shared/host/service-for.ts";

app.timer("detectSightings", {
  schedule: "%DETECT_SCHEDULE%",
  handler: async (timer, context) => {
    const { service } = serviceFor(context);
    if (timer.isPastDue) service.log.warn({ event: "timer.late", function: "detectSightings" }, "the run starts late");
    const record = await run(service);
    // The record has the failure already. The error marks the invocation as failed for the host.
    if (record.outcome === "failed")
      throw new Error(
        `run ${record.runId} failed: ${record.reason ?? record.sources[0]?.error ?? "no source could be read"}`,
      );
  },
});
