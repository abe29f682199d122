import { sql } from 'kysely';
import type { Database } from './connection';

/** How often a caller has come in the running window. */
export interface Hits {
  readonly hits: number;
  /** When the window ends and counting begins anew, milliseconds. */
  readonly resetsAt: number;
}

/** Adds hits of a caller to their running window, or begins one of `windowMs`; one statement. */
export async function addHits(db: Database, given: { key: string; hits: number; windowMs: number; now: number }): Promise<Hits> {
  const [added] = await addManyHits(db, [{ key: given.key, hits: given.hits }], given);
  return added as Hits;
}

/** PostgreSQL takes 65,535 values in one statement; a flood of callers while it was away is more. */
const AT_ONCE = 5_000;

/** The same for several callers at once; answers them in the order in which they were given. A key must not come twice. */
export async function addManyHits(
  db: Database,
  callers: readonly { readonly key: string; readonly hits: number }[],
  { windowMs, now }: { windowMs: number; now: number },
): Promise<(Hits & { readonly key: string })[]> {
  if (callers.length === 0) return [];
  if (callers.length > AT_ONCE) {
    const first = await addManyHits(db, callers.slice(0, AT_ONCE), { windowMs, now });
    return [...first, ...(await addManyHits(db, callers.slice(AT_ONCE), { windowMs, now }))];
  }
  const at = new Date(now);
  // In one order everywhere, so that two processes never wait for each other.
  const ordered = [...callers].sort((a, b) => (a.key < b.key ? -1 : 1));
  const rows = await db
    .insertInto('rate_limits')
    .values(ordered.map(({ key, hits }) => ({ key, hits, resets_at: new Date(now + windowMs) })))
    .onConflict((conflict) =>
      conflict.column('key').doUpdateSet({
        hits: sql<number>`CASE WHEN rate_limits.resets_at <= ${at} THEN excluded.hits ELSE greatest(0, rate_limits.hits + excluded.hits) END`,
        resets_at: sql<Date>`CASE WHEN rate_limits.resets_at <= ${at} THEN excluded.resets_at ELSE rate_limits.resets_at END`,
      }),
    )
    .returning(['key', 'hits', 'resets_at'])
    .execute();
  const byKey = new Map(rows.map((row) => [row.key, { key: row.key, hits: row.hits, resetsAt: row.resets_at.getTime() }]));
  return callers.flatMap(({ key }) => byKey.get(key) ?? []);
}

/** Forgets windows that are over. */
export async function pruneRateLimits(db: Database, now: Date): Promise<void> {
  await db.deleteFrom('rate_limits').where('resets_at', '<=', now).execute();
}
