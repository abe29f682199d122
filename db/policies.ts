import { HoldfastError } from '../messages/errors';
import type { PolicySnapshot } from '../policy/snapshot';
import type { Database } from './connection';

const CURRENT = 'policy';

/** Snapshots that were read, by hash: one never changes, and each mail and each start of a workflow asks for one. */
const read = new Map<string, PolicySnapshot>();
/** So many at most; a desk has one or two in force at a time. */
const READ_AT_MOST = 20;

/** Stores an immutable snapshot and makes it the current policy for new promises. */
export async function publishPolicy(db: Database, snapshot: PolicySnapshot, at: Date): Promise<void> {
  await storePolicy(db, snapshot, at);
  const value = JSON.stringify(snapshot.hash);
  await db
    .insertInto('settings')
    .values({ key: CURRENT, value })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
    .execute();
}

/** Stores an immutable snapshot; a repeat changes nothing. */
export async function storePolicy(db: Database, snapshot: PolicySnapshot, at: Date): Promise<void> {
  await db
    .insertInto('policies')
    .values({
      hash: snapshot.hash,
      version: snapshot.version,
      snapshot: JSON.stringify(snapshot),
      created_at: at,
    })
    .onConflict((conflict) => conflict.column('hash').doNothing())
    .execute();
}

/** The policy in force for new promises. Errors: E_NOT_FOUND before the first one is published. */
export async function currentPolicy(db: Database): Promise<PolicySnapshot> {
  const row = await db.selectFrom('settings').select('value').where('key', '=', CURRENT).executeTakeFirst();
  if (!row) throw new HoldfastError('E_NOT_FOUND', 'No policy has been published to this database yet.');
  return policyByHash(db, String(row.value));
}

/** A snapshot by its hash. Errors: E_NOT_FOUND. */
export async function policyByHash(db: Database, hash: string): Promise<PolicySnapshot> {
  const known = read.get(hash);
  if (known !== undefined) return known;
  const row = await db.selectFrom('policies').select('snapshot').where('hash', '=', hash).executeTakeFirst();
  if (!row) throw new HoldfastError('E_NOT_FOUND', `There is no policy ${hash}.`);
  if (read.size >= READ_AT_MOST) read.clear();
  read.set(hash, row.snapshot);
  return row.snapshot;
}
