import { sql, type Transaction } from 'kysely';
import { crashPoint } from '../config/crash-points';
import type { PageAttempt, PageAttemptRecord, PageRecord } from '../messages/activities';
import { pageId } from '../messages/ids';
import type { PageMethod } from '../policy/escalation-state';
import type { PageCause } from '../policy/state';
import type { Database } from './connection';
import { inTransaction } from './in-transaction';
import { pageText, type PageFacts } from './page-text';
import { numberedOn, ringNumber } from './ring-numbers';
import type { Schema } from './schema';

/** What a look at the database just before ringing found. Times are milliseconds. */
export interface PageGround {
  readonly facts: PageFacts;
  /** Somebody owns the page already. */
  readonly acknowledged: { readonly by: string; readonly at: number } | null;
  /** Every cause that this ring is about has been recorded as over. */
  readonly overAt: number | null;
  /** Key of the common incident that has rung, or is about to, for this page too. */
  readonly bundle: string | null;
}

/** Writes a page's record unless a newer one is there. An acknowledgement that somebody has just given is never overwritten. */
export async function writePageRecord(db: Database, record: PageRecord): Promise<void> {
  await inTransaction(db, async (trx) => writeRecord(trx, record, await readPageFacts(trx, record.number, record.causes)));
}

/**
 * Everything that a ring wants of the database, in one short transaction: reads the acknowledgement and what the text names,
 * and unless the ring is needless writes the page's record. `timeoutMs` bounds each statement.
 */
export async function prepareAttempt(db: Database, attempt: PageAttempt, timeoutMs: number): Promise<PageGround> {
  return inTransaction(db, async (trx) => {
    await sql.raw(`SET LOCAL statement_timeout = ${Math.ceil(timeoutMs)}`).execute(trx);
    const facts = await readPageFacts(trx, attempt.number, attempt.causes);
    const row = await lockPage(trx, pageId(attempt.number, attempt.page));
    const acknowledgedAt = row?.acknowledged_at?.getTime() ?? null;
    const acknowledged = acknowledgedAt !== null && acknowledgedAt >= attempt.since ? { by: row?.acknowledged_by ?? 'unknown', at: acknowledgedAt } : null;
    const isOver = row?.state === 'over' && attempt.causes.every((cause) => isRecordedOver(row.causes, cause));
    const overAt = isOver ? (row.over_at?.getTime() ?? attempt.decidedAt) : null;
    if (acknowledged === null && overAt === null) await writeRecord(trx, attempt.record, facts);
    return { facts, acknowledged, overAt, bundle: row?.bundled_into ?? null };
  });
}

/** What is known of a page: its acknowledgement, and whether all of these causes have been recorded as over. */
export async function readPageState(
  db: Database,
  id: string,
  causes: readonly string[],
): Promise<{ acknowledgedAt: number | null; acknowledgedBy: string | null; over: boolean }> {
  const row = await db.selectFrom('pages').select(['state', 'causes', 'acknowledged_at', 'acknowledged_by']).where('id', '=', id).executeTakeFirst();
  const isOver = (key: string) => row?.causes.some((cause) => cause.key === key && cause.overAt !== undefined) === true;
  return {
    acknowledgedAt: row?.acknowledged_at?.getTime() ?? null,
    acknowledgedBy: row?.acknowledged_by ?? null,
    over: row?.state === 'over' && causes.every(isOver),
  };
}

/**
 * Writes what became of an attempt; an outcome of `sent` is never taken back by a late failure of the same attempt. One whose number an
 * earlier run of the page has used up, which only the database could have told it, is written under the next free number.
 */
export async function writeAttempt(db: Database, attempt: PageAttemptRecord): Promise<void> {
  await crashPoint('attempt:writing', attempt.number);
  if (await putAttempt(db, attempt)) return;
  const { ring } = await ringNumber(db, attempt, attempt);
  if (ring !== attempt.ring) await putAttempt(db, { ...attempt, ring });
}

/** False when the row under its number is not to be changed: it says `sent` already, or is another run's. */
async function putAttempt(db: Database, attempt: PageAttemptRecord): Promise<boolean> {
  const values = {
    page_id: pageId(attempt.number, attempt.page),
    ring: attempt.ring,
    target: attempt.target,
    method: attempt.method,
    level: attempt.level,
    dedup_key: attempt.dedupKey,
    urgency: attempt.urgency,
    due_at: new Date(attempt.dueAt),
    decided_at: new Date(attempt.decidedAt),
    sent_at: attempt.sentAt === null ? null : new Date(attempt.sentAt),
    outcome: attempt.outcome,
    error: attempt.error,
    bundle: attempt.bundle ?? null,
  };
  const { numInsertedOrUpdatedRows: written } = await db
    .insertInto('page_attempts')
    .values(values)
    .onConflict((conflict) =>
      conflict
        .columns(['page_id', 'ring', 'target', 'method'])
        .doUpdateSet({
          dedup_key: values.dedup_key,
          sent_at: values.sent_at,
          outcome: values.outcome,
          error: values.error,
          bundle: values.bundle,
        })
        .where('page_attempts.decided_at', '=', values.decided_at)
        .where((eb) => eb.or([eb('page_attempts.outcome', 'is', null), eb('page_attempts.outcome', '<>', 'sent')])),
    )
    .executeTakeFirst();
  return written !== 0n;
}

/** An attempt that may be sent. */
export interface ClaimedAttempt {
  /** As it is to go out: under another number and key when an earlier run of the page has used up its own. */
  readonly attempt: PageAttempt;
  /** An earlier try of it is known to have been sent. */
  readonly sentBefore: boolean;
}

/**
 * Claims an attempt for sending. The row is there before the provider is called, so that a crash in between shows as an attempt
 * without an outcome.
 */
export async function claimAttempt(
  db: Database,
  attempt: PageAttempt,
  target: { readonly target: string; readonly method: PageMethod },
  claimedAt: number,
): Promise<ClaimedAttempt> {
  const { number, page, ring, decidedAt } = attempt;
  const known = await ringNumber(db, { number, page, ring, decidedAt }, target);
  const claimed = known.ring === ring ? attempt : await numberedOn(db, attempt, known.ring);
  if (known.written !== undefined) return { attempt: claimed, sentBefore: known.written.outcome === 'sent' };
  const row = await db
    .insertInto('page_attempts')
    .values({
      page_id: pageId(number, page),
      ring: claimed.ring,
      target: target.target,
      method: target.method,
      level: attempt.level,
      dedup_key: claimed.dedupKey,
      urgency: attempt.urgency,
      due_at: new Date(attempt.dueAt),
      decided_at: new Date(decidedAt),
      claimed_at: new Date(claimedAt),
      outcome: null,
      error: null,
      bundle: null,
    })
    .onConflict((conflict) => conflict.columns(['page_id', 'ring', 'target', 'method']).doNothing())
    .returning('ring')
    .executeTakeFirst();
  // Another try was faster: the row says which.
  return row === undefined ? claimAttempt(db, attempt, target, claimedAt) : { attempt: claimed, sentBefore: false };
}

async function writeRecord(trx: Transaction<Schema>, record: PageRecord, facts: PageFacts): Promise<void> {
  const id = pageId(record.number, record.page);
  const first = record.causes[0];
  if (!first) throw new Error('A page without a cause cannot be recorded.');
  const shown = record.causes.filter((cause) => cause.overAt === undefined);
  const summary = pageText({ ...record, causes: shown.length === 0 ? record.causes : shown }, facts);
  await insertPage(trx, record, summary, first.key);
  const row = await lockPage(trx, id);
  // The key of the first cause belongs to an earlier page of this conversation: this one is told apart by its own number.
  if (row === undefined) await insertPage(trx, record, summary, `${first.key}@${record.page}`);
  if (row === undefined || row.revision >= record.revision) return;

  const given = acknowledgementNow(record, row);
  await trx
    .updateTable('pages')
    .set({
      state: record.state === 'paging' && given !== null ? 'acknowledged' : record.state,
      urgency: record.urgency,
      summary,
      causes: JSON.stringify(record.causes),
      level: record.level,
      round: record.round,
      revision: record.revision,
      next_ring_at: dateOf(record.nextRingAt),
      acknowledged_at: dateOf(given?.at ?? null),
      acknowledged_by: given?.by ?? null,
      acknowledgement_relayed_at: given?.relayed === true ? (row.acknowledgement_relayed_at ?? dateOf(given.at)) : null,
      over_at: dateOf(record.overAt),
    })
    .where('id', '=', id)
    .execute();
  if (record.overAt !== null) await endBrokenAttempts(trx, id);
}

/** Of a ring that a crash broke off, and that was not repeated because its page was over by then, nobody else would ever say what became. */
async function endBrokenAttempts(trx: Transaction<Schema>, id: string): Promise<void> {
  await trx
    .updateTable('page_attempts')
    .set({ outcome: 'failed', error: 'Broken off before anybody could note whether it got through; the page was over before it was repeated.' })
    .where('page_id', '=', id)
    .where('outcome', 'is', null)
    .execute();
}

/** The acknowledgement that holds: the row's own if it was given for what rings now, else the one that the escalation knows. */
function acknowledgementNow(record: PageRecord, row: LockedPage): { readonly by: string; readonly at: number; readonly relayed: boolean } | null {
  const known = record.acknowledgement;
  const at = row.acknowledged_at?.getTime() ?? null;
  if (at !== null && at >= record.since && at > (known?.at ?? 0)) {
    return { by: row.acknowledged_by ?? 'unknown', at, relayed: row.acknowledgement_relayed_at !== null };
  }
  return known !== null && (record.state !== 'paging' || known.at >= record.since) ? { ...known, relayed: true } : null;
}

type LockedPage = NonNullable<Awaited<ReturnType<typeof lockPage>>>;

function lockPage(trx: Transaction<Schema>, id: string) {
  return trx
    .selectFrom('pages')
    .select(['state', 'causes', 'revision', 'acknowledged_at', 'acknowledged_by', 'acknowledgement_relayed_at', 'over_at', 'bundled_into'])
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
}

async function insertPage(trx: Transaction<Schema>, record: PageRecord, summary: string, causeKey: string): Promise<void> {
  await trx
    .insertInto('pages')
    .values({
      id: pageId(record.number, record.page),
      number: record.number,
      page: record.page,
      cause_key: causeKey,
      state: record.state,
      urgency: record.urgency,
      summary,
      causes: JSON.stringify(record.causes),
      level: record.level,
      round: record.round,
      revision: record.revision,
      opened_at: new Date(record.openedAt),
      next_ring_at: dateOf(record.nextRingAt),
      acknowledged_at: dateOf(record.acknowledgement?.at ?? null),
      acknowledged_by: record.acknowledgement?.by ?? null,
      acknowledgement_relayed_at: dateOf(record.acknowledgement?.at ?? null),
      over_at: dateOf(record.overAt),
      bundled_into: null,
      demo: record.demo === true,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** What a page's text names besides its causes: nothing personal. */
async function readPageFacts(trx: Transaction<Schema>, number: number, causes: readonly PageCause[]): Promise<PageFacts> {
  const conversation = await trx.selectFrom('conversations').select(['cluster', 'website']).where('number', '=', number).executeTakeFirst();
  const promises = await trx
    .selectFrom('promises')
    .select(['key', 'length_ms'])
    .where('key', 'in', ['', ...causes.map((cause) => cause.key)])
    .execute();
  return {
    website: conversation?.website[0] ?? null,
    cluster: conversation?.cluster[0] ?? null,
    lengthMs: Object.fromEntries(promises.map((promise) => [promise.key, promise.length_ms])),
  };
}

function isRecordedOver(known: readonly (PageCause & { overAt?: number })[], cause: PageCause): boolean {
  return known.some((other) => other.key === cause.key && other.at === cause.at && other.overAt !== undefined);
}

function dateOf(at: number | null): Date | null {
  return at === null ? null : new Date(at);
}
