import type { Database } from '../db/connection';
import { addHits } from '../db/rate-limits';
import { inTransaction } from '../db/in-transaction';
import { HoldfastError } from '../messages/errors';
import { actByLink } from './link-act';
import { addCustomerAct } from './customer-act';

/** How often somebody is mailed the transcript of one conversation, in milliseconds. */
const TRANSCRIPT_EVERY_MS = 10 * 60_000;

/** Whose conversation it is; the caller has made sure that it is theirs. */
export interface ChatOwner {
  readonly number: number;
  /** Contact id. */
  readonly contact: string;
  readonly proof: 'signed' | 'code' | 'claimed';
}

/**
 * What a customer does in the widget without a word: durable once this resolves. `at` in milliseconds. Errors: E_FORBIDDEN for a transcript to an
 * address that nobody has proven; E_RATE_LIMITED for one too many; E_MERGED for what has become a part of a conversation that is not theirs;
 * E_CONVERSATION_CLOSED, E_NOT_FOUND.
 */
export async function actInChat(db: Database, owner: ChatOwner, act: 'thatsAll' | 'productionDown' | 'transcript', at: number): Promise<void> {
  await inTransaction(db, async (trx) => {
    const row = await trx.selectFrom('conversations').select('merged_into').where('number', '=', owner.number).executeTakeFirst();
    // They would be shown the target, if it were theirs.
    if (row?.merged_into != null) {
      throw new HoldfastError('E_MERGED', 'This is looked after together with another request now.', { fix: 'Just write here; we read it.' });
    }
    if (act !== 'transcript') {
      await actByLink(trx, owner, act, at);
      return;
    }
    await mayHaveTranscript(trx, owner, at);
    await addCustomerAct(trx, { number: owner.number, act, contact: owner.contact, at });
  });
}

/** Nobody sends a stranger what they have typed in themselves (docs/chat.md, "Claimed addresses"). */
async function mayHaveTranscript(trx: Database, { number, contact, proof }: ChatOwner, at: number): Promise<void> {
  if (proof === 'claimed') {
    const proven = await trx.selectFrom('chats').select('number').where('number', '=', number).where('proof', '<>', 'claimed').executeTakeFirst();
    if (proven === undefined) {
      throw new HoldfastError('E_FORBIDDEN', 'We have not seen yet that this address is yours.', {
        fix: 'Answer one of our mails, or enter the code that we mail you.',
      });
    }
  }
  const { hits } = await addHits(trx, { key: `transcript:${number}:${contact}`, hits: 1, windowMs: TRANSCRIPT_EVERY_MS, now: at });
  if (hits > 1) throw new HoldfastError('E_RATE_LIMITED', 'The transcript is on its way already. Look into your mailbox.');
}
