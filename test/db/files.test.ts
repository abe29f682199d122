import { createHash, randomBytes } from 'node:crypto';
import { sql, type Kysely } from 'kysely';
import type { Database } from '../../db/connection';
import * as desk from '../../db/migrations/0001-desk';
import * as files from '../../db/migrations/0002-files';
import { openTestDatabase, type OpenTestDatabase } from '../setup/database';

let base: OpenTestDatabase;
let db: Database;
beforeAll(async () => {
  base = await openTestDatabase();
  ({ db } = base);
  // Back to how it was before there were files.
  await sql`DROP SCHEMA public CASCADE`.execute(db);
  await sql`CREATE SCHEMA public`.execute(db);
  await desk.up(db as unknown as Kysely<unknown>);
});
afterAll(() => base.close());

test('what attachments contained is kept once each, and each still has its own', async () => {
  const [one, two] = [Buffer.from('a\0b'), randomBytes(5_000)];
  await sql`INSERT INTO policies VALUES ('p', 'v', '{}', now())`.execute(db);
  await sql`INSERT INTO contacts (id, created_at) VALUES ('c1', now())`.execute(db);
  await sql`INSERT INTO conversations (number, kind, channel, subject, status, priority, priority_source, plan, requester_id, policy_hash, received_at, last_seq, start, last_message_at, created_at)
    VALUES (1, 'ticket', 'email', 'x', 'new', 'normal', 'default', 'standard', 'c1', 'p', now(), 1, '{}', now(), now())`.execute(db);
  await sql`INSERT INTO messages (id, number, direction, author_kind, channel, body, html, at, state)
    VALUES ('m1', 1, 'in', 'customer', 'email', 'x', '<script>alert(1)</script>', now(), 'received')`.execute(db);
  for (const [position, content] of [one, two, one].entries()) {
    await sql`INSERT INTO attachments VALUES (${`f${position}`}, 'm1', ${position}, 'name', 'text/plain', ${content.length}, ${content})`.execute(db);
  }
  await files.up(db as unknown as Kysely<unknown>);
  const kept = await sql<{
    id: string;
    hash: string;
    content: Buffer;
  }>`SELECT a.id, a.hash, f.content FROM attachments a JOIN files f USING (hash) ORDER BY a.position`.execute(db);
  const hash = (content: Buffer): string => createHash('sha256').update(content).digest('hex');
  expect(kept.rows).toEqual([one, two, one].map((content, position) => ({ id: `f${position}`, hash: hash(content), content })));
  expect((await sql`SELECT bytes FROM files ORDER BY bytes`.execute(db)).rows).toEqual([{ bytes: 3 }, { bytes: 5_000 }]);
  // It was kept as it came, and no page may show that.
  expect((await sql`SELECT html, body FROM messages`.execute(db)).rows).toEqual([{ html: null, body: 'x' }]);
});
