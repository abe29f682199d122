import type { Database } from './connection';

/** A sender whose mail is kept aside: an address, or a domain that begins with `@`; lower case. */
export interface BlockedSender {
  readonly sender: string;
  /** Agent id. */
  readonly blockedBy: string;
  readonly blockedAt: Date;
}

/** Whether an address (lower case) is blocked by itself or by its domain; null when it is not. */
export async function blockOf(db: Database, email: string): Promise<'address' | 'domain' | null> {
  const rows = await db
    .selectFrom('blocked_senders')
    .select('sender')
    .where('sender', 'in', [email, email.slice(email.lastIndexOf('@'))])
    .execute();
  if (rows.some(({ sender }) => sender === email)) return 'address';
  return rows.length > 0 ? 'domain' : null;
}

/** Blocks a sender; who is blocked already stays so. */
export async function blockSender(db: Database, { sender, by, at }: { sender: string; by: string; at: Date }): Promise<BlockedSender> {
  await db
    .insertInto('blocked_senders')
    .values({ sender, blocked_by: by, blocked_at: at })
    .onConflict((conflict) => conflict.column('sender').doNothing())
    .execute();
  const row = await db.selectFrom('blocked_senders').selectAll().where('sender', '=', sender).executeTakeFirstOrThrow();
  return { sender: row.sender, blockedBy: row.blocked_by, blockedAt: row.blocked_at };
}

/** Lifts a block; false when there was none. */
export async function unblockSender(db: Database, sender: string): Promise<boolean> {
  return (await db.deleteFrom('blocked_senders').where('sender', '=', sender).returning('sender').executeTakeFirst()) !== undefined;
}

/** Blocked senders in the order of their names, at most `limit` after the given one. */
export async function listBlockedSenders(db: Database, { after, limit }: { after: string | null; limit: number }): Promise<BlockedSender[]> {
  let query = db.selectFrom('blocked_senders').selectAll();
  if (after !== null) query = query.where('sender', '>', after);
  const rows = await query.orderBy('sender').limit(limit).execute();
  return rows.map((row) => ({ sender: row.sender, blockedBy: row.blocked_by, blockedAt: row.blocked_at }));
}
