import type { PolicySnapshot } from '../policy/snapshot';
import type { MessageEvent } from '../policy/events';
import { mentionsTriage } from '../policy/triage';
import type { Incoming } from './incoming';

const SLIGHT_LENGTH = 100;

/** What the workflow hears of a message. What nobody has proven to have written raises nothing. */
export function messageEvent(
  policy: PolicySnapshot,
  incoming: Incoming,
  facts: { seq: number; messageId: string; author: MessageEvent['author']; agent: string | null; joins?: string },
): MessageEvent {
  const from = { addresses: incoming.addresses, contact: incoming.contact?.email ?? undefined };
  const triage = mentionsTriage(policy, `${incoming.subject}\n${incoming.text}`, from);
  return {
    type: 'message',
    seq: facts.seq,
    at: incoming.takenAt ?? incoming.receivedAt,
    messageId: facts.messageId,
    author: facts.author,
    ...(facts.agent !== null && facts.author === 'agent' && { agent: facts.agent }),
    channel: incoming.channel,
    machine: incoming.machine,
    slight: incoming.text.trim().length <= SLIGHT_LENGTH && triage === null,
    ...(triage !== null && incoming.authenticated && { triage }),
    ...(facts.joins !== undefined && { joins: facts.joins }),
    policy: policy.hash,
  };
}
