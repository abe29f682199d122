import { leftBehindBy, leftBehindByAnyone } from '../../db/left-behind';
import { writeProjection } from '../../db/projection';
import type { Carried } from '../../messages/conversation';
import { GIVE_BACK } from '../../intake/give-back';
import { apply } from '../../policy/conversation';
import type { Command, MessageEvent } from '../../policy/events';
import { WITHOUT_MAIL } from '../kit/message-row';
import { MONDAY_10, TicketDesk } from '../kit/ticket-desk';

const MINUTE_MS = 60_000;

describe('conversations whose assignee is not there', () => {
  const desk = new TicketDesk();
  beforeAll(() => desk.open());
  afterAll(() => desk.close());
  afterEach(async () => {
    await desk.db.updateTable('agents').set({ disabled_at: null, away: false, away_since: null }).execute();
    await desk.db.updateTable('conversations').set({ assignee: null }).execute();
  });

  const minute = (n: number) => MONDAY_10 + n * MINUTE_MS;
  const left = async () => (await leftBehindByAnyone(desk.db, 100)).map(({ number }) => number);
  const disabled = () =>
    desk.db
      .updateTable('agents')
      .set({ disabled_at: new Date(minute(10)) })
      .execute();
  const away = () =>
    desk.db
      .updateTable('agents')
      .set({ away: true, away_since: new Date(minute(10)) })
      .execute();
  const write = (number: number, carried: Carried) => desk.db.transaction().execute((trx) => writeProjection(trx, { number, carried }));
  /** Ada does this in that minute, and it is projected. */
  const does = async (number: number, command: Command, at: number) => {
    const after = desk.happened(await desk.carried(number), desk.command(command, minute(at)), minute(at));
    await write(number, after);
    return after;
  };
  const takes = (at: number): [Command, number] => [{ type: 'assign', agent: 'ada', away: false, force: true }, at];
  const customerWrites = (seq: number, at: number): MessageEvent => ({
    type: 'message',
    seq,
    at: minute(at),
    messageId: `m-more-${at}`,
    author: 'customer',
    channel: 'email',
    machine: false,
    slight: false,
    policy: desk.policy.hash,
  });

  test('whoever is there keeps what they have', async () => {
    const number = await desk.ticket();
    await does(number, ...takes(1));
    expect(await left()).toEqual([]);
  });

  test('of somebody who is disabled all that is not closed, whenever it became theirs', async () => {
    const [open, solved, closed, late] = [await desk.ticket(), await desk.ticket(), await desk.ticket(), await desk.ticket()];
    for (const number of [open, solved, closed]) await does(number, ...takes(1));
    await does(solved, { type: 'status', status: 'solved' }, 2);
    await desk.db.updateTable('conversations').set({ status: 'closed' }).where('number', '=', closed).execute();
    await disabled();
    await does(late, ...takes(11));
    expect(await left()).toEqual([open, late, solved]);
    expect((await leftBehindBy(desk.db, 'ada')).map(({ number }) => number)).toEqual([open, late, solved]);
    expect(await leftBehindBy(desk.db, 'bob')).toEqual([]);
  });

  test('of somebody who is away what is unsolved, also once the customer has opened it again', async () => {
    const [open, solved] = [await desk.ticket(), await desk.ticket()];
    for (const number of [open, solved]) await does(number, ...takes(1));
    await does(solved, { type: 'status', status: 'solved' }, 2);
    await away();
    expect(await left()).toEqual([open]);
    await write(solved, desk.happened(await desk.carried(solved), customerWrites(2, 20), minute(20)));
    expect(await left()).toEqual([open, solved]);
  });

  test('what they are given, or write in, although they are away is theirs', async () => {
    const [given, written] = [await desk.ticket(), await desk.ticket()];
    await does(written, ...takes(1));
    await away();
    await does(given, ...takes(11));
    expect(await left()).toEqual([written]);
    const answer = { number: written, seq: null, direction: 'out', author_kind: 'agent', author_id: 'ada', channel: 'email', body: 'Here I am.' } as const;
    await desk.db
      .insertInto('messages')
      .values({
        ...WITHOUT_MAIL,
        ...answer,
        id: 'm-away',
        at: new Date(minute(12)),
        state: 'waiting',
      })
      .execute();
    expect(await left()).toEqual([]);
  });

  test('nothing that is a part of another, nor while something still happens there', async () => {
    const [part, whole, busy] = [await desk.ticket(), await desk.ticket(), await desk.ticket()];
    for (const number of [part, busy]) await does(number, ...takes(1));
    await disabled();
    await desk.db.updateTable('conversations').set({ merged_into: whole }).where('number', '=', part).execute();
    await desk.db.updateTable('conversations').set({ last_seq: 2 }).where('number', '=', busy).execute();
    expect(await left()).toEqual([]);
    // Who disables somebody need not wait for that.
    expect((await leftBehindBy(desk.db, 'ada')).map(({ number }) => number)).toEqual([busy]);
  });

  test('given back while it is solved it rests, and is dispatched when the customer opens it again', async () => {
    const number = await desk.ticket();
    await does(number, ...takes(1));
    await does(number, { type: 'status', status: 'solved' }, 2);
    const back = await does(number, GIVE_BACK, 3);
    expect(await desk.row(number)).toMatchObject({ assignee: null, status: 'solved' });
    expect(back.state.promises.filter(({ state }) => state === 'running')).toEqual([]);
    const { state } = apply(back.state, customerWrites(2, 20), minute(20));
    expect(state.status).toBe('open');
    expect(state.promises).toContainEqual(expect.objectContaining({ kind: 'dispatch', state: 'running', since: minute(20) }));
  });
});
