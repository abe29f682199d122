import { sql, type Transaction } from 'kysely';
import type { PageAttempt } from '../messages/activities';
import { pageId } from '../messages/ids';
import type { PageMethod } from '../policy/escalation-state';
import type { Database } from './connection';
import { inTransaction } from './in-transaction';
import type { Schema } from './schema';

/** What to do with a ring that need not go out by itself. */
export type BundleDecision =
  | { readonly do: 'alone' }
  /** It has rung by itself already, and only the answer of that got lost. */
  | { readonly do: 'sentBefore' }
  /** Others may join until then; look again at `at` (milliseconds). */
  | { readonly do: 'wait'; readonly at: number }
  /** Ring once for all of these pages, ids in order of their rings; call {@link markBundleSent} when it is out. */
  | { readonly do: 'ringTogether'; readonly bundle: string; readonly pages: readonly string[]; readonly numbers: readonly number[] }
  /** Another page of the bundle has rung for this one too. */
  | { readonly do: 'rungAlready'; readonly bundle: string };

interface Target {
  readonly target: string;
  readonly method: PageMethod;
}

/** How long the one that rings for a bundle is waited for, and how often it is looked at: an attempt ends within 5 s. */
const RINGS_FOR_MS = 5_000;
const LOOK_AGAIN_MS = 1_000;

/** Keys of common incidents begin so; those of single pages with `conversation/`. */
const BUNDLE_PREFIX = 'bundle/';

/** Whether an incident's key is that of a bundle. */
export function isBundleKey(key: string): boolean {
  return key.startsWith(BUNDLE_PREFIX);
}

/**
 * Decides whether a claimed attempt rings by itself. The first page to a target does; while one is unacknowledged there, further
 * ones wait for each other for `collectMs` and ring as one. `now` is the process's clock, in milliseconds.
 */
export async function decideBundle(db: Database, attempt: PageAttempt, target: Target, now: number): Promise<BundleDecision> {
  return inTransaction(db, async (trx) => {
    await sql`SELECT pg_advisory_xact_lock(hashtext(${`page target ${target.method} ${target.target}`}))`.execute(trx);
    const id = pageId(attempt.number, attempt.page);
    let own = await ownAttempt(trx, id, attempt.ring, target);
    if (own.bundle !== null) {
      // While it is being noted that the bundle has rung, this page would find itself neither rung nor waiting, and ring again.
      await lockBundle(trx, own.bundle);
      own = await ownAttempt(trx, id, attempt.ring, target);
    }
    // It must not join others any more: they would ring under another key, and nobody would resolve its own incident.
    if (own.bundle === null && own.outcome === 'sent') return { do: 'sentBefore' };
    if (own.bundle === null) {
      if (!(await isOneUnacknowledged(trx, id, target))) return { do: 'alone' };
      const joined = (await openBundle(trx, target, now)) ?? bundleKey(target, now + attempt.collectMs);
      await trx.updateTable('page_attempts').set({ bundle: joined }).where('page_id', '=', id).where('ring', '=', attempt.ring).execute();
      return { do: 'wait', at: closesAt(joined) };
    }
    if (own.outcome === 'sent') return { do: 'rungAlready', bundle: own.bundle };
    const { bundle } = own;
    if (closesAt(bundle) > now) return { do: 'wait', at: closesAt(bundle) };
    const members = await waitingMembers(trx, bundle);
    const rings = members.some((member) => member.id !== id && isRinging(member.claimed_at, bundle, now));
    // One of them is at it; only when it does not get done, another one takes over.
    if (rings) return { do: 'wait', at: now + LOOK_AGAIN_MS };
    // One that may have rung already rings on: nobody would ever resolve its incident otherwise.
    const begun = (await bundleOf(trx, id)) === bundle;
    if (!members.some((member) => member.id === id) || (members.length < 2 && !begun)) {
      await trx.updateTable('page_attempts').set({ bundle: null }).where('page_id', '=', id).where('ring', '=', attempt.ring).execute();
      return { do: 'alone' };
    }
    await trx
      .updateTable('page_attempts')
      .set({ claimed_at: new Date(now) })
      .where('page_id', '=', id)
      .where('ring', '=', attempt.ring)
      .execute();
    // Before it rings: after a crash in between every member still knows of the common incident.
    const pages = members.map((member) => member.id);
    await trx.updateTable('pages').set({ bundled_into: bundle }).where('id', 'in', pages).execute();
    return {
      do: 'ringTogether',
      bundle,
      pages,
      numbers: members.map((member) => member.number),
    };
  });
}

/** Notes that a bundle has rung for these pages. */
export async function markBundleSent(db: Database, bundle: string, pages: readonly string[], sentAt: number): Promise<void> {
  await inTransaction(db, async (trx) => {
    await lockBundle(trx, bundle);
    await trx
      .updateTable('page_attempts')
      .set({ outcome: 'sent', sent_at: new Date(sentAt), dedup_key: bundle, error: null })
      .where('bundle', '=', bundle)
      .where('page_id', 'in', [...pages])
      .execute();
    await trx
      .updateTable('pages')
      .set({ bundled_into: bundle })
      .where('id', 'in', [...pages])
      .execute();
  });
}

/** The common incident that rings for a page too, or may do so after a crash; null when there is none. */
export async function bundleOf(db: Database, id: string): Promise<string | null> {
  const row = await db.selectFrom('pages').select('bundled_into').where('id', '=', id).executeTakeFirst();
  return row?.bundled_into ?? null;
}

/**
 * Takes a page out of a bundle, unless it is the last in it that is not over: then true, and its incident has to be resolved. The last one
 * stays in it until {@link forgetBundle}, so that a repeat after a crash still knows of the incident.
 */
export async function leaveBundle(db: Database, bundle: string, id: string): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    // Two that leave at the same time would each take the other for one who stays.
    await lockBundle(trx, bundle);
    const other = await trx
      .selectFrom('pages')
      .select('id')
      .where('bundled_into', '=', bundle)
      .where('id', '<>', id)
      .where('state', '<>', 'over')
      .limit(1)
      .executeTakeFirst();
    if (other !== undefined) await withoutBundle(trx, bundle, id);
    return other === undefined;
  });
}

/** Notes that the incident of a bundle has been resolved with this page, the last in it. */
export async function forgetBundle(db: Database, bundle: string, id: string): Promise<void> {
  await withoutBundle(db, bundle, id);
}

async function withoutBundle(db: Database, bundle: string, id: string): Promise<void> {
  await db.updateTable('pages').set({ bundled_into: null }).where('id', '=', id).where('bundled_into', '=', bundle).execute();
}

/** Makes those who change several pages of a bundle wait for each other, whatever the order of the pages. */
export async function lockBundle(trx: Transaction<Schema>, bundle: string): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(hashtext(${`page bundle ${bundle}`}))`.execute(trx);
}

/** The instant at which a bundle rings stands in its key, so every process agrees on it. */
function bundleKey(target: Target, closesAtMs: number): string {
  return `${BUNDLE_PREFIX}${target.method}/${target.target}/${closesAtMs}`;
}

/** Whether this member has taken it upon itself, a moment ago, to ring for all. */
function isRinging(claimedAt: Date | null, bundle: string, now: number): boolean {
  const at = claimedAt?.getTime() ?? 0;
  return at >= closesAt(bundle) && at > now - RINGS_FOR_MS;
}

function closesAt(bundle: string): number {
  return Number(bundle.slice(bundle.lastIndexOf('/') + 1));
}

function ownAttempt(trx: Transaction<Schema>, id: string, ring: number, target: Target) {
  return trx
    .selectFrom('page_attempts')
    .select(['bundle', 'outcome'])
    .where('page_id', '=', id)
    .where('ring', '=', ring)
    .where('target', '=', target.target)
    .where('method', '=', target.method)
    .executeTakeFirstOrThrow();
}

/** Whether another page rings at this target already and nobody has taken it. */
async function isOneUnacknowledged(trx: Transaction<Schema>, id: string, target: Target): Promise<boolean> {
  const row = await trx
    .selectFrom('pages')
    .innerJoin('page_attempts', 'page_attempts.page_id', 'pages.id')
    .select('pages.id')
    .where('pages.state', '=', 'paging')
    .where('pages.id', '<>', id)
    .where('page_attempts.target', '=', target.target)
    .where('page_attempts.method', '=', target.method)
    .where((eb) => eb.or([eb('page_attempts.outcome', 'is', null), eb('page_attempts.outcome', '=', 'sent')]))
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

async function openBundle(trx: Transaction<Schema>, target: Target, now: number): Promise<string | null> {
  const rows = await trx
    .selectFrom('page_attempts')
    .select('bundle')
    .distinct()
    .where('bundle', 'like', `${BUNDLE_PREFIX}${target.method}/%`)
    .where('target', '=', target.target)
    .where('outcome', 'is', null)
    .execute();
  return rows.map((row) => row.bundle).find((bundle) => bundle !== null && closesAt(bundle) > now) ?? null;
}

/** Those of the bundle that still wait for somebody, the earliest due first. */
function waitingMembers(trx: Transaction<Schema>, bundle: string): Promise<{ id: string; number: number; claimed_at: Date | null }[]> {
  return trx
    .selectFrom('page_attempts')
    .innerJoin('pages', 'pages.id', 'page_attempts.page_id')
    .select(['pages.id', 'pages.number', 'page_attempts.claimed_at'])
    .where('page_attempts.bundle', '=', bundle)
    .where((eb) => eb.or([eb('page_attempts.outcome', 'is', null), eb('page_attempts.outcome', '=', 'failed')]))
    .where('pages.state', '=', 'paging')
    .orderBy('page_attempts.due_at')
    .orderBy('pages.number')
    .execute();
}
