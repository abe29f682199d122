import { sql } from 'kysely';
import { withoutLinkTokens } from '../messages/link-tokens';
import type { Channel } from '../policy/words';
import type { Database } from './connection';

/** A public message as its customer sees it. */
export interface ChatMessageRecord {
  readonly id: string;
  readonly number: number;
  readonly direction: 'in' | 'out';
  /** `system`: the desk by itself. */
  readonly authorKind: 'customer' | 'agent' | 'system';
  /** Contact or agent id. */
  readonly authorId: string | null;
  readonly authorName: string | null;
  /** Hash of an agent's picture. */
  readonly avatar: string | null;
  readonly channel: Channel;
  readonly body: string;
  readonly html: string | null;
  readonly at: Date;
  readonly seenAt: Date | null;
  readonly mailedAt: Date | null;
  readonly attachments: readonly { readonly id: string; readonly name: string; readonly mediaType: string; readonly bytes: number }[];
}

/** A place in a thread: time in milliseconds, then id. */
export type MessagePlace = readonly [at: number, id: string];

/** Which messages: some by their ids, those after or before a place, or the newest; always oldest first. */
export interface MessageRange {
  readonly limit: number;
  readonly after?: MessagePlace | null;
  readonly before?: MessagePlace | null;
  readonly ids?: readonly string[];
}

/**
 * Whether contact `who` may see message `m`: what customers wrote, and what was said to this contact. No note, nothing of third parties or
 * machines, nothing that has not left yet, and no words that went to others only; of what was said before they came into the thread, all that
 * was said to customers, as whoever admits them means it.
 */
const toldTo = (who: string) => sql<boolean>`(
  (m.direction = 'in' AND m.author_kind = 'customer' AND NOT m.machine)
  OR (m.direction = 'out' AND m.author_kind = 'system' AND m.channel = 'chat' AND m.state IN ('sent', 'shown'))
  OR (m.direction = 'out' AND m.author_kind = 'agent' AND m.state IN ('sent', 'failed', 'shown') AND EXISTS (
    SELECT 1 FROM commands AS k WHERE k.number = m.number AND k.body_ref = m.id AND (
      k.command ->> 'delivery' = 'chat'
      OR (k.command ->> 'delivery' IS NULL AND k.command -> 'recipients' = '[]')
      OR jsonb_exists(k.command -> 'recipients', ${who})
      OR EXISTS (
        SELECT 1 FROM participants AS me JOIN participants AS other ON other.number = me.number AND other.role <> 'thirdParty'
        WHERE me.number = m.number AND me.contact_id = ${who} AND me.added_at > m.at AND jsonb_exists(k.command -> 'recipients', other.contact_id)))))
  -- What an agent has answered from a mail program of their own: no command says it.
  OR (m.direction = 'out' AND m.author_kind = 'agent' AND m.inbox_id IS NOT NULL AND m.delivered_at IS NOT NULL AND (
    EXISTS (SELECT 1 FROM outgoing_mails AS o WHERE o.number = m.number AND m.id = ANY (o.carries) AND o.recipient_id = ${who} AND o.state = 'sent')
    OR EXISTS (SELECT 1 FROM participants AS me WHERE me.number = m.number AND me.contact_id = ${who} AND me.added_at > m.at))))`;

/** The messages of these conversations that a contact may see. */
export async function chatMessages(db: Database, who: string, numbers: readonly number[], range: MessageRange): Promise<ChatMessageRecord[]> {
  const { after = null, before = null, ids, limit } = range;
  let query = db
    .selectFrom('messages as m')
    .leftJoin('agents as a', (join) => join.onRef('a.id', '=', 'm.author_id').on('m.author_kind', '=', 'agent'))
    .leftJoin('contacts as c', (join) => join.onRef('c.id', '=', 'm.author_id').on('m.author_kind', '=', 'customer'))
    .select((eb) => [
      'm.id',
      'm.number',
      'm.direction',
      'm.author_kind as authorKind',
      'm.author_id as authorId',
      eb.fn.coalesce('a.name', 'c.name').as('authorName'),
      'a.avatar',
      'm.channel',
      'm.body',
      'm.html',
      'm.at',
      'm.seen_at as seenAt',
      'm.mailed_at as mailedAt',
    ])
    .where('m.number', 'in', numbers)
    .where(toldTo(who))
    .limit(limit);
  if (ids !== undefined) query = query.where('m.id', 'in', ids);
  if (after !== null) query = query.where(sql<boolean>`(m.at, m.id) > (${new Date(after[0])}, ${after[1]})`);
  if (before !== null) query = query.where(sql<boolean>`(m.at, m.id) < (${new Date(before[0])}, ${before[1]})`);
  const order = after === null ? 'desc' : 'asc';
  const rows = await query.orderBy('m.at', order).orderBy('m.id', order).execute();
  if (order === 'desc') rows.reverse();
  const files = await filesOf(
    db,
    rows.map(({ id }) => id),
  );
  // The condition above lets no other direction or author through.
  return rows.map((row) => ({
    ...(row as Omit<ChatMessageRecord, 'attachments'>),
    body: withoutLinkTokens(row.body),
    html: row.html === null ? null : withoutLinkTokens(row.html),
    attachments: files.get(row.id) ?? [],
  }));
}

async function filesOf(db: Database, messageIds: readonly string[]): Promise<Map<string, ChatMessageRecord['attachments'][number][]>> {
  const files = new Map<string, ChatMessageRecord['attachments'][number][]>();
  if (messageIds.length === 0) return files;
  const rows = await db
    .selectFrom('attachments')
    .select(['id', 'message_id', 'name', 'media_type as mediaType', 'bytes'])
    .where('message_id', 'in', messageIds)
    .orderBy('position')
    .execute();
  for (const { message_id: message, ...file } of rows) {
    if (message !== null) files.set(message, [...(files.get(message) ?? []), file]);
  }
  return files;
}

/** The message that an attachment belongs to, or who has uploaded it; null when there is no such. */
export async function ownerOfAttachment(
  db: Database,
  id: string,
): Promise<{ readonly message: { readonly id: string; readonly number: number } | null; readonly visitorId: string | null } | null> {
  const row = await db
    .selectFrom('attachments as a')
    .leftJoin('messages as m', 'm.id', 'a.message_id')
    .select(['m.id as message', 'm.number', 'a.visitor_id as visitorId'])
    .where('a.id', '=', id)
    .executeTakeFirst();
  if (row === undefined) return null;
  return { message: row.message === null || row.number === null ? null : { id: row.message, number: row.number }, visitorId: row.visitorId };
}
