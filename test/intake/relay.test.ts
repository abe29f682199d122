import { sql } from 'kysely';
import { createLogger } from '../../config/log';
import { claimForRelay, markRelayed, newOnesWait, type ToRelay } from '../../db/relay';
import { continueLinked } from '../../intake/continue-linked';
import { createTicket } from '../../intake/create-ticket';
import { addCustomerAct } from '../../intake/customer-act';
import { relayConversation, startAhead, startRelay } from '../../intake/relay';
import { conversationWorkflowId } from '../../messages/ids';
import { Worker } from '@temporalio/worker';
import { freshNamespace, type TestNamespace } from '../setup/temporal';
import { MailDesk, MONDAY_10 } from './mail-desk';

const log = createLogger('test', { write: () => undefined });

describe('relay', () => {
  const desk = new MailDesk();
  let temporal: TestNamespace;
  beforeAll(async () => {
    [temporal] = await Promise.all([freshNamespace(), desk.open()]);
    await desk.organization('org-17', { plan: 'enterprise', domains: ['acme.test'], clusters: ['c042'] });
  });
  afterAll(async () => {
    await desk.close();
    await temporal.close();
  });

  const create = (priority: 'urgent' | 'normal' = 'normal') =>
    createTicket(desk.db, desk.policy, { requester: { email: 'jane@acme.test' }, subject: 'Help', body: 'Slow.', priority }, { now: MONDAY_10, actor: null });
  const claimed = async (number: number): Promise<ToRelay> => {
    await desk.db.updateTable('conversations').set({ relayed_at: null }).where('number', '=', number).execute();
    const rows = await claimForRelay(desk.db, { now: Date.now(), leaseMs: 0, pauseMs: 0, limit: 1_000, startingAtMost: 1_000 });
    const row = rows.find((candidate) => candidate.number === number);
    if (row === undefined) throw new Error(`#${number} has nothing to relay`);
    return row;
  };
  const relay = async (number: number, onMissing?: (missing: number) => void) =>
    relayConversation({ db: desk.db, client: temporal.client, log, ...(onMissing && { onMissing }) }, await claimed(number));
  const describeIt = (number: number) => temporal.client.workflow.getHandle(conversationWorkflowId(number)).describe();
  const signals = async (number: number) => {
    const { events } = await temporal.client.workflow.getHandle(conversationWorkflowId(number)).fetchHistory();
    return (events ?? []).flatMap((event) => {
      const payload = event.workflowExecutionSignaledEventAttributes?.input?.payloads?.[0]?.data;
      return payload ? [JSON.parse(Buffer.from(payload).toString()) as { upTo: number; events: { seq: number }[] }] : [];
    });
  };

  test('starts the workflow with what resolve decided, and shows it to ops without names', async () => {
    const { number } = await create();
    await relay(number);
    const workflow = await describeIt(number);
    expect(workflow).toMatchObject({ type: 'conversationWorkflow', taskQueue: 'holdfast', status: { name: 'RUNNING' } });
    expect(await workflow.staticSummary()).toBe(`#${number} · ticket · org-17`);
    const attributes = workflow.typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]);
    const ticket = await desk.conversation(number);
    expect(Object.fromEntries(attributes)).toMatchObject({
      HoldfastKind: 'ticket',
      HoldfastStatus: 'new',
      HoldfastPriority: 'normal',
      HoldfastPlan: 'enterprise',
      HoldfastCluster: ['c042'],
      HoldfastBreached: false,
      HoldfastDueAt: ticket.next_due_at,
    });
    const history = await temporal.client.workflow.getHandle(conversationWorkflowId(number)).fetchHistory();
    const input = history.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data;
    const decoded = JSON.parse(Buffer.from(input ?? []).toString()) as Record<string, unknown>;
    expect(decoded).toEqual({
      begin: ticket.start,
      policy: JSON.parse(JSON.stringify(desk.policy)) as unknown,
      facts: { organization: 'org-17', cluster: ['c042'], website: [] },
    });
    expect(JSON.stringify(decoded)).not.toMatch(/jane|Slow\./);
    expect(await signals(number)).toEqual([]);
    expect(ticket).toMatchObject({ relayed_seq: 1 });
  });

  test('urgent conversations go to the urgent queue, and before all others', async () => {
    await desk.db
      .updateTable('conversations')
      .set((eb) => ({ relayed_seq: eb.ref('last_seq') }))
      .execute();
    const numbers = [await create(), await create('urgent'), await create()].map(({ number }) => number);
    const rows = await claimForRelay(desk.db, { now: MONDAY_10, leaseMs: 5_000, pauseMs: 1_000, limit: 2, startingAtMost: 1_000 });
    expect(rows.map(({ number }) => number)).toEqual([numbers[1], numbers[0]]);
    // Claimed ones are nobody else's until the lease is over.
    const others = await claimForRelay(desk.db, { now: MONDAY_10 + 5_999, leaseMs: 5_000, pauseMs: 1_000, limit: 10, startingAtMost: 1_000 });
    expect(others.map(({ number }) => number)).toEqual([numbers[2]]);
    const again = await claimForRelay(desk.db, { now: MONDAY_10 + 6_000, leaseMs: 0, pauseMs: 1_000, limit: 10, startingAtMost: 1_000 });
    expect(again.map(({ number }) => number)).toEqual([numbers[1], numbers[0]]);
    await relay(numbers[1] ?? 0);
    expect((await describeIt(numbers[1] ?? 0)).taskQueue).toBe('holdfast-urgent');
  });

  test('new ones wait while others are being started; urgent ones and those that run already do not', async () => {
    await desk.db
      .updateTable('conversations')
      .set((eb) => ({ relayed_seq: eb.ref('last_seq') }))
      .execute();
    const running = await create();
    await relay(running.number);
    await addCustomerAct(desk.db, { number: running.number, act: 'thatsAll', at: MONDAY_10 });
    const fresh = [await create(), await create(), await create()].map(({ number }) => number);
    const urgent = await create('urgent');
    const claim = { now: Date.now() + 10_000, leaseMs: 5_000, pauseMs: 1_000, startingAtMost: 2 };

    expect(await newOnesWait(desk.db, claim.now)).toBe(true);
    // What is under way counts, whoever has claimed it; here the urgent one is under way as well.
    const first = await claimForRelay(desk.db, { ...claim, limit: 10 });
    expect(first.map(({ number }) => number)).toEqual([urgent.number, running.number, fresh[0], fresh[1]]);
    expect(await claimForRelay(desk.db, { ...claim, limit: 10 })).toEqual([]);
    expect(await newOnesWait(desk.db, claim.now)).toBe(true);
    // Once told, or when the lease of whoever died is over, there is room again; the limit holds for all of them together.
    for (const number of [urgent.number, fresh[0] ?? 0, fresh[1] ?? 0]) await markRelayed(desk.db, number, 1, claim.now);
    expect((await claimForRelay(desk.db, { ...claim, limit: 10 })).map(({ number }) => number)).toEqual([fresh[2]]);
    expect(await newOnesWait(desk.db, claim.now)).toBe(false);
    const later = { ...claim, now: claim.now + claim.leaseMs + claim.pauseMs, limit: 1 };
    expect((await claimForRelay(desk.db, later)).map(({ number }) => number)).toEqual([running.number]);
    expect((await claimForRelay(desk.db, later)).map(({ number }) => number)).toEqual([fresh[2]]);
  });

  test('a chat does not wait behind mail, and whoever gives a command starts its conversation ahead of its turn', async () => {
    await desk.db
      .updateTable('conversations')
      .set((eb) => ({ relayed_seq: eb.ref('last_seq') }))
      .execute();
    const [first, second, third] = [await create(), await create(), await create()].map(({ number }) => number);
    const chat = await create();
    await desk.db.updateTable('conversations').set({ kind: 'chat' }).where('number', '=', chat.number).execute();
    const claim = { now: Date.now(), leaseMs: 5_000, pauseMs: 1_000, startingAtMost: 1, limit: 10 };
    expect((await claimForRelay(desk.db, claim)).map(({ number }) => number)).toEqual([chat.number, first].sort());
    expect(await claimForRelay(desk.db, claim)).toEqual([]);

    const ahead = (number = 0) => startAhead({ db: desk.db, client: temporal.client, log }, number);
    await ahead(third);
    expect((await describeIt(third ?? 0)).status.name).toBe('RUNNING');
    const relayed = () => desk.db.selectFrom('conversations').select('number').where('relayed_seq', '=', 0).orderBy('number').execute();
    expect((await relayed()).map(({ number }) => number)).toEqual([first, second, chat.number]);
    // Somebody else is at it, or it runs already.
    await Promise.all([ahead(first), ahead(third)]);
    expect((await relayed()).map(({ number }) => number)).toEqual([first, second, chat.number]);
  });

  test('what comes before the start goes with it; what comes later is signalled once, and a repeat does no harm', async () => {
    const { number } = await create();
    await addCustomerAct(desk.db, { number, act: 'productionDown', at: MONDAY_10 });
    const row = await claimed(number);
    await relay(number);
    await relayConversation({ db: desk.db, client: temporal.client, log }, row);
    for (let index = 0; index < 25; index += 1) await addCustomerAct(desk.db, { number, act: 'thatsAll', at: MONDAY_10 });
    await relay(number);
    const [first, repeated, later] = await signals(number);
    expect(first).toMatchObject({ upTo: 2, events: [{ seq: 1 }, { seq: 2 }] });
    expect(repeated).toEqual(first);
    expect(later?.upTo).toBe(27);
    expect(later?.events.map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, index) => index + 3));
    expect(await desk.conversation(number)).toMatchObject({ relayed_seq: 27, last_seq: 27 });
  });

  test('an open conversation whose workflow is gone is left for reconcile, never started from its beginning', async () => {
    const { number } = await create();
    await relay(number);
    await temporal.client.workflow.getHandle(conversationWorkflowId(number)).terminate();
    await addCustomerAct(desk.db, { number, act: 'productionDown', at: MONDAY_10 });
    const missing: number[] = [];
    await relay(number, (gone) => missing.push(gone));
    expect(missing).toEqual([number]);
    expect(await desk.conversation(number)).toMatchObject({ relayed_seq: 1, last_seq: 2 });
    expect((await describeIt(number)).status.name).toBe('TERMINATED');
  });

  test('a message that met the end of its conversation opens a linked one', async () => {
    const { number } = await create();
    await relay(number);
    await desk.db.updateTable('conversations').set({ status: 'closed', last_seq: 2 }).where('number', '=', number).execute();
    await desk.db
      .insertInto('messages')
      .values({
        id: 'm-late',
        number,
        seq: 2,
        direction: 'in',
        author_kind: 'customer',
        author_id: null,
        channel: 'email',
        body: 'One more thing',
        full_body: null,
        html: null,
        at: new Date(MONDAY_10 + 60_000),
        state: 'received',
        mail_id: null,
        in_reply_to: null,
        hint: null,
        inbox_id: null,
      })
      .execute();
    const data = {
      type: 'message',
      seq: 2,
      at: MONDAY_10 + 60_000,
      messageId: 'm-late',
      author: 'customer',
      channel: 'email',
      machine: false,
      slight: false,
      policy: desk.policy.hash,
    };
    await desk.db
      .insertInto('conversation_events')
      .values({ number, seq: 2, at: new Date(data.at), type: 'message', data: JSON.stringify(data) })
      .execute();
    await temporal.client.workflow.getHandle(conversationWorkflowId(number)).terminate();
    await relay(number);
    const linked = await desk.db.selectFrom('conversations').selectAll().where('linked_from', '=', number).executeTakeFirstOrThrow();
    expect(linked).toMatchObject({ flags: ['followUp'], status: 'new', last_seq: 1, relayed_seq: 0, received_at: new Date(data.at) });
    expect(linked.start.promises.map(({ since }) => since)).toEqual([data.at, data.at]);
    expect(await desk.messages(linked.number)).toEqual([expect.objectContaining({ id: 'm-late', seq: 1 })]);
    expect(await desk.events(linked.number)).toEqual([{ ...data, seq: 1 }]);
    expect(await desk.conversation(number)).toMatchObject({ last_seq: 1, relayed_seq: 1 });
    expect(await continueLinked(desk.db, { number, known: 1 }, MONDAY_10)).toBeNull();
  });

  test('what a workflow had applied before it closed goes on nowhere, however late the relay hears of that', async () => {
    const { number } = await create();
    await relay(number);
    await addCustomerAct(desk.db, { number, act: 'productionDown', at: MONDAY_10 });
    const event = { type: 'message', seq: 3, at: MONDAY_10, messageId: 'm-robot', author: 'customer', channel: 'email', machine: true, slight: false };
    await desk.db
      .insertInto('conversation_events')
      .values({ number, seq: 3, at: new Date(MONDAY_10), type: 'message', data: JSON.stringify({ ...event, policy: desk.policy.hash }) })
      .execute();
    // Signalled and applied, but not marked as told: whoever had claimed it has died; and closed since.
    await desk.db.updateTable('conversations').set({ last_seq: 3 }).where('number', '=', number).execute();
    await temporal.client.workflow.getHandle(conversationWorkflowId(number)).terminate();
    const waiting = await claimed(number);
    await desk.db.updateTable('conversations').set({ status: 'closed', applied_seq: 3 }).where('number', '=', number).execute();
    await relayConversation({ db: desk.db, client: temporal.client, log }, waiting);
    expect(await desk.db.selectFrom('conversations').select('number').where('linked_from', '=', number).execute()).toEqual([]);
    expect(await desk.conversation(number)).toMatchObject({ status: 'closed', last_seq: 3, relayed_seq: 3 });
    expect(await desk.events(number)).toHaveLength(3);
  });

  test('a message goes on in the linked conversation, however much else waited before it', async () => {
    const { number } = await create();
    await relay(number);
    const last = 10_003;
    await sql`INSERT INTO conversation_events (number, seq, at, type, data)
      SELECT ${number}, seq, now(), 'customerAct', jsonb_build_object('type', 'customerAct', 'act', 'thatsAll', 'seq', seq, 'at', ${MONDAY_10}::bigint, 'policy', ${desk.policy.hash}::text)
      FROM generate_series(2, ${last - 1}::int) AS seq`.execute(desk.db);
    const [opening] = await desk.events(number);
    const message = { ...opening, seq: last, messageId: 'm-far' };
    await sql`INSERT INTO conversation_events (number, seq, at, type, data) VALUES (${number}, ${last}, now(), 'message', ${JSON.stringify(message)})`.execute(
      desk.db,
    );
    await desk.db.updateTable('conversations').set({ status: 'closed', last_seq: last }).where('number', '=', number).execute();
    const linked = await continueLinked(desk.db, { number, known: 1 }, MONDAY_10);
    expect(await desk.events(linked ?? 0)).toEqual([{ ...message, seq: 1 }]);
  });

  test('a number whose workflow ended in another life leads to a new one', async () => {
    const { number } = await create();
    const worker = await Worker.create({
      connection: temporal.nativeConnection,
      namespace: temporal.namespace,
      taskQueue: 'elsewhere',
      workflowsPath: require.resolve('./ends-at-once'),
    });
    await worker.runUntil(temporal.client.workflow.execute('conversationWorkflow', { workflowId: conversationWorkflowId(number), taskQueue: 'elsewhere' }));
    await relay(number);
    const old = await desk.conversation(number);
    const linked = await desk.conversation(Number(old.merged_into));
    expect(old).toMatchObject({ status: 'closed', last_seq: 0 });
    expect(linked).toMatchObject({ linked_from: number, last_seq: 1 });
    expect((await desk.messages(linked.number)).map(({ seq }) => seq)).toEqual([1]);
    const running = await desk.db.selectFrom('promises').select('key').where('number', '=', number).where('state', '=', 'running').execute();
    expect(running).toEqual([]);
    await relay(linked.number);
    expect((await describeIt(linked.number)).status.name).toBe('RUNNING');
    // A worker's workflows are bundled first.
  }, 120_000);

  test('one that does not answer keeps nobody waiting but itself, and is told in its order', async () => {
    const stuck = await create();
    const id = conversationWorkflowId(stuck.number);
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    let calls = 0;
    const start = temporal.client.workflow.start.bind(temporal.client.workflow);
    const spy = jest.spyOn(temporal.client.workflow, 'start').mockImplementation((async (type: string, options: { workflowId: string }) => {
      if (options.workflowId === id) {
        calls += 1;
        await answered;
      }
      return start(type, options as Parameters<typeof start>[1]);
    }) as typeof start);
    const relayed = async (number: number) => (await desk.conversation(number)).relayed_seq;
    const eventually = async (holds: () => Promise<boolean>, withinMs: number): Promise<void> => {
      const until = Date.now() + withinMs;
      while (!(await holds())) {
        if (Date.now() > until) throw new Error(`Not within ${withinMs} ms.`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    const running = startRelay({ db: desk.db, url: desk.url, client: temporal.client, log });
    try {
      await eventually(() => Promise.resolve(calls === 1), 10_000);
      const others = await Promise.all(Array.from({ length: 20 }, () => create()));
      for (const { number } of others) await eventually(async () => (await relayed(number)) === 1, 20_000);
      expect(calls).toBe(1);
      expect(await relayed(stuck.number)).toBe(0);
      // It is not told the second before it has taken the first, not even when its claim has run out.
      await addCustomerAct(desk.db, { number: stuck.number, act: 'productionDown', at: MONDAY_10 });
      await desk.db.updateTable('conversations').set({ relayed_at: null }).where('number', '=', stuck.number).execute();
      const claimed = async () =>
        (await desk.db.selectFrom('conversations').select('relayed_at').where('number', '=', stuck.number).executeTakeFirstOrThrow()).relayed_at;
      await eventually(async () => (await claimed()) !== null, 20_000);
      // Claimed anew; a round later it would have been told.
      const later = await create();
      await eventually(async () => (await relayed(later.number)) === 1, 20_000);
      expect(calls).toBe(1);
      expect(await relayed(stuck.number)).toBe(0);
      answer();
      await eventually(async () => (await relayed(stuck.number)) === 2, 15_000);
      expect((await signals(stuck.number)).map(({ upTo }) => upTo)).toEqual([2]);
    } finally {
      answer();
      await running.close();
      spy.mockRestore();
    }
  }, 120_000);

  test('those whose start fails again and again take nobody the room to start', async () => {
    await desk.db
      .updateTable('conversations')
      .set((eb) => ({ relayed_seq: eb.ref('last_seq') }))
      .execute();
    const failing = [await create(), await create(), await create(), await create()].map(({ number }) => number);
    const ids = new Set(failing.map(conversationWorkflowId));
    const start = temporal.client.workflow.start.bind(temporal.client.workflow);
    const spy = jest.spyOn(temporal.client.workflow, 'start').mockImplementation((async (type: string, options: { workflowId: string }) => {
      if (ids.has(options.workflowId)) throw new Error('This one is refused.');
      return start(type, options as Parameters<typeof start>[1]);
    }) as typeof start);
    const others = await Promise.all(Array.from({ length: 20 }, () => create()));
    const waiting = async (numbers: readonly number[]) =>
      (await desk.db.selectFrom('conversations').select('number').where('number', 'in', numbers).where('relayed_seq', '=', 0).execute()).length;
    const startedAt = Date.now();
    const running = startRelay({ db: desk.db, url: desk.url, client: temporal.client, log });
    try {
      // Did each of them keep its room for the five seconds of its claim, it would take more than two rounds of that.
      while ((await waiting(others.map(({ number }) => number))) > 0 && Date.now() < startedAt + 30_000)
        await new Promise((resolve) => setTimeout(resolve, 50));
      expect(await waiting(others.map(({ number }) => number))).toBe(0);
      expect(Date.now() - startedAt).toBeLessThan(8_000);
      expect(await waiting(failing)).toBe(failing.length);
      spy.mockRestore();
      while ((await waiting(failing)) > 0 && Date.now() < startedAt + 60_000) await new Promise((resolve) => setTimeout(resolve, 50));
      expect(await waiting(failing)).toBe(0);
    } finally {
      await running.close();
      spy.mockRestore();
    }
  }, 120_000);

  test('runs by itself: tickets and mail reach Temporal within a second or two', async () => {
    const running = startRelay({ db: desk.db, url: desk.url, client: temporal.client, log });
    try {
      const created = await Promise.all(Array.from({ length: 20 }, () => create()));
      const until = Date.now() + 15_000;
      for (;;) {
        const waiting = await desk.db
          .selectFrom('conversations')
          .select('number')
          .where('relayed_seq', '=', 0)
          .where(
            'number',
            'in',
            created.map(({ number }) => number),
          )
          .execute();
        if (waiting.length === 0) break;
        if (Date.now() > until) throw new Error(`${waiting.length} conversations were not relayed.`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      for (const { number } of created) expect((await describeIt(number)).status.name).toBe('RUNNING');
    } finally {
      await running.close();
    }
  });
});
