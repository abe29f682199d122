import type { Words } from './answers';
import { endedWith } from './status';
import type { ChatCopy, ConversationState } from './state';
import type { Turn } from './turn';

/**
 * What is said in a chat is in front of its customer, and goes by mail to everyone else in its thread. Those mails are copies: the answer
 * counts when the chat's customer has it, whatever becomes of a copy.
 */

/** Copies words for others than the chat's customer: they leave at `releaseAt`, or (null) together with what waits for that customer. */
export function copyToOthers(turn: Turn, words: Words, releaseAt: number | null, by: string): void {
  const { state } = turn;
  const { messageId, mail, facts = {} } = words;
  const [customer] = state.participants;
  const recipients = words.recipients.filter((recipient) => recipient !== customer);
  if (recipients.length === 0) return;
  state.copies = [...copiesOf(state), { messageId, by, releaseAt, recipients, mail, facts }];
}

/** Undo-send is over: the copies leave. */
export function releaseCopies(turn: Turn, at: number): void {
  for (const copy of copiesOf(turn.state)) if (copy.releaseAt !== null && copy.releaseAt <= at) releaseCopy(turn, copy, copy.releaseAt);
}

/** What waited for the chat's customer has reached them, or waits no longer: so do its copies. */
export function copiesLeaveWith(turn: Turn, messageId: string, at: number): void {
  for (const copy of copiesOf(turn.state)) if (copy.releaseAt === null && copy.messageId === messageId) releaseCopy(turn, copy, at);
}

/** Every copy leaves: nothing happens in the conversation any more. */
export function releaseAllCopies(turn: Turn, at: number): void {
  for (const copy of copiesOf(turn.state)) releaseCopy(turn, copy, copy.releaseAt ?? at);
}

/** The copies of words that are taken back never leave; false when there are none any more. */
export function takeBackCopies(turn: Turn, messageId: string, at: number): boolean {
  const taken = copiesOf(turn.state).filter((copy) => copy.messageId === messageId);
  for (const copy of taken) drop(turn, copy);
  // Said in the chat it stays there, and so does what came with it.
  for (const copy of taken) if (copy.releaseAt !== null) endedWith(turn, copy, at);
  return taken.length > 0;
}

/** The copies that have not left yet, oldest first. */
export function copiesOf({ copies }: Pick<ConversationState, 'copies'>): readonly ChatCopy[] {
  return copies ?? [];
}

function releaseCopy(turn: Turn, copy: ChatCopy, at: number): void {
  const { messageId, mail, facts } = copy;
  drop(turn, copy);
  for (const recipient of copy.recipients) turn.mail(mail, recipient, at, facts, { messageId, copy: true });
  turn.tell(at, 'chat.copied', { message: messageId });
  endedWith(turn, copy, at);
}

function drop(turn: Turn, copy: ChatCopy): void {
  turn.state.copies = copiesOf(turn.state).filter((other) => other !== copy);
}
