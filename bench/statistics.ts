/** How a set of measurements is spread; in the unit of what was measured. */
export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** The spread of measurements; all zero without any. */
export function spreadOf(values: readonly number[]): Spread {
  return { count: values.length, p50: percentile(values, 50), p99: percentile(values, 99), max: percentile(values, 100) };
}

/** The smallest value that at least `percent` of all values do not exceed (nearest rank); 0 without values. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length));
  return sorted[rank - 1] ?? 0;
}

/** The counters of Prometheus text with this name, summed by one of their labels, for series that carry all of the given labels. */
export function countersBy(text: string, name: string, label: string, having: Readonly<Record<string, string>> = {}): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const match = /^([A-Za-z_:][\w:]*)\{(.*)\} ([0-9.e+-]+)$/i.exec(line);
    if (match?.[1] !== name) continue;
    const labels = Object.fromEntries([...(match[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', value = '']) => [key, value]));
    if (Object.entries(having).some(([key, value]) => labels[key] !== value)) continue;
    const of = labels[label] ?? '';
    sums[of] = (sums[of] ?? 0) + Number(match[3]);
  }
  return sums;
}

/** What was added to each counter between two readings; counters that did not move are left out. */
export function added(before: Readonly<Record<string, number>>, after: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after)
      .map(([key, value]) => [key, value - (before[key] ?? 0)] as const)
      .filter(([, difference]) => difference !== 0),
  );
}

/** The sum of all counters. */
export function total(counters: Readonly<Record<string, number>>): number {
  return Object.values(counters).reduce((sum, value) => sum + value, 0);
}
