import { createLogger } from '../../config/log';
import { TokenBucket } from '../../activities/paging/token-bucket';
import { closeDatabase, openDatabase, type Database } from '../../db/connection';
import { openTestDatabase, type OpenTestDatabase } from '../setup/database';

let base: OpenTestDatabase;
let db: Database;
let now: number;
const entries: string[] = [];
const log = createLogger('test', { write: (line: string) => entries.push(line) });
beforeAll(async () => {
  base = await openTestDatabase();
  ({ db } = base);
});
beforeEach(() => {
  now = Date.UTC(2026, 2, 30, 10);
  entries.length = 0;
});
afterAll(() => base.close());

/** A worker's bucket of a key; each test has a key of its own. */
const bucketOf = (routingKey: string, on = db) => new TokenBucket({ db: on, routingKey, clock: () => now, log, askMs: 30_000 });

test('all workers together take what the provider allows, and then wait as long as it takes to fill up', async () => {
  const workers = [bucketOf('one'), bucketOf('one'), bucketOf('one')];
  const waits = await Promise.all(Array.from({ length: 130 }, (_, index) => (workers[index % 3] ?? bucketOf('one')).take(1, false)));
  expect(waits.filter((wait) => wait === 0)).toHaveLength(120);
  expect(waits.filter((wait) => wait === 500)).toHaveLength(10);
  now += 500;
  expect([await workers[0]?.take(1, false), await workers[1]?.take(1, false)]).toEqual([0, 500]);
  expect(await workers[2]?.take(3, false)).toBe(1_500);
  now += 3_600_000;
  expect(await workers[0]?.take(120, false)).toBe(0);
  expect(await workers[0]?.take(1, false)).toBe(500);
});

test('urgent calls are never held back, and the others wait for what they took', async () => {
  const bucket = bucketOf('two');
  for (let call = 0; call < 121; call += 1) expect(await bucket.take(1, true)).toBe(0);
  const settled = async () => (await db.selectFrom('provider_budgets').select('tokens').execute()).some(({ tokens }) => tokens === -1);
  for (let look = 0; look < 400 && !(await settled()); look += 1) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await bucket.take(1, false)).toBe(1_000);
});

test('each key has a bucket of its own, whose name does not tell the key', async () => {
  expect(await bucketOf('three').take(120, false)).toBe(0);
  expect(await bucketOf('four').take(1, false)).toBe(0);
  const keys = (await db.selectFrom('provider_budgets').select('key').execute()).map(({ key }) => key);
  expect(keys.join(' ')).not.toMatch(/one|two|three|four/);
});

test('a worker whose clock is behind takes nothing away and gives nothing twice', async () => {
  expect(await bucketOf('five').take(120, false)).toBe(0);
  now -= 60_000;
  expect(await bucketOf('five').take(1, false)).toBe(500);
  now += 60_000;
  expect(await bucketOf('five').take(1, false)).toBe(500);
});

test('without a database pages go out', async () => {
  const away = openDatabase('postgres://nobody@127.0.0.1:9/none');
  const bucket = bucketOf('six', away);
  expect([await bucket.take(1, false), await bucket.take(1, true)]).toEqual([0, 0]);
  await closeDatabase(away);
  expect(entries.length).toBeGreaterThanOrEqual(1);
});
