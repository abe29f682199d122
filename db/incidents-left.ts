import type { PageAttempt } from '../messages/activities';
import type { Database } from './connection';
import { isBundleKey } from './page-bundles';

/** No more are looked at: telling the provider has to end within the time of its activity. */
const LEFT_AT_MOST = 10;

/**
 * Keys of a page's own incidents that may be open at the provider, as its rows have it, the newest first: a ring that got through has resolved
 * what was open before, unless it went out without asking. Without those of the attempt itself. Common incidents are `bundleOf`'s.
 */
export async function incidentsLeft(db: Database, id: string, without?: Pick<PageAttempt, 'ring' | 'decidedAt'>): Promise<string[]> {
  const rows = await db
    .selectFrom('page_attempts')
    .select(['ring', 'decided_at', 'claimed_at', 'dedup_key', 'outcome'])
    .where('page_id', '=', id)
    .where('method', '=', 'pagerduty')
    .where((eb) => eb.or([eb('outcome', 'is', null), eb('outcome', '<>', 'skipped')]))
    .orderBy('ring', 'desc')
    .execute();
  const others = rows.filter((row) => row.ring !== without?.ring || row.decided_at.getTime() !== without.decidedAt);
  const last = others.findIndex((row) => row.outcome === 'sent' && row.claimed_at !== null);
  const since = last === -1 ? others : others.slice(0, last + 1);
  return [...new Set(since.map((row) => row.dedup_key))].filter((key) => !isBundleKey(key)).slice(0, LEFT_AT_MOST);
}
