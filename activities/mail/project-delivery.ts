import { crashPoint } from '../../config/crash-points';
import type { Logger } from '../../config/log';
import type { Database } from '../../db/connection';
import { isDeliveryTold, projectOutcome } from '../../db/projection';
import type { OutcomeProjected } from '../../messages/activities';
import type { Carried } from '../../messages/conversation';

/** A mail with an agent's words, the conversation that its delivery meets, and when a server took it, in milliseconds. */
interface Delivery {
  readonly number: number;
  readonly messageId: string;
  readonly before: Carried;
  readonly at: number;
}

/**
 * Projects a delivery along with its mail, so that the conversation need not ask for it. Only after the mail is marked as sent: whatever is
 * wrong with a projection must not send a mail twice.
 */
export async function projectDelivery(db: Database, log: Logger, { number, messageId, before, at }: Delivery): Promise<OutcomeProjected> {
  const event = { type: 'delivered', messageId, at } as const;
  try {
    const projected = await db.transaction().execute((trx) => projectOutcome(trx, { number, before, event, now: at }));
    await crashPoint('mail:projected', number);
    return projected;
  } catch (error) {
    // The conversation projects it by itself, and repeats that until it succeeds.
    log.warn({ number, code: error instanceof Error ? error.name : 'unknown' }, 'A delivery was not projected with its mail');
    return 'not';
  }
}

/** What an attempt says that finds its mail sent already: whether the one before it came as far as the projection. */
export async function deliveryProjectedBefore(db: Database, { number, messageId }: Pick<Delivery, 'number' | 'messageId'>): Promise<OutcomeProjected> {
  return (await isDeliveryTold(db, number, messageId)) ? 'before' : 'not';
}
