/**
 * Pairs as many expected rows as possible with actual ones, each at most once: an expected row names few columns and may match
 * several. `fits[e][a]`: actual row a matches expected row e. Returns for each expected row the index of its partner, or
 * `undefined`. Maximum bipartite matching by augmenting paths (Kuhn).
 */
export function pairUp(fits: readonly (readonly boolean[])[]): readonly (number | undefined)[] {
  const ownerOf = new Map<number, number>();
  // The row that holds the place now may move to another one.
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
