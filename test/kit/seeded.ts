/** Random numbers that are the same for the same seed. */
export interface Seeded {
  /** From `from` to (not including) `to`. */
  between(from: number, to: number): number;
  /** One of a list. */
  oneOf<Item>(items: readonly Item[]): Item;
}

/** Starts a sequence (mulberry32: small, and even enough to choose moments and victims). */
export function seeded(seed: number): Seeded {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    between: (from, to) => from + next() * (to - from),
    oneOf(items) {
      const item = items[Math.floor(next() * items.length)];
      if (item === undefined) throw new Error('There is nothing to choose from.');
      return item;
    },
  };
}

/** The items in another order. */
export function shuffled<Item>(items: readonly Item[], random: Seeded): Item[] {
  return items
    .map((item) => ({ item, place: random.between(0, 1) }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
