import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { approvalsStore } from "./approvals-store.contract.ts";
import type { AzuriteStores } from "./azurite-stores.ts";
import { startAzuriteStores } from "./azurite-stores.ts";
import type { ContractCase } from "./contract.ts";
import { coverageStore } from "./coverage-store.contract.ts";
import { withModelStores } from "./model-stores.ts";
import { outboxPort } from "./outbox.contract.ts";
import { resultsTable } from "./results-table.ts";
import { sightingsRetention, sightingsStore } from "./sightings-store.contract.ts";
import { waveStore } from "./wave-store.contract.ts";
import { createWire } from "./wire.ts";
import { withoutCondition } from "./without-condition.ts";

/** Every port of the state, each case over every implementation: what the model alone is asked is not proved. */
const CONTRACTS = [sightingsStore, sightingsRetention, coverageStore, waveStore, approvalsStore, outboxPort];

const results = resultsTable(["model", "Azurite", "on the wire", "without its condition"]);
let azurite: AzuriteStores;
beforeAll(async () => {
  azurite = await startAzuriteStores();
});
afterAll(async () => {
  await azurite.stop();
  console.log(results.text());
});

for (const { port, cases } of CONTRACTS) {
  const conditional = (condition: ContractCase["condition"]) => cases.filter((one) => one.condition === condition);

  describe(port, () => {
    test.each(cases)("model: $title", ({ title, check }) =>
      results.record(`${port} – ${title}`, "model", "✓", () => withModelStores(check)),
    );

    test.each(cases)("Azurite: $title", ({ title, check }) =>
      results.record(`${port} – ${title}`, "Azurite", "✓", () => azurite.use(check)),
    );

    test.each(conditional("if-match"))("the wire: $title", ({ title, check }) =>
      results.record(`${port} – ${title}`, "on the wire", "✓ If-Match", async () => {
        const wire = createWire();
        await azurite.use(check, wire.tap);
        expect(wire.conditional.filter(({ ifMatch, read }) => !read.includes(ifMatch))).toEqual([]);
        expect(wire.conditional.map(({ status }) => status)).toContain(412);
      }),
    );

    test.each(cases.filter(({ condition }) => condition !== undefined))(
      "red without its condition: $title",
      ({ title, condition, check }) =>
        results.record(`${port} – ${title}`, "without its condition", `red (${condition})`, async () => {
          if (!condition) throw new Error("only cases with a condition are here");
          const broken = azurite.use(check, withoutCondition[condition]);
          await expect(broken).rejects.toMatchObject({ name: "AssertionError" });
        }),
    );
  });
}
