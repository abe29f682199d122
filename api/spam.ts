import { blockSender } from '../db/blocked-senders';
import { inTransaction } from '../db/in-transaction';
import { suspendAsSpam } from '../db/suspended';
import { lockThread } from '../db/threads';
import type { Agent } from './auth/actor';
import { authorize } from './auth/authorize';
import { noSuchConversation, type CommandRequest } from './commands';
import type { ApiContext } from './context';

/**
 * Makes the command that ends a conversation as spam, and in its transaction moves its mail to what is kept aside; `block` blocks the
 * addresses that wrote it too, which takes the right to block. A closed conversation keeps its mail: the command is refused. Errors: E_FORBIDDEN.
 */
export function spamCommand(context: ApiContext, actor: Agent, number: number, block: boolean): CommandRequest['make'] {
  if (block) authorize(actor, 'blockedSender.write');
  return (db) =>
    inTransaction(db, async (trx) => {
      const thread = await lockThread(trx, number);
      if (thread === null) throw noSuchConversation(number);
      if (thread.status !== 'closed') {
        const at = new Date(context.now());
        const senders = await suspendAsSpam(trx, number, at);
        for (const sender of block ? senders : []) await blockSender(trx, { sender, by: actor.id, at });
      }
      return { command: { type: 'spam' } };
    });
}
