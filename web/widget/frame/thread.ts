import type { ChatMessage, ChatSummary } from './api-types';
import type { Unsent } from './unsent';

/** Messages that stand together: one author, little time between them. */
export interface Group {
  readonly key: string;
  readonly from: ChatMessage['from'];
  readonly author: ChatMessage['author'];
  /** Milliseconds since the epoch, of the first. */
  readonly at: number;
  readonly messages: readonly ChatMessage[];
}

const TOGETHER_MS = 5 * 60_000;

/** Cursors are text that grows: later ones are greater. */
export function isAfter(cursor: string, other: string): boolean {
  return cursor > other;
}

/** The thread with these messages added, or in the place of their older versions; in the desk's order. */
export function merge(messages: readonly ChatMessage[], more: readonly ChatMessage[]): readonly ChatMessage[] {
  const byId = new Map(messages.map((message) => [message.id, message]));
  for (const message of more) byId.set(message.id, message);
  return [...byId.values()].sort((a, b) => (a.cursor === b.cursor ? 0 : isAfter(a.cursor, b.cursor) ? 1 : -1));
}

/** The thread in groups. `isNewDay` says whether a day begins between two instants, in the reader's zone. */
export function groups(messages: readonly ChatMessage[], isNewDay: (before: number, after: number) => boolean): readonly Group[] {
  const made: { key: string; from: Group['from']; author: Group['author']; at: number; messages: ChatMessage[] }[] = [];
  let lastAt = 0;
  for (const message of messages) {
    const at = Date.parse(message.at);
    const group = made.at(-1);
    const joins =
      group !== undefined && group.from === message.from && group.author?.name === message.author?.name && at - lastAt < TOGETHER_MS && !isNewDay(lastAt, at);
    if (joins) group.messages.push(message);
    else made.push({ key: message.id, from: message.from, author: message.author, at, messages: [message] });
    lastAt = at;
  }
  return made;
}

/** Unsent messages of this chat that are not in the thread yet: the desk may tell of one before it has answered the request that sent it. */
export function stillUnsent(unsent: readonly Unsent[], number: number | null, messages: readonly ChatMessage[]): readonly Unsent[] {
  const arrived = new Set<string>();
  return unsent.filter((entry) => {
    if (entry.number !== number) return false;
    if (entry.state !== 'sending') return true;
    const same = messages.find(
      ({ id, from, body, cursor }) =>
        from === 'you' && !arrived.has(id) && body.trim() === entry.body.trim() && (entry.after === undefined || isAfter(cursor, entry.after)),
    );
    if (same !== undefined) arrived.add(same.id);
    return same === undefined;
  });
}

/** Unread messages over all chats. */
export function unreadOf(chats: readonly ChatSummary[]): number {
  return chats.reduce((sum, { unread }) => sum + unread, 0);
}

/** The list with this chat in it, newest words first. */
export function withChat(chats: readonly ChatSummary[], chat: ChatSummary): readonly ChatSummary[] {
  return [...chats.filter(({ number }) => number !== chat.number), chat].sort((a, b) => Date.parse(b.lastMessageAt) - Date.parse(a.lastMessageAt));
}

/** The chat that goes on when the widget is opened: the newest that is not closed, and a ticket only if nothing else. */
export function currentOf(chats: readonly ChatSummary[]): ChatSummary | null {
  const open = chats.filter(({ closed }) => !closed);
  return open.find(({ ticket }) => !ticket) ?? open[0] ?? null;
}

/** The cursor of the message before the first one that the visitor has not seen; null when there is none to draw a line below. */
export function lastSeen(messages: readonly ChatMessage[]): string | null {
  const first = messages.findIndex(({ from, seenAt }) => from !== 'you' && seenAt === null);
  return first > 0 ? (messages[first - 1]?.cursor ?? null) : null;
}
