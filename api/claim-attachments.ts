import { claimUploads, type Uploader } from '../db/attachments';
import type { Database } from '../db/connection';
import { inTransaction } from '../db/in-transaction';
import { InvalidRequest } from './problem';
import { FILES_BYTES } from '../messages/file-limits';

/**
 * Gives somebody's uploads to the message that names them, in the transaction that writes it.
 * Errors: E_INVALID for ids that are no waiting uploads of theirs, and for files that are more than a mail takes.
 */
export async function claimAttachments(db: Database, claim: Uploader & { ids: readonly string[]; messageId: string }): Promise<void> {
  if (claim.ids.length === 0) return;
  const { missing, bytes } = await inTransaction(db, (trx) => claimUploads(trx, claim));
  if (missing.length > 0) {
    throw new InvalidRequest(missing.map((id) => ({ path: 'body.attachments', message: `"${id}" is no upload of yours that waits; upload it again` })));
  }
  if (bytes > FILES_BYTES) {
    throw new InvalidRequest([{ path: 'body.attachments', message: 'are more than 18 MB together, which is more than mail servers take; send links instead' }]);
  }
}

/** Like {@link claimAttachments}, for the message that has just opened a conversation. */
export async function claimForOpening(db: Database, claim: { ids: readonly string[]; agent: string; number: number }): Promise<void> {
  if (claim.ids.length === 0) return;
  const { id } = await db.selectFrom('messages').select('id').where('number', '=', claim.number).where('seq', '=', 1).executeTakeFirstOrThrow();
  await claimAttachments(db, { ids: claim.ids, agent: claim.agent, messageId: id });
}
