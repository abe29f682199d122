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

const columns = [
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
] as const;

/** How {@link claimForRelay} chooses; times in milliseconds. */
export interface RelayClaim {
  readonly now: number;
  /** So long nobody else may take what is claimed. */
  readonly leaseMs: number;
  /** Each is told so seldom at most. */
  readonly pauseMs: number;
  readonly limit: number;
  /** New ones wait while so many are being started, by whomever. */
  readonly startingAtMost: number;
}

/**
 * Takes conversations that have news, past those that another relay has. Urgent ones go first, then those that run already and chats, and other
 * new ones only while there is room for their start. `relayed_at` lies in the future while a signal is under way: should this process die, another takes over then.
 */
export async function claimForRelay(db: Database, claim: RelayClaim): Promise<ToRelay[]> {
  const { now, leaseMs, pauseMs, limit, startingAtMost } = claim;
  const due = isDue(now - pauseMs);
  const rows = await db
    .with('waiting_for_nobody', (query) =>
      query
        .selectFrom('conversations')
        .select('number')
        // As the indexes say it, here and below.
        .where(sql<boolean>`relayed_seq < last_seq AND (relayed_seq > 0 OR priority = 'urgent' OR kind = 'chat')`)
        .where(due)
        .orderBy(sql`priority = 'urgent'`, 'desc')
        .orderBy('number')
        .limit(limit)
        .forUpdate()
        .skipLocked(),
    )
    .with('new', (query) =>
      query
        .selectFrom('conversations')
        .select('number')
        .where(sql<boolean>`relayed_seq = 0 AND priority <> 'urgent' AND kind <> 'chat'`)
        .where(due)
        .orderBy('number')
        .limit(
          sql<number>`greatest(0, least(
            ${limit} - (SELECT count(*) FROM waiting_for_nobody),
            ${startingAtMost} - (SELECT count(*) FROM conversations WHERE relayed_seq = 0 AND relayed_at > ${new Date(now)})
          ))`,
        )
        .forUpdate()
        .skipLocked(),
    )
    .updateTable('conversations')
    .set({ relayed_at: new Date(now + leaseMs) })
    .where('number', 'in', (select) => select.selectFrom('waiting_for_nobody').select('number').unionAll(select.selectFrom('new').select('number')))
    .returning(columns)
    .execute();
  // UPDATE … RETURNING keeps no order.
  return rows.sort((a, b) => Number(b.priority === 'urgent') - Number(a.priority === 'urgent') || a.number - b.number);
}

/** Takes a new conversation whose turn has not come; null when its workflow has been started, or a relay has it. Times in milliseconds. */
export async function claimAhead(db: Database, number: number, { now, leaseMs }: Pick<RelayClaim, 'now' | 'leaseMs'>): Promise<ToRelay | null> {
  const row = await db
    .updateTable('conversations')
    .set({ relayed_at: new Date(now + leaseMs) })
    .where('number', '=', number)
    .where('relayed_seq', '=', 0)
    .where(isDue(now))
    .returning(columns)
    .executeTakeFirst();
  return row ?? null;
}

/** Whether there are new conversations that wait for their turn: nobody has claimed them since that time. Milliseconds. */
export async function newOnesWait(db: Database, since: number): Promise<boolean> {
  const row = await db
    .selectFrom('conversations')
    .select('number')
    .where(sql<boolean>`relayed_seq = 0 AND priority <> 'urgent' AND kind <> 'chat'`)
    .where(isDue(since))
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
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

/** A conversation could not be told: it is told again after a pause, and is not under way until then. `now` in milliseconds. */
export async function releaseClaim(db: Database, number: number, now: number): Promise<void> {
  await db
    .updateTable('conversations')
    .set({ relayed_at: new Date(now) })
    .where('number', '=', number)
    .where('relayed_at', '>', new Date(now))
    .execute();
}

/** What a closed conversation's workflow had applied when it ended, as its row says now; null while it is open. */
export async function appliedAtClosing(db: Database, number: number): Promise<number | null> {
  const row = await db.selectFrom('conversations').select(['status', 'applied_seq']).where('number', '=', number).executeTakeFirst();
  return row?.status === 'closed' ? row.applied_seq : null;
}

/** Neither claimed nor told since that time, in milliseconds. */
function isDue(since: number) {
  return sql<boolean>`(relayed_at IS NULL OR relayed_at <= ${new Date(since)})`;
}
