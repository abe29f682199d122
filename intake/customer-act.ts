import type { Transaction } from 'kysely';
import type { Database } from '../db/connection';
import { inTransaction } from '../db/in-transaction';
import { notifyRelay } from '../db/inbox';
import { insertEvent } from '../db/incoming-messages';
import { currentPolicy } from '../db/policies';
import type { Schema } from '../db/schema';
import { lockThread, type LockedThread } from '../db/threads';
import { HoldfastError } from '../messages/errors';
import type { CustomerDeed } from '../policy/events';
import { moveOn } from './join-conversation';

/**
 * What a customer does to their own thread by a signed link (the caller has checked it): durable once this resolves. `at` in milliseconds.
 * A merged conversation leads to its target. Errors: E_NOT_FOUND, E_CONVERSATION_CLOSED.
 */
export async function addCustomerAct(db: Database, { number, at, ...deed }: { number: number; at: number } & CustomerDeed): Promise<{ number: number }> {
  return inTransaction(db, async (trx) => {
    const named = await lockThread(trx, number);
    const thread = named === null || named.mergedInto === null ? named : await lockThread(trx, named.mergedInto);
    if (thread === null) throw new HoldfastError('E_NOT_FOUND', `There is no conversation #${number}.`);
    if (thread.status === 'closed') {
      throw new HoldfastError('E_CONVERSATION_CLOSED', `Conversation #${thread.number} is closed.`, { fix: 'Write to us again; that opens a new one.' });
    }
    await insertAct(trx, thread, deed, at);
    return { number: thread.number };
  });
}

/** Tells a conversation that its customer has proven their address; one that is closed does nothing any more. `at` in milliseconds. */
export async function tellProven(trx: Transaction<Schema>, number: number, at: number): Promise<void> {
  const thread = await lockThread(trx, number);
  if (thread !== null && thread.status !== 'closed') await insertAct(trx, thread, { act: 'proven' }, at);
}

async function insertAct(trx: Transaction<Schema>, { number, lastSeq }: LockedThread, deed: CustomerDeed, at: number): Promise<void> {
  const policy = await currentPolicy(trx);
  const seq = lastSeq + 1;
  await insertEvent(trx, number, { type: 'customerAct', seq, at, ...deed, policy: policy.hash });
  await moveOn(trx, number, seq, new Date(at));
  await notifyRelay(trx, number);
}
