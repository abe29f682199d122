import type { Transaction } from 'kysely';
import { crashPoint } from '../config/crash-points';
import { isCaughtUp } from '../db/caught-up';
import { claimantOf } from '../db/chats';
import { addCommand } from '../db/commands';
import { policiesOf } from '../db/conversation-input';
import { notifyRelay } from '../db/inbox';
import { insertEvent } from '../db/incoming-messages';
import { firstReachedAt, hasParts, lockMerging, standingMerge, writeMerge, writeUndone, type Brought, type StandingMerge } from '../db/merges';
import { newId } from '../db/new-id';
import { contactsWrittenTo, listParticipants, removeParticipants, setParticipant } from '../db/participants';
import { currentPolicy } from '../db/policies';
import type { Schema } from '../db/schema';
import { lockThread } from '../db/threads';
import { HoldfastError } from '../messages/errors';
import type { Command, HandOver } from '../policy/events';
import { handOver, MERGE_UNDO_MS } from '../policy/merge';
import { moveOn } from './join-conversation';
import { isOneCustomer, mergeRefusal, type MergeSide } from './merge-rules';

/**
 * Makes the source a part of the target, in the caller's transaction, which has both rows locked from then on: from the commit on, what comes for the source goes to the target, whose workflow is handed what the source owes. Answers the command for the
 * source. Errors: E_NOT_FOUND, those of {@link mergeRefusal}, and E_UNAVAILABLE while the source's record lags behind its workflow.
 */
export async function mergeInto(
  trx: Transaction<Schema>,
  { source, into, force }: { source: number; into: number; force: boolean },
  { by, at }: { by: string; at: number },
): Promise<Command> {
  await lockMerging(trx);
  // Before either is locked: one that is a part of the other already is locked first by whoever writes to it.
  refuse(mergeRefusal(await sideOf(trx, source), await sideOf(trx, into), force));
  for (const number of [source, into]) await lockThread(trx, number);
  const [one, other] = [await sideOf(trx, source), await sideOf(trx, into)];
  refuse(mergeRefusal(one, other, force));
  const handed = await handedOver(trx, source, at);
  const together = isOneCustomer(one, other);
  const brought = await bringPeople(trx, { source, target: into, together, at: new Date(at) });
  await writeMerge(trx, { id: newId('mg'), source, target: into, mergedAt: new Date(at), by, brought });
  await giveEvent(trx, into, at, (seq, policy) => ({
    ...handed.over,
    // Of another customer nobody is written to.
    participants: together ? handed.over.participants : [],
    type: 'merged',
    seq,
    at,
    from: source,
    acknowledged: handed.acknowledged,
    policy,
  }));
  await crashPoint('merge:written', source);
  return { type: 'merge', into };
}

/**
 * Undoes a merge within 24 hours, in the caller's transaction: the source is itself again, and the people whom it brought leave the target,
 * but for those of whom an agent has decided since. What came meanwhile stays where it came. Answers the command for the source.
 * Errors: E_NOT_FOUND, E_NOT_MERGED, E_CONVERSATION_CLOSED, E_TOO_LATE, E_UNAVAILABLE as above.
 */
export async function undoMerge(trx: Transaction<Schema>, source: number, { by, at }: { by: string; at: number }): Promise<Command> {
  await lockMerging(trx);
  await lockThread(trx, source);
  const one = await sideOf(trx, source);
  const merge = await standingMerge(trx, source);
  if (merge === null) throw new HoldfastError('E_NOT_MERGED', `#${source} is a part of no other conversation.`);
  await lockThread(trx, merge.target);
  const other = await sideOf(trx, merge.target);
  if (one.status === 'closed') throw new HoldfastError('E_CONVERSATION_CLOSED', `#${source} has been closed since, so its merge stays.`);
  if (at - merge.mergedAt.getTime() > MERGE_UNDO_MS) {
    throw new HoldfastError('E_TOO_LATE', `A merge can be undone for 24 hours, and this one is older.`, { fix: 'Open a follow-up instead.' });
  }
  // Its workflow must have heard of the merge before it hears of the undoing.
  if (!(await isCaughtUp(trx, source))) throw stillHappening(source);
  const answeredAt = await firstReachedAt(trx, { target: merge.target, contact: one.requester, since: merge.mergedAt });
  await writeUndone(trx, merge, new Date(at));
  if (other.status !== 'closed') {
    await takeOut(trx, merge, { by, at });
    await giveEvent(trx, merge.target, at, (seq, policy) => ({ type: 'unmerged', seq, at, from: source, policy }));
  }
  await crashPoint('unmerge:written', source);
  return { type: 'unmerge', answeredAt };
}

function stillHappening(number: number): HoldfastError {
  return new HoldfastError('E_UNAVAILABLE', `Something is still happening in #${number}; nothing was changed. Try again in a moment.`);
}

function refuse(refusal: HoldfastError | null): void {
  if (refusal !== null) throw refusal;
}

async function sideOf(trx: Transaction<Schema>, number: number): Promise<MergeSide> {
  const row = await trx
    .selectFrom('conversations')
    .select(['number', 'kind', 'status', 'demo', 'merged_into as mergedInto', 'requester_id as requester', 'organization_id as organization'])
    .where('number', '=', number)
    .executeTakeFirst();
  if (row === undefined) throw new HoldfastError('E_NOT_FOUND', `There is no conversation #${number}, or it is not yours to see.`);
  return { ...row, hasParts: await hasParts(trx, number), claimedBy: await claimantOf(trx, number) };
}

/** What the source owes, read of its record: it must show all that its workflow has done. */
async function handedOver(trx: Transaction<Schema>, source: number, at: number): Promise<{ over: HandOver; acknowledged: { by: string; at: number } | null }> {
  const { carried } = await trx.selectFrom('conversations').select('carried').where('number', '=', source).executeTakeFirstOrThrow();
  if (carried === null || !(await isCaughtUp(trx, source))) {
    throw stillHappening(source);
  }
  const state = { ...carried.state, policies: await policiesOf(trx, carried.state) };
  const over = handOver(state, at);
  const page = await trx
    .selectFrom('pages')
    .select(['state', 'acknowledged_by as by', 'acknowledged_at as at'])
    .where('number', '=', source)
    .where('state', '<>', 'over')
    .orderBy('page', 'desc')
    .executeTakeFirst();
  if (page?.state !== 'acknowledged' || page.by === null || page.at === null) return { over, acknowledged: null };
  // The page's own record may lag behind: what has rung since then is acknowledged by nobody.
  const acknowledged = { by: page.by, at: page.at.getTime() };
  return { over, acknowledged: acknowledged.at < lastRung(over.dues) ? null : acknowledged };
}

/** When what is owed has last rung for a time that has come, milliseconds; 0 when it has not. */
function lastRung(dues: HandOver['dues']): number {
  return Math.max(0, ...dues.filter(({ paged }) => paged).map(({ raised, pageAt, dueAt }) => (raised === true ? dueAt : (pageAt ?? dueAt))));
}

/** Everybody of the source who is not in the target yet; of another customer they are only shown there. */
async function bringPeople(
  trx: Transaction<Schema>,
  { source, target, together, at }: { source: number; target: number; together: boolean; at: Date },
): Promise<Brought[]> {
  const present = new Set((await listParticipants(trx, target)).map(({ id }) => id));
  const people = (await listParticipants(trx, source)).filter(({ id }) => !present.has(id));
  const brought = people.map(({ id, role }): Brought => ({ contact: id, role: together && role !== 'thirdParty' ? 'participant' : 'thirdParty' }));
  for (const { contact, role } of brought) await setParticipant(trx, { number: target, contactId: contact, role, at });
  return brought;
}

/** The target's rules take out whom the merge brought, but after an agent has changed the list; so they are told who is left. */
async function takeOut(trx: Transaction<Schema>, { target, brought }: StandingMerge, { by, at }: { by: string; at: number }): Promise<void> {
  const roles = new Map((await listParticipants(trx, target)).map(({ id, role }) => [id, role]));
  const leaving = brought.filter(({ contact, role }) => roles.get(contact) === role).map(({ contact }) => contact);
  await removeParticipants(trx, target, leaving);
  if (leaving.every((contact) => roles.get(contact) === 'thirdParty')) return;
  const command: Command = { type: 'participants', contacts: await contactsWrittenTo(trx, target) };
  await addCommand(trx, { id: newId('cmd'), number: target, actor: by, command, bodyRef: null, at, notAfter: null });
}

async function giveEvent(
  trx: Transaction<Schema>,
  number: number,
  at: number,
  make: (seq: number, policy: string) => Parameters<typeof insertEvent>[2],
): Promise<void> {
  const thread = await lockThread(trx, number);
  if (thread === null) throw new Error(`Conversation #${number} was there when it was locked.`);
  const seq = thread.lastSeq + 1;
  await insertEvent(trx, number, make(seq, (await currentPolicy(trx)).hash));
  await moveOn(trx, number, seq, new Date(at));
  await notifyRelay(trx, number);
}
