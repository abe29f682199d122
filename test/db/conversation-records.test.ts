import { closeConversation, inboundRows } from '../../db/conversation-records';
import { writeProjection } from '../../db/projection';
import { lockThread } from '../../db/threads';
import { addCustomerAct } from '../../intake/customer-act';
import type { Carried } from '../../messages/conversation';
import { waitingForLocks } from '../kit/lock-waits';
import { MONDAY_10, TicketDesk } from '../kit/ticket-desk';

const desk = new TicketDesk();
beforeAll(() => desk.open());
afterAll(() => desk.close());

const act = (number: number) => addCustomerAct(desk.db, { number, act: 'thatsAll', at: MONDAY_10 });
let any: Carried;
beforeAll(async () => (any = await desk.carried(await desk.ticket())));
const close = async (number: number, cursor: number, before = any) => {
  const { closed } = await closeConversation(desk.db, { number, cursor, at: MONDAY_10, before: { ...before, state: { ...before.state, number } } });
  return closed;
};

describe('closing a conversation', () => {
  test('closes it when its workflow has read everything, and says so again when asked again', async () => {
    const number = await desk.ticket();
    expect(await close(number, 1)).toBe(true);
    const closed = await desk.row(number);
    expect(closed).toMatchObject({ status: 'closed', closed_at: new Date(MONDAY_10), next_due_at: null });
    expect(await close(number, 1)).toBe(true);
    expect(await desk.row(number)).toEqual(closed);
  });

  test('projects it in the same transaction, and tells it once', async () => {
    const number = await desk.ticket();
    const before = await desk.carried(number);
    const claim = { number, cursor: 1, at: MONDAY_10, before };
    expect(await closeConversation(desk.db, claim)).toEqual({ closed: true, projected: 'now' });
    expect(await desk.row(number)).toMatchObject({ status: 'closed', revision: before.state.revision + 1 });
    const told = await desk.timeline(number);
    expect(told.at(-1)).toMatchObject({ revision: before.state.revision + 1, type: 'status', data: { to: 'closed' } });
    expect((await desk.promises(number)).map(({ state }) => state)).not.toContain('running');
    expect(await closeConversation(desk.db, claim)).toEqual({ closed: true, projected: 'before' });
    expect(await desk.timeline(number)).toEqual(told);
  });

  test('leaves the projecting to a conversation that has moved on meanwhile', async () => {
    const number = await desk.ticket();
    const before = await desk.carried(number);
    await desk.db
      .updateTable('conversations')
      .set({ revision: before.state.revision + 2 })
      .where('number', '=', number)
      .execute();
    expect(await closeConversation(desk.db, { number, cursor: 1, at: MONDAY_10, before })).toEqual({ closed: true, projected: 'not' });
    expect(await desk.row(number)).toMatchObject({ status: 'closed', revision: before.state.revision + 2 });
  });

  test('nothing that does not know of it yet opens it again', async () => {
    const number = await desk.ticket();
    const before = await desk.carried(number);
    expect(await closeConversation(desk.db, { number, cursor: 1, at: MONDAY_10, before })).toEqual({ closed: true, projected: 'now' });
    // A mail that was on its way at the same time has a later revision kept for it.
    const carried = { ...before, state: { ...before.state, revision: before.state.revision + 2 } };
    expect(await desk.db.transaction().execute((trx) => writeProjection(trx, { number, carried }))).toBe(false);
    expect(await desk.row(number)).toMatchObject({ status: 'closed', revision: before.state.revision + 1 });
    await expect(act(number)).rejects.toMatchObject({ code: 'E_CONVERSATION_CLOSED' });
  });

  test('leaves open what is a part of another no more, though its workflow has yet to hear so', async () => {
    const [number, target] = [await desk.ticket(), await desk.ticket()];
    const carried = await desk.carried(number);
    const before = { ...carried, state: { ...carried.state, mergedInto: target } };
    expect(await close(number, 1, before)).toBe(false);
    expect(await desk.row(number)).toMatchObject({ status: 'new', closed_at: null });
    await desk.db.updateTable('conversations').set({ merged_into: target }).where('number', '=', number).execute();
    expect(await close(number, 1, before)).toBe(true);
  });

  test('refuses when something came in that was not read', async () => {
    const number = await desk.ticket();
    await act(number);
    expect(await close(number, 1)).toBe(false);
    expect(await desk.row(number)).toMatchObject({ status: 'new', closed_at: null });
    expect(await close(number, 2)).toBe(true);
  });

  test('refuses one that there is not', async () => {
    expect(await close(999_999, 1)).toBe(false);
  });

  test('waits for whoever is adding a message, and then refuses', async () => {
    const number = await desk.ticket();
    let closing: Promise<boolean> | undefined;
    await desk.db.transaction().execute(async (trx) => {
      await lockThread(trx, number);
      closing = close(number, 1);
      await waitingForLocks(desk.db, 1);
      await addCustomerAct(trx, { number, act: 'thatsAll', at: MONDAY_10 });
    });
    expect(await closing).toBe(false);
    expect(await desk.row(number)).toMatchObject({ status: 'new', last_seq: 2 });
  });

  test('whoever adds a message waits for the closing, and then knows that it is closed', async () => {
    const number = await desk.ticket();
    let adding: Promise<unknown> | undefined;
    const before = await desk.carried(number);
    await desk.db.transaction().execute(async (trx) => {
      expect(await closeConversation(trx, { number, cursor: 1, at: MONDAY_10, before })).toEqual({ closed: true, projected: 'now' });
      adding = act(number).catch((error: unknown) => error);
      await waitingForLocks(desk.db, 1);
    });
    expect(await adding).toMatchObject({ code: 'E_CONVERSATION_CLOSED' });
    expect(await desk.row(number)).toMatchObject({ status: 'closed', last_seq: 1 });
  });

  test('40 races: either the message is in and it stays open, or it is closed and the message is not', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const number = await desk.ticket();
        const both: [() => Promise<unknown>, () => Promise<unknown>] = [
          () => close(number, 1),
          () => act(number).catch((error: { code: string }) => error.code),
        ];
        const [first, second] = index % 2 === 0 ? both : [both[1], both[0]];
        await Promise.all([first(), second()]);
        const { status, last_seq: lastSeq } = await desk.row(number);
        const events = (await inboundRows(desk.db, { number, after: 0, upTo: 10, limit: 10 })).map(({ data }) => data);
        return `${status} ${lastSeq} ${events.length}`;
      }),
    );
    expect([...new Set(outcomes)].filter((outcome) => outcome !== 'new 2 2' && outcome !== 'closed 1 1')).toEqual([]);
  });
});

describe('inbound events', () => {
  test('are read in order, after one seq up to another, at most so many', async () => {
    const number = await desk.ticket();
    for (let index = 0; index < 5; index += 1) await act(number);
    const seqs = async (after: number, upTo: number, limit: number) => (await inboundRows(desk.db, { number, after, upTo, limit })).map(({ seq }) => seq);
    expect(await seqs(0, 6, 100)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await seqs(2, 4, 100)).toEqual([3, 4]);
    expect(await seqs(1, 6, 2)).toEqual([2, 3]);
    expect(await seqs(6, 6, 100)).toEqual([]);
    expect(await inboundRows(desk.db, { number: 999_999, after: 0, upTo: 9, limit: 9 })).toEqual([]);
  });
});
