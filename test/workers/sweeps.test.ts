import { randomUUID } from 'node:crypto';
import { WorkflowNotFoundError } from '@temporalio/client';
import { addCommand, getCommand } from '../../db/commands';
import { acknowledgePage, pagesWithLostAcknowledgement } from '../../db/pages';
import { GIVE_BACK } from '../../intake/give-back';
import { escalationViewQuery } from '../../messages/escalation';
import { conversationWorkflowId, pageWorkflowId } from '../../messages/ids';
import type { Command } from '../../policy/events';
import { sweepAcknowledgements, sweepCommands, sweepLeftBehind } from '../../workers/sweeps';
import { ALWAYS_OPEN, useLiveDesk } from './live-desk';

/** Longer ago than a request waits for its command. */
const AGE_MS = 8_000;

// Real servers, real workers: on a busy machine each step has its time.
jest.setTimeout(120_000);

describe('the sweep of commands', () => {
  const desk = useLiveDesk(ALWAYS_OPEN);
  afterEach(async () => {
    await desk.db.deleteFrom('commands').execute();
    desk.entries.length = 0;
  });

  const sweep = (stopping?: AbortSignal) => sweepCommands(desk.db, desk.client, desk.log, Date.now(), stopping);
  const queue = async (number: number, command: Command, more: { at?: number; notAfter?: number } = {}) => {
    const id = randomUUID();
    const at = more.at ?? Date.now() - AGE_MS;
    await addCommand(desk.db, { id, number, actor: 'ada', command, bodyRef: null, at, notAfter: more.notAfter ?? null });
    return id;
  };
  const state = async (id: string) => (await getCommand(desk.db, id))?.state;

  test('a command that nobody answered is given again, and its answer is written down', async () => {
    const number = await desk.started();
    const id = await queue(number, { type: 'priority', priority: 'high' });
    await sweep();
    expect(await getCommand(desk.db, id)).toMatchObject({ state: 'done', result: { answer: { revision: 2, view: { number, priority: 'high' } } } });
    expect((await desk.view(number)).priority).toBe('high');
    await sweep();
    expect((await desk.view(number)).revision).toBe(2);
  });

  test('one that had been carried out all the same is not carried out twice', async () => {
    const number = await desk.started();
    const id = await queue(number, { type: 'status', status: 'pending' });
    const event = { type: 'command', id, at: Date.now(), by: 'ada', command: { type: 'status', status: 'pending' } };
    await desk.handle(number).executeUpdate('command', { updateId: id, args: [event] });
    await sweep();
    expect(await state(id)).toBe('done');
    expect((await desk.view(number)).revision).toBe(2);
  });

  test('a refusal is written down with what to change, and whoever gave the command hears of it once', async () => {
    const id = await queue(await desk.started(), { type: 'escalate' });
    await sweep();
    await sweep();
    expect(await getCommand(desk.db, id)).toMatchObject({ state: 'refused', result: { refusal: { code: 'E_NO_OPEN_PAGE' } } });
    expect(await desk.db.selectFrom('notices').select(['kind', 'to_agent']).where('key', '=', `refused:${id}`).execute()).toEqual([
      { kind: 'refused', to_agent: 'ada' },
    ]);
  });

  test('one to a conversation that has closed is refused', async () => {
    const number = await desk.started();
    await desk.db.updateTable('conversations').set({ status: 'closed' }).where('number', '=', number).execute();
    const id = await queue(number, { type: 'priority', priority: 'low' });
    await sweep();
    expect(await getCommand(desk.db, id)).toMatchObject({ state: 'refused', result: { refusal: { code: 'E_CONVERSATION_CLOSED' } } });
  });

  test('those that must not come late, and those whose request still waits, are left alone', async () => {
    const number = await desk.started();
    const late = await queue(number, { type: 'status', status: 'solved' }, { notAfter: Date.now() + 60_000 });
    const young = await queue(number, { type: 'priority', priority: 'low' }, { at: Date.now() - 1_000 });
    await sweep();
    expect([await state(late), await state(young)]).toEqual(['queued', 'queued']);
    expect(await desk.view(number)).toMatchObject({ status: 'new', priority: 'normal', revision: 1 });
  });

  test('those of one conversation are carried out in their order', async () => {
    const number = await desk.started();
    const from = Date.now() - AGE_MS;
    const priorities = ['low', 'high', 'normal', 'high', 'low'] as const;
    for (const [index, priority] of priorities.entries()) await queue(number, { type: 'priority', priority }, { at: from - 100 + index });
    await sweep();
    const lines = await desk.eventually('all are projected', async () => {
      const timeline = (await desk.timeline(number)).filter(({ type }) => type === 'priority');
      return timeline.length === priorities.length && timeline;
    });
    expect(lines.map(({ data }) => data['to'])).toEqual(priorities);
  });

  test('when its workflow is lost it starts again, and the next run carries the command out', async () => {
    const number = await desk.started();
    await desk.handle(number).terminate('lost');
    const id = await queue(number, { type: 'priority', priority: 'high' });
    await sweep();
    expect(await state(id)).toBe('queued');
    expect(await desk.status(conversationWorkflowId(number))).toBe('RUNNING');
    await sweep();
    expect(await state(id)).toBe('done');
    expect((await desk.view(number)).priority).toBe('high');
  });

  test('one whose workflow relay has yet to start starts it', async () => {
    const number = await desk.ticket({ at: Date.now() });
    const id = await queue(number, { type: 'priority', priority: 'high' });
    await expect(desk.handle(number).describe()).rejects.toBeInstanceOf(WorkflowNotFoundError);
    await sweep();
    expect(await state(id)).toBe('done');
    expect((await desk.view(number)).priority).toBe('high');
  });

  test('a conversation that does not answer holds up no other, and its later commands do not overtake its first', async () => {
    const stuck = await desk.ticket({ at: Date.now() });
    await desk.client.workflow.start('conversationWorkflow', { workflowId: conversationWorkflowId(stuck), taskQueue: 'nobody-listens' });
    const first = await queue(stuck, { type: 'priority', priority: 'high' }, { at: Date.now() - 2 * AGE_MS });
    const second = await queue(stuck, { type: 'priority', priority: 'low' });
    const others = await Promise.all(Array.from({ length: 5 }, async () => queue(await desk.started(), { type: 'priority', priority: 'high' })));
    // It does not answer until the others have been served, however long that takes.
    const { workflowService } = desk.client.connection;
    const update = workflowService.updateWorkflowExecution.bind(workflowService);
    const asked = new Set<string | null | undefined>();
    let goOn = (): void => undefined;
    const served = new Promise<void>((resolve) => (goOn = resolve));
    const spy = jest.spyOn(workflowService, 'updateWorkflowExecution').mockImplementation(async (request: Parameters<typeof update>[0]) => {
      if (request.workflowExecution?.workflowId === conversationWorkflowId(stuck)) {
        asked.add(request.request?.meta?.updateId);
        await served;
      }
      return update(request);
    });
    const running = sweep();
    try {
      await desk.eventually('the others are done', async () => (await Promise.all(others.map(state))).every((each) => each === 'done'));
    } finally {
      goOn();
      await running;
      spy.mockRestore();
    }
    expect([...asked]).toEqual([first]);
    expect([await state(first), await state(second)]).toEqual(['queued', 'queued']);
    await desk.handle(stuck).terminate('end of the test');
  });

  test('asked to stop, it gives no further command', async () => {
    const number = await desk.started();
    const id = await queue(number, { type: 'priority', priority: 'high' });
    await sweep(AbortSignal.abort());
    expect(await state(id)).toBe('queued');
  });
});

describe('the sweep of what is left behind', () => {
  const desk = useLiveDesk(ALWAYS_OPEN);
  beforeEach(() => desk.db.updateTable('agents').set({ disabled_at: null, away: false, away_since: null }).execute());

  const sweep = () => sweepLeftBehind(desk.db, desk.client, desk.log, Date.now());
  const commands = (number: number) =>
    desk.db.selectFrom('commands').select(['actor', 'command', 'state']).where('number', '=', number).orderBy('at').execute();
  const projected = (number: number) =>
    desk.eventually('it is projected', async () => (await desk.row(number)).revision === (await desk.view(number)).revision);

  test('an answer that had to wait gives its conversation to nobody who has gone meanwhile: it has to be dispatched again', async () => {
    for (const gone of [{ disabled_at: new Date() }, { away: true, away_since: new Date() }]) {
      const number = await desk.started();
      const said = Date.now() - AGE_MS;
      const reply: Command = { type: 'reply', messageId: `m-${number}`, delivery: 'mail', recipients: ['c'] };
      await addCommand(desk.db, { id: randomUUID(), number, actor: 'ada', command: reply, bodyRef: null, at: said, notAfter: null });
      await desk.db.updateTable('agents').set(gone).execute();
      await sweep();
      expect(await commands(number)).toHaveLength(1);
      await sweepCommands(desk.db, desk.client, desk.log, Date.now());
      await projected(number);
      expect(await desk.row(number)).toMatchObject({ assignee: 'ada', status: 'open' });
      await sweep();
      expect(await desk.view(number)).toMatchObject({
        assignee: null,
        promises: expect.arrayContaining([expect.objectContaining({ kind: 'dispatch', cycle: 2, state: 'running' })]) as unknown,
      });
      await projected(number);
      await sweep();
      expect((await commands(number)).slice(1)).toEqual([{ actor: 'desk', command: GIVE_BACK, state: 'done' }]);
      await desk.db.updateTable('agents').set({ disabled_at: null, away: false, away_since: null }).execute();
    }
  });
});

describe('the sweep of acknowledgements', () => {
  const desk = useLiveDesk(ALWAYS_OPEN);

  const sweep = () => sweepAcknowledgements(desk.db, desk.client, desk.log, Date.now());
  const paged = async () => {
    const number = await desk.started('urgent');
    await desk.eventually(
      'it rings',
      async () =>
        (await desk.db.selectFrom('page_attempts').select('ring').where('page_id', '=', `p${number}-1`).where('outcome', '=', 'sent').execute()).length > 0,
    );
    return number;
  };
  const acknowledge = (number: number) => acknowledgePage(desk.db, { id: `p${number}-1`, by: 'ada', at: new Date() });
  const escalation = (number: number) => desk.client.workflow.getHandle(pageWorkflowId(number, 1));
  const relayedAt = async (number: number) =>
    (await desk.db.selectFrom('pages').select('acknowledgement_relayed_at').where('id', '=', `p${number}-1`).executeTakeFirstOrThrow())
      .acknowledgement_relayed_at;
  const signals = async (number: number) => {
    const { events } = await escalation(number).fetchHistory();
    return (events ?? []).filter((event) => event.workflowExecutionSignaledEventAttributes?.signalName === 'acknowledged').length;
  };

  test('an acknowledgement whose signal was lost silences the page, and is not sent again', async () => {
    const number = await paged();
    expect(await acknowledge(number)).toBe('acknowledged');
    expect((await escalation(number).query(escalationViewQuery)).state).toBe('paging');
    await sweep();
    await desk.eventually('it is silent', async () => (await escalation(number).query(escalationViewQuery)).state === 'acknowledged');
    expect(await relayedAt(number)).not.toBeNull();
    await sweep();
    await sweep();
    expect(await signals(number)).toBe(1);
  });

  test('a page that is over already is noted as told', async () => {
    const number = await paged();
    await acknowledge(number);
    await escalation(number).terminate('over');
    await sweep();
    expect(await relayedAt(number)).not.toBeNull();
    expect(await pagesWithLostAcknowledgement(desk.db, 100)).toEqual([]);
  });

  test('one that cannot be told holds up no other and stays for the next run', async () => {
    const numbers = [await paged(), await paged()];
    for (const number of numbers) await acknowledge(number);
    const [broken = 0, other = 0] = numbers;
    const signal = desk.client.connection.workflowService.signalWorkflowExecution.bind(desk.client.connection.workflowService);
    const spy = jest
      .spyOn(desk.client.connection.workflowService, 'signalWorkflowExecution')
      .mockImplementation((request: Parameters<typeof signal>[0]) =>
        request.workflowExecution?.workflowId === pageWorkflowId(broken, 1) ? Promise.reject(new Error('deadline exceeded')) : signal(request),
      );
    await sweep();
    expect([await relayedAt(broken), await relayedAt(other)]).toEqual([null, expect.any(Date)]);
    spy.mockRestore();
    await sweep();
    expect(await relayedAt(broken)).not.toBeNull();
  });
});
