import { random, type Random } from "./random.ts";
import { ROLL_OUT, SANCTIONED, UNSANCTIONED, type Story } from "./story.ts";

/** Who plays what, by the number of the device. */
export interface Cast {
  /** Devices with Level, with their place among them. */
  readonly level: ReadonlyMap<number, number>;
  readonly stories: ReadonlyMap<number, Story>;
}

/** One device in fifty has Level, and at least five have: one of each kind. */
const LEVEL_SHARE = 1 / 50;
const LEVEL_LEAST = 5;

/** A roll-out reaches one device in seven: 25 make a wave, and more than 600 show nothing more. */
const ROLL_OUT_SHARE = 1 / 7;
const ROLL_OUT_LEAST = 25;
const ROLL_OUT_MOST = 600;

/** One device in forty holds a tool that is approved, beside the first of each story. */
const SANCTIONED_SHARE = 1 / 40;

/** The cast of a fleet: the same for a seed and a size. Where there are too few devices the later parts are left out. */
export function castOf(seed: number, size: number): Cast {
  const level = levelNumbers(seed, size);
  const free = shuffled(
    Array.from({ length: size }, (_, number) => number).filter((number) => !level.has(number)),
    random(seed, "who has a story", size),
  );
  const once = [...SANCTIONED, ...UNSANCTIONED];
  const left = free.length - once.length;
  const rolledOut =
    left < ROLL_OUT_LEAST
      ? 0
      : Math.min(left, ROLL_OUT_MOST, Math.max(ROLL_OUT_LEAST, Math.round(size * ROLL_OUT_SHARE)));
  const more = Array.from(
    { length: Math.min(Math.round(size * SANCTIONED_SHARE), Math.max(0, left - rolledOut)) },
    (_, index) => SANCTIONED[index % SANCTIONED.length],
  ).filter((one) => one !== undefined);
  const stories = [...once, ...Array.from({ length: rolledOut }, () => ROLL_OUT), ...more];
  return {
    level: new Map([...level].map((number, place) => [number, place])),
    stories: new Map(
      free.flatMap((number, index) => {
        const story = stories[index];
        return story === undefined ? [] : [[number, story]];
      }),
    ),
  };
}

/** The numbers of the devices with Level, in the order of their place. */
function levelNumbers(seed: number, size: number): ReadonlySet<number> {
  const wanted = Math.min(size, Math.max(LEVEL_LEAST, Math.round(size * LEVEL_SHARE)));
  const chance = random(seed, "who holds level", size);
  const chosen = new Set<number>();
  while (chosen.size < wanted) chosen.add(chance.between(0, size));
  return chosen;
}

/** Fisher and Yates. */
function shuffled(numbers: readonly number[], chance: Random): readonly number[] {
  const mixed = [...numbers];
  for (let last = mixed.length - 1; last > 0; last -= 1) {
    const other = chance.between(0, last + 1);
    [mixed[last], mixed[other]] = [mixed[other] ?? 0, mixed[last] ?? 0];
  }
  return mixed;
}
