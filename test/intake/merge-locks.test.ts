import { createTicket } from '../../intake/create-ticket';
import { addCustomerAct } from '../../intake/customer-act';
import { mergeInto, undoMerge } from '../../intake/merge';
import { HoldfastError } from '../../messages/errors';
import { waitingForLocks } from '../kit/lock-waits';
import { MailDesk, MONDAY_10 } from './mail-desk';

const ROUNDS = 40;

describe('merging and taking back at the same time', () => {
  const desk = new MailDesk();
  beforeAll(() => desk.open());
  afterAll(() => desk.close());

  const create = async () => {
    const body = { requester: { email: 'jane@acme.test' }, subject: 'Help', body: 'Slow.', priority: 'normal' } as const;
    return (await createTicket(desk.db, desk.policy, body, { now: MONDAY_10, actor: null })).number;
  };
  const facts = { by: 'a-1', at: MONDAY_10 };
  // Not by inTransaction: it would hide that two stood in each other's way.
  const merge = (source: number, into: number, beforeCommit?: () => Promise<void>) =>
    desk.db.transaction().execute(async (trx) => {
      await mergeInto(trx, { source, into, force: false }, facts);
      await beforeCommit?.();
    });
  const undo = (source: number, beforeCommit?: () => Promise<void>) =>
    desk.db.transaction().execute(async (trx) => {
      await undoMerge(trx, source, facts);
      await beforeCommit?.();
    });
  const act = (number: number) => desk.db.transaction().execute((trx) => addCustomerAct(trx, { number, act: 'productionDown', at: MONDAY_10 }));
  /** As if their workflows had heard of everything. */
  const catchUp = async () => {
    await desk.db
      .updateTable('conversations')
      .set((eb) => ({ applied_seq: eb.ref('last_seq') }))
      .execute();
    await desk.db.deleteFrom('commands').execute();
  };
  const codesOf = (results: readonly PromiseSettledResult<unknown>[]) =>
    results.map((result) => {
      if (result.status === 'fulfilled') return 'done';
      if (result.reason instanceof HoldfastError) return result.reason.code;
      throw result.reason;
    });

  test('one that began before a merge had ended does not wait for who takes that back, while they wait for it', async () => {
    const [lower, higher] = [await create(), await create()];
    await catchUp();
    let both: Promise<unknown>[] = [];
    await merge(higher, lower, async () => {
      both = [merge(higher, lower), undo(higher)];
      await waitingForLocks(desk.db, both.length);
    });
    // Whichever of them was the first.
    for (const code of codesOf(await Promise.allSettled(both))) expect(['done', 'E_MERGED', 'E_UNAVAILABLE']).toContain(code);
  });

  test('nobody waits in a circle: not those who merge either way, nor those who take it back, nor the customers meanwhile', async () => {
    const [one, other] = [await create(), await create()];
    let done = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      await catchUp();
      // The first of them has written and not yet committed when the others begin, so it is held up by nobody, and all of them by it.
      const part = await desk.db.selectFrom('conversations').select('number').where('merged_into', 'in', [one, other]).executeTakeFirst();
      let others: Promise<unknown>[] = [];
      const begin = async (): Promise<void> => {
        others = [merge(one, other), undo(other), act(one), merge(other, one), undo(one), act(other), merge(one, other), undo(other)];
        await waitingForLocks(desk.db, others.length);
      };
      await (part === undefined ? merge(one, other, begin) : undo(part.number, begin));
      done += codesOf(await Promise.allSettled(others)).filter((code) => code === 'done').length;
    }
    // The customers are heard in each round, whatever is done to their conversations.
    expect(done).toBeGreaterThanOrEqual(2 * ROUNDS);
    const rows = await desk.db.selectFrom('conversations').select(['number', 'merged_into']).where('number', 'in', [one, other]).execute();
    expect(rows.filter(({ merged_into: into }) => into !== null).length).toBeLessThanOrEqual(1);
  }, 120_000);
});
