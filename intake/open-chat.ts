import type { Transaction } from 'kysely';
import { crashPoint } from '../config/crash-points';
import { insertChat, lockIdentity, NOT_PROVEN, openChatOf } from '../db/chats';
import type { Database } from '../db/connection';
import { findOrCreateContact, isKnownContact, type Contact } from '../db/contacts';
import { inTransaction } from '../db/in-transaction';
import { insertInbox, markResolved, notifyRelay } from '../db/inbox';
import type { Schema } from '../db/schema';
import type { Locale, VisitorProof } from '../db/visitors';
import { officeOpen } from '../policy/promises';
import type { PolicySnapshot } from '../policy/snapshot';
import type { Priority } from '../policy/words';
import { joinChat, type ChatWords } from './chat-message';
import { openConversation } from './open-conversation';
import { cleanText, oneLine } from './parse/clean-text';

/** Who writes in the widget; the caller has checked all that is said of them. */
export interface ChatAuthor {
  readonly contact: Contact;
  readonly proof: VisitorProof;
  /** Whose one open chat is theirs. */
  readonly identity: string;
  readonly locale: Locale;
  readonly timeZone: string | null;
  /** Of the signed identity; it exists. */
  readonly organizationId: string | null;
  /** Of the signed identity. */
  readonly clusters: readonly string[];
  readonly websites: readonly string[];
}

/** The first words of a chat, with what they are about. */
export interface ChatOpening extends ChatWords {
  readonly priority?: Priority | undefined;
  readonly cluster?: string | undefined;
  readonly website?: string | undefined;
  /** Origin of the page that the widget stands in. */
  readonly openedFrom: string | null;
  /** The closed conversation that this one goes on from. */
  readonly follows?: number;
}

/** Where the words are now. */
export interface ChatOpened {
  readonly number: number;
  readonly messageId: string;
  /** They began the chat; otherwise they joined the one that was open. */
  readonly opened: boolean;
}

/** Characters of a chat's first words that stand for it in lists. */
const TITLE_LENGTH = 80;

/**
 * Accepts words in the widget and gives them their place in one transaction (the caller's, if `db` is one): in the open chat of this
 * identity, or in a new one with its promises. `now` in milliseconds. Errors: E_INVALID for words that are none or too many.
 */
export async function openChat(db: Database, policy: PolicySnapshot, author: ChatAuthor, words: ChatOpening, now: number): Promise<ChatOpened> {
  return inTransaction(db, async (trx) => {
    await lockIdentity(trx, author.identity);
    const open = await openChatOf(trx, { identity: author.identity, contactId: author.contact.id });
    const joined = open === null ? null : await joinChat(trx, policy, author, open, words, now);
    return joined === null ? begin(trx, policy, author, words, now) : { ...joined, opened: false };
  });
}

async function begin(trx: Transaction<Schema>, policy: PolicySnapshot, author: ChatAuthor, words: ChatOpening, now: number): Promise<ChatOpened> {
  const at = new Date(now);
  const inboxId = await insertInbox(trx, {
    channel: 'chat',
    receivedAt: at,
    raw: Buffer.from(JSON.stringify({ ...words, identity: author.identity })),
    envelope: {},
    urgent: false,
  });
  // Found already; locked now, so that one person's requests are counted one after the other.
  const { contact } = await findOrCreateContact(trx, { email: author.contact.email, phone: null, name: null }, at);
  const proven = author.proof !== 'claimed';
  const { number } = await openConversation(trx, policy, {
    kind: 'chat',
    channel: 'chat',
    receivedAt: now,
    inboxId,
    contact,
    known: proven || (await isKnownContact(trx, contact)),
    // The triage rules read what is there: the words.
    subject: '',
    title: titleOf(words.body),
    text: cleanText(words.body),
    html: null,
    files: [],
    addresses: [],
    copied: [],
    mailId: null,
    inReplyTo: null,
    authenticated: proven,
    machine: false,
    // An address that anybody may have typed in is mailed what was said to it here, and nothing of our own.
    noAutoMail: !proven,
    // The widget says when the answer comes; out of hours its mail says it to whoever leaves, but to no address that anybody may have typed in.
    noReceipt: !proven || officeOpen(policy, now),
    hint: null,
    initiatedBy: 'customer',
    agent: null,
    linkedFrom: words.follows ?? null,
    flags: [...(words.follows === undefined ? [] : ['followUp']), ...(proven ? [] : [NOT_PROVEN])],
    ...(words.priority !== undefined && { chosen: words.priority }),
    organizationId: author.organizationId,
    given: {
      cluster: nameOf(words.cluster),
      website: nameOf(words.website),
      clusters: author.clusters.map((name) => name.toLowerCase()),
      websites: author.websites.map((name) => name.toLowerCase()),
    },
  });
  const { identity, proof, locale, timeZone } = author;
  await insertChat(trx, { number, identity, proof, contactId: contact.id, locale, timeZone, openedFrom: words.openedFrom, at });
  const { id: messageId } = await trx.selectFrom('messages').select('id').where('number', '=', number).where('seq', '=', 1).executeTakeFirstOrThrow();
  await markResolved(trx, inboxId, { number, at });
  await notifyRelay(trx, number);
  await crashPoint('chat:begun', contact.email ?? author.identity);
  return { number, messageId, opened: true };
}

function nameOf(given: string | undefined): string | null {
  return given === undefined ? null : oneLine(given).toLowerCase() || null;
}

/** The first words, cut between two of them. */
export function titleOf(words: string): string {
  const line = oneLine(words);
  if (line.length <= TITLE_LENGTH) return line || '(no words)';
  const cut = line.slice(0, TITLE_LENGTH);
  const space = cut.lastIndexOf(' ');
  return `${(space > TITLE_LENGTH / 2 ? cut.slice(0, space) : cut).replace(/[\ud800-\udbff]$/, '')}…`;
}
