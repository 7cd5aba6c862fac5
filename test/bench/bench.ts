import { parseArgs } from "node:util";
import { buildPackage } from "../../scripts/build.ts";
import { benchBundle } from "./bundle.ts";
import { benchCatalogue } from "./catalogue.ts";
import { benchDecide } from "./decide.ts";
import type { Figure } from "./figure.ts";
import { isMet, printFigures } from "./figure.ts";
import { benchKql } from "./kql.ts";
import { benchRelay } from "./relay.ts";
import { benchScale } from "./scale.ts";
import { benchSteadyRun } from "./steady-run.ts";

/**
 * What things cost, as ratios within this one run. Exit 1 when a figure is not met. `--scale 0.05` runs a twentieth: there only counts
 * and sizes are held, since so little work is mostly warming up.
 */
const { values } = parseArgs({ options: { scale: { type: "string", default: "1" }, help: { type: "boolean" } } });
if (values.help) {
  console.log(
    "npm run bench [-- --scale 0.05]\n\nPrints what things cost, against what they may. --scale: share of the full size, above 0 up to 1; below 1 only counts and sizes are held.",
  );
} else {
  process.exitCode = await bench(Number(values.scale));
}

async function bench(scale: number): Promise<number> {
  if (!(scale > 0 && scale <= 1)) {
    console.error("--scale has to be above 0 and at most 1");
    return 2;
  }
  await buildPackage();
  const figures: Figure[] = [];
  for (const part of [benchCatalogue, benchDecide, benchSteadyRun, benchScale, benchRelay, benchKql, benchBundle])
    figures.push(...(await part(scale)));
  printFigures(figures);
  const held = scale < 1 ? figures.filter(({ exact }) => exact) : figures;
  return held.every(isMet) ? 0 : 1;
}
