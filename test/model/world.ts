import type { RunRecord } from "../../shared/core/run-record.ts";
import type { SightingsRetention } from "../../shared/core/stores/sightings-store.ts";
import type { Outbox } from "../../shared/core/outbox.ts";
import type { RelayResult } from "../../shared/outbox/relay.ts";
import { relay } from "../../shared/outbox/relay.ts";
import type { Service } from "../../shared/run/run-context.ts";
import { run } from "../../shared/run/run.ts";
import { DAY } from "./fixtures.ts";
import { modelApprovals } from "./model-approvals.ts";
import { modelCoverage } from "./model-coverage.ts";
import { modelOutbox } from "./model-outbox.ts";
import { modelQueue } from "./model-queue.ts";
import { modelRetention } from "./model-retention.ts";
import { modelSightings } from "./model-sightings.ts";
import { modelSource } from "./model-source.ts";
import { modelWaves } from "./model-waves.ts";
import type { Received } from "./world-state.ts";
import { WorldState } from "./world-state.ts";

/** Everything around the decisions, in memory: the real runs and relay passes over the model's source, stores and queue. */
export class World extends WorldState {
  service(task: string): Service {
    return {
      settings: this.settings,
      packs: this.packs,
      sources: [modelSource(this, task)],
      sightings: modelSightings(this, task),
      coverage: modelCoverage(this, task),
      waves: modelWaves(this, task),
      approvals: modelApprovals(this, task),
      relay: () => this.#relay(task),
      clock: () => this.clock(task),
      newId: () => `id-${this.nextId()}`,
      log: this.logger,
    };
  }

  retention(task: string): SightingsRetention {
    return modelRetention(this, task);
  }

  /** The port over the messages in `outbox`. */
  outboxOf(task: string): Outbox {
    return modelOutbox(this, task);
  }

  /** One run alone, to its end or to its death. */
  async run(name = `run-${this.runs.length}-${this.nextId()}`): Promise<RunRecord | undefined> {
    let record: RunRecord | undefined;
    await this.scheduler.drive({ [name]: async () => (record = await run(this.service(name))) });
    return record;
  }

  /** A run that dies before its n-th effect. */
  async runThenDie(effect: number): Promise<void> {
    const name = `dying-${this.nextId()}`;
    let effects = 0;
    const choose = this.scheduler.choose;
    this.scheduler.choose = () => {
      if (effects++ === effect) this.scheduler.kill(name);
      return 0;
    };
    await this.scheduler.drive({ [name]: () => run(this.service(name)) });
    this.scheduler.choose = choose;
  }

  async relay(): Promise<void> {
    const name = `relay-${this.nextId()}`;
    await this.scheduler.drive({ [name]: () => this.#relay(name) });
  }

  /** Two runs at once; `choose` says whose effect comes next. */
  async runTogether(choose: (waiting: readonly string[]) => number): Promise<void> {
    const before = this.scheduler.choose;
    this.scheduler.choose = choose;
    const id = this.nextId();
    const [a, b] = [`a-${id}`, `b-${id}`];
    await this.scheduler.drive({ [a]: () => run(this.service(a)), [b]: () => run(this.service(b)) });
    this.scheduler.choose = before;
  }

  /** Deletes sightings that were not seen for `days`, as the daily retention does, to its end. */
  async retain(days: number): Promise<void> {
    const name = `retention-${this.nextId()}`;
    const before = this.date(this.now - days * DAY);
    await this.scheduler.drive({ [name]: () => this.retention(name).deleteExpired(before) });
  }

  /** The state account is deleted and made again. */
  loseState(): void {
    this.sightings.clear();
    this.epochs.clear();
    this.outbox.clear();
  }

  announcedFor(device: string): readonly Received[] {
    return this.received.filter(({ data }) => data.device.id === device);
  }

  /** The real pass, over an outbox and a queue of this world. */
  #relay(task: string): Promise<RelayResult> {
    return relay({
      outbox: this.outboxOf(task),
      queue: async () => modelQueue(this, task),
      log: this.logger,
      limit: this.announceLimit,
      budgetMs: 60_000,
      now: () => this.date(this.now + this.skew),
    });
  }
}
