import { setTimeout as pause } from 'node:timers/promises';
import type { Transaction } from 'kysely';
import type { Database } from './connection';
import type { Schema } from './schema';

/** A transaction that PostgreSQL ends for the sake of others is tried so often in all. */
const TRIES = 4;
const PAUSE_MS = 20;

/**
 * Runs `act` in the caller's transaction, if `db` is one, else in a transaction of its own. One of its own that PostgreSQL ended because
 * others stood in its way (nothing of it has happened then) is run again a few times, so `act` writes nowhere else.
 */
export async function inTransaction<T>(db: Database, act: (trx: Transaction<Schema>) => Promise<T>): Promise<T> {
  if (db.isTransaction) return act(db as Transaction<Schema>);
  for (let tries = 1; ; tries += 1) {
    try {
      return await db.transaction().execute(act);
    } catch (error) {
      if (tries >= TRIES || !gaveWay(error)) throw error;
    }
    // Whoever stood in the way is about to be done; two who gave way do not meet again at the same moment.
    await pause(PAUSE_MS * tries * (1 + Math.random()));
  }
}

/** Whether PostgreSQL ended a transaction for a deadlock or a serialisation failure (its manual, appendix A, class 40). */
export function gaveWay(error: unknown): boolean {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return code === '40P01' || code === '40001';
}
