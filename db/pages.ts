import type { Selectable, Transaction } from 'kysely';
import type { PageCause } from '../policy/state';
import type { Database } from './connection';
import { inTransaction } from './in-transaction';
import { tellBeside } from './own-line';
import { lockBundle } from './page-bundles';
import type { PageAttemptsTable, PagesTable, Schema } from './schema';

/** A page as lists and screens show it. Times are dates. */
export interface PageRow {
  readonly id: string;
  readonly number: number;
  readonly page: number;
  readonly state: 'paging' | 'acknowledged' | 'over';
  readonly urgency: 'high' | 'low';
  /** At most 100 characters, ends with `#<number>`. */
  readonly summary: string;
  readonly causes: readonly (PageCause & { readonly overAt?: number; readonly overReason?: string })[];
  readonly level: number;
  readonly round: number;
  readonly openedAt: Date;
  readonly nextRingAt: Date | null;
  readonly acknowledgedAt: Date | null;
  /** Agent id. */
  readonly acknowledgedBy: string | null;
  readonly overAt: Date | null;
  readonly bundledInto: string | null;
  readonly demo: boolean;
}

/** One ring or silent update to one target: "who was tried". */
export interface PageAttemptRow {
  readonly ring: number;
  readonly level: number;
  readonly target: string;
  readonly method: 'pagerduty' | 'inbox';
  readonly dedupKey: string;
  readonly dueAt: Date;
  readonly decidedAt: Date;
  readonly sentAt: Date | null;
  /** Null while it is under way. */
  readonly outcome: 'sent' | 'failed' | 'skipped' | null;
  readonly error: string | null;
  readonly bundle: string | null;
}

/** The conversations of the pages of low urgency that were opened before an instant and are still open, the oldest first; no demonstration's. */
export async function openLowPages(db: Database, before: Date): Promise<number[]> {
  const rows = await db
    .selectFrom('pages')
    .select('number')
    .where('state', '<>', 'over')
    .where('urgency', '=', 'low')
    .where('demo', '=', false)
    .where('opened_at', '<', before)
    .orderBy('opened_at')
    .orderBy('number')
    .execute();
  return rows.map(({ number }) => number);
}

/** One page with everybody who was tried, first ring first; undefined when there is none. */
export async function getPage(db: Database, id: string): Promise<(PageRow & { attempts: PageAttemptRow[] }) | undefined> {
  const row = await db.selectFrom('pages').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) return undefined;
  const attempts = await db.selectFrom('page_attempts').selectAll().where('page_id', '=', id).orderBy('ring').orderBy('target').execute();
  return { ...pageOf(row), attempts: attempts.map(attemptOf) };
}

/**
 * Writes an acknowledgement: the row is the durable moment, the signal to the escalation follows. `already` when somebody owns the
 * page: its time is renewed, and the timeline names who came second, so that the signal, which is sent all the same, covers a ring whose record has not been written yet.
 * A page that is a part of a bundle acknowledges the bundle's other pages too; {@link pagesWithLostAcknowledgement} relays them.
 */
export async function acknowledgePage(
  db: Database,
  { id, by, at }: { id: string; by: string; at: Date },
): Promise<'acknowledged' | 'already' | 'over' | 'unknown'> {
  return inTransaction(db, async (trx) => {
    const known = await trx.selectFrom('pages').select('bundled_into').where('id', '=', id).executeTakeFirst();
    const bundle = known?.bundled_into ?? null;
    if (bundle !== null) await lockBundle(trx, bundle);
    const row = await trx
      .selectFrom('pages')
      .select(['number', 'page', 'state', 'acknowledged_at', 'acknowledged_by'])
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst();
    if (!row) return 'unknown';
    if (row.state === 'over') return 'over';
    if (row.state === 'acknowledged') {
      if (row.acknowledged_at === null || row.acknowledged_at < at) {
        await trx.updateTable('pages').set({ acknowledged_at: at, acknowledgement_relayed_at: null }).where('id', '=', id).execute();
      }
      if (row.acknowledged_by !== by) await tellAcknowledged(trx, row, { by, at });
      return 'already';
    }
    const acknowledged = await trx
      .updateTable('pages')
      .set({ state: 'acknowledged', acknowledged_at: at, acknowledged_by: by, acknowledgement_relayed_at: null, next_ring_at: null })
      .where('state', '=', 'paging')
      .where((eb) => (bundle === null ? eb('id', '=', id) : eb.or([eb('id', '=', id), eb('bundled_into', '=', bundle)])))
      .returning(['number', 'page'])
      .execute();
    for (const page of acknowledged) await tellAcknowledged(trx, page, { by, at });
    return 'acknowledged';
  });
}

/** Everyone who takes a page upon themselves is named, also who comes second: the page shows who was first. */
async function tellAcknowledged(
  trx: Transaction<Schema>,
  { number, page }: { number: number; page: number },
  { by, at }: { by: string; at: Date },
): Promise<void> {
  await tellBeside(trx, number, { at: at.getTime(), type: 'page.acknowledged', data: { page, by } });
}

/** Acknowledgements whose signal has not been sent, oldest first; `acknowledgedAt` in milliseconds. */
export async function pagesWithLostAcknowledgement(db: Database, limit: number): Promise<{ id: string; acknowledgedBy: string; acknowledgedAt: number }[]> {
  const rows = await db
    .selectFrom('pages')
    .select(['id', 'acknowledged_by', 'acknowledged_at'])
    .where('acknowledged_at', 'is not', null)
    .where('acknowledgement_relayed_at', 'is', null)
    .orderBy('acknowledged_at')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    acknowledgedBy: row.acknowledged_by ?? 'unknown',
    acknowledgedAt: row.acknowledged_at?.getTime() ?? 0,
  }));
}

/**
 * Notes at `at` that the escalation has been told of the acknowledgement of `acknowledgedAt`, or has ended. One that was renewed
 * meanwhile has a signal of its own to wait for. Milliseconds.
 */
export async function markAcknowledgementRelayed(db: Database, id: string, told: { acknowledgedAt: number; at: number }): Promise<void> {
  await db
    .updateTable('pages')
    .set({ acknowledgement_relayed_at: new Date(told.at) })
    .where('id', '=', id)
    .where('acknowledged_at', '<=', new Date(told.acknowledgedAt))
    .execute();
}

function pageOf(row: Selectable<PagesTable>): PageRow {
  return {
    id: row.id,
    number: row.number,
    page: row.page,
    state: row.state,
    urgency: row.urgency,
    summary: row.summary,
    causes: row.causes,
    level: row.level,
    round: row.round,
    openedAt: row.opened_at,
    nextRingAt: row.next_ring_at,
    acknowledgedAt: row.acknowledged_at,
    acknowledgedBy: row.acknowledged_by,
    overAt: row.over_at,
    bundledInto: row.bundled_into,
    demo: row.demo,
  };
}

function attemptOf(row: Selectable<PageAttemptsTable>): PageAttemptRow {
  return {
    ring: row.ring,
    level: row.level,
    target: row.target,
    method: row.method,
    dedupKey: row.dedup_key,
    dueAt: row.due_at,
    decidedAt: row.decided_at,
    sentAt: row.sent_at,
    outcome: row.outcome,
    error: row.error,
    bundle: row.bundle,
  };
}
