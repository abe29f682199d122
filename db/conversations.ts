import { sql } from 'kysely';
import type { Channel, Kind, Priority, PromiseKind, PromiseState, Status } from '../policy/words';
import type { Database } from './connection';
import { foundBy } from './search';

/** The orders of the queue: next promise due (the default), newest request, latest message. */
export const SORTS = ['due', 'received', 'latest'] as const;
/** One of {@link SORTS}. */
export type Sort = (typeof SORTS)[number];

/** A place in the queue: the sort column's time in milliseconds (null at the end of `due`), then the number. */
export type QueuePlace = readonly [at: number | null, number: number];

/** What the queue is narrowed to; every stated condition must hold. */
export interface QueueFilter {
  readonly kind?: Kind | undefined;
  /** All but closed ones when not stated. */
  readonly status?: readonly Status[] | undefined;
  readonly priority?: readonly Priority[] | undefined;
  /** Agent id, or null for conversations that nobody has. */
  readonly assignee?: string | null | undefined;
  readonly cluster?: string | undefined;
  readonly website?: string | undefined;
  readonly tag?: string | undefined;
  /** Team id, or null for conversations of no team. */
  readonly team?: string | null | undefined;
  readonly organization?: string | undefined;
  readonly requester?: string | undefined;
  /** A contact in the thread, requester or not. */
  readonly participant?: string | undefined;
  /** Words, as {@link foundBy} finds them; or a number such as `#1042`. */
  readonly q?: string | undefined;
  /** Leaves out what is snoozed beyond this time; null leaves out nothing. */
  readonly snoozedAt: Date | null;
  /** Also conversations that have become part of another. */
  readonly merged?: boolean | undefined;
}

/** A conversation as lists show it. */
export interface ConversationRecord {
  readonly number: number;
  readonly kind: Kind;
  readonly channel: Channel;
  readonly subject: string;
  readonly status: Status;
  readonly priority: Priority;
  readonly plan: string;
  readonly assignee: string | null;
  readonly assigneeName: string | null;
  readonly requesterId: string;
  readonly requesterName: string | null;
  readonly requesterEmail: string | null;
  readonly requesterPhone: string | null;
  readonly organizationId: string | null;
  readonly organizationName: string | null;
  readonly cluster: string[];
  readonly website: string[];
  readonly tags: string[];
  readonly flags: string[];
  readonly nextDueAt: Date | null;
  readonly breached: boolean;
  readonly snoozedUntil: Date | null;
  readonly receivedAt: Date;
  readonly lastMessageAt: Date;
  readonly revision: number;
  readonly linkedFrom: number | null;
  /** The conversation that this one is a part of now. */
  readonly mergedInto: number | null;
  readonly teamId: string | null;
  readonly teamName: string | null;
  readonly initiatedBy: 'customer' | 'agent';
  /** How many events have come in: what an agent has seen when they write. */
  readonly lastSeq: number;
  readonly policyHash: string;
  readonly demo: boolean;
}

function conversationsWithPeople(db: Database) {
  return db
    .selectFrom('conversations as c')
    .innerJoin('contacts as r', 'r.id', 'c.requester_id')
    .leftJoin('organizations as o', 'o.id', 'c.organization_id')
    .leftJoin('agents as a', 'a.id', 'c.assignee')
    .leftJoin('teams as t', 't.id', 'c.team_id')
    .select([
      'c.number',
      'c.kind',
      'c.channel',
      'c.subject',
      'c.status',
      'c.priority',
      'c.plan',
      'c.assignee',
      'a.name as assigneeName',
      'r.id as requesterId',
      'r.name as requesterName',
      'r.email as requesterEmail',
      'r.phone as requesterPhone',
      'o.id as organizationId',
      'o.name as organizationName',
      'c.cluster',
      'c.website',
      'c.tags',
      'c.flags',
      'c.next_due_at as nextDueAt',
      'c.breached',
      'c.snoozed_until as snoozedUntil',
      'c.received_at as receivedAt',
      'c.last_message_at as lastMessageAt',
      'c.revision',
      'c.linked_from as linkedFrom',
      'c.merged_into as mergedInto',
      't.id as teamId',
      't.name as teamName',
      'c.initiated_by as initiatedBy',
      'c.last_seq as lastSeq',
      'c.policy_hash as policyHash',
      'c.demo',
    ]);
}

const SORT_COLUMN = { due: 'c.next_due_at', received: 'c.received_at', latest: 'c.last_message_at' } as const;

/** Conversations of the queue in the given order, after the given place. */
export async function listConversations(
  db: Database,
  filter: QueueFilter,
  page: { sort: Sort; after: QueuePlace | null; limit: number },
): Promise<ConversationRecord[]> {
  let query = conversationsWithPeople(db);
  query = filter.status === undefined ? query.where('c.status', '<>', 'closed') : query.where('c.status', 'in', filter.status);
  if (filter.kind !== undefined) query = query.where('c.kind', '=', filter.kind);
  if (filter.priority !== undefined) query = query.where('c.priority', 'in', filter.priority);
  if (filter.assignee === null) query = query.where('c.assignee', 'is', null);
  else if (filter.assignee !== undefined) query = query.where('c.assignee', '=', filter.assignee);
  if (filter.organization !== undefined) query = query.where('c.organization_id', '=', filter.organization);
  if (filter.requester !== undefined) query = query.where('c.requester_id', '=', filter.requester);
  const { participant } = filter;
  if (participant !== undefined)
    query = query.where('c.number', 'in', (sub) => sub.selectFrom('participants').select('number').where('contact_id', '=', participant));
  if (filter.merged !== true) query = query.where('c.merged_into', 'is', null);
  if (filter.team === null) query = query.where('c.team_id', 'is', null);
  else if (filter.team !== undefined) query = query.where('c.team_id', '=', filter.team);
  const { cluster, website, tag, snoozedAt, q } = filter;
  if (cluster !== undefined) query = query.where(sql<boolean>`${cluster} = ANY (c.cluster)`);
  if (website !== undefined) query = query.where(sql<boolean>`${website} = ANY (c.website)`);
  if (tag !== undefined) query = query.where(sql<boolean>`${tag} = ANY (c.tags)`);
  if (snoozedAt !== null) {
    query = query.where((where) => where.or([where('c.snoozed_until', 'is', null), where('c.snoozed_until', '<=', snoozedAt)]));
  }
  if (q !== undefined) query = query.where(foundBy(q));
  const column = SORT_COLUMN[page.sort];
  const { after } = page;
  if (page.sort === 'due') {
    query = query.orderBy('c.next_due_at', (order) => order.asc().nullsLast()).orderBy('c.number');
    if (after !== null) {
      const [at, number] = after;
      query = query.where((where) => {
        const sameButLater = where.and([at === null ? where(column, 'is', null) : where(column, '=', new Date(at)), where('c.number', '>', number)]);
        return at === null ? sameButLater : where.or([where(column, '>', new Date(at)), where(column, 'is', null), sameButLater]);
      });
    }
  } else {
    query = query.orderBy(column, 'desc').orderBy('c.number', 'desc');
    if (after !== null) {
      const [at, number] = after;
      const before = new Date(at ?? 0);
      query = query.where((where) => where.or([where(column, '<', before), where.and([where(column, '=', before), where('c.number', '<', number)])]));
    }
  }
  return query.limit(page.limit).execute();
}

/** The place of a conversation in an order. */
export function queuePlace(record: ConversationRecord, sort: Sort): QueuePlace {
  const at = { due: record.nextDueAt, received: record.receivedAt, latest: record.lastMessageAt }[sort];
  return [at?.getTime() ?? null, record.number];
}

/** One conversation, or null. */
export async function getConversation(db: Database, number: number): Promise<ConversationRecord | null> {
  const row = await conversationsWithPeople(db).where('c.number', '=', number).executeTakeFirst();
  return row ?? null;
}

/** The projected revision of a conversation, or null when there is none. */
export async function conversationRevision(db: Database, number: number): Promise<number | null> {
  const row = await db.selectFrom('conversations').select('revision').where('number', '=', number).executeTakeFirst();
  return row?.revision ?? null;
}

/** A promise as screens show it. */
export interface PromiseShown {
  readonly kind: PromiseKind;
  readonly cycle: number;
  readonly state: PromiseState;
  readonly since: Date;
  readonly dueAt: Date;
  readonly clock: string;
  readonly lengthMs: number;
  readonly noticeAt: Date | null;
  readonly pageAt: Date | null;
  readonly metAt: Date | null;
  readonly breachedAt: Date | null;
  readonly cancelledAt: Date | null;
  readonly reason: string | null;
  readonly paused: boolean;
  readonly policyHash: string;
}

/** The promises of a conversation: next due first. */
export async function listPromises(db: Database, number: number): Promise<PromiseShown[]> {
  return db
    .selectFrom('promises')
    .select([
      'kind',
      'cycle',
      'state',
      'since',
      'due_at as dueAt',
      'clock',
      'length_ms as lengthMs',
      'notice_at as noticeAt',
      'page_at as pageAt',
      'met_at as metAt',
      'breached_at as breachedAt',
      'cancelled_at as cancelledAt',
      'reason',
      'paused',
      'policy_hash as policyHash',
    ])
    .where('number', '=', number)
    .orderBy('due_at')
    .orderBy('key')
    .execute();
}

/** Conversations that have become a part of this one, oldest first. */
export async function mergedParts(db: Database, number: number): Promise<number[]> {
  const rows = await db.selectFrom('conversations').select('number').where('merged_into', '=', number).orderBy('number').execute();
  return rows.map((row) => row.number);
}

/** Conversations that follow this one, oldest first. */
export async function followUpsOf(db: Database, number: number): Promise<number[]> {
  const rows = await db.selectFrom('conversations').select('number').where('linked_from', '=', number).orderBy('number').execute();
  return rows.map((row) => row.number);
}

/** One line of a conversation's story, with its place. */
export interface TimelineRecord {
  readonly revision: number;
  readonly position: number;
  readonly at: Date;
  readonly type: string;
  readonly data: Record<string, unknown>;
}

/** Everything that happened, in order, after the given place. */
export async function listTimeline(
  db: Database,
  number: number,
  page: { after: readonly [revision: number, position: number] | null; limit: number },
): Promise<TimelineRecord[]> {
  let query = db
    .selectFrom('timeline')
    .select(['revision', 'position', 'at', 'type', 'data'])
    .where('number', '=', number)
    .orderBy('revision')
    .orderBy('position')
    .limit(page.limit);
  const { after } = page;
  if (after !== null) {
    query = query.where((where) =>
      where.or([where('revision', '>', after[0]), where.and([where('revision', '=', after[0]), where('position', '>', after[1])])]),
    );
  }
  return query.execute();
}
