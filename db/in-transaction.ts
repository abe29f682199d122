import type { Transaction } from 'kysely';
import type { Database } from './connection';
import type { Schema } from './schema';

/** Runs `act` in the caller's transaction, if `db` is one, else in a transaction of its own. */
export async function inTransaction<T>(db: Database, act: (trx: Transaction<Schema>) => Promise<T>): Promise<T> {
  return db.isTransaction ? act(db as Transaction<Schema>) : db.transaction().execute(act);
}
