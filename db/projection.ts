import type { Transaction } from 'kysely';
import type { Projection } from '../messages/activities';
import { nextDueAt } from '../policy/view';
import type { PromiseRecord } from '../policy/state';
import type { Schema } from './schema';

/**
 * Writes what lists and screens show of a conversation: its row, promises and timeline, in the caller's transaction.
 * Guarded by the revision: an older or repeated projection changes nothing. Answers whether it was written.
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
          revision: state.revision,
          position,
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
