import type { ConversationState, OutgoingReply } from './state';
import type { Turn } from './turn';

/** When a chat's presence is looked at. Nobody polls: a look is due when what an agent wrote may have been missed, and when that could change. */

/** Looks at the chat's presence then, unless that is due sooner; what waits for its customer leaves then at the earliest. */
export function lookAt(turn: Turn, at: number): void {
  setLook(turn, Math.min(turn.state.unseenCheckAt ?? Infinity, at));
}

/** Not before then: until that time what was said to somebody who has gone can be taken back. */
export function lookNotBefore(turn: Turn, at: number): void {
  const { unseenCheckAt } = turn.state;
  if (unseenCheckAt !== null && unseenCheckAt < at) setLook(turn, at);
}

function setLook(turn: Turn, at: number): void {
  const { state } = turn;
  state.unseenCheckAt = at;
  if (state.outgoing.some(waitsInChat)) state.outgoing = state.outgoing.map((reply) => (waitsInChat(reply) ? { ...reply, releaseAt: at } : reply));
}

/** What waits in a chat for a customer who has gone, oldest first. */
export function waitingInChat({ outgoing }: Pick<ConversationState, 'outgoing'>): readonly OutgoingReply[] {
  return outgoing.filter(waitsInChat);
}

/** Whether words wait in a chat for a customer who has gone. */
export function waitsInChat(reply: OutgoingReply): boolean {
  return reply.mail === 'chatUnseen' && !reply.released;
}

/** When the customer may first have missed something that is said at `at`, milliseconds; what is said meanwhile goes with it. */
export function firstLook({ policy }: Turn, at: number): number {
  return at + Math.max(policy.chats.customerGoneAfterMs, policy.chats.mailBatchMs);
}

/** When words to somebody who has gone leave: they can be taken back until then, and what is said meanwhile goes with them. */
export function mailedFrom({ policy }: Turn, at: number): number {
  return at + Math.max(policy.undoSendMs, policy.chats.mailBatchMs);
}
