import { sql, type Transaction } from 'kysely';
import type { OutcomeProjected, Projection } from '../messages/activities';
import type { Carried } from '../messages/conversation';
import { apply } from '../policy/conversation';
import { nextDueAt } from '../policy/view';
import type { ConversationEvent } from '../policy/events';
import type { PromiseRecord } from '../policy/state';
import type { Database } from './connection';
import type { Schema } from './schema';

/**
 * Writes what lists and screens show of a conversation: its row, promises and timeline, in the caller's transaction.
 * Guarded by the revision: an older or repeated projection changes nothing, nor does one that does not know yet that it is closed.
 * Answers whether it was written.
 */
export async function writeProjection(trx: Transaction<Schema>, { number, carried }: Projection): Promise<boolean> {
  const { state, timeline } = carried;
  const due = nextDueAt(state);
  const row = await trx
    .updateTable('conversations')
    .set({
      kind: state.kind,
      status: state.status,
      priority: state.priority,
      plan: state.plan,
      assignee: state.assignee,
      applied_seq: state.cursor,
      revision: state.revision,
      next_due_at: due === null ? null : new Date(due),
      breached: state.everBreached,
      snoozed_until: state.snoozedUntil === null ? null : new Date(state.snoozedUntil),
      ...(state.labels && {
        tags: [...state.labels.tags],
        cluster: [...state.labels.cluster],
        website: [...state.labels.website],
      }),
      // Snapshots are stored once, by hash; the timeline has its own table.
      carried: JSON.stringify({ ...carried, timeline: [], state: { ...state, policies: {} } }),
    })
    .where('number', '=', number)
    .where('revision', '<', state.revision)
    // Closing is claimed in the row: whoever has not heard of it yet must not open it again, or a message would go where nobody is.
    .$if(state.status !== 'closed', (query) => query.where('status', '<>', 'closed'))
    .returning('number')
    .executeTakeFirst();
  if (!row) return false;
  if (state.promises.length > 0) {
    await trx
      .insertInto('promises')
      .values(state.promises.map((promise) => promiseRow(number, promise)))
      .onConflict((conflict) =>
        conflict.column('key').doUpdateSet((eb) => ({
          state: eb.ref('excluded.state'),
          since: eb.ref('excluded.since'),
          due_at: eb.ref('excluded.due_at'),
          clock: eb.ref('excluded.clock'),
          length_ms: eb.ref('excluded.length_ms'),
          notice_at: eb.ref('excluded.notice_at'),
          page_at: eb.ref('excluded.page_at'),
          paged: eb.ref('excluded.paged'),
          met_at: eb.ref('excluded.met_at'),
          breached_at: eb.ref('excluded.breached_at'),
          cancelled_at: eb.ref('excluded.cancelled_at'),
          reason: eb.ref('excluded.reason'),
          paused: eb.ref('excluded.paused'),
          policy_hash: eb.ref('excluded.policy_hash'),
        })),
      )
      .execute();
  }
  if (timeline.length > 0) {
    await trx
      .insertInto('timeline')
      .values(
        timeline.map((entry, position) => ({
          number,
          revision: entry.revision ?? state.revision,
          position: entry.position ?? position,
          at: new Date(entry.at),
          type: entry.type,
          data: JSON.stringify(entry.data),
        })),
      )
      .onConflict((conflict) => conflict.columns(['number', 'revision', 'position']).doNothing())
      .execute();
  }
  return true;
}

/**
 * Projects what comes of one more event, in the transaction of what the event tells; `before` is the conversation that the event meets.
 * The next revision is kept for that.
 */
export async function projectOutcome(
  trx: Transaction<Schema>,
  { number, before, event, now }: { number: number; before: Carried; event: ConversationEvent; now: number },
): Promise<OutcomeProjected> {
  const { state, effects, timeline } = apply(before.state, event, now);
  const { revision } = state;
  const written = await writeProjection(trx, {
    number,
    carried: {
      ...before,
      state,
      lanes: [...before.lanes, ...effects],
      timeline: [...before.timeline, ...timeline.map((entry, position) => ({ ...entry, revision, position }))],
    },
  });
  if (written) return 'now';
  // Either an earlier attempt has done it, or the conversation has moved on meanwhile and tells it by itself.
  const told = await trx.selectFrom('timeline').select('revision').where('number', '=', number).where('revision', '=', revision).executeTakeFirst();
  return told === undefined ? 'not' : 'before';
}

/** Whether the timeline says already that a recipient's server has taken this message. */
export async function isDeliveryTold(db: Database, number: number, messageId: string): Promise<boolean> {
  const line = await db
    .selectFrom('timeline')
    .select('revision')
    .where('number', '=', number)
    .where('type', '=', 'reply.delivered')
    .where(sql<string>`data ->> 'message'`, '=', messageId)
    .executeTakeFirst();
  return line !== undefined;
}

function promiseRow(number: number, promise: PromiseRecord) {
  return {
    key: promise.key,
    number,
    kind: promise.kind,
    cycle: promise.cycle,
    state: promise.state,
    since: new Date(promise.since),
    due_at: new Date(promise.dueAt),
    clock: promise.clock,
    length_ms: promise.lengthMs,
    notice_at: dateOrNull(promise.noticeAt),
    page_at: dateOrNull(promise.pageAt),
    paged: promise.paged,
    met_at: dateOrNull(promise.metAt),
    breached_at: dateOrNull(promise.breachedAt),
    cancelled_at: dateOrNull(promise.cancelledAt),
    reason: promise.reason ?? null,
    paused: promise.paused !== undefined,
    policy_hash: promise.policy,
  };
}

function dateOrNull(at: number | null | undefined): Date | null {
  return at === null || at === undefined ? null : new Date(at);
}
