import type { Transaction } from 'kysely';
import { crashPoint } from '../config/crash-points';
import { contactById, type Contact } from '../db/contacts';
import { insertInbox, markResolved, notifyRelay } from '../db/inbox';
import type { Schema } from '../db/schema';
import { lockThread } from '../db/threads';
import type { VisitorProof } from '../db/visitors';
import type { PolicySnapshot } from '../policy/snapshot';
import { joinConversation } from './join-conversation';
import { takesPart } from './link-act';
import { cleanText } from './parse/clean-text';

/** What somebody says in the widget. */
export interface ChatWords {
  readonly body: string;
}

/** Who says it. */
export interface ChatSpeaker {
  readonly contact: Pick<Contact, 'id'>;
  readonly proof: VisitorProof;
}

/**
 * Adds words to a conversation that is the speaker's own (the caller has made sure of that), or to the one that it has become a part of, when
 * they take part there. Null when that is closed or not theirs: then a new conversation follows it. `now` in milliseconds.
 */
export async function joinChat(
  trx: Transaction<Schema>,
  policy: PolicySnapshot,
  speaker: ChatSpeaker,
  number: number,
  words: ChatWords,
  now: number,
): Promise<{ number: number; messageId: string } | null> {
  const at = new Date(now);
  const named = await lockThread(trx, number);
  const thread = named === null || named.mergedInto === null ? named : await lockThread(trx, named.mergedInto);
  if (thread === null || thread.status === 'closed') return null;
  if (thread.number !== number && !(await takesPart(trx, thread.number, speaker.contact.id))) return null;
  const contact = await contactById(trx, speaker.contact.id);
  if (contact === null) return null;
  const inboxId = await insertInbox(trx, {
    channel: 'chat',
    receivedAt: at,
    raw: Buffer.from(JSON.stringify({ body: words.body, number, contact: contact.id })),
    envelope: {},
    urgent: false,
  });
  const messageId = await joinConversation(
    trx,
    policy,
    {
      channel: 'chat',
      receivedAt: now,
      inboxId,
      contact,
      subject: '',
      text: cleanText(words.body),
      html: null,
      files: [],
      addresses: [],
      mailId: null,
      inReplyTo: null,
      // Whoever only claims an address raises nothing with it, as with an answer by mail that proves nothing.
      authenticated: speaker.proof !== 'claimed',
      machine: false,
      noAutoMail: false,
      hint: null,
    },
    thread,
    { as: 'participant' },
  );
  await markResolved(trx, inboxId, { number: thread.number, at });
  await notifyRelay(trx, thread.number);
  await crashPoint('chat:joined', thread.number);
  return { number: thread.number, messageId };
}
