import type { Database } from './connection';

/** What is known of a request with an Idempotency-Key. */
export type KeyClaim =
  /** Nobody has used this key before; carry the request out. */
  | { readonly state: 'first' }
  /** The same request came before; `answer` is null when it was never answered. */
  | { readonly state: 'repeated'; readonly answer: { readonly status: number; readonly body: unknown } | null }
  /** The key belongs to another request. */
  | { readonly state: 'reused' };

/**
 * Claims an actor's key for a request (a hash of method, path and body). In a transaction, a second request with the
 * same key waits until the first has committed or rolled back.
 */
export async function claimKey(db: Database, claim: { actor: string; key: string; requestHash: string; at: Date }): Promise<KeyClaim> {
  const inserted = await db
    .insertInto('idempotency_keys')
    .values({ actor: claim.actor, key: claim.key, request_hash: claim.requestHash, status: null, created_at: claim.at })
    .onConflict((conflict) => conflict.columns(['actor', 'key']).doNothing())
    .returning('key')
    .executeTakeFirst();
  if (inserted) return { state: 'first' };
  const row = await db
    .selectFrom('idempotency_keys')
    .select(['request_hash', 'status', 'body'])
    .where('actor', '=', claim.actor)
    .where('key', '=', claim.key)
    .executeTakeFirstOrThrow();
  if (row.request_hash !== claim.requestHash) return { state: 'reused' };
  return { state: 'repeated', answer: row.status === null ? null : { status: row.status, body: row.body } };
}

/** Keeps the answer, for repeats of the request. */
export async function keepAnswer(db: Database, key: { actor: string; key: string }, answer: { status: number; body: unknown }): Promise<void> {
  await db
    .updateTable('idempotency_keys')
    .set({ status: answer.status, body: JSON.stringify(answer.body ?? null) })
    .where('actor', '=', key.actor)
    .where('key', '=', key.key)
    .execute();
}

/**
 * Forgets answers that are older than `before`. The keys of commands are no answers: they stay as long as the commands whose ids they are,
 * so that no repeat ever carries one out twice.
 */
export async function pruneAnswers(db: Database, before: Date): Promise<void> {
  await db.deleteFrom('idempotency_keys').where('status', 'is not', null).where('created_at', '<', before).execute();
}
