/**
 * Lets several tasks take their durable effects one at a time, in an order that the test chooses. A task that is killed never
 * goes on from its effect: what it had done stays done, what it would have done next is not done.
 */
export class Scheduler {
  #waiting: { readonly task: string; readonly go: () => void }[] = [];
  readonly #dead = new Set<string>();
  /** Called for each effect that is about to happen; may kill a task. */
  choose: (waiting: readonly string[]) => number = () => 0;

  /** Waits for the task's turn. Never resolves for a task that was killed. */
  turn(task: string): Promise<void> {
    return new Promise((go) => {
      if (!this.#dead.has(task)) this.#waiting.push({ task, go });
    });
  }

  kill(task: string): void {
    this.#dead.add(task);
    this.#waiting = this.#waiting.filter((one) => one.task !== task);
  }

  /** The name may be used again: the dead task's promise stays pending for ever. */
  revive(task: string): void {
    this.#dead.delete(task);
  }

  isDead(task: string): boolean {
    return this.#dead.has(task);
  }

  /** Runs tasks until each has ended or is dead. Rejects when one rejects. */
  async drive(tasks: Readonly<Record<string, () => Promise<unknown>>>): Promise<void> {
    const open = new Set(Object.keys(tasks));
    let failure: { readonly error: unknown } | undefined;
    for (const [name, start] of Object.entries(tasks)) {
      void start().then(
        () => open.delete(name),
        (error: unknown) => {
          open.delete(name);
          if (!this.#dead.has(name)) failure ??= { error };
        },
      );
    }
    for (let idle = 0; [...open].some((name) => !this.#dead.has(name));) {
      if (failure) throw failure.error;
      // Lets everything that is not an effect run until all tasks stand before one.
      await new Promise((resume) => setImmediate(resume));
      if (this.#waiting.length === 0) {
        idle += 1;
        if (idle > 10_000) throw new Error("the tasks neither end nor take an effect");
        continue;
      }
      idle = 0;
      const [next] = this.#waiting.splice(this.choose(this.#waiting.map(({ task }) => task)) % this.#waiting.length, 1);
      if (next && !this.#dead.has(next.task)) next.go();
    }
    if (failure) throw failure.error;
  }
}
