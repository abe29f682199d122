import { Migrator, type Migration } from 'kysely';
import { closeDatabase, openDatabase } from './connection';
import * as desk from './migrations/0001-desk';

/** Every migration in order; names never change. */
const MIGRATIONS: Record<string, Migration> = {
  '0001-desk': desk,
};

/** Brings the database to the newest schema; safe to call from several processes at once (Kysely holds an advisory lock). */
export async function migrateToLatest(url: string): Promise<void> {
  const db = openDatabase(url, { max: 2 });
  try {
    const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(MIGRATIONS) } });
    const { error } = await migrator.migrateToLatest();
    if (error) throw error instanceof Error ? error : new Error('The migration failed.', { cause: error });
  } finally {
    await closeDatabase(db);
  }
}

/** Names of the migrations that this program has and the database has not. */
export async function pendingMigrations(url: string): Promise<string[]> {
  const db = openDatabase(url, { max: 1 });
  try {
    const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(MIGRATIONS) } });
    const all = await migrator.getMigrations();
    return all.filter((migration) => migration.executedAt === undefined).map((migration) => migration.name);
  } finally {
    await closeDatabase(db);
  }
}
