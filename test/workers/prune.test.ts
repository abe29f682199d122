import { claimKey, keepAnswer } from '../../db/idempotency';
import { openSession } from '../../db/sessions';
import { addHits } from '../../db/rate-limits';
import type { Database } from '../../db/connection';
import { prune } from '../../workers/prune';
import { openTestDatabase, type OpenTestDatabase } from '../setup/database';

const NOW = Date.parse('2026-03-23T09:00:00Z');
const DAY = 24 * 3_600_000;

let database: OpenTestDatabase;
let db: Database;
beforeAll(async () => {
  database = await openTestDatabase();
  ({ db } = database);
});
afterAll(() => database.close());

test('what is over is forgotten, what may still be asked for stays', async () => {
  const session = (n: number, expiresAt: number) =>
    openSession(db, { hash: Buffer.alloc(32, n), credential: Buffer.alloc(32, 9), at: new Date(NOW - DAY), expiresAt: new Date(expiresAt) });
  await session(1, NOW);
  await session(2, NOW + 1);
  const key = async (name: string, at: number, answered: boolean) => {
    await claimKey(db, { actor: 'ada', key: name, requestHash: 'x', at: new Date(at) });
    if (answered) await keepAnswer(db, { actor: 'ada', key: name }, { status: 201, body: {} });
  };
  await key('old', NOW - 8 * DAY, true);
  await key('young', NOW - 6 * DAY, true);
  await key('a command of long ago', NOW - 400 * DAY, false);
  await addHits(db, { key: 'over', hits: 1, windowMs: 60_000, now: NOW - 60_000 });
  await addHits(db, { key: 'running', hits: 1, windowMs: 60_000, now: NOW });

  await prune(db, NOW);

  expect((await db.selectFrom('sessions').select('hash').execute()).map(({ hash }) => hash[0])).toEqual([2]);
  expect((await db.selectFrom('idempotency_keys').select('key').orderBy('key').execute()).map((row) => row.key)).toEqual(['a command of long ago', 'young']);
  expect((await db.selectFrom('rate_limits').select('key').execute()).map((row) => row.key)).toEqual(['running']);
});
