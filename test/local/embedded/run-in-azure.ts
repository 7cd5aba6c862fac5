import { compose } from "../../../shared/host/compose.ts";
import { readConfig } from "../../../shared/cli/settings-file.ts";
import { anyEvent } from "../../../shared/core/event.ts";
import { dryRun } from "../../../shared/operations/dry-run.ts";
import { contextLogger } from "../../../shared/logger.ts";
import { run } from "../../../shared/run/run.ts";
import { deviceIdsOf, type Printer } from "./print.ts";

/**
 * One run against the workspace of `local.settings.json`: the only way in which `npm start` leaves this machine. Dry, it queries and decides,
 * writes and sends nothing, and says what would be announced.
 * @throws {ConfigError} naming every setting that can't be used
 */
export async function runInAzure(printer: Printer, dry: boolean): Promise<number> {
  const config = await readConfig("local.settings.json", process.env);
  const say = (line: string): void => console.error(line);
  const { service } = compose(
    config,
    contextLogger({ trace: say, debug: say, info: say, warn: say, error: say }, dry ? "warn" : config.logLevel),
  );
  const rehearsal = dry ? dryRun(service) : undefined;
  const record = await run(rehearsal?.service ?? service);
  printer.run(1, record);
  const announced = (rehearsal?.announced ?? []).map(({ body }) =>
    anyEvent.parse(JSON.parse(new TextDecoder().decode(body))),
  );
  const byTool = Map.groupBy(announced, ({ data }) => data.detection.tool);
  for (const [tool, events] of byTool) printer.say(`${tool}: ${events.flatMap(deviceIdsOf).length} would be announced`);
  for (const event of announced) await printer.message(event);
  if (dry) printer.messagesDone();
  return record.outcome === "ok" ? 0 : 1;
}
