import { createHash } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import { CODE_TRIES, CODE_TRIES_OF_ALL } from '../messages/mailed-code';
import type { Database } from './connection';
import { addHits, addManyHits } from './rate-limits';
import type { Schema } from './schema';

/** LISTEN on this to hear of codes that wait to be mailed. */
export const CODES_CHANNEL = 'holdfast_codes';

const QUARTER_MS = 15 * 60_000;
const DAY_MS = 24 * 3_600_000;
/** How many codes for one mailbox one caller has mailed. Source of these: docs/help.md, "Signing in". */
const OF_CALLER_IN_QUARTER = 3;
const OF_CALLER_IN_DAY = 5;
/** How many that nobody brings back one mailbox is mailed in a day, whoever asks. */
const IN_DAY = 10;
/** Beyond either of them one is mailed so often, and meanwhile the last one is good for whoever asks: nobody keeps out whose mailbox it is. */
const SLOW_MS = 2 * 3_600_000;

/** A code that waits for its mail. */
export interface UnmailedCode {
  readonly id: string;
  /** Lower case. */
  readonly email: string;
  readonly hash: Buffer;
  readonly locale: 'de' | 'en';
  /** Milliseconds. */
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** A code that somebody asks for; `askedFrom` is their address. Times in milliseconds. */
export interface AskedCode extends Omit<UnmailedCode, 'createdAt'> {
  readonly askedFrom: string;
  readonly at: number;
}

/**
 * Keeps a code for a mailbox and tells those who mail it; false when it has had enough of them: then the one that it was mailed last is good for
 * as long as this one would be. Two requests at once for one mailbox are counted one after the other.
 */
export async function addCode(db: Database, code: AskedCode): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    await sql`SELECT pg_advisory_xact_lock(hashtextextended(${`code:${code.email}`}, 0))`.execute(trx);
    const earlier = await trx
      .selectFrom('codes')
      .select(['id', 'created_at', 'used_at'])
      .where('email', '=', code.email)
      .where('created_at', '>', new Date(code.at - DAY_MS))
      .orderBy('created_at', 'desc')
      .execute();
    const [last] = earlier;
    const enough = earlier.filter((row) => row.used_at === null).length >= IN_DAY || (await hasAskedEnough(trx, code));
    // Who has brought the last one back is whose mailbox it is.
    if (enough && last?.used_at === null && last.created_at.getTime() > code.at - SLOW_MS) {
      await trx
        .updateTable('codes')
        .set({ expires_at: new Date(code.expiresAt) })
        .where('id', '=', last.id)
        .execute();
      return false;
    }
    await trx
      .insertInto('codes')
      .values({
        id: code.id,
        email: code.email,
        hash: code.hash,
        locale: code.locale,
        created_at: new Date(code.at),
        expires_at: new Date(code.expiresAt),
      })
      .execute();
    await sql`SELECT pg_notify(${CODES_CHANNEL}, '')`.execute(trx);
    return true;
  });
}

/** Whether this caller has had as many codes mailed to this mailbox as one caller may; counts them. */
async function hasAskedEnough(trx: Transaction<Schema>, { email, askedFrom, at: now }: AskedCode): Promise<boolean> {
  const key = `codes-for:${createHash('sha256').update(email).digest('base64url')}:${askedFrom}`;
  const inQuarter = await addHits(trx, { key: `${key}:quarter`, hits: 1, windowMs: QUARTER_MS, now });
  const inDay = await addHits(trx, { key: `${key}:day`, hits: 1, windowMs: DAY_MS, now });
  return inQuarter.hits > OF_CALLER_IN_QUARTER || inDay.hits > OF_CALLER_IN_DAY;
}

/** A code that what somebody has typed may be held against. */
export interface TriedCode {
  readonly id: string;
  readonly hash: Buffer;
}

/**
 * The codes of a mailbox that are good; asking for them is a try, and counts whatever comes of it. Left out are those that the caller, at the
 * address `from`, or all callers together have tried too often. `now` in milliseconds.
 */
export async function tryCodes(db: Database, { email, from, now }: { email: string; from: string; now: number }): Promise<TriedCode[]> {
  const good = await db
    .selectFrom('codes')
    .select('id')
    .where('email', '=', email)
    .where('expires_at', '>', new Date(now))
    .where('used_at', 'is', null)
    .where('tries', '<', CODE_TRIES_OF_ALL)
    .execute();
  const tried = await addManyHits(
    db,
    good.map(({ id }) => ({ key: `code-tries:${from}:${id}`, hits: 1 })),
    { windowMs: DAY_MS, now },
  );
  const left = good.filter((_code, index) => (tried[index]?.hits ?? 0) <= CODE_TRIES);
  if (left.length === 0) return [];
  return db
    .updateTable('codes')
    .set((eb) => ({ tries: eb('tries', '+', 1) }))
    .where(
      'id',
      'in',
      left.map(({ id }) => id),
    )
    .where('used_at', 'is', null)
    .where('tries', '<', CODE_TRIES_OF_ALL)
    .returning(['id', 'hash'])
    .execute();
}

/** Uses a code up; false when somebody was faster. */
export async function useCode(db: Database, id: string, now: number): Promise<boolean> {
  const row = await db
    .updateTable('codes')
    .set({ used_at: new Date(now) })
    .where('id', '=', id)
    .where('used_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Locks a code that waits for its mail and is still good, past those that another process mails; null when there is none. */
export async function lockUnmailedCode(trx: Transaction<Schema>, now: number): Promise<UnmailedCode | null> {
  const row = await trx
    .selectFrom('codes')
    .select(['id', 'email', 'hash', 'locale', 'created_at', 'expires_at'])
    .where('mailed_at', 'is', null)
    .where('used_at', 'is', null)
    .where('expires_at', '>', new Date(now))
    // One whose server puts us off holds nobody else's up.
    .orderBy(sql`random()`)
    .limit(1)
    .forNoKeyUpdate()
    .skipLocked()
    .executeTakeFirst();
  if (row === undefined) return null;
  const { id, email, hash, locale } = row;
  return { id, email, hash, locale, createdAt: row.created_at.getTime(), expiresAt: row.expires_at.getTime() };
}

/** Notes that a mail server has taken a code's mail, or refused it for good. */
export async function noteCodeMailed(db: Database, id: string, now: number): Promise<void> {
  await db
    .updateTable('codes')
    .set({ mailed_at: new Date(now) })
    .where('id', '=', id)
    .execute();
}

/** Forgets codes that no limit counts any more. `now` in milliseconds. */
export async function pruneCodes(db: Database, now: number): Promise<void> {
  await db
    .deleteFrom('codes')
    .where('created_at', '<', new Date(now - DAY_MS))
    .execute();
}
