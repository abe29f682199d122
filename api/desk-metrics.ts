import { Gauge, Histogram, Registry } from 'prom-client';
import type { Database } from '../db/connection';
import { DESK_FIGURES, latenessSince, readFigures } from '../db/metrics';

/** How old figures may be, in milliseconds: several scrapers at once cost one look. */
const FRESH_MS = 5_000;
/** What is written this much later than it happened is still counted, in milliseconds: a record that waited for the database. */
const LOOK_BACK_MS = 15 * 60_000;
const LATENESS_BUCKETS_S = [0.1, 0.25, 0.5, 1, 2, 5, 11, 30, 60, 300, 1_800, 7_200, 86_400];

/**
 * The desk's figures for Prometheus, read from the database when somebody asks. Every api answers for the whole desk, so N of them say
 * the same: take the maximum. Lateness is counted from `since` (milliseconds) on.
 */
export class DeskMetrics {
  readonly #db: Database;
  readonly #since: number;
  readonly #registry = new Registry();
  readonly #gauges = new Map<string, Gauge>();
  readonly #lateness: Histogram;
  /** Consequences that are counted already, with the look that found them. */
  readonly #counted = new Map<string, number>();
  #look: { readonly at: number; readonly text: Promise<string> } | null = null;

  constructor(db: Database, since: number) {
    this.#db = db;
    this.#since = since;
    for (const { labels, measures } of DESK_FIGURES) {
      for (const { name, help } of measures) this.#gauges.set(name, new Gauge({ name, help, labelNames: [...labels], registers: [this.#registry] }));
    }
    this.#lateness = new Histogram({
      name: 'holdfast_lateness_seconds',
      help: 'When a consequence happened minus when it was due: pages taken by the provider, notices and broken promises written down',
      labelNames: ['consequence', 'urgency'],
      buckets: LATENESS_BUCKETS_S,
      registers: [this.#registry],
    });
  }

  /** All figures as Prometheus reads them, at most a few seconds old; `now` in milliseconds. Rejects when the database does not answer. */
  text(now: number): Promise<string> {
    if (this.#look !== null && now - this.#look.at < FRESH_MS && now >= this.#look.at) return this.#look.text;
    const look = { at: now, text: this.#read(now) };
    this.#look = look;
    // A failure is not kept: the next scrape asks again.
    look.text.catch(() => {
      if (this.#look === look) this.#look = null;
    });
    return look.text;
  }

  async #read(now: number): Promise<string> {
    for (const figures of DESK_FIGURES) {
      const rows = await readFigures(this.#db, figures, new Date(now));
      for (const { name, column } of figures.measures) {
        const gauge = this.#gauges.get(name);
        gauge?.reset();
        for (const row of rows) gauge?.set(Object.fromEntries(figures.labels.map((label) => [label, String(row[label])])), Number(row[column] ?? 0));
      }
    }
    for (const { key, consequence, urgency, seconds } of await latenessSince(this.#db, new Date(Math.max(this.#since, now - LOOK_BACK_MS)))) {
      if (!this.#counted.has(key)) this.#lateness.observe({ consequence, urgency }, Math.max(0, seconds));
      this.#counted.set(key, now);
    }
    // What a look no longer finds is out of its reach for good.
    for (const [key, at] of this.#counted) if (at < now - LOOK_BACK_MS) this.#counted.delete(key);
    return this.#registry.metrics();
  }
}
