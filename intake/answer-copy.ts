import { sql, type Transaction } from 'kysely';
import { hasCopyIn, type EarlierCopy } from '../db/inbox';
import type { Schema } from '../db/schema';
import { parseReplyAddress } from '../messages/addresses';
import type { ThreadDecision, ThreadFacts, ThreadFlag } from './threading';

type Joining = Extract<ThreadDecision, { to: 'join' }>;

/**
 * Whether a copy is worth a look at where its reply address leads. An answer that also names another of our addresses may be brought to each
 * by itself, and the copy without the reply address may have come first: that one knew nothing of the conversation that it answers. What
 * people have put away stays away. `locals` are the local parts of its recipients.
 */
export function mayAnswer(earlier: EarlierCopy, locals: readonly string[]): boolean {
  const isWanted = earlier.state === 'resolved' || (earlier.state === 'suspended' && earlier.number === null);
  return isWanted && locals.some((local) => parseReplyAddress(local) !== null);
}

/** Whether a copy's reply address, given to its very author, lets it join a conversation that no copy of it has come to. */
export async function answersAnother(
  trx: Transaction<Schema>,
  copy: { readonly hash: string; readonly since: Date; readonly facts: ThreadFacts; readonly decision: Joining },
): Promise<boolean> {
  const { hash, since, facts, decision } = copy;
  if (facts.token?.fromIsRecipient !== true || decision.as === 'machine') return false;
  return !(await hasCopyIn(trx, hash, decision.number, since));
}

/** Shows agents that what an earlier copy has opened is an answer to this conversation, unless it is linked already. */
export async function linkToAnswered(trx: Transaction<Schema>, earlier: EarlierCopy, answered: number): Promise<void> {
  if (!earlier.opened || earlier.number === null) return;
  const flag: ThreadFlag = 'mayBelong';
  await trx
    .updateTable('conversations')
    .set({ linked_from: answered, flags: sql<string[]>`array_append(flags, ${flag})` })
    .where('number', '=', earlier.number)
    .where('linked_from', 'is', null)
    .execute();
}
