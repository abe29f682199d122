import { Worker } from '@temporalio/worker';
import { sql } from 'kysely';
import { conversationWorkflowId, pageWorkflowId } from '../../messages/ids';
import { addCustomerAct } from '../../intake/customer-act';
import { reconcile, reconcileAlone, restartIfLost } from '../../workers/reconcile';
import { ALWAYS_OPEN, LiveDesk, useLiveDesk } from './live-desk';

const HOUR_MS = 3_600_000;

// Real servers, real workers: on a busy machine each step has its time.
jest.setTimeout(120_000);

describe('reconcile', () => {
  const desk = useLiveDesk(ALWAYS_OPEN);
  // Each test loses what is its own.
  afterEach(async () => {
    await desk.db.updateTable('conversations').set({ status: 'closed' }).execute();
    desk.entries.length = 0;
  });

  const run = () => reconcile(desk.db, desk.client, desk.log);
  const projected = (number: number, revision: number) => desk.eventually(`#${number} is projected`, async () => (await desk.row(number)).revision >= revision);
  /** A ticket whose priority was changed, so that it is not what it was at its beginning. */
  const moved = async (priority: 'high' | 'low' = 'high') => {
    const number = await desk.started();
    await update(number, { type: 'priority', priority, since: 'received' });
    await projected(number, 2);
    return number;
  };
  const update = async (number: number, command: Parameters<LiveDesk['command']>[0]) => {
    const id = `c-${number}-${Math.random()}`;
    await desk.handle(number).executeUpdate('command', { updateId: id, args: [desk.command(command, Date.now(), id)] });
  };

  test('one worker does it for all: another one that looks meanwhile, or too soon after, leaves it', async () => {
    const number = await moved();
    await desk.handle(number).terminate('lost');
    await desk.eventually('it has ended', async () => (await desk.status(conversationWorkflowId(number))) === 'TERMINATED');
    const now = Date.now();
    const alone = (facts: { now: number; unlessSince: number | null }) => reconcileAlone(desk.db, desk.client, desk.log, facts);
    const both = await Promise.all([alone({ now, unlessSince: null }), alone({ now, unlessSince: null })]);
    expect(both.filter((rebuilt) => rebuilt !== null).reduce((sum, rebuilt) => sum + rebuilt, 0)).toBe(1);
    expect(await alone({ now: now + 60_000, unlessSince: now - 240_000 })).toBeNull();
    expect(await alone({ now: now + 300_000, unlessSince: now + 60_000 })).toBe(0);
    // At its start a worker looks in any case; and a clock that was set back keeps nobody from it for ever.
    expect(await alone({ now: now + 301_000, unlessSince: null })).toBe(0);
    expect(await alone({ now, unlessSince: now - 240_000 })).toBe(0);
  });

  test('a run holds no transaction, and one that fails is noted, and is no run', async () => {
    for (let index = 0; index < 10; index += 1) await moved();
    // Whoever works has transactions of their own.
    await desk.rest();
    const openTransactions = () =>
      sql<{ count: number }>`
        SELECT count(*)::int AS count FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'`.execute(desk.db);
    let open = -1;
    const spy = jest.spyOn(desk.client, 'withDeadline').mockImplementation(async () => {
      open = (await openTransactions()).rows[0]?.count ?? -1;
      throw Object.assign(new Error('told to fail'), { code: 'ECONNREFUSED' });
    });
    const now = Date.now() + 1_000_000;
    const alone = (facts: { now: number; unlessSince: number | null }) => reconcileAlone(desk.db, desk.client, desk.log, facts);
    const noted = () => desk.db.selectFrom('settings').select('value').where('key', '=', 'reconcile').executeTakeFirst();
    await expect(alone({ now, unlessSince: null })).rejects.toThrow('told to fail');
    spy.mockRestore();
    expect(open).toBe(0);
    await desk.work();
    expect(await noted()).toMatchObject({ value: { failed: { at: now, code: 'ECONNREFUSED' } } });
    expect(desk.entries).toContainEqual(expect.objectContaining({ level: 'error', task: 'reconcile', code: 'ECONNREFUSED' }));
    // The next one does not wait for its turn, and the lock is free.
    expect(await alone({ now: now + 1, unlessSince: now - 1 })).toBe(0);
    expect(await noted()).toEqual({ value: { began: now + 1 } });
    expect(await alone({ now: now + 2, unlessSince: now })).toBeNull();
    await desk.db.deleteFrom('settings').where('key', '=', 'reconcile').execute();
  });

  test('more than are asked for in a second are gone through page by page, each once', async () => {
    const number = await moved();
    const row = await desk.db.selectFrom('conversations').selectAll().where('number', '=', number).executeTakeFirstOrThrow();
    const copies = Array.from({ length: 250 }, (_, index) => ({
      ...row,
      number: 900_000 + index,
      start: JSON.stringify(row.start),
      carried: JSON.stringify(row.carried),
      next_due_at: index % 3 === 0 ? null : new Date(Date.now() + (index % 7) * 60_000),
    }));
    await desk.db.insertInto('conversations').values(copies).execute();
    const asked: string[] = [];
    const getHandle = desk.client.workflow.getHandle.bind(desk.client.workflow);
    const spy = jest.spyOn(desk.client.workflow, 'getHandle').mockImplementation(((id: string) => {
      asked.push(id);
      return { ...getHandle(id), describe: () => Promise.resolve({ status: { name: 'RUNNING' } }) };
    }) as typeof getHandle);
    const startedAt = performance.now();
    expect(await run()).toBe(0);
    spy.mockRestore();
    expect(performance.now() - startedAt).toBeGreaterThan(900);
    expect(new Set(asked).size).toBe(251);
    expect(asked).toHaveLength(251);
    await desk.db.deleteFrom('conversations').where('number', '>=', 900_000).execute();
  });

  test.each([
    ['terminated', (number: number) => desk.handle(number).terminate('lost')],
    ['cancelled', (number: number) => desk.handle(number).cancel()],
    ['forgotten by Temporal', (number: number) => desk.forget(conversationWorkflowId(number))],
  ])('one that was %s goes on where it was, with the time that is left', async (_name, lose) => {
    const number = await moved();
    const before = await desk.view(number);
    await lose(number);
    await desk.eventually('it has ended', async () => (await desk.status(conversationWorkflowId(number)).catch(() => 'GONE')) !== 'RUNNING');
    // At once: the list of executions still shows it as running.
    expect(await run()).toBe(1);
    expect(await desk.view(number)).toEqual(before);
    expect(before.promises.find(({ kind }) => kind === 'firstResponse')?.dueAt).toBe((await desk.row(number)).received_at.getTime() + 4 * HOUR_MS);
    expect(desk.entries).toContainEqual(expect.objectContaining({ level: 'error', number, code: 'E_TEMPORAL' }));
    expect(await run()).toBe(0);
    await update(number, { type: 'status', status: 'pending' });
    expect(await desk.view(number)).toMatchObject({ status: 'pending', revision: before.revision + 1 });
  });

  test('one whose time ran out does, and not before', async () => {
    const begun = async (workflowExecutionTimeout: '1h' | '1s') => {
      const number = await desk.ticket({ at: Date.now() });
      await desk.client.workflow.start('noSuchWorkflow', { workflowId: conversationWorkflowId(number), taskQueue: 'nobody', workflowExecutionTimeout });
      await desk.db.updateTable('conversations').set({ relayed_seq: 1 }).where('number', '=', number).execute();
      return number;
    };
    await begun('1h');
    expect(await run()).toBe(0);
    const number = await begun('1s');
    await desk.eventually('it has timed out', async () => (await desk.status(conversationWorkflowId(number))) === 'TIMED_OUT');
    expect(await run()).toBe(1);
    expect(await desk.view(number)).toMatchObject({ number, status: 'new' });
  });

  test('one that failed does', async () => {
    const number = await desk.ticket({ at: Date.now() });
    const { nativeConnection: connection, namespace } = desk.temporal;
    const worker = await Worker.create({ connection, namespace, taskQueue: 'faulty', workflowsPath: require.resolve('./fails-at-once') });
    const failing = desk.client.workflow.execute('conversationWorkflow', { workflowId: conversationWorkflowId(number), taskQueue: 'faulty' });
    await expect(worker.runUntil(failing)).rejects.toThrow('Workflow execution failed');
    await desk.db.updateTable('conversations').set({ relayed_seq: 1 }).where('number', '=', number).execute();
    expect(await run()).toBe(1);
    expect(await desk.view(number)).toMatchObject({ number, status: 'new' });
  });

  test('one that relay said it had started, and had not, begins with everything that came in since', async () => {
    const number = await desk.ticket({ at: Date.now() });
    await addCustomerAct(desk.db, { number, act: 'productionDown', at: Date.now() });
    await desk.db.updateTable('conversations').set({ relayed_seq: 2 }).where('number', '=', number).execute();
    expect(await run()).toBe(1);
    await desk.eventually('the act is applied', async () => (await desk.view(number)).priority === 'urgent');
  });

  test('one whose relay died after the start, and whose workflow was then lost, does not wait for relay for ever', async () => {
    const number = await moved();
    await desk.db.updateTable('conversations').set({ relayed_seq: 0 }).where('number', '=', number).execute();
    await desk.handle(number).terminate('lost');
    await addCustomerAct(desk.db, { number, act: 'productionDown', at: Date.now() });
    expect(await desk.relay()).toEqual([number]);
    expect(await run()).toBe(1);
    expect(await desk.relay()).toEqual([]);
    expect(await desk.row(number)).toMatchObject({ relayed_seq: 2 });
  });

  test('what came in while it was lost is applied', async () => {
    const number = await moved('low');
    await desk.handle(number).terminate('lost');
    await addCustomerAct(desk.db, { number, act: 'productionDown', at: Date.now() });
    expect(await desk.relay()).toEqual([number]);
    expect(await restartIfLost(desk.db, desk.client, desk.log, number)).toBe(true);
    expect(await restartIfLost(desk.db, desk.client, desk.log, number)).toBe(false);
    await desk.eventually('the act is applied', async () => (await desk.view(number)).priority === 'urgent');
    expect(await desk.relay()).toEqual([]);
  });

  test('its open page comes back, lost or not, and rings nobody twice', async () => {
    const [lost, alive] = [await desk.started('urgent'), await desk.started('urgent')];
    for (const number of [lost, alive]) {
      await desk.eventually(
        `the page of #${number} is open`,
        async () => (await desk.db.selectFrom('pages').selectAll().where('number', '=', number).execute()).length === 1,
      );
      await desk.eventually(`#${number} is projected`, async () => (await desk.row(number)).carried?.state.page);
    }
    await desk.handle(alive).terminate('lost');
    await desk.forget(pageWorkflowId(lost, 1));
    await desk.forget(conversationWorkflowId(lost));
    expect(await run()).toBe(2);
    for (const number of [lost, alive]) {
      await desk.eventually(`the escalation of #${number} runs`, async () => (await desk.status(pageWorkflowId(number, 1)).catch(() => 'GONE')) === 'RUNNING');
      expect((await desk.view(number)).page).toBe(1);
      const pages = await desk.db.selectFrom('pages').select(['id', 'cause_key']).where('number', '=', number).execute();
      expect(pages).toHaveLength(1);
    }
    const rings = () => desk.db.selectFrom('page_attempts').select(['page_id', 'ring', 'outcome']).where('page_id', '=', `p${alive}-1`).execute();
    await desk.eventually('its ring is noted', async () => (await rings()).some(({ outcome }) => outcome === 'sent'));
    expect(await rings()).toEqual([{ page_id: `p${alive}-1`, ring: 1, outcome: 'sent' }]);
    await update(lost, { type: 'spam' });
    await desk.eventually('the page is over', async () => (await desk.status(pageWorkflowId(lost, 1))) === 'COMPLETED');
  });

  test('one that runs, one that is closed, one that has completed and one that relay has yet to start are left alone', async () => {
    const running = await moved();
    const { runId } = await desk.handle(running).describe();
    const closed = await moved();
    await desk.handle(closed).terminate('after its end');
    await desk.db.updateTable('conversations').set({ status: 'closed' }).where('number', '=', closed).execute();
    const completed = await moved();
    await update(completed, { type: 'spam' });
    await desk.handle(completed).result();
    await desk.db.updateTable('conversations').set({ status: 'open' }).where('number', '=', completed).execute();
    const fresh = await desk.ticket({ at: Date.now() });
    expect(await run()).toBe(0);
    for (const number of [running, fresh, closed, completed]) expect(await restartIfLost(desk.db, desk.client, desk.log, number)).toBe(false);
    expect((await desk.handle(running).describe()).runId).toBe(runId);
    expect(await desk.status(conversationWorkflowId(completed))).toBe('COMPLETED');
    await expect(desk.handle(fresh).describe()).rejects.toMatchObject({ name: 'WorkflowNotFoundError' });
  });

  test('next due first, and one that cannot be started holds up no other', async () => {
    const numbers: number[] = [];
    for (let index = 0; index < 30; index += 1) {
      const number = await desk.ticket({ at: Date.now() });
      numbers.push(number);
      const due = index % 3 === 0 ? null : new Date(Date.now() + ((index * 7) % 30) * HOUR_MS);
      await desk.db.updateTable('conversations').set({ relayed_seq: 1, next_due_at: due }).where('number', '=', number).execute();
    }
    const broken = numbers[1] ?? 0;
    const row = await desk.row(broken);
    await desk.db
      .updateTable('conversations')
      .set({ revision: 2, carried: JSON.stringify({ ...row.carried, state: { ...row.carried?.state, policy: 'lost-hash' } }) })
      .where('number', '=', broken)
      .execute();
    const asked: string[] = [];
    const getHandle = desk.client.workflow.getHandle.bind(desk.client.workflow);
    const spy = jest.spyOn(desk.client.workflow, 'getHandle').mockImplementation(((id: string) => {
      asked.push(id);
      return getHandle(id);
    }) as typeof getHandle);
    expect(await run()).toBe(29);
    spy.mockRestore();
    const order = (
      await desk.db
        .selectFrom('conversations')
        .select('number')
        .where('number', 'in', numbers)
        .orderBy('next_due_at', (by) => by.asc().nullsLast())
        .orderBy('number')
        .execute()
    ).map(({ number }) => number);
    expect(asked).toEqual(order.map(conversationWorkflowId));
    const rebuilt = desk.entries.filter(({ level }) => level === 'error').map(({ number }) => Number(number));
    // Eight are on their way at a time, so they end in any order.
    expect([...rebuilt].sort()).toEqual(order.filter((number) => number !== broken).sort());
    expect(desk.entries).toContainEqual(expect.objectContaining({ level: 'warn', number: broken }));
  });

  test('asked to stop, it begins with no further one', async () => {
    for (let index = 0; index < 3; index += 1) await desk.ticket({ at: Date.now() });
    await desk.db.updateTable('conversations').set({ relayed_seq: 1 }).where('status', '<>', 'closed').execute();
    expect(await reconcile(desk.db, desk.client, desk.log, AbortSignal.abort())).toBe(0);
  });

  test('a namespace that does not answer proves nothing: nobody is started, and the run fails', async () => {
    const number = await desk.ticket({ at: Date.now() });
    await desk.db.updateTable('conversations').set({ relayed_seq: 1 }).where('number', '=', number).execute();
    const describe = jest.spyOn(desk.client.connection.workflowService, 'describeWorkflowExecution').mockImplementation(() => {
      throw new Error('deadline exceeded');
    });
    await expect(run()).rejects.toThrow();
    describe.mockRestore();
    await expect(desk.handle(number).describe()).rejects.toMatchObject({ name: 'WorkflowNotFoundError' });
    expect(await run()).toBe(1);
  });
});

test('200 conversations that Temporal has lost are back within seconds, each with the right time left', async () => {
  const desk = new LiveDesk(ALWAYS_OPEN);
  await desk.open();
  try {
    const numbers: number[] = [];
    for (let index = 0; index < 200; index += 1) numbers.push(await desk.ticket({ at: Date.now() }));
    await desk.db.updateTable('conversations').set({ relayed_seq: 1 }).execute();
    const startedAt = performance.now();
    expect(await reconcile(desk.db, desk.client, desk.log)).toBe(200);
    const seconds = (performance.now() - startedAt) / 1000;
    process.stdout.write(`200 conversations were rebuilt in ${seconds.toFixed(1)} s\n`);
    // 1,000 in a minute is the promise; twice as much where others work beside it.
    expect(seconds).toBeLessThan(30);
    await desk.work();
    await desk.eventually('all of them run', async () => {
      const views = await Promise.all(numbers.map((number) => desk.view(number)));
      const rows = await Promise.all(numbers.map((number) => desk.row(number)));
      return views.every((view, index) => view.nextDueAt === rows[index]?.next_due_at?.getTime());
    });
  } finally {
    await desk.close();
  }
}, 120_000);
