import { expect } from "vitest";
import type { Approval } from "../../shared/core/approval.ts";
import { StateError } from "../../shared/errors.ts";
import type { Contract } from "./contract.ts";
import { device, hour } from "./samples.ts";

const approval = (id: string, change: Partial<Approval> = {}): Approval => ({
  id,
  reason: "rollout",
  owner: "it",
  ticket: "T-1",
  expires: hour(1000),
  tools: ["level"],
  devices: { names: [device(1)] },
  arrival: { signer: "Microsoft Corporation", microsoftRoot: true, paths: ["c:\\windows\\ccm\\ccmexec.exe"] },
  ...change,
});

export const approvalsStore: Contract = {
  port: "ApprovalsStore",
  cases: [
    {
      title: "makePointer – version 0 and the empty set; before it there is no set",
      async check({ approvals }) {
        expect(await approvals.pointer()).toBeUndefined();
        await expect(approvals.current()).rejects.toThrow(StateError);
        await approvals.makePointer();
        expect(await approvals.pointer()).toBe(0);
        expect(await approvals.current()).toEqual({ version: 0, approvals: [] });
      },
    },
    {
      title: "makePointer – insert-only: a set that is in force stays",
      condition: "insert-only",
      async check({ approvals }) {
        await approvals.apply([approval("one")], 0);
        await approvals.makePointer();
        expect(await approvals.current()).toEqual({ version: 1, approvals: [approval("one")] });
      },
    },
    {
      title: "apply – the whole set takes the place of the one before; 0 where there is no pointer",
      async check({ approvals }) {
        const longest = approval("names", { devices: { names: Array.from({ length: 2000 }, (_, i) => device(i)) } });
        expect(await approvals.apply([approval("one"), longest], 0)).toEqual({ kind: "applied", version: 1 });
        expect(await approvals.current()).toEqual({ version: 1, approvals: [approval("one"), longest] });
        expect(await approvals.apply([], 1)).toEqual({ kind: "applied", version: 2 });
        expect(await approvals.current()).toEqual({ version: 2, approvals: [] });
        expect(await approvals.pointer()).toBe(2);
      },
    },
    {
      title: "apply – another version than the one that was expected is a conflict, and names the stored one",
      async check({ approvals }) {
        expect(await approvals.apply([approval("one")], 3)).toEqual({ kind: "conflict", stored: undefined });
        await approvals.apply([approval("one")], 0);
        expect(await approvals.apply([approval("two")], 0)).toEqual({ kind: "conflict", stored: 1 });
        expect(await approvals.current()).toEqual({ version: 1, approvals: [approval("one")] });
      },
    },
    {
      title: "apply – a set that somebody else applies meanwhile stays, and this one is a conflict",
      condition: "if-match",
      async check({ approvals, race }) {
        await approvals.makePointer();
        const outcome = await race(
          () => approvals.apply([approval("theirs")], 0),
          () => approvals.apply([approval("ours")], 0),
        );
        expect(outcome).toEqual({ kind: "conflict", stored: 1 });
        expect(await approvals.current()).toEqual({ version: 1, approvals: [approval("theirs")] });
      },
    },
    {
      title: "apply – a first set that somebody else applies meanwhile stays, and this one is a conflict",
      condition: "insert-only",
      async check({ approvals, race }) {
        const outcome = await race(
          () => approvals.apply([approval("theirs")], 0),
          () => approvals.apply([approval("ours")], 0),
        );
        expect(outcome).toEqual({ kind: "conflict", stored: 1 });
        expect(await approvals.current()).toEqual({ version: 1, approvals: [approval("theirs")] });
      },
    },
    {
      title: "apply – a version above the one that a sighting was judged by",
      async check({ approvals }) {
        expect(await approvals.apply([approval("one")], 0, 7)).toEqual({ kind: "applied", version: 8 });
        expect(await approvals.apply([approval("two")], 8, 3)).toEqual({ kind: "applied", version: 9 });
        expect(await approvals.current()).toEqual({ version: 9, approvals: [approval("two")] });
      },
    },
  ],
};
