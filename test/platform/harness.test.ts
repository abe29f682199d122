import { Client } from 'pg';
import { freshDatabase } from '../setup/database';
import { freshNamespace, timeSkippingEnv } from '../setup/temporal';

describe('the servers that every test may use', () => {
  it('give each test a database of its own', async () => {
    const [one, other] = await Promise.all([freshDatabase(), freshDatabase()]);
    const client = new Client({ connectionString: one.url });
    await client.connect();
    await client.query('CREATE TABLE mine (id int)');
    const elsewhere = new Client({ connectionString: other.url });
    await elsewhere.connect();
    const { rows } = await elsewhere.query<{ found: string | null }>("SELECT to_regclass('mine')::text AS found");
    expect(rows).toEqual([{ found: null }]);
    await Promise.all([client.end(), elsewhere.end()]);
    await Promise.all([one.drop(), other.drop()]);
    await expect(new Client({ connectionString: one.url }).connect()).rejects.toThrow(/does not exist/);
  });

  it('give each test a namespace of its own, with the search attributes', async () => {
    const { client, connection, namespace, close } = await freshNamespace();
    const handle = await client.workflow.start('none', { taskQueue: 'none', workflowId: 'one', typedSearchAttributes: [] });
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    expect(
      Object.keys(customAttributes ?? {})
        .filter((name) => name.startsWith('Holdfast'))
        .sort(),
    ).toEqual([
      'HoldfastAssignee',
      'HoldfastBreached',
      'HoldfastCluster',
      'HoldfastDueAt',
      'HoldfastKind',
      'HoldfastPlan',
      'HoldfastPriority',
      'HoldfastStatus',
      'HoldfastWebsite',
    ]);
    expect((await handle.describe()).status.name).toBe('RUNNING');
    await close();
  });

  it('give a clock that only the test moves', async () => {
    const { env, close } = await timeSkippingEnv();
    const before = await env.currentTimeMs();
    await env.sleep('61m');
    const passedMs = (await env.currentTimeMs()) - before;
    expect(passedMs).toBeGreaterThanOrEqual(61 * 60_000);
    expect(passedMs).toBeLessThan(62 * 60_000);
    await close();
  });
});
