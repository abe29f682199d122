import type { PageAttempt } from '../messages/activities';
import { pageId } from '../messages/ids';
import type { PageMethod } from '../policy/escalation-state';
import type { Database } from './connection';
import { incidentsLeft } from './incidents-left';
import { isBundleKey } from './page-bundles';
import type { PageAttemptsTable } from './schema';

/*
 * Escalations count their rings from 1. A page that is opened again, because its escalation was lost or ended by hand, begins to count
 * anew under the numbers of its earlier run. Who decided what is told apart by `decided_at`, which the tries of one attempt share: what
 * stands under an attempt's number and was decided at another instant is of an earlier run, and the attempt takes the next free number.
 */

/** What the rows of a page say of the number of an attempt. */
export interface RingNumber {
  readonly ring: number;
  /** The attempt as an earlier try of it has left it; absent when nothing is written under this number yet. */
  readonly written?: { readonly outcome: PageAttemptsTable['outcome'] };
}

/** The number under which an attempt is written down, or is to be; with `dedupKey`, among those that rang under this key. */
export async function ringNumber(
  db: Database,
  attempt: Pick<PageAttempt, 'number' | 'page' | 'ring' | 'decidedAt'> & { readonly dedupKey?: string },
  target: { readonly target: string; readonly method: PageMethod },
): Promise<RingNumber> {
  const rows = await db
    .selectFrom('page_attempts')
    .select(['ring', 'decided_at', 'dedup_key', 'outcome'])
    .where('page_id', '=', pageId(attempt.number, attempt.page))
    .where('target', '=', target.target)
    .where('method', '=', target.method)
    .where('ring', '>=', attempt.ring)
    .orderBy('ring')
    .execute();
  const own = rows.find((row) => row.decided_at.getTime() === attempt.decidedAt && (attempt.dedupKey === undefined || row.dedup_key === attempt.dedupKey));
  if (own !== undefined) return { ring: own.ring, written: { outcome: own.outcome } };
  const last = rows.at(-1);
  return { ring: last === undefined ? attempt.ring : last.ring + 1 };
}

/**
 * An attempt under a number that follows those of an earlier run. A ring has a key of its own, so that it is heard, and takes the place of
 * whatever may be open from before; also of its former key, under which a try without the database may have rung. An update joins what is open.
 */
export async function numberedOn(db: Database, attempt: PageAttempt, ring: number): Promise<PageAttempt> {
  const open = await incidentsLeft(db, pageId(attempt.number, attempt.page), { ring, decidedAt: attempt.decidedAt });
  const { dedupKey: key, mode } = attempt;
  const [newest = key] = open;
  const joined = isBundleKey(key) || open.includes(key) ? key : newest;
  const dedupKey = mode === 'ring' ? `${key}:${ring}` : joined;
  return { ...attempt, ring, dedupKey, replaces: [...new Set([...open, ...attempt.replaces, key])].filter((other) => other !== dedupKey) };
}
