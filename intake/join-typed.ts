import type { Transaction } from 'kysely';
import type { NewFile } from '../db/attachments';
import type { Contact } from '../db/contacts';
import { insertInbox, markResolved, notifyRelay } from '../db/inbox';
import type { Schema } from '../db/schema';
import type { LockedThread } from '../db/threads';
import type { PolicySnapshot } from '../policy/snapshot';
import { joinConversation } from './join-conversation';
import { cleanText } from './parse/clean-text';

/** What a customer has typed on a page of ours. */
export interface Typed {
  /** The conversation whose page it was; it may be a part of the thread's by now. */
  readonly number: number;
  readonly contact: Contact;
  readonly words: string;
  readonly files: readonly NewFile[];
  /** They have signed in. Whoever only holds a mailed link has proven nothing: as with an answer to a mail's address, anybody may have it. */
  readonly proven: boolean;
}

/** Adds it to a thread, which the caller has locked and in which they take part, as an answer by mail would be. `at` in milliseconds. */
export async function joinTyped(trx: Transaction<Schema>, policy: PolicySnapshot, typed: Typed, thread: LockedThread, at: number): Promise<void> {
  const { number, contact, words, files, proven } = typed;
  const receivedAt = new Date(at);
  const raw = Buffer.from(JSON.stringify({ number, contact: contact.id, words }));
  const inboxId = await insertInbox(trx, { channel: 'form', receivedAt, raw, envelope: {}, urgent: false });
  await joinConversation(
    trx,
    policy,
    {
      channel: 'form',
      receivedAt: at,
      inboxId,
      contact,
      subject: '',
      text: cleanText(words),
      html: null,
      files,
      addresses: [],
      mailId: null,
      inReplyTo: null,
      authenticated: proven,
      machine: false,
      noAutoMail: false,
      hint: null,
    },
    thread,
    { as: 'participant' },
  );
  await markResolved(trx, inboxId, { number: thread.number, at: receivedAt });
  await notifyRelay(trx, thread.number);
}
