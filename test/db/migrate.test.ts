import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { migrateToLatest, pendingMigrations } from '../../db/migrate';
import { testServer } from '../setup/test-servers';

const NAMES = [
  '0001-desk',
  '0002-files',
  '0003-trust',
  '0004-desk-commands',
  '0005-directory',
  '0006-ops',
  '0007-chat',
  '0008-live',
  '0009-unseen-claims',
  '0010-starting',
  '0011-unread',
  '0012-staff',
  '0013-chats-start-first',
];

/** A database with nothing in it, not even the template's tables. */
async function emptyDatabase(): Promise<{ url: string; query: (sql: string) => Promise<Record<string, unknown>[]>; drop: () => Promise<void> }> {
  const server = testServer('postgresUrl');
  const name = `empty_${randomBytes(6).toString('hex')}`;
  const run = async (url: string, sql: string): Promise<Record<string, unknown>[]> => {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  };
  await run(server, `CREATE DATABASE ${name} TEMPLATE template0`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    query: (sql) => run(url.href, sql),
    drop: async () => void (await run(server, `DROP DATABASE ${name} WITH (FORCE)`)),
  };
}

describe('migrations', () => {
  const dropped: (() => Promise<void>)[] = [];
  const empty = async () => {
    const database = await emptyDatabase();
    dropped.push(database.drop);
    return database;
  };
  afterEach(async () => {
    for (const drop of dropped.splice(0)) await drop();
  });

  test('an empty database lacks all of them, a migrated one none', async () => {
    const { url, query } = await empty();
    expect(await pendingMigrations(url)).toEqual(NAMES);
    // Looking writes nothing.
    expect(await query(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`)).toEqual([]);
    await migrateToLatest(url);
    expect(await pendingMigrations(url)).toEqual([]);
  });

  test('a repeat changes nothing', async () => {
    const { url, query } = await empty();
    await migrateToLatest(url);
    const everything = () => query('SELECT name, timestamp FROM kysely_migration ORDER BY name');
    const before = await everything();
    await query(`INSERT INTO settings VALUES ('kept', '1')`);
    await migrateToLatest(url);
    expect(await everything()).toEqual(before);
    expect(await query('SELECT key FROM settings')).toEqual([{ key: 'kept' }]);
  });

  test('four processes at once: each is content, and it happens once', async () => {
    const program = path.join(testServer('buildDir'), 'test', 'db', 'migrate-once.js');
    for (let round = 0; round < 3; round += 1) {
      const { url, query } = await empty();
      const ended = await Promise.all(Array.from({ length: 4 }, () => promisify(execFile)(process.execPath, [program, url])));
      expect(ended).toEqual(Array.from({ length: 4 }, () => ({ stdout: 'migrated\n', stderr: '' })));
      expect((await query('SELECT name FROM kysely_migration ORDER BY name')).map(({ name }) => name)).toEqual(NAMES);
    }
    // Twelve processes have to start.
  }, 120_000);

  test('a database of a newer Holdfast is left alone, with a word on why', async () => {
    const { url, query } = await empty();
    await migrateToLatest(url);
    await query(`INSERT INTO kysely_migration VALUES ('9999-later', '2030-01-01T00:00:00.000Z')`);
    await expect(migrateToLatest(url)).rejects.toMatchObject({
      code: 'E_POSTGRES',
      message: 'The database was set up by a newer Holdfast: it has "9999-later", which this one does not know.',
    });
  });

  test('a server that is not there is an error within seconds, and leaves nothing open', async () => {
    const startedAt = performance.now();
    await expect(migrateToLatest('postgres://nobody@127.0.0.1:9/none')).rejects.toMatchObject({
      code: 'E_POSTGRES',
      message: expect.stringContaining('ECONNREFUSED') as string,
    });
    await expect(pendingMigrations('postgres://nobody@127.0.0.1:9/none')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });
});
