import type { ChatMessageRecord, MessagePlace } from '../db/chat-messages';
import type { ChatSummaryRecord } from '../db/chat-summaries';
import { isEmojiOnly } from '../policy/emoji-only';
import { plainStatus } from '../policy/plain-status';
import { dueForAnybody } from '../policy/shown-times';
import type { PolicySnapshot } from '../policy/snapshot';
import type { PromiseKind } from '../policy/words';
import type { Visitor } from './auth/actor';
import { attachmentUrl, avatarUrl } from './file-links';
import { rfc3339, rfc3339OrNull } from './schemas/text';
import { HoldfastError } from '../messages/errors';

/** The next time that was promised to a customer, as they may be told. */
export type PromisedShown = { readonly kind: PromiseKind; readonly dueAt: Date } | null;

/** The next time that was promised: of what is not late, to whoever only claims the address as it holds for anybody's. `now` in milliseconds. */
export function promisedTo({ proof }: Pick<Visitor, 'proof'>, record: ChatSummaryRecord, policy: PolicySnapshot, now: number): PromisedShown {
  if (proof !== 'claimed') return record.owed.find(({ late }) => !late) ?? null;
  const shown = record.owed.map(({ kind, since, dueAt }) => {
    const told = dueForAnybody(policy, { kind, since: since.getTime(), dueAt: dueAt.getTime(), conversation: record, priorityByRule: record.priorityByRule });
    return { kind, dueAt: new Date(told) };
  });
  const [next] = shown.filter(({ dueAt }) => dueAt.getTime() > now).sort((one, other) => one.dueAt.getTime() - other.dueAt.getTime());
  return next ?? null;
}

/** A conversation as its customer sees it; `expectation` for a chat that nobody has answered yet. */
export function chatSummaryAnswer<Expectation>(record: ChatSummaryRecord, promised: PromisedShown, expectation: Expectation | null) {
  const { assignee } = record;
  return {
    number: record.number,
    kind: record.kind,
    status: plainStatus(record.status),
    // A chat's is made of its first words, for agents.
    subject: record.chat ? null : record.subject,
    answerBy: rfc3339OrNull(promised?.dueAt ?? null),
    promised: promised === null ? null : { kind: promised.kind, dueAt: rfc3339(promised.dueAt) },
    assignee: assignee === null ? null : { name: assignee.name, avatar: avatarUrl(assignee.avatar) },
    unread: record.unread,
    lastMessageAt: rfc3339(record.lastMessageAt),
    ticket: record.kind === 'ticket',
    closed: record.status === 'closed',
    rated: record.rating,
    closingAsked: record.closingAsked,
    beRightBack: record.beRightBack,
    proof: record.proof,
    expectation: isUnansweredChat(record) ? expectation : null,
  };
}

/** Whether somebody still waits for the first word of a person. */
export function isUnansweredChat({ kind, status }: Pick<ChatSummaryRecord, 'kind' | 'status'>): boolean {
  return kind === 'chat' && status === 'new';
}

/** A public message as the contact `reader` sees it. */
export function chatMessageAnswer(record: ChatMessageRecord, reader: string) {
  const { direction, authorKind, authorName } = record;
  const from: 'you' | 'agent' | 'other' | 'desk' =
    authorKind === 'agent' ? 'agent' : authorKind === 'system' ? 'desk' : record.authorId === reader ? 'you' : 'other';
  return {
    id: record.id,
    cursor: messageCursor(record),
    from,
    author: authorName === null || from === 'desk' ? null : { name: authorName, avatar: avatarUrl(record.avatar) },
    body: record.body,
    html: direction === 'out' ? record.html : null,
    emojiOnly: isEmojiOnly(record.body),
    at: rfc3339(record.at),
    state: direction === 'in' ? ('received' as const) : ('sent' as const),
    seenAt: rfc3339OrNull(record.seenAt),
    mailedAt: rfc3339OrNull(record.mailedAt),
    channel: record.channel,
    attachments: record.attachments.map((file) => ({ ...file, url: attachmentUrl(file.id) })),
  };
}

const TIME_DIGITS = 15;

/** A message's place in its thread, as text: later ones are greater. */
export function messageCursor({ at, id }: Pick<ChatMessageRecord, 'at' | 'id'>): string {
  return `${String(at.getTime()).padStart(TIME_DIGITS, '0')}.${id}`;
}

/** The place that a cursor names; null without one. Errors: E_BAD_CURSOR. */
export function messagePlace(cursor: string | undefined): MessagePlace | null {
  if (cursor === undefined) return null;
  const [, at, id] = /^(\d{15})\.([\w-]{1,100})$/.exec(cursor) ?? [];
  if (at === undefined || id === undefined) throw new HoldfastError('E_BAD_CURSOR', 'The cursor is not one of a message of this thread.');
  return [Number(at), id];
}

/** An address as it is shown to whoever has only claimed it: `a***@example.org`. */
export function maskedEmail(email: string): string {
  const at = email.lastIndexOf('@');
  return `${[...email.slice(0, at)][0] ?? ''}***${email.slice(at)}`;
}
