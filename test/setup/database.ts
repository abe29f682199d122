import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Client } from 'pg';
import { closeDatabase, openDatabase, type Database } from '../../db/connection';
import { testServer } from './test-servers';

const TEMPLATE = 'holdfast_template';

/** An empty, migrated database of a test's own. */
export interface TestDatabase {
  readonly url: string;
  /** Removes it, and closes what is still connected to it. */
  drop(): Promise<void>;
}

/** Clones the migrated template: some 30 ms. Call it in `beforeAll`, and `drop` in `afterAll`. */
export async function freshDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await administrate(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
  return { url: urlOf(name), drop: () => administrate(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

/** A test's own database, opened as the program opens its own. */
export interface OpenTestDatabase {
  readonly db: Database;
  readonly url: string;
  /** Closes it, and removes it. */
  close(): Promise<void>;
}

/** Clones the migrated template and opens it. Call it in `beforeAll`, and `close` in `afterAll`. */
export async function openTestDatabase(): Promise<OpenTestDatabase> {
  const { url, drop } = await freshDatabase();
  const db = openDatabase(url);
  return {
    db,
    url,
    async close() {
      await closeDatabase(db);
      await drop();
    },
  };
}

/** Runs all migrations once, into the template. Called by global-setup.ts. */
export async function createTemplate(): Promise<void> {
  await administrate(`CREATE DATABASE ${TEMPLATE}`);
  const migrations = path.join(testServer('buildDir'), 'db', 'migrate.js');
  if (!existsSync(migrations)) return;
  const module = (await import(migrations)) as Migrations & { default?: Migrations };
  // Outside of Jest a CommonJS module's exports are its default.
  await (module.default ?? module).migrateToLatest(urlOf(TEMPLATE));
}

interface Migrations {
  migrateToLatest(url: string): Promise<unknown>;
}

function urlOf(database: string): string {
  const url = new URL(testServer('postgresUrl'));
  url.pathname = `/${database}`;
  return url.href;
}

async function administrate(statement: string): Promise<void> {
  const client = new Client({ connectionString: testServer('postgresUrl') });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
