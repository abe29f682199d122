import type { Database } from '../../db/connection';
import { currentPolicy, policyByHash, publishPolicy, storePolicy } from '../../db/policies';
import type { PolicySnapshot } from '../../policy/snapshot';
import { policyOf } from '../policy/policies';
import { openTestDatabase, type OpenTestDatabase } from '../setup/database';

const AT = new Date(Date.UTC(2026, 2, 2, 9));

describe('policies in the database', () => {
  let base: OpenTestDatabase;
  let db: Database;
  let first: PolicySnapshot;
  let second: PolicySnapshot;
  beforeAll(async () => {
    base = await openTestDatabase();
    ({ db } = base);
    [first, second] = await Promise.all([policyOf(''), policyOf('undoSend: 20s')]);
  });
  afterAll(() => base.close());
  const json = (snapshot: PolicySnapshot): unknown => JSON.parse(JSON.stringify(snapshot));

  test('before the first one is published there is none, and storing one does not publish it', async () => {
    await expect(currentPolicy(db)).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
    await storePolicy(db, first, AT);
    await expect(currentPolicy(db)).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
    expect(await policyByHash(db, first.hash)).toEqual(json(first));
  });

  test('the one published last is in force, and the earlier one stays readable', async () => {
    await publishPolicy(db, first, AT);
    expect(await currentPolicy(db)).toEqual(json(first));
    await publishPolicy(db, second, AT);
    expect(await currentPolicy(db)).toEqual(json(second));
    expect(await policyByHash(db, first.hash)).toEqual(json(first));
    await publishPolicy(db, first, AT);
    expect((await currentPolicy(db)).hash).toBe(first.hash);
  });

  test('a snapshot never changes: whoever stores the same hash again changes nothing', async () => {
    await storePolicy(db, { ...first, version: 'forged' }, new Date(AT.getTime() + 1));
    expect(await policyByHash(db, first.hash)).toEqual(json(first));
  });

  test('many at once publish without an error, and one of them is in force', async () => {
    const fresh = await Promise.all(['30s', '40s', '50s'].map((undoSend) => policyOf(`undoSend: ${undoSend}`)));
    await Promise.all(Array.from({ length: 12 }, (_, index) => publishPolicy(db, fresh[index % 3] ?? first, AT)));
    expect(fresh.map(({ hash }) => hash)).toContain((await currentPolicy(db)).hash);
  });

  test('an unknown hash is not found', async () => {
    await expect(policyByHash(db, 'no-such-hash')).rejects.toMatchObject({ code: 'E_NOT_FOUND', message: 'There is no policy no-such-hash.' });
  });
});
