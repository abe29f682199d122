import { inTransaction } from '../db/in-transaction';
import type { Database } from '../db/connection';
import { lockThread } from '../db/threads';
import { HoldfastError } from '../messages/errors';
import { addCustomerAct } from './customer-act';
import { takesPart } from './link-act';

/** What a customer thinks of how a conversation went. */
export interface Rating {
  readonly number: number;
  /** Contact id. */
  readonly contact: string;
  readonly score: 'good' | 'bad';
  /** What they add; null leaves what they added before. */
  readonly words: string | null;
  /** Milliseconds. */
  readonly at: number;
}

/**
 * Keeps what a customer thinks of how it went; they may change their mind, and there is one rating a conversation. The conversation hears
 * of a new score while it is open, so that nobody is asked again. Errors: E_NOT_FOUND when they take no part in it.
 */
export async function rate(db: Database, { number, contact, score, words, at }: Rating): Promise<void> {
  await inTransaction(db, async (trx) => {
    const thread = await lockThread(trx, number);
    if (thread === null || !(await takesPart(trx, number, contact))) {
      throw new HoldfastError('E_NOT_FOUND', 'This request is not here any more. Just write to us again.');
    }
    const before = await trx.selectFrom('ratings').select('score').where('number', '=', number).executeTakeFirst();
    await trx
      .insertInto('ratings')
      .values({ number, score, words, contact_id: contact, at: new Date(at) })
      .onConflict((conflict) =>
        conflict.column('number').doUpdateSet((eb) => ({
          score: eb.ref('excluded.score'),
          words: eb.fn.coalesce('excluded.words', 'ratings.words'),
          contact_id: eb.ref('excluded.contact_id'),
          at: eb.ref('excluded.at'),
        })),
      )
      .execute();
    // What has ended, or has become a part of another conversation, asks nobody any more.
    if (before?.score === score || thread.status === 'closed' || thread.mergedInto !== null) return;
    await addCustomerAct(trx, { number, act: 'rated', score, at });
  });
}
