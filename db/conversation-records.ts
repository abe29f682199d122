import type { OutcomeProjected } from '../messages/activities';
import type { Carried } from '../messages/conversation';
import type { Database } from './connection';
import { inTransaction } from './in-transaction';
import { projectOutcome } from './projection';

/** A row of `conversation_events`: `data` is an inbound event, unless somebody has damaged it. */
export interface InboundRow {
  readonly seq: number;
  readonly at: Date;
  readonly data: unknown;
}

/** Rows of inbound events with `after < seq <= upTo`, in order, at most `limit`. */
export async function inboundRows(db: Database, range: { number: number; after: number; upTo: number; limit: number }): Promise<InboundRow[]> {
  return db
    .selectFrom('conversation_events')
    .select(['seq', 'at', 'data'])
    .where('number', '=', range.number)
    .where('seq', '>', range.after)
    .where('seq', '<=', range.upTo)
    .orderBy('seq')
    .limit(range.limit)
    .execute();
}

/**
 * Closes a conversation if nothing came in that its workflow has not read, and projects that; closed also when it is so already. Resolve
 * takes the same row's lock, so that no message goes to a closed number. A merge that was undone a moment ago is news, too: its target owes
 * nothing of it any more, so a source that closed all the same would owe it to nobody.
 */
export async function closeConversation(
  db: Database,
  { number, cursor, at, before }: { number: number; cursor: number; at: number; before: Carried },
): Promise<{ closed: boolean; projected: OutcomeProjected }> {
  return inTransaction(db, async (trx) => {
    const closed = await trx
      .updateTable('conversations')
      .set({ status: 'closed', closed_at: new Date(at), next_due_at: null })
      .where('number', '=', number)
      .where('last_seq', '=', cursor)
      .$if(before.state.mergedInto !== null, (query) =>
        query.where((where) => where.or([where('merged_into', 'is not', null), where('status', '=', 'closed')])),
      )
      .returning('number')
      .executeTakeFirst();
    if (closed === undefined) return { closed: false, projected: 'not' };
    return { closed: true, projected: await projectOutcome(trx, { number, before, event: { type: 'closed', at }, now: at }) };
  });
}
