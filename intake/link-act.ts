import { sql, type Transaction } from 'kysely';
import type { Database } from '../db/connection';
import { contactById } from '../db/contacts';
import { inTransaction } from '../db/in-transaction';
import type { Schema } from '../db/schema';
import { lockThread, type LockedThread } from '../db/threads';
import { HoldfastError } from '../messages/errors';
import type { PolicySnapshot } from '../policy/snapshot';
import { addCustomerAct } from './customer-act';
import { joinTyped } from './join-typed';

/** Whoever has pressed "Production down?" has said it for this long: pressing again adds nothing, and rings nobody again. */
export const SAID_ALREADY_MS = 30 * 60_000;

/** For whom a link is; the caller has checked its signature. */
export interface LinkOwner {
  readonly number: number;
  /** Contact id. */
  readonly contact: string;
}

/** What became of a link's act: the event that its conversation hears. */
export interface LinkActed {
  /** The conversation that it went to: the target, when the link's own has been merged. */
  readonly number: number;
  readonly seq: number;
  /** When the same was said before, in milliseconds; then nothing new has happened. */
  readonly saidAt: number | null;
}

/**
 * What a customer does by the button behind a mailed link: durable once this resolves. `at` in milliseconds. In a conversation that theirs
 * was merged into they end nothing unless they take part in it themselves. Errors: E_NOT_FOUND, E_CONVERSATION_CLOSED, E_MERGED.
 */
export async function actByLink(db: Database, link: LinkOwner, act: 'productionDown' | 'thatsAll', at: number): Promise<LinkActed> {
  return inTransaction(db, async (trx) => {
    const thread = await threadOf(trx, link.number);
    if (act === 'productionDown') {
      const said = await saidDown(trx, thread, at);
      if (said !== null) return { number: thread.number, ...said };
    } else {
      await mustTakePart(trx, link, thread);
    }
    await addCustomerAct(trx, { number: thread.number, act, at });
    return { number: thread.number, seq: thread.lastSeq + 1, saidAt: null };
  });
}

/**
 * Words that a customer writes on the page behind a mailed link: a message of theirs, like an answer to the mail. Errors: as
 * {@link actByLink}.
 */
export async function writeByLink(db: Database, policy: PolicySnapshot, link: LinkOwner, words: string, at: number): Promise<LinkActed> {
  return inTransaction(db, async (trx) => {
    const thread = await threadOf(trx, link.number);
    await mustTakePart(trx, link, thread);
    const contact = await contactById(trx, link.contact);
    if (contact === null) throw gone();
    await joinTyped(trx, policy, { number: link.number, contact, words, files: [], proven: false }, thread, at);
    return { number: thread.number, seq: thread.lastSeq + 1, saidAt: null };
  });
}

async function threadOf(trx: Transaction<Schema>, number: number): Promise<LockedThread> {
  const named = await lockThread(trx, number);
  const thread = named === null || named.mergedInto === null ? named : await lockThread(trx, named.mergedInto);
  if (thread === null) throw gone();
  if (thread.status === 'closed') {
    throw new HoldfastError('E_CONVERSATION_CLOSED', `Request #${thread.number} is closed.`, { fix: 'Just write to us again, and we’ll be there.' });
  }
  return thread;
}

function gone(): HoldfastError {
  return new HoldfastError('E_NOT_FOUND', 'This request is not here any more. Just write to us again.');
}

/** A merge of two customers' conversations gives neither of them a say in the other's; whoever was taken out of one has none in it. */
async function mustTakePart(trx: Transaction<Schema>, link: LinkOwner, thread: LockedThread): Promise<void> {
  if (await takesPart(trx, thread.number, link.contact)) return;
  if (thread.number === link.number) throw gone();
  throw new HoldfastError('E_MERGED', 'Your request is looked after together with another one, so this button does nothing any more.', {
    fix: 'Just answer our mail instead.',
  });
}

/** Whether a contact is in a thread as requester or participant. */
export async function takesPart(db: Database, number: number, contact: string): Promise<boolean> {
  const row = await db
    .selectFrom('participants')
    .select('contact_id')
    .where('number', '=', number)
    .where('contact_id', '=', contact)
    .where('role', '<>', 'thirdParty')
    .executeTakeFirst();
  return row !== undefined;
}

/** The act that has said the same a moment ago, and still holds: neither has it been solved since, nor has an agent lowered its priority. */
async function saidDown(trx: Transaction<Schema>, thread: LockedThread, at: number): Promise<{ seq: number; saidAt: number } | null> {
  const said = await trx
    .selectFrom('conversation_events as e')
    .innerJoin('conversations as c', 'c.number', 'e.number')
    .select(['e.seq', 'e.at', 'c.applied_seq as applied'])
    .where('e.number', '=', thread.number)
    .where('e.type', '=', 'customerAct')
    .where(sql<boolean>`e.data ->> 'act' = 'productionDown'`)
    .orderBy('e.seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (said === undefined || at - said.at.getTime() > SAID_ALREADY_MS) return null;
  const holds = said.applied < said.seq || (thread.priority === 'urgent' && thread.status !== 'solved');
  return holds ? { seq: said.seq, saidAt: said.at.getTime() } : null;
}
