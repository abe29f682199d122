import { chatSummaries } from '../../db/chat-summaries';
import { customerConversation } from '../../db/customer-threads';
import { writeProjection } from '../../db/projection';
import { startOfConversation } from '../../db/conversation-input';
import { publishPolicy } from '../../db/policies';
import type { Carried } from '../../messages/conversation';
import { policyOf } from '../policy/policies';
import { MONDAY_10, TicketDesk } from '../kit/ticket-desk';

const MINUTE_MS = 60_000;

describe('the projection of a conversation', () => {
  const desk = new TicketDesk();
  beforeAll(() => desk.open());
  afterAll(() => desk.close());

  const write = (number: number, carried: Carried) => desk.db.transaction().execute((trx) => writeProjection(trx, { number, carried }));
  /** A ticket that ada has taken, five minutes after it came. */
  const taken = async () => {
    const number = await desk.ticket();
    const assign = desk.command({ type: 'assign', agent: 'ada', away: false, force: false }, MONDAY_10 + 5 * MINUTE_MS);
    return { number, carried: desk.happened(await desk.carried(number), assign, MONDAY_10 + 5 * MINUTE_MS) };
  };

  test('shows the plan of another requester', async () => {
    const number = await desk.ticket();
    const requester = desk.command({ type: 'requester', contact: 'c2', plan: 'enterprise' }, MONDAY_10);
    expect(await write(number, desk.happened(await desk.carried(number), requester, MONDAY_10))).toBe(true);
    expect(await desk.row(number)).toMatchObject({ plan: 'enterprise' });
  });

  test('tells the customer no later time than before', async () => {
    const number = await desk.ticket({ priority: 'high' });
    const contactId = (await desk.row(number)).requester_id;
    const shown = async () => [
      (await customerConversation(desk.db, { number, parts: [number] })).answerBy,
      (await chatSummaries(desk.db, { contactId, proof: 'code', identity: `contact:${contactId}` }, { limit: 1, number }))[0]?.owed.find(({ late }) => !late)
        ?.dueAt ?? null,
    ];
    const told = new Date(MONDAY_10 + 4 * 60 * MINUTE_MS);
    expect(await shown()).toEqual([told, told]);
    const lower = desk.command({ type: 'priority', priority: 'low', since: 'received' }, MONDAY_10);
    await write(number, desk.happened(await desk.carried(number), lower, MONDAY_10));
    expect(await shown()).toEqual([null, null]);
    const raise = desk.command({ type: 'priority', priority: 'urgent', since: 'received' }, MONDAY_10 + 1);
    await write(number, desk.happened(await desk.carried(number), raise, MONDAY_10 + 1));
    const sooner = new Date(MONDAY_10 + 30 * MINUTE_MS);
    expect(await shown()).toEqual([sooner, sooner]);
  });

  test('shows status, assignee, promises and what happened', async () => {
    const { number, carried } = await taken();
    expect(await write(number, carried)).toBe(true);
    expect(await desk.row(number)).toMatchObject({
      status: 'open',
      assignee: 'ada',
      revision: 2,
      applied_seq: 1,
      breached: false,
      snoozed_until: null,
      // Dispatch is met; one business day is left.
      next_due_at: new Date(MONDAY_10 + 24 * 60 * MINUTE_MS),
    });
    expect(await desk.promises(number)).toEqual([
      expect.objectContaining({
        key: `conversation/${number}:dispatch:1`,
        kind: 'dispatch',
        cycle: 1,
        state: 'met',
        since: new Date(MONDAY_10),
        due_at: new Date(MONDAY_10 + 60 * MINUTE_MS),
        clock: 'office',
        length_ms: 60 * MINUTE_MS,
        page_at: new Date(MONDAY_10 + 60 * MINUTE_MS),
        paged: false,
        met_at: new Date(MONDAY_10 + 5 * MINUTE_MS),
        breached_at: null,
        cancelled_at: null,
        paused: false,
        policy_hash: desk.policy.hash,
      }),
      expect.objectContaining({ kind: 'firstResponse', state: 'running', met_at: null }),
    ]);
    const lines = await desk.timeline(number);
    expect(lines.map(({ revision, position, type }) => [revision, position, type])).toEqual([
      ...lines.filter(({ revision }) => revision === 1).map(({ type }, position) => [1, position, type]),
      ...carried.timeline.map(({ type }, position) => [2, position, type]),
    ]);
    expect(carried.timeline.length).toBeGreaterThan(1);
  });

  test('a breach with its time, and what is due by then', async () => {
    const number = await desk.ticket();
    const at = MONDAY_10 + 61 * MINUTE_MS;
    await write(number, desk.happened(await desk.carried(number), { type: 'due' }, at));
    expect(await desk.row(number)).toMatchObject({ breached: true, next_due_at: new Date(MONDAY_10 + 60 * MINUTE_MS) });
    expect((await desk.promises(number))[0]).toMatchObject({ state: 'breached', breached_at: new Date(MONDAY_10 + 60 * MINUTE_MS), paged: true });
  });

  test('tags as an agent set them; until then those of the way in stand', async () => {
    const { number, carried } = await taken();
    await desk.db
      .updateTable('conversations')
      .set({ cluster: ['c042'], tags: ['from-mail'] })
      .where('number', '=', number)
      .execute();
    await write(number, carried);
    expect(await desk.row(number)).toMatchObject({ cluster: ['c042'], website: [], tags: ['from-mail'] });
    const tags = desk.command({ type: 'tags', tags: ['billing'], cluster: [], website: ['www.acme.test'] }, MONDAY_10 + 6 * MINUTE_MS);
    await write(number, desk.happened(carried, tags, MONDAY_10 + 6 * MINUTE_MS));
    expect(await desk.row(number)).toMatchObject({ tags: ['billing'], cluster: [], website: ['www.acme.test'] });
  });

  test('a snooze until its end', async () => {
    const { number, carried } = await taken();
    const snoozed = desk.happened(carried, desk.command({ type: 'snooze', until: MONDAY_10 + 60 * MINUTE_MS }, MONDAY_10 + 6 * MINUTE_MS), MONDAY_10);
    await write(number, snoozed);
    expect((await desk.row(number)).snoozed_until).toEqual(new Date(MONDAY_10 + 60 * MINUTE_MS));
    await write(number, desk.happened(snoozed, desk.command({ type: 'snooze', until: null }, MONDAY_10 + 7 * MINUTE_MS), MONDAY_10));
    expect((await desk.row(number)).snoozed_until).toBeNull();
  });

  test('an older and a repeated one change nothing, not a line of the timeline', async () => {
    const { number, carried } = await taken();
    const first = await desk.carried(number);
    const everything = async () => [await desk.row(number), await desk.promises(number), await desk.timeline(number)];
    await write(number, carried);
    const after = await everything();
    expect(await write(number, carried)).toBe(false);
    expect(await write(number, first)).toBe(false);
    expect(await write(number, { ...carried, timeline: [...carried.timeline, { at: MONDAY_10, type: 'made.up', data: {} }] })).toBe(false);
    expect(await everything()).toEqual(after);
  });

  test('of several at once the newest stands, in whatever order they come', async () => {
    for (let round = 0; round < 10; round += 1) {
      const number = await desk.ticket();
      const chain: Carried[] = [];
      let carried = await desk.carried(number);
      for (let step = 1; step <= 6; step += 1) {
        const at = MONDAY_10 + step * MINUTE_MS;
        const priority = step % 2 === 0 ? ('high' as const) : ('low' as const);
        carried = desk.happened(carried, desk.command({ type: 'priority', priority }, at), at);
        chain.push(carried);
      }
      const order = chain.map((_, index) => (index * 5 + round) % chain.length);
      const written = await Promise.all(order.map((index) => write(number, chain[index] ?? carried)));
      expect(written.some(Boolean)).toBe(true);
      expect(await desk.row(number)).toMatchObject({ revision: 7, priority: 'high' });
      const keys = (await desk.timeline(number)).map(({ revision, position }) => `${revision}:${position}`);
      expect(new Set(keys).size).toBe(keys.length);
    }
  });

  test('two of the same revision at once: one is written', async () => {
    const { number, carried } = await taken();
    const before = (await desk.timeline(number)).length;
    const written = await Promise.all(Array.from({ length: 5 }, () => write(number, carried)));
    expect(written.filter(Boolean)).toHaveLength(1);
    expect((await desk.timeline(number)).length).toBe(before + carried.timeline.length);
  });

  test('what fails half-way leaves nothing behind', async () => {
    const { number, carried } = await taken();
    const broken = { ...carried, timeline: [{ at: MONDAY_10, type: 'made.up', data: { text: 'PostgreSQL takes no \0' } }] };
    await expect(write(number, broken)).rejects.toThrow();
    expect(await desk.row(number)).toMatchObject({ revision: 1, assignee: null });
    expect((await desk.promises(number))[0]).toMatchObject({ state: 'running' });
    expect(await write(number, carried)).toBe(true);
  });

  test('nothing is written of a conversation that there is not', async () => {
    const { carried } = await taken();
    expect(await write(999_999, carried)).toBe(false);
    expect(await desk.promises(999_999)).toEqual([]);
  });

  test('snapshots and timeline are not stored a second time', async () => {
    const { number, carried } = await taken();
    await write(number, carried);
    const row = await desk.row(number);
    expect(row.carried).toEqual(JSON.parse(JSON.stringify({ ...carried, timeline: [], state: { ...carried.state, policies: {} } })));
  });
});

describe('how a conversation is started', () => {
  const desk = new TicketDesk();
  beforeAll(() => desk.open());
  afterAll(() => desk.close());
  const write = (number: number, carried: Carried) => desk.db.transaction().execute((trx) => writeProjection(trx, { number, carried }));

  test('from its beginning, while nothing has happened since', async () => {
    const number = await desk.ticket({ priority: 'urgent' });
    const row = await desk.row(number);
    expect(await startOfConversation(desk.db, number)).toEqual({
      input: { begin: row.start, policy: JSON.parse(JSON.stringify(desk.policy)) as unknown, facts: { organization: null, cluster: [], website: [] } },
      number,
      kind: 'ticket',
      status: 'new',
      priority: 'urgent',
      plan: 'standard',
      assignee: null,
      organization: null,
      cluster: [],
      website: [],
      nextDueAt: MONDAY_10 + 30 * MINUTE_MS,
      breached: false,
      lastSeq: 1,
      revision: 1,
    });
  });

  test('with everything announced when more has come in, even if its workflow has done nothing yet', async () => {
    const number = await desk.ticket();
    await desk.db.updateTable('conversations').set({ last_seq: 4, relayed_seq: 4 }).where('number', '=', number).execute();
    expect((await startOfConversation(desk.db, number))?.input).toMatchObject({ carried: { announced: 4, state: { cursor: 1 } }, rebuilt: true });
  });

  test('from what it has become, with the very same state, its policies refilled and everything announced', async () => {
    const number = await desk.ticket();
    const carried = desk.happened(await desk.carried(number), { type: 'due' }, MONDAY_10 + 61 * MINUTE_MS);
    await write(number, carried);
    await desk.db.updateTable('conversations').set({ last_seq: 9 }).where('number', '=', number).execute();
    const start = await startOfConversation(desk.db, number);
    const expected: unknown = JSON.parse(JSON.stringify({ ...carried, timeline: [], announced: 9 }));
    expect(start?.input).toEqual({ carried: expected, facts: { organization: null, cluster: [], website: [] }, rebuilt: true });
    expect(start).toMatchObject({ breached: true, nextDueAt: MONDAY_10 + 60 * MINUTE_MS, lastSeq: 9 });
  });

  test('with the policy of each promise that is still owed, and no other', async () => {
    const number = await desk.ticket();
    const newer = await policyOf('tickets: { dispatch: { within: 2h, calendar: office } }');
    await publishPolicy(desk.db, newer, new Date(MONDAY_10));
    const before = await desk.carried(number);
    const after = desk.happened(before, { type: 'policy', snapshot: newer }, MONDAY_10 + 1);
    await write(number, after);
    const input = (await startOfConversation(desk.db, number))?.input;
    const policies = input !== undefined && 'carried' in input ? Object.keys(input.carried.state.policies) : [];
    expect(policies.sort()).toEqual([desk.policy.hash, newer.hash].sort());
  });

  test('a closed one, and one that there is not, never', async () => {
    const number = await desk.ticket();
    await desk.db.updateTable('conversations').set({ status: 'closed' }).where('number', '=', number).execute();
    expect(await startOfConversation(desk.db, number)).toBeNull();
    expect(await startOfConversation(desk.db, 999_999)).toBeNull();
  });
});
