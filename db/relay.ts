import { sql } from 'kysely';
import type { InboundEvent } from '../policy/events';
import type { ConversationStart } from '../policy/state';
import type { Priority, Status } from '../policy/words';
import type { Database } from './connection';

/** A conversation that has something for its workflow. */
export interface ToRelay {
  readonly number: number;
  readonly status: Status;
  readonly priority: Priority;
  readonly organizationId: string | null;
  readonly cluster: readonly string[];
  readonly website: readonly string[];
  readonly policyHash: string;
  readonly start: ConversationStart;
  /** Projected; higher than at the beginning once the workflow has done anything. */
  readonly revision: number;
  readonly relayedSeq: number;
  /** Projected: what the workflow has applied. */
  readonly appliedSeq: number;
  readonly lastSeq: number;
}

/**
 * Takes up to `limit` conversations that have news, urgent ones first, past those that another relay has. Each is told once a second at
 * most. `relayed_at` lies in the future while a signal is under way: should this process die, another takes over then. Milliseconds.
 */
export async function claimForRelay(db: Database, claim: { now: number; leaseMs: number; pauseMs: number; limit: number }): Promise<ToRelay[]> {
  const due = new Date(claim.now - claim.pauseMs);
  const rows = await db
    .updateTable('conversations')
    .set({ relayed_at: new Date(claim.now + claim.leaseMs) })
    .where('number', 'in', (select) =>
      select
        .selectFrom('conversations')
        .select('number')
        .whereRef('relayed_seq', '<', 'last_seq')
        .where((where) => where.or([where('relayed_at', 'is', null), where('relayed_at', '<=', due)]))
        .orderBy(sql`priority = 'urgent'`, 'desc')
        .orderBy('number')
        .limit(claim.limit)
        .forUpdate()
        .skipLocked(),
    )
    .returning([
      'number',
      'status',
      'priority',
      'organization_id as organizationId',
      'cluster',
      'website',
      'policy_hash as policyHash',
      'start',
      'revision',
      'relayed_seq as relayedSeq',
      'applied_seq as appliedSeq',
      'last_seq as lastSeq',
    ])
    .execute();
  // UPDATE … RETURNING keeps no order.
  return rows.sort((a, b) => Number(b.priority === 'urgent') - Number(a.priority === 'urgent') || a.number - b.number);
}

/** The next events after `after`, in order, at most `limit`. */
export async function eventsAfter(db: Database, number: number, after: number, limit: number): Promise<InboundEvent[]> {
  const rows = await db
    .selectFrom('conversation_events')
    .select('data')
    .where('number', '=', number)
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(limit)
    .execute();
  return rows.map(({ data }) => data);
}

/** The workflow has been told of everything up to `upTo`. */
export async function markRelayed(db: Database, number: number, upTo: number, now: number): Promise<void> {
  await db
    .updateTable('conversations')
    .set((eb) => ({ relayed_seq: eb.fn('greatest', ['relayed_seq', eb.val(upTo)]), relayed_at: new Date(now) }))
    .where('number', '=', number)
    .execute();
}

/** What a closed conversation's workflow had applied when it ended, as its row says now; null while it is open. */
export async function appliedAtClosing(db: Database, number: number): Promise<number | null> {
  const row = await db.selectFrom('conversations').select(['status', 'applied_seq']).where('number', '=', number).executeTakeFirst();
  return row?.status === 'closed' ? row.applied_seq : null;
}
