/**
 * Pairs expected rows with actual ones, each at most once, as many as possible: an expected row names few columns, so that it
 * may fit several. `fits[e][a]` says whether actual row a is what expected row e wants. Returns for each expected row the index
 * of its partner, or `undefined`.
 */
export function pairUp(fits: readonly (readonly boolean[])[]): readonly (number | undefined)[] {
  const ownerOf = new Map<number, number>();
  // Augmenting paths (Kuhn): who took the place before may move on to another.
  const place = (expected: number, visited: Set<number>): boolean =>
    (fits[expected] ?? []).some((fit, actual) => {
      if (!fit || visited.has(actual)) return false;
      visited.add(actual);
      const owner = ownerOf.get(actual);
      if (owner !== undefined && !place(owner, visited)) return false;
      ownerOf.set(actual, expected);
      return true;
    });
  fits.forEach((_, expected) => void place(expected, new Set()));
  const partners = new Map([...ownerOf].map(([actual, expected]) => [expected, actual]));
  return fits.map((_, expected) => partners.get(expected));
}
