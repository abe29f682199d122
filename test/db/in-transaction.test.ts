import { sql } from 'kysely';
import type { Database } from '../../db/connection';
import { inTransaction } from '../../db/in-transaction';
import { openTestDatabase, type OpenTestDatabase } from '../setup/database';

describe('a transaction that PostgreSQL ended for the sake of others', () => {
  let base: OpenTestDatabase;
  let db: Database;
  beforeAll(async () => {
    base = await openTestDatabase();
    ({ db } = base);
    await db
      .insertInto('settings')
      .values([
        { key: 'one', value: '0' },
        { key: 'other', value: '0' },
      ])
      .execute();
  });
  afterAll(() => base.close());

  const addOne = (trx: Database, key: string) => sql`UPDATE settings SET value = to_jsonb((value #>> '{}')::int + 1) WHERE key = ${key}`.execute(trx);

  test('is run again: two that wait for each other both come to their end, each once', async () => {
    let runs = 0;
    let meet = (): void => undefined;
    const both = new Promise<void>((resolve) => (meet = resolve));
    let arrived = 0;
    const inOrder = (...keys: readonly [string, string]) =>
      inTransaction(db, async (trx) => {
        runs += 1;
        await addOne(trx, keys[0]);
        arrived += 1;
        if (arrived === 2) meet();
        // Each has its first row, and wants the other's.
        await both;
        await addOne(trx, keys[1]);
      });
    await Promise.all([inOrder('one', 'other'), inOrder('other', 'one')]);
    expect(runs).toBe(3);
    const rows = await db.selectFrom('settings').select(['key', 'value']).where('key', 'in', ['one', 'other']).orderBy('key').execute();
    expect(rows).toEqual([
      { key: 'one', value: 2 },
      { key: 'other', value: 2 },
    ]);
  });

  test('is given up in the end, and one that failed by itself is not run again', async () => {
    const failing = async (code: string): Promise<number> => {
      let runs = 0;
      const fail = inTransaction(db, () => {
        runs += 1;
        return Promise.reject(Object.assign(new Error('told to fail'), { code }));
      });
      await expect(fail).rejects.toThrow('told to fail');
      return runs;
    };
    expect(await failing('40001')).toBe(4);
    expect(await failing('40P01')).toBe(4);
    expect(await failing('23505')).toBe(1);
  });

  test('is the caller’s to repeat when it is the caller’s', async () => {
    let runs = 0;
    const outer = db.transaction().execute((trx) =>
      inTransaction(trx, () => {
        runs += 1;
        return Promise.reject(Object.assign(new Error('told to fail'), { code: '40P01' }));
      }),
    );
    await expect(outer).rejects.toThrow('told to fail');
    expect(runs).toBe(1);
  });
});
