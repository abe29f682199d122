import { Migrator, type Migration } from 'kysely';
import { HoldfastError } from '../messages/errors';
import { closeDatabase, openDatabase } from './connection';
import * as desk from './migrations/0001-desk';
import * as files from './migrations/0002-files';
import * as trust from './migrations/0003-trust';
import * as deskCommands from './migrations/0004-desk-commands';
import * as directory from './migrations/0005-directory';
import * as ops from './migrations/0006-ops';
import * as chat from './migrations/0007-chat';
import * as live from './migrations/0008-live';
import * as unseenClaims from './migrations/0009-unseen-claims';
import * as starting from './migrations/0010-starting';
import * as unread from './migrations/0011-unread';
import * as staff from './migrations/0012-staff';
import * as chatsStartFirst from './migrations/0013-chats-start-first';

/** Every migration in order; names never change. */
const MIGRATIONS: Record<string, Migration> = {
  '0001-desk': desk,
  '0002-files': files,
  '0003-trust': trust,
  '0004-desk-commands': deskCommands,
  '0005-directory': directory,
  '0006-ops': ops,
  '0007-chat': chat,
  '0008-live': live,
  '0009-unseen-claims': unseenClaims,
  '0010-starting': starting,
  '0011-unread': unread,
  '0012-staff': staff,
  '0013-chats-start-first': chatsStartFirst,
};

/** Kysely's words for a migration that the database has had and this program does not know. */
const KYSELY_MISSES = /previously executed migration (\S+) is missing/;

/**
 * Brings the database to the newest schema; safe to call from several processes at once (Kysely holds an advisory lock).
 * Errors: E_POSTGRES when it cannot be reached, was set up by a newer Holdfast, or a migration fails; then nothing has changed.
 */
export async function migrateToLatest(url: string): Promise<void> {
  await withMigrator(url, async (migrator) => {
    const { error } = await migrator.migrateToLatest();
    if (error === undefined) return;
    const reason = reasonOf(error);
    const newer = KYSELY_MISSES.exec(reason)?.[1];
    if (newer === undefined) throw new HoldfastError('E_POSTGRES', `The database could not be brought to the newest schema: ${reason}`, { cause: error });
    throw new HoldfastError('E_POSTGRES', `The database was set up by a newer Holdfast: it has "${newer}", which this one does not know.`, {
      fix: 'Start the newer Holdfast, or give this one another database.',
      cause: error,
    });
  });
}

/** Names of the migrations that this program has and the database has not. */
export async function pendingMigrations(url: string): Promise<string[]> {
  return withMigrator(url, async (migrator) => {
    const all = await migrator.getMigrations();
    return all.filter((migration) => migration.executedAt === undefined).map((migration) => migration.name);
  });
}

async function withMigrator<Result>(url: string, act: (migrator: Migrator) => Promise<Result>): Promise<Result> {
  const db = openDatabase(url, { max: 2 });
  try {
    return await act(new Migrator({ db, provider: { getMigrations: () => Promise.resolve(MIGRATIONS) } }));
  } finally {
    await closeDatabase(db);
  }
}

/** The text of an error, or its code where it has no text (a refused connection has one error per address). */
function reasonOf(error: unknown): string {
  const { message, code } = error as { message?: unknown; code?: unknown };
  const said = [message, code].find((text): text is string => typeof text === 'string' && text !== '');
  return said ?? 'no reason was given';
}
