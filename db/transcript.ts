import { sql } from 'kysely';
import { withoutLinkTokens } from '../messages/link-tokens';
import type { Database } from './connection';
import { ownConversation } from './own-conversations';

/** Something that was written where customers read it; times are milliseconds. */
export interface TranscriptMessage {
  readonly type: 'message';
  readonly at: number;
  readonly from: 'customer' | 'agent' | 'system';
  /** Contact or agent id. */
  readonly authorId: string | null;
  readonly authorName: string | null;
  readonly body: string;
  /** Names of the attached files. */
  readonly files: readonly string[];
}

/** Something that happened to the thread and that its customer was told of. */
export interface TranscriptEvent {
  readonly type: 'converted' | 'solved' | 'reopened';
  readonly at: number;
}

/** A public thread, oldest first. */
export interface Transcript {
  readonly entries: readonly (TranscriptMessage | TranscriptEvent)[];
  /** How many older messages are not among them. */
  readonly leftOut: number;
}

/** What a mail program still shows well: the latest so many messages, with so many characters in all. */
const MESSAGES = 1_000;
const CHARACTERS = 400_000;

/**
 * What was written in a thread until `at` (milliseconds) for this contact to read, and what became of it: as their own pages show it, so
 * never a note, nothing that was taken back or has not left yet, no machine's and no stranger's mail, and nothing of another customer's
 * conversation that has become a part of it.
 */
export async function readTranscript(db: Database, { number, contact, at }: { number: number; contact: string; at: number }): Promise<Transcript> {
  // Whoever has proven an address sees where they take part; a transcript is mailed to nobody else.
  const own = await ownConversation(db, { contactId: contact, proof: 'code', identity: '' }, number);
  if (own === null) return { entries: [], leftOut: 0 };
  const until = new Date(at);
  const rows = await db
    .selectFrom('messages as m')
    .leftJoin('agents as a', (join) => join.onRef('a.id', '=', 'm.author_id').on('m.author_kind', '=', 'agent'))
    .leftJoin('contacts as c', (join) => join.onRef('c.id', '=', 'm.author_id').on('m.author_kind', '=', 'customer'))
    .select((eb) => [
      'm.id',
      'm.at',
      'm.author_kind as from',
      'm.author_id as authorId',
      eb.fn.coalesce('a.name', 'c.name').as('authorName'),
      'm.body',
      sql<number>`count(*) OVER ()`.as('all'),
    ])
    .where('m.number', 'in', own.parts)
    .where('m.direction', 'in', ['in', 'out'])
    .where('m.author_kind', '<>', 'thirdParty')
    .where('m.state', 'in', ['received', 'sent', 'failed', 'shown'])
    .where('m.machine', '=', false)
    .where('m.at', '<=', until)
    .orderBy('m.at', 'desc')
    .orderBy('m.id', 'desc')
    .limit(MESSAGES)
    .execute();
  let characters = 0;
  const kept = rows.filter(({ body }, index) => (characters += body.length) <= CHARACTERS || index === 0).toReversed();
  const files =
    kept.length === 0
      ? []
      : await db
          .selectFrom('attachments')
          .select(['message_id as messageId', 'name'])
          .where(
            'message_id',
            'in',
            kept.map(({ id }) => id),
          )
          .orderBy('position')
          .execute();
  const [first] = kept;
  const events = await db
    .selectFrom('timeline')
    .select(['at', 'type', 'data'])
    .where('number', '=', number)
    .where('type', 'in', ['converted', 'status'])
    .where('at', '<=', until)
    .orderBy('revision')
    .orderBy('position')
    .execute();
  const leftOut = Number(rows[0]?.all ?? 0) - kept.length;
  const entries = [
    ...kept.map(({ id, ...message }): TranscriptMessage => ({
      type: 'message',
      at: message.at.getTime(),
      from: message.from === 'thirdParty' ? 'customer' : message.from,
      authorId: message.authorId,
      authorName: message.authorName,
      body: withoutLinkTokens(message.body),
      files: files.filter(({ messageId }) => messageId === id).map(({ name }) => name),
    })),
    ...events.flatMap((event): TranscriptEvent[] => {
      const type = toldEvent(event.type, event.data);
      const isAmongThem = leftOut === 0 || (first !== undefined && event.at >= first.at);
      return type === null || !isAmongThem ? [] : [{ type, at: event.at.getTime() }];
    }),
  ];
  // What happened comes after the words that it happened with.
  entries.sort((one, other) => one.at - other.at || Number(one.type !== 'message') - Number(other.type !== 'message'));
  return { entries, leftOut };
}

function toldEvent(type: string, { from, to, reason }: Record<string, unknown>): TranscriptEvent['type'] | null {
  if (type === 'converted') return 'converted';
  if (to === 'solved' && reason !== 'spam') return 'solved';
  return from === 'solved' && to === 'open' ? 'reopened' : null;
}
