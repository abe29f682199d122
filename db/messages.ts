import { sql, type ExpressionBuilder } from 'kysely';
import { withoutLinkTokens } from '../messages/link-tokens';
import type { Channel } from '../policy/words';
import type { Database } from './connection';
import type { Schema } from './schema';

/** A message with its author's name and its attachments. */
export interface MessageRecord {
  readonly id: string;
  /** The conversation that it was written in; another one than asked for when that has become a part of it. */
  readonly number: number;
  readonly direction: 'in' | 'out' | 'note';
  readonly authorKind: 'customer' | 'thirdParty' | 'agent' | 'system';
  readonly authorId: string | null;
  readonly authorName: string | null;
  readonly channel: Channel;
  readonly body: string;
  /** All of the text, where `body` leaves a quotation out. */
  readonly fullBody: string | null;
  /** There is more to see than text. */
  readonly hasHtml: boolean;
  readonly at: Date;
  readonly state: 'received' | 'waiting' | 'sent' | 'failed' | 'withdrawn' | 'shown';
  readonly deliveredAt: Date | null;
  /** When its reader in the chat has had it in view. */
  readonly seenAt: Date | null;
  /** When a server took the mail with it to a chat's customer who had not seen it; null again when that came back. */
  readonly mailedAt: Date | null;
  readonly authenticated: boolean;
  /** What authentication says about a mail's From; null for what is no mail. */
  readonly verdict: 'pass' | 'none' | 'fail' | 'reject' | null;
  readonly machine: boolean;
  readonly hint: string | null;
  readonly attachments: readonly { readonly id: string; readonly name: string; readonly mediaType: string; readonly bytes: number }[];
}

/** Messages and notes of a thread and of those merged into it, oldest first, after the given place (time in milliseconds, id); `newest` takes the last ones instead, `ids` only these. */
export async function listMessages(
  db: Database,
  number: number,
  page: { after?: readonly [at: number, id: string] | null; limit: number; newest?: boolean; ids?: readonly string[] },
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
      'm.number',
      'm.body',
      'm.full_body as fullBody',
      sql<boolean>`m.html IS NOT NULL`.as('hasHtml'),
      'm.at',
      'm.state',
      'm.delivered_at as deliveredAt',
      'm.seen_at as seenAt',
      'm.mailed_at as mailedAt',
      'm.authenticated',
      'm.verdict',
      'm.machine',
      'm.hint',
    ])
    .where('m.number', 'in', (select) => select.selectFrom('conversations').select('number').where(ofThread(number)))
    .limit(page.limit);
  if (page.ids !== undefined) query = query.where('m.id', 'in', [...page.ids]);
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
    body: withoutLinkTokens(row.body),
    fullBody: row.fullBody === null ? null : withoutLinkTokens(row.fullBody),
    attachments: files
      .filter((file) => file.message_id === row.id)
      .map((file) => ({ id: file.id, name: file.name, mediaType: file.media_type, bytes: file.bytes })),
  }));
}

/** Conversations whose messages are shown in a thread: itself, and those that have become a part of it. */
function ofThread(number: number) {
  return (eb: ExpressionBuilder<Schema, 'conversations'>) => eb.or([eb('number', '=', number), eb('merged_into', '=', number)]);
}

/**
 * The `seq` up to which somebody has read who has seen this message: its own, or for words of the desk that of the last one that came in
 * before them. Null when it is not in the thread.
 */
export async function seqOfMessage(db: Database, number: number, id: string): Promise<number | null> {
  const message = await db
    .selectFrom('messages')
    .select(['number', 'seq', 'at'])
    .where('id', '=', id)
    .where('number', 'in', (select) => select.selectFrom('conversations').select('number').where(ofThread(number)))
    .executeTakeFirst();
  if (message === undefined) return null;
  // What a merged conversation brought has its own count.
  if (message.seq !== null && message.number === number) return message.seq;
  const before = await db
    .selectFrom('messages')
    .select((eb) => eb.fn.max('seq').as('seq'))
    .where('number', '=', number)
    .where('at', '<=', message.at)
    .executeTakeFirst();
  return before?.seq ?? 0;
}

/** When somebody outside the desk last wrote in this conversation, in milliseconds; null when nobody has. */
export async function lastWrittenAt(db: Database, number: number): Promise<number | null> {
  const row = await db
    .selectFrom('messages')
    .select((eb) => eb.fn.max('at').as('at'))
    .where('number', '=', number)
    .where('direction', '=', 'in')
    .executeTakeFirst();
  return (row?.at as Date | null | undefined)?.getTime() ?? null;
}

/** What people outside the desk have written in this thread after `seq`, oldest first. */
export async function messagesSince(db: Database, number: number, seq: number): Promise<Pick<MessageRecord, 'id' | 'authorName' | 'body' | 'at'>[]> {
  const rows = await db
    .selectFrom('messages as m')
    .leftJoin('contacts as c', 'c.id', 'm.author_id')
    .select((eb) => ['m.id', eb.fn.coalesce('c.name', 'c.email', 'c.phone').as('authorName'), 'm.body', 'm.at'])
    .where('m.number', '=', number)
    .where('m.direction', '=', 'in')
    .where('m.machine', '=', false)
    .where('m.seq', '>', seq)
    .orderBy('m.seq')
    .execute();
  return rows.map((row) => ({ ...row, body: withoutLinkTokens(row.body) }));
}
