import { sql, type Transaction } from 'kysely';
import { CODE_TRIES } from '../messages/mailed-code';
import type { Database } from './connection';
import type { Schema } from './schema';

/** LISTEN on this to hear of codes that wait to be mailed. */
export const CODES_CHANNEL = 'holdfast_codes';

/** How many codes one address is mailed in a quarter of an hour, and in a day. Source: docs/help.md, "Signing in". */
const IN_QUARTER = 3;
const IN_DAY = 10;
const QUARTER_MS = 15 * 60_000;
const DAY_MS = 24 * 3_600_000;

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

/**
 * Keeps a code for an address and tells those who mail it; false, and nothing is kept, when the address has had as many as it gets.
 * Two requests at once for one address are counted one after the other.
 */
export async function addCode(db: Database, code: Omit<UnmailedCode, 'createdAt' | 'expiresAt'> & { at: number; expiresAt: number }): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    await sql`SELECT pg_advisory_xact_lock(hashtextextended(${`code:${code.email}`}, 0))`.execute(trx);
    const earlier = await trx
      .selectFrom('codes')
      .select('created_at')
      .where('email', '=', code.email)
      .where('created_at', '>', new Date(code.at - DAY_MS))
      .execute();
    const inQuarter = earlier.filter((row) => row.created_at.getTime() > code.at - QUARTER_MS).length;
    if (earlier.length >= IN_DAY || inQuarter >= IN_QUARTER) return false;
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

/**
 * The newest code of an address that can still be used; asking for it is a try, and counts whatever comes of it. Null when there is none,
 * or when it has been tried too often. `now` in milliseconds.
 */
export async function tryCode(db: Database, email: string, now: number): Promise<{ id: string; hash: Buffer } | null> {
  const row = await db
    .updateTable('codes')
    .set((eb) => ({ tries: eb('tries', '+', 1) }))
    .where('id', '=', (select) =>
      select.selectFrom('codes').select('id').where('email', '=', email).where('expires_at', '>', new Date(now)).orderBy('created_at', 'desc').limit(1),
    )
    .where('used_at', 'is', null)
    .where('tries', '<', CODE_TRIES)
    .returning(['id', 'hash'])
    .executeTakeFirst();
  return row ?? null;
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
