import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Database } from '../../db/connection';
import type { Logger } from '../../config/log';
import { inTime } from './in-time';

/** Calls that PagerDuty takes for one key in a minute, about; and so what all workers together may make. */
const CALLS_A_MINUTE = 120;
const CALLS_PER_MS = CALLS_A_MINUTE / 60_000;
/** How long a page waits for the database's word on it; in doubt it goes out. */
const ASK_MS = 300;

/** What the bucket of one provider key needs. */
export interface TokenBucketOptions {
  readonly db: Database;
  readonly routingKey: string;
  /** Milliseconds; the clocks of the workers agree to within a second or so, which costs or gives two calls. */
  readonly clock: () => number;
  readonly log: Logger;
  readonly askMs?: number;
}

/**
 * Spreads calls so that a flood of pages does not use up what the provider allows for a key: one bucket for all workers, in the table
 * `provider_budgets`. Urgent calls are never held back: they take their share first, without waiting for an answer, and the others wait
 * for it. While the database is away nobody is held back; the provider's own 429 then is the limit.
 */
export class TokenBucket {
  readonly #key: string;
  readonly #options: TokenBucketOptions;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
    // The key itself is a secret, and the table is in every backup.
    this.#key = `pagerduty:${createHash('sha256').update(options.routingKey).digest('hex').slice(0, 16)}`;
  }

  /** Takes `calls`; answers 0 when they may be made now, else after how many milliseconds to ask again. */
  async take(calls: number, urgent: boolean): Promise<number> {
    const note = (error: unknown): void => this.#options.log.warn({ err: error }, 'A page goes out without asking what the provider still takes');
    const taken = this.#takeFromTable(calls, urgent);
    if (urgent) {
      taken.catch(note);
      return 0;
    }
    try {
      const level = await inTime(this.#options.askMs ?? ASK_MS, taken, note);
      return level >= calls ? 0 : Math.max(1, Math.ceil((calls - level) / CALLS_PER_MS));
    } catch (error) {
      note(error);
      return 0;
    }
  }

  /** One statement under the row's lock: fills up what time has given, takes what is wanted if it is there, and answers what was there. */
  async #takeFromTable(calls: number, urgent: boolean): Promise<number> {
    const { db, clock } = this.#options;
    const at = new Date(clock());
    await db
      .insertInto('provider_budgets')
      .values({ key: this.#key, tokens: CALLS_A_MINUTE, filled_at: at })
      .onConflict((conflict) => conflict.column('key').doNothing())
      .execute();
    const { rows } = await sql<{ level: number }>`
      UPDATE provider_budgets AS b
      SET tokens = filled.level - CASE WHEN ${urgent}::boolean OR filled.level >= ${calls}::float8 THEN ${calls}::float8 ELSE 0 END,
          filled_at = GREATEST(b.filled_at, ${at}::timestamptz)
      FROM (
        SELECT key, LEAST(${CALLS_A_MINUTE}::float8, tokens + GREATEST(0, extract(epoch FROM (${at}::timestamptz - filled_at)) * 1000)::float8 * ${CALLS_PER_MS}::float8) AS level
        FROM provider_budgets WHERE key = ${this.#key} FOR UPDATE
      ) AS filled
      WHERE b.key = filled.key
      RETURNING filled.level`.execute(db);
    return rows[0]?.level ?? CALLS_A_MINUTE;
  }
}
