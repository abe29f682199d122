import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Schema } from './schema';

/** The database as the program sees it. */
export type Database = Kysely<Schema>;

/** No query of ours is meant to take this long; one that does is on a connection that leads nowhere. */
const QUERY_TIMEOUT_MS = 60_000;

/** bigint columns (numbers, ids, lengths) stay far below 2^53, so they arrive as numbers. */
const INT8 = 20;

/** The driver's own parsers, but for int8. */
function parsers(): pg.CustomTypesConfig {
  return {
    getTypeParser: (oid: number, format?: 'text' | 'binary'): unknown => (oid === INT8 && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format)),
  };
}

/**
 * Opens a pool. A connection that breaks while idle is replaced by the next query; `onError` hears of it.
 * A query waits at most 5 s for a connection, so an outage shows as an error and not as a hang.
 */
export function openPool(url: string, options: { max?: number; onError?: (error: Error) => void } = {}): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.max ?? 10,
    connectionTimeoutMillis: 5_000,
    types: parsers(),
    // A database whose host vanished without a word is noticed.
    keepAlive: true,
    query_timeout: QUERY_TIMEOUT_MS,
    application_name: 'holdfast',
  });
  // Without a listener an idle connection's end would end the process; the pool itself already drops the client.
  pool.on('error', (error) => options.onError?.(error));
  // The same for one that breaks while it is in use: the pool listens to idle ones only, and the query that was running fails by itself.
  pool.on('connect', (client) => client.on('error', (error) => options.onError?.(error)));
  return pool;
}

/** Opens the database with typed queries. */
export function openDatabase(url: string, options: { max?: number; onError?: (error: Error) => void } = {}): Database {
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool: openPool(url, options) }) });
}

/** Closes all connections. */
export async function closeDatabase(db: Database): Promise<void> {
  await db.destroy();
}
