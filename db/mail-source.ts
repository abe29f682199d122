import { sql } from 'kysely';
import type { PolicySnapshot } from '../policy/snapshot';
import type { Kind } from '../policy/words';
import type { Database } from './connection';

/** Everything that a mail is written from. */
export interface MailSource {
  readonly kind: Kind;
  readonly subject: string;
  /** Local part of the address that the customer wrote to, or null. */
  readonly address: string | null;
  readonly demo: boolean;
  /** Who wrote first: what we begin is no answer. */
  readonly initiatedBy: 'customer' | 'agent';
  readonly policy: PolicySnapshot;
  readonly recipient: MailRecipient;
  /** What the mail carries, oldest first. */
  readonly messages: readonly MailMessage[];
  /** Message-IDs of the thread as this recipient knows it, oldest first. */
  readonly threadMailIds: readonly string[];
}

/** To whom a mail goes. */
export interface MailRecipient {
  readonly id: string;
  readonly name: string | null;
  readonly email: string | null;
  /** IANA zone, unchecked. */
  readonly zone: string | null;
  /** The language that they have chosen; null where nobody has. */
  readonly locale: 'de' | 'en' | null;
  /** The last that they wrote in this thread, for its language only. */
  readonly ownWords: string;
  /** The language of the page that they were last signed in on; null when they never were. */
  readonly pageLocale: 'de' | 'en' | null;
  /**
   * Belongs to an organization, or has once proven the address: otherwise it may be anyone's, and hears nothing that its sender wrote. So does one that
   * was only typed into the form that began this, whoever it belongs to, until they answer.
   */
  readonly known: boolean;
  /**
   * Somebody typed this address into a chat, and nobody has proven since that it is theirs: it is mailed this chat's unseen replies, and
   * hears nothing else: no history, no words of the visitor's, no link to either.
   */
  readonly claimed: boolean;
}

/** What an agent wrote. */
export interface MailMessage {
  readonly body: string;
  readonly authorName: string | null;
  /** Milliseconds. */
  readonly at: number;
  readonly attachments: readonly { readonly name: string; readonly mediaType: string; readonly content: Buffer }[];
}

/** How many earlier mails a mail refers to; mail programs need the first and the last few. */
const THREAD_MAILS = 20;
/** How many of a recipient's messages tell their language, and how much of each, in characters. */
const OWN_MESSAGES = 3;
const OWN_WORDS = 1_500;

/**
 * Reads what a mail is written from; null when there is no such conversation or contact, or when a message is none that may leave the
 * desk: notes and customers' own messages never do.
 */
export async function readMailSource(
  db: Database,
  { number, recipient, messageIds, at }: { number: number; recipient: string; messageIds: readonly string[]; at: number },
): Promise<MailSource | null> {
  const conversation = await db
    .selectFrom('conversations')
    .innerJoin('policies', 'policies.hash', 'conversations.policy_hash')
    .select(['kind', 'subject', 'address', 'demo', 'initiated_by', 'policies.snapshot'])
    .where('conversations.number', '=', number)
    .executeTakeFirst();
  const contact = await db.selectFrom('contacts').selectAll().where('id', '=', recipient).executeTakeFirst();
  if (conversation === undefined || contact === undefined) return null;
  const messages = await readWords(db, number, messageIds);
  if (messages === null) return null;
  const chat = await db
    .selectFrom('chats')
    .select(['proof', 'locale', 'time_zone'])
    .where('number', '=', number)
    .where('contact_id', '=', recipient)
    .executeTakeFirst();
  const page = await db
    .selectFrom('visitors')
    .select(['locale', 'time_zone'])
    .where('contact_id', '=', recipient)
    .where('proof', '<>', 'claimed')
    .orderBy('last_used_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  // Whoever typed the address may be anyone, whatever its owner has proven elsewhere: only an answer of theirs in this thread proves it here.
  const claimed = chat?.proof === 'claimed' && !(await hasProvenAddress(db, contact.id, number));
  return {
    kind: conversation.kind,
    subject: conversation.subject,
    address: conversation.address,
    demo: conversation.demo,
    initiatedBy: conversation.initiated_by,
    policy: conversation.snapshot,
    recipient: {
      id: contact.id,
      name: contact.name,
      email: contact.email,
      zone: chat?.time_zone ?? contact.zone ?? page?.time_zone ?? null,
      locale: chat?.locale ?? contact.locale,
      ownWords: await readOwnWords(db, number, recipient),
      pageLocale: page?.locale ?? null,
      known:
        !claimed &&
        !(await wasOnlyTyped(db, contact.id, number)) &&
        (contact.organization_id !== null || chat !== undefined || (await hasProvenAddress(db, contact.id))),
      claimed,
    },
    messages,
    threadMailIds: await readThread(db, number, recipient, at),
  };
}

/** Null when any of them is not there, or may not leave. */
async function readWords(db: Database, number: number, ids: readonly string[]): Promise<MailMessage[] | null> {
  if (ids.length === 0) return [];
  const messages = await db
    .selectFrom('messages')
    .leftJoin('agents', (join) => join.onRef('agents.id', '=', 'messages.author_id').on('messages.author_kind', '=', 'agent'))
    .select(['messages.id', 'messages.body', 'messages.at', 'agents.name as authorName'])
    .where('messages.id', 'in', ids)
    .where('messages.number', '=', number)
    .where('messages.direction', '=', 'out')
    .orderBy('messages.at')
    .orderBy('messages.id')
    .execute();
  if (messages.length < new Set(ids).size) return null;
  const attachments = await db
    .selectFrom('attachments as a')
    .innerJoin('files as f', 'f.hash', 'a.hash')
    .select(['a.message_id as messageId', 'a.name', 'a.media_type as mediaType', 'f.content'])
    .where('a.message_id', 'in', ids)
    .orderBy('a.message_id')
    .orderBy('a.position')
    .execute();
  return messages.map(({ id, body, at, authorName }) => ({
    body,
    authorName,
    at: at.getTime(),
    attachments: attachments.filter(({ messageId }) => messageId === id).map(({ name, mediaType, content }) => ({ name, mediaType, content })),
  }));
}

async function readOwnWords(db: Database, number: number, contact: string): Promise<string> {
  const rows = await db
    .selectFrom('messages')
    .select(sql<string>`left(body, ${OWN_WORDS})`.as('words'))
    .where('number', '=', number)
    .where('direction', '=', 'in')
    .where('author_kind', '=', 'customer')
    .where('author_id', '=', contact)
    .where('machine', '=', false)
    .orderBy('at', 'desc')
    .limit(OWN_MESSAGES)
    .execute();
  return rows.map(({ words }) => words).join('\n');
}

/** Whether the conversation began with a form that their address was typed into, by anybody, and they have proven nothing in it since. */
async function wasOnlyTyped(db: Database, contact: string, number: number): Promise<boolean> {
  const first = await db
    .selectFrom('messages')
    .select('id')
    .where('number', '=', number)
    .where('seq', '=', 1)
    .where('author_kind', '=', 'customer')
    .where('author_id', '=', contact)
    .where('channel', '=', 'form')
    .where('authenticated', '=', false)
    .executeTakeFirst();
  return first !== undefined && !(await hasProvenAddress(db, contact, number));
}

/** Whether an authenticated mail of theirs has come, anywhere or in one conversation. */
async function hasProvenAddress(db: Database, contact: string, number?: number): Promise<boolean> {
  const row = await db
    .selectFrom('conversations')
    .innerJoin('messages', 'messages.number', 'conversations.number')
    .select('messages.id')
    .where('conversations.requester_id', '=', contact)
    .$if(number !== undefined, (query) => query.where('conversations.number', '=', number ?? 0).where('messages.channel', '=', 'email'))
    .where('messages.author_kind', '=', 'customer')
    .where('messages.author_id', '=', contact)
    .where('messages.authenticated', '=', true)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** What everyone wrote to us in this thread, and what we have mailed to this recipient. */
async function readThread(db: Database, number: number, recipient: string, at: number): Promise<string[]> {
  const theirs = db
    .selectFrom('messages')
    .select([sql<string>`mail_id`.as('mailId'), 'at'])
    .where('number', '=', number)
    .where('direction', '=', 'in')
    .where('mail_id', 'is not', null)
    .where('at', '<=', new Date(at));
  const ours = db
    .selectFrom('outgoing_mails')
    .select(['mail_id as mailId', 'at'])
    .where('number', '=', number)
    .where('recipient_id', '=', recipient)
    .where('state', '=', 'sent')
    .where('at', '<=', new Date(at));
  const rows = await theirs.unionAll(ours).orderBy('at').orderBy('mailId').execute();
  const ids = [...new Set(rows.map((row) => row.mailId))];
  return ids.length <= THREAD_MAILS ? ids : [...ids.slice(0, 1), ...ids.slice(1 - THREAD_MAILS)];
}
