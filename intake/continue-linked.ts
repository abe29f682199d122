import type { Transaction } from 'kysely';
import { crashPoint } from '../config/crash-points';
import type { Database } from '../db/connection';
import { copyChat, NOT_PROVEN } from '../db/chats';
import { policyOfDemoConversation } from '../db/demo-addresses';
import { notifyRelay } from '../db/inbox';
import { inTransaction } from '../db/in-transaction';
import { insertEvent } from '../db/incoming-messages';
import { currentPolicy } from '../db/policies';
import { writeProjection } from '../db/projection';
import { eventsAfter } from '../db/relay';
import type { Schema } from '../db/schema';
import { lockThread, takeNumber } from '../db/threads';
import { begin } from '../policy/conversation';
import { firstPromises } from '../policy/promises';
import type { PolicySnapshot } from '../policy/snapshot';
import type { MessageEvent } from '../policy/events';
import { RULES, type ConversationStart } from '../policy/state';

/**
 * Moves what a conversation's workflow can no longer be told (it has ended, or its id was used before) into a new, linked conversation
 * whose promises count from the first of these messages. `known` is the last `seq` that it was told of. Answers the new number; null when no
 * message waits any more. `now` in milliseconds.
 */
export async function continueLinked(db: Database, { number, known }: { number: number; known: number }, now: number): Promise<number | null> {
  const linked = await inTransaction(db, async (trx) => {
    const thread = await lockThread(trx, number);
    if (thread === null || known >= thread.lastSeq) return null;
    const events = await eventsAfter(trx, number, known, thread.lastSeq - known);
    const messages = events.filter((event): event is MessageEvent => event.type === 'message');
    const policy = (await policyOfDemoConversation(trx, number)) ?? (await currentPolicy(trx));
    const opened = messages[0] === undefined ? null : await openFrom(trx, policy, number, thread.start, messages, messages[0], now);
    // Whatever is left was an act on a conversation that is over.
    await trx.deleteFrom('conversation_events').where('number', '=', number).where('seq', '>', known).execute();
    const neverStarted = known === 0;
    await trx
      .updateTable('conversations')
      .set({
        last_seq: known,
        relayed_seq: known,
        // A number that nothing was ever told of leads to the new one.
        ...(neverStarted && { status: 'closed' as const, closed_at: new Date(now), merged_into: opened, next_due_at: null }),
      })
      .where('number', '=', number)
      .execute();
    if (neverStarted) await cancelPromises(trx, number, now);
    if (opened !== null) await notifyRelay(trx, opened);
    await crashPoint('linked:written', number);
    return opened;
  });
  await crashPoint('linked:committed', number);
  return linked;
}

async function openFrom(
  trx: Transaction<Schema>,
  policy: PolicySnapshot,
  from: number,
  before: ConversationStart,
  messages: readonly MessageEvent[],
  first: MessageEvent,
  now: number,
): Promise<number> {
  const row = await trx.selectFrom('conversations').selectAll().where('number', '=', from).executeTakeFirstOrThrow();
  const number = await takeNumber(trx);
  const { kind, channel, plan, priority, outOfHours, participants } = before;
  // An address may have been proven since its chat began.
  const noAutoMail = channel === 'chat' ? row.flags.includes(NOT_PROVEN) : before.noAutoMail;
  const isFirst = first.seq === 1;
  const start: ConversationStart = {
    rules: RULES,
    number,
    kind,
    channel,
    initiatedBy: 'customer',
    plan,
    priority,
    assignee: null,
    receivedAt: first.at,
    participants,
    noAutoMail,
    receipt: isFirst && before.receipt,
    outOfHours,
    promises: firstPromises(policy, { kind, channel, plan, priority, receivedAt: first.at, initiatedBy: 'customer', outOfHours }),
    messageId: first.messageId,
  };
  const step = begin(start, policy);
  await trx
    .insertInto('conversations')
    .values({
      number,
      kind,
      channel,
      initiated_by: 'customer',
      subject: row.subject,
      status: step.state.status,
      priority,
      priority_source: row.priority_source,
      plan,
      requester_id: row.requester_id,
      organization_id: row.organization_id,
      assignee: null,
      team_id: row.team_id,
      address: row.address,
      cluster: row.cluster,
      website: row.website,
      tags: row.tags,
      // Whose address nobody has proven has proven it by nothing here.
      flags: ['followUp', ...(row.flags.includes(NOT_PROVEN) ? [NOT_PROVEN] : [])],
      policy_hash: policy.hash,
      received_at: new Date(first.at),
      last_seq: messages.length,
      start: JSON.stringify(start),
      merged_into: null,
      linked_from: from,
      last_message_at: row.last_message_at,
      demo: row.demo,
      created_at: new Date(now),
    })
    .execute();
  await trx
    .insertInto('participants')
    .columns(['number', 'contact_id', 'role', 'added_at'])
    .expression((select) =>
      select
        .selectFrom('participants')
        .select((eb) => [eb.val(number).$castTo<number>().as('number'), 'contact_id', 'role', 'added_at'])
        .where('number', '=', from),
    )
    .execute();
  await copyChat(trx, from, number);
  for (const [index, event] of messages.entries()) {
    const seq = index + 1;
    const moved = await trx.updateTable('messages').set({ number, seq }).where('id', '=', event.messageId).returning('inbox_id').executeTakeFirst();
    if (moved !== undefined && moved.inbox_id !== null) await trx.updateTable('inbox').set({ number }).where('id', '=', moved.inbox_id).execute();
    await insertEvent(trx, number, { ...event, seq });
  }
  await writeProjection(trx, { number, carried: { state: step.state, lanes: step.effects, timeline: step.timeline, announced: 1 } });
  return number;
}

/** They run on in the new conversation. */
async function cancelPromises(trx: Transaction<Schema>, number: number, now: number): Promise<void> {
  await trx
    .updateTable('promises')
    .set({ state: 'cancelled', cancelled_at: new Date(now), reason: 'continued' })
    .where('number', '=', number)
    .where('state', '=', 'running')
    .execute();
}
