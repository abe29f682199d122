import type { Database } from './connection';

/** Opens a session that acts as a token; both are given by their SHA-256. */
export async function openSession(db: Database, session: { hash: Buffer; credential: Buffer; at: Date; expiresAt: Date }): Promise<void> {
  await db
    .insertInto('sessions')
    .values({ hash: session.hash, credential: session.credential, created_at: session.at, expires_at: session.expiresAt })
    .execute();
}

/** The token (SHA-256) that a living session acts as, or null. */
export async function sessionCredential(db: Database, hash: Buffer, now: Date): Promise<Buffer | null> {
  const row = await db.selectFrom('sessions').select('credential').where('hash', '=', hash).where('expires_at', '>', now).executeTakeFirst();
  return row?.credential ?? null;
}

/** Ends a session; nothing happens when there is none. */
export async function closeSession(db: Database, hash: Buffer): Promise<void> {
  await db.deleteFrom('sessions').where('hash', '=', hash).execute();
}

/** Forgets sessions that are over. */
export async function pruneSessions(db: Database, now: Date): Promise<void> {
  await db.deleteFrom('sessions').where('expires_at', '<=', now).execute();
}
