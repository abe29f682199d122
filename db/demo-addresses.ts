import { sql } from 'kysely';
import type { PolicySnapshot } from '../policy/snapshot';
import type { Database } from './connection';
import { storePolicy } from './policies';

/** Demonstrations are few and short, so their addresses are kept among the settings: `demo:<local part>`. */
const PREFIX = 'demo:';

interface DemoAddress {
  readonly policy: string;
  /** Milliseconds; mail that comes later is not taken. */
  readonly until: number;
}

/** Keeps an address (its part before the `@`) that takes mail under a policy of its own until then, and forgets those whose time is over. */
export async function addDemoAddress(db: Database, localPart: string, given: { policy: PolicySnapshot; until: number; now: number }): Promise<void> {
  await storePolicy(db, given.policy, new Date(given.now));
  const value: DemoAddress = { policy: given.policy.hash, until: given.until };
  await db
    .deleteFrom('settings')
    .where('key', 'like', `${PREFIX}%`)
    .where(sql<boolean>`(value->>'until')::bigint < ${given.now - KEPT_MS}`)
    .execute();
  await db
    .insertInto('settings')
    .values({ key: PREFIX + localPart, value: JSON.stringify(value) })
    .execute();
}

/** Accepted mail may still wait to be resolved when its address has ended. */
const KEPT_MS = 24 * 3_600_000;

/** The policy for mail that came to this address at `at` (milliseconds); null when it is no demonstration's, or its time was over. */
export async function policyOfDemoAddress(db: Database, localPart: string, at: number): Promise<PolicySnapshot | null> {
  const row = await db
    .selectFrom('settings')
    .select('value')
    .where('key', '=', PREFIX + localPart)
    .executeTakeFirst();
  const address = row?.value as DemoAddress | undefined;
  if (address === undefined || at >= address.until) return null;
  const policy = await db.selectFrom('policies').select('snapshot').where('hash', '=', address.policy).executeTakeFirst();
  return policy?.snapshot ?? null;
}

/** The policy of a demonstration's conversation; null for every other one. */
export async function policyOfDemoConversation(db: Database, number: number): Promise<PolicySnapshot | null> {
  const row = await db
    .selectFrom('conversations as c')
    .innerJoin('policies as p', 'p.hash', 'c.policy_hash')
    .select('p.snapshot')
    .where('c.number', '=', number)
    .where('c.demo', '=', true)
    .executeTakeFirst();
  return row?.snapshot ?? null;
}
