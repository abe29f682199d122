import { HoldfastError } from '../messages/errors';
import type { Kind, Status } from '../policy/words';

/** One of the two conversations of a merge, as its locked row says. */
export interface MergeSide {
  readonly number: number;
  readonly kind: Kind;
  readonly status: Status;
  readonly demo: boolean;
  readonly mergedInto: number | null;
  /** Others are a part of it. */
  readonly hasParts: boolean;
  /** Contact id. */
  readonly requester: string;
  readonly organization: string | null;
  /** Identity of who began it in the widget and reads along there, where they only claim its address; null where nobody does. */
  readonly claimedBy: string | null;
}

/**
 * Whether two conversations are one customer's: of the same person, or of two of the same organization. Two people without an
 * organization are two customers.
 */
export function isOneCustomer(one: Pick<MergeSide, 'requester' | 'organization'>, other: Pick<MergeSide, 'requester' | 'organization'>): boolean {
  return one.requester === other.requester || (one.organization !== null && one.organization === other.organization);
}

/**
 * Why the source cannot become a part of the target, by the first row that holds; null when it can.
 *
 * | what | answer |
 * | --- | --- |
 * | a conversation with itself | E_CANNOT_MERGE |
 * | either is closed | E_CONVERSATION_CLOSED |
 * | the source is a part of another | E_MERGED |
 * | the target is a part of another, or others are a part of the source: no chains | E_CANNOT_MERGE |
 * | either is a chat, whose customer is in front of it: it is converted first | E_CANNOT_MERGE |
 * | a demonstration and a real one: its pages reach nobody | E_CANNOT_MERGE |
 * | somebody who only claims the target's address reads it, and not the source: what the owner writes from then on is shown to them there | E_CANNOT_MERGE |
 * | two customers, without `force` | E_OTHER_CUSTOMER |
 *
 * A merge must never show one customer's words to another. So even with `force` nobody of the source is written to by the target: they are
 * shown there as third parties, whom an agent may admit one by one.
 */
export function mergeRefusal(source: MergeSide, target: MergeSide, force: boolean): HoldfastError | null {
  const no = (message: string, fix: string) => new HoldfastError('E_CANNOT_MERGE', message, { fix });
  if (source.number === target.number) return no('A conversation cannot be merged into itself.', 'Name another one in "into".');
  for (const { number, status } of [source, target]) {
    if (status === 'closed') {
      return new HoldfastError('E_CONVERSATION_CLOSED', `#${number} is closed, so it cannot be merged.`, { fix: 'Open a follow-up, which is linked to it.' });
    }
  }
  if (source.mergedInto !== null) {
    return new HoldfastError('E_MERGED', `#${source.number} is a part of #${source.mergedInto} already.`, { fix: 'Take that merge back first.' });
  }
  if (target.mergedInto !== null) return no(`#${target.number} is itself a part of #${target.mergedInto}.`, `Merge into #${target.mergedInto}.`);
  if (source.hasParts) return no(`Other conversations are a part of #${source.number}.`, `Merge #${target.number} into #${source.number} instead.`);
  const chat = [source, target].find(({ kind }) => kind === 'chat');
  if (chat !== undefined) return no(`#${chat.number} is a chat.`, 'Make it a ticket first.');
  if (source.demo !== target.demo) return no('One of the two is a part of a demonstration.', 'Merge conversations of customers, or of the same demonstration.');
  if (target.claimedBy !== null && target.claimedBy !== source.claimedBy) {
    return no(
      `Whoever began #${target.number} in the chat has not proven who they are, and would read there what is written to #${source.number} from now on.`,
      `Merge #${target.number} into #${source.number} instead: there they read nothing.`,
    );
  }
  if (!force && !isOneCustomer(source, target)) {
    return new HoldfastError('E_OTHER_CUSTOMER', `#${source.number} and #${target.number} belong to different customers.`, {
      fix: 'Look again whether these are the right ones. With "force": true they become one; nobody of the first is written to then, until you admit them.',
    });
  }
  return null;
}
