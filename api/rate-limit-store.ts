import type { ClientRateLimitInfo, Store } from 'express-rate-limit';
import type { Database } from '../db/connection';
import { addManyHits } from '../db/rate-limits';
import type { Background } from './background';

/** How long counts may stay in this process before all processes know of them, in milliseconds. */
const FLUSH_MS = 1_000;
/** How long a caller who is counted exactly waits for the database, in milliseconds. */
const EXACT_WAIT_MS = 300;
/** Callers remembered at once; beyond it those that came first are forgotten, so that a flood of addresses fills no memory. */
const CALLERS = 50_000;

interface Count {
  /** Everybody's hits, as far as this process knows. */
  hits: number;
  /** Of these, what the database has not been told. */
  pending: number;
  resetsAt: number;
}

/** What a store counts, and where. */
export interface StoreOptions {
  readonly db: Database;
  readonly background: Background;
  /** Keeps one limit's callers apart from another's. */
  readonly prefix: string;
  /** How long a window is, in milliseconds. */
  readonly windowMs: number;
  /** Asks the database before each answer, so that several processes count as one; for what is tight and rare. */
  readonly exact?: boolean;
}

/**
 * Counts callers in fixed windows, in this process first and in PostgreSQL together with all others once a second: an answer waits for no
 * database, and while there is none each process counts by itself.
 */
export class SharedCounts implements Store {
  readonly #options: StoreOptions;
  readonly #counts = new Map<string, Count>();
  /** A timer runs. */
  #flushing = false;

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  /** How often a caller has come, as far as this process knows. */
  get(key: string): ClientRateLimitInfo {
    const { hits, resetsAt } = this.#countOf(key);
    return { totalHits: hits, resetTime: new Date(resetsAt) };
  }

  async increment(key: string): Promise<ClientRateLimitInfo> {
    this.#add(key, 1);
    if (this.#options.exact === true) await this.#flushWithin(EXACT_WAIT_MS);
    return infoOf(this.#countOf(key));
  }

  decrement(key: string): void {
    this.#add(key, -1);
  }

  resetKey(key: string): void {
    this.#add(key, -this.#countOf(key).hits);
  }

  #add(key: string, hits: number): void {
    const count = this.#countOf(key);
    count.hits += hits;
    count.pending += hits;
    if (this.#flushing) return;
    this.#flushing = true;
    setTimeout(() => {
      this.#flushing = false;
      this.#options.background.run('counting requests', () => this.#flush());
    }, FLUSH_MS).unref();
  }

  #countOf(key: string): Count {
    const known = this.#counts.get(key);
    if (known !== undefined && known.resetsAt > Date.now()) return known;
    const fresh = { hits: 0, pending: 0, resetsAt: Date.now() + this.#options.windowMs };
    // Set anew, so that the map stays in the order in which windows began.
    this.#counts.delete(key);
    this.#counts.set(key, fresh);
    const [oldest] = this.#counts.keys();
    if (this.#counts.size > CALLERS && oldest !== undefined) this.#counts.delete(oldest);
    return fresh;
  }

  async #flushWithin(waitMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, waitMs);
    });
    const flushed = new Promise<void>((resolve) => {
      this.#options.background.run('counting requests', () => this.#flush().finally(resolve));
    });
    await Promise.race([flushed, tooLong]);
    clearTimeout(timer);
  }

  /** Tells the database what it does not know, and learns what other processes have told it. Errors: the database's; nothing is lost then. */
  async #flush(): Promise<void> {
    const now = Date.now();
    const told = new Map<string, { count: Count; hits: number }>();
    for (const [key, count] of this.#counts) {
      if (count.resetsAt <= now) this.#counts.delete(key);
      else if (count.pending !== 0) told.set(key, { count, hits: count.pending });
    }
    for (const { count } of told.values()) count.pending = 0;
    const { db, prefix, windowMs } = this.#options;
    try {
      const rows = await addManyHits(
        db,
        [...told].map(([key, { hits }]) => ({ key: prefix + key, hits })),
        { windowMs, now },
      );
      for (const { key, hits, resetsAt } of rows) {
        const count = told.get(key.slice(prefix.length))?.count;
        if (count === undefined) continue;
        count.hits = hits + count.pending;
        count.resetsAt = resetsAt;
      }
    } catch (error) {
      for (const { count, hits } of told.values()) count.pending += hits;
      throw error;
    }
  }
}

function infoOf({ hits, resetsAt }: Count): ClientRateLimitInfo {
  // The library takes no count below one; what was given back can bring it there.
  return { totalHits: Math.max(1, hits), resetTime: new Date(resetsAt) };
}
