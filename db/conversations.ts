import { sql } from 'kysely';
import type { Channel, Kind, Priority, PromiseKind, PromiseState, Status } from '../policy/words';
import type { Database } from './connection';

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
  readonly organization?: string | undefined;
  readonly requester?: string | undefined;
  /** Words of the subject, the messages, the requester's name or address; or a number such as `#1042`. */
  readonly q?: string | undefined;
  /** Also what is snoozed beyond this time. */
  readonly snoozedAt: Date | null;
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
  readonly policyHash: string;
  readonly demo: boolean;
}

function conversationsWithPeople(db: Database) {
  return db
    .selectFrom('conversations as c')
    .innerJoin('contacts as r', 'r.id', 'c.requester_id')
    .leftJoin('organizations as o', 'o.id', 'c.organization_id')
    .leftJoin('agents as a', 'a.id', 'c.assignee')
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
  const { cluster, website, snoozedAt, q } = filter;
  if (cluster !== undefined) query = query.where(sql<boolean>`${cluster} = ANY (c.cluster)`);
  if (website !== undefined) query = query.where(sql<boolean>`${website} = ANY (c.website)`);
  if (snoozedAt !== null) {
    query = query.where((where) => where.or([where('c.snoozed_until', 'is', null), where('c.snoozed_until', '<=', snoozedAt)]));
  }
  if (q !== undefined) {
    const like = `%${q.replace(/[\\%_]/g, '\\$&')}%`;
    const number = /^#?([1-9]\d{0,14})$/.exec(q)?.[1];
    query = query.where((where) =>
      where.or([
        where('c.subject', 'ilike', like),
        where('r.name', 'ilike', like),
        where('r.email', 'ilike', like),
        where.exists(where.selectFrom('messages as m').select('m.id').whereRef('m.number', '=', 'c.number').where('m.body', 'ilike', like)),
        ...(number === undefined ? [] : [where('c.number', '=', Number(number))]),
      ]),
    );
  }
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

/** Someone in a thread. */
export interface ParticipantRecord {
  readonly id: string;
  readonly name: string | null;
  readonly email: string | null;
  readonly phone: string | null;
  readonly role: 'requester' | 'participant' | 'thirdParty';
}

/** The people of a thread, requester first. */
export async function listParticipants(db: Database, number: number): Promise<ParticipantRecord[]> {
  return db
    .selectFrom('participants as p')
    .innerJoin('contacts as c', 'c.id', 'p.contact_id')
    .select(['c.id', 'c.name', 'c.email', 'c.phone', 'p.role'])
    .where('p.number', '=', number)
    .orderBy(sql`p.role <> 'requester'`)
    .orderBy('p.added_at')
    .orderBy('c.id')
    .execute();
}

/** A message with its author's name and its attachments. */
export interface MessageRecord {
  readonly id: string;
  readonly direction: 'in' | 'out' | 'note';
  readonly authorKind: 'customer' | 'thirdParty' | 'agent' | 'system';
  readonly authorId: string | null;
  readonly authorName: string | null;
  readonly channel: Channel;
  readonly body: string;
  readonly at: Date;
  readonly state: 'received' | 'waiting' | 'sent' | 'failed' | 'withdrawn' | 'shown';
  readonly deliveredAt: Date | null;
  readonly authenticated: boolean;
  readonly machine: boolean;
  readonly hint: string | null;
  readonly attachments: readonly { readonly id: string; readonly name: string; readonly mediaType: string; readonly bytes: number }[];
}

/** Messages and notes of a thread, oldest first, after the given place (time in milliseconds, id); `newest` takes the last ones instead. */
export async function listMessages(
  db: Database,
  number: number,
  page: { after?: readonly [at: number, id: string] | null; limit: number; newest?: boolean },
): Promise<MessageRecord[]> {
  let query = db
    .selectFrom('messages as m')
    .leftJoin('agents as a', (join) => join.onRef('a.id', '=', 'm.author_id').on('m.author_kind', '=', 'agent'))
    .leftJoin('contacts as c', (join) => join.onRef('c.id', '=', 'm.author_id').on('m.author_kind', 'in', ['customer', 'thirdParty']))
    .select((eb) => [
      'm.id',
      'm.direction',
      'm.author_kind as authorKind',
      'm.author_id as authorId',
      eb.fn.coalesce('a.name', 'c.name', 'c.email', 'c.phone').as('authorName'),
      'm.channel',
      'm.body',
      'm.at',
      'm.state',
      'm.delivered_at as deliveredAt',
      'm.authenticated',
      'm.machine',
      'm.hint',
    ])
    .where('m.number', '=', number)
    .limit(page.limit);
  const order = page.newest === true ? 'desc' : 'asc';
  query = query.orderBy('m.at', order).orderBy('m.id', order);
  const { after } = page;
  if (after) {
    const at = new Date(after[0]);
    query = query.where((where) => where.or([where('m.at', '>', at), where.and([where('m.at', '=', at), where('m.id', '>', after[1])])]));
  }
  const rows = await query.execute();
  if (page.newest === true) rows.reverse();
  if (rows.length === 0) return [];
  const files = await db
    .selectFrom('attachments')
    .select(['id', 'message_id', 'name', 'media_type', 'bytes'])
    .where(
      'message_id',
      'in',
      rows.map(({ id }) => id),
    )
    .orderBy('position')
    .execute();
  return rows.map((row) => ({
    ...row,
    attachments: files
      .filter((file) => file.message_id === row.id)
      .map((file) => ({ id: file.id, name: file.name, mediaType: file.media_type, bytes: file.bytes })),
  }));
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
