import type { Transaction } from 'kysely';
import type { Schema } from './schema';

/** Receipts to a contact after `since`. The contact's row is locked by the caller, so the count stays true until it commits. */
export async function receiptsSince(trx: Transaction<Schema>, contactId: string, since: Date): Promise<{ at: number; subjectKey: string }[]> {
  const rows = await trx.selectFrom('receipts').select(['at', 'subject_key']).where('contact_id', '=', contactId).where('at', '>', since).execute();
  return rows.map((row) => ({ at: row.at.getTime(), subjectKey: row.subject_key }));
}

/** Counts a receipt that will be sent. */
export async function recordReceipt(trx: Transaction<Schema>, receipt: { contactId: string; number: number; subjectKey: string; at: Date }): Promise<void> {
  await trx.insertInto('receipts').values({ contact_id: receipt.contactId, number: receipt.number, subject_key: receipt.subjectKey, at: receipt.at }).execute();
}
