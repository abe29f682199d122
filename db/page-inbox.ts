import { sql } from 'kysely';
import type { PageCause } from '../policy/state';
import type { Priority, Urgency } from '../policy/words';
import type { Database } from './connection';

/** A page as on-call sees it: with what it is about. */
export interface PageShown {
  readonly id: string;
  readonly number: number;
  readonly state: 'paging' | 'acknowledged' | 'over';
  readonly urgency: Urgency;
  readonly summary: string;
  readonly causes: readonly (PageCause & { readonly overAt?: number; readonly overReason?: string })[];
  readonly level: number;
  readonly round: number;
  readonly openedAt: Date;
  readonly nextRingAt: Date | null;
  readonly acknowledgedAt: Date | null;
  readonly acknowledgedBy: string | null;
  readonly acknowledgedByName: string | null;
  readonly overAt: Date | null;
  readonly subject: string;
  readonly priority: Priority;
  readonly plan: string;
  readonly nextDueAt: Date | null;
  readonly demo: boolean;
}

/** A place in the list of pages: whether it is over, when it was opened (milliseconds), its id. */
export type PagePlace = readonly [over: boolean, openedAt: number, id: string];

function pagesWithConversation(db: Database) {
  return db
    .selectFrom('pages as p')
    .innerJoin('conversations as c', 'c.number', 'p.number')
    .leftJoin('agents as a', 'a.id', 'p.acknowledged_by')
    .select([
      'p.id',
      'p.number',
      'p.state',
      'p.urgency',
      'p.summary',
      'p.causes',
      'p.level',
      'p.round',
      'p.opened_at as openedAt',
      'p.next_ring_at as nextRingAt',
      'p.acknowledged_at as acknowledgedAt',
      'p.acknowledged_by as acknowledgedBy',
      'a.name as acknowledgedByName',
      'p.over_at as overAt',
      'c.subject',
      'c.priority',
      'c.plan',
      'c.next_due_at as nextDueAt',
      'p.demo',
    ]);
}

/** Pages after the given place: open ones first, newest first in each part. */
export async function listPagesShown(
  db: Database,
  page: { state?: 'open' | 'over' | undefined; after: PagePlace | null; limit: number },
): Promise<PageShown[]> {
  const over = sql<boolean>`(p.state = 'over')`;
  let query = pagesWithConversation(db).orderBy(over).orderBy('p.opened_at', 'desc').orderBy('p.id', 'desc').limit(page.limit);
  if (page.state === 'open') query = query.where('p.state', '<>', 'over');
  if (page.state === 'over') query = query.where('p.state', '=', 'over');
  const { after } = page;
  if (after !== null) {
    const [wasOver, openedAt, id] = after;
    const at = new Date(openedAt);
    query = query.where((where) =>
      where.or([
        where(over, '>', wasOver),
        where.and([where(over, '=', wasOver), where.or([where('p.opened_at', '<', at), where.and([where('p.opened_at', '=', at), where('p.id', '<', id)])])]),
      ]),
    );
  }
  return query.execute();
}

/** One page, or null. */
export async function getPageShown(db: Database, id: string): Promise<PageShown | null> {
  const row = await pagesWithConversation(db).where('p.id', '=', id).executeTakeFirst();
  return row ?? null;
}
