import { sql, type Transaction } from 'kysely';
import type { Database } from './connection';
import type { Schema } from './schema';
import { lockThread } from './threads';

/** Somebody whom a merge brought into its target, and as whom. */
export interface Brought {
  readonly contact: string;
  readonly role: 'participant' | 'thirdParty';
}

/** A merge that stands. */
export interface StandingMerge {
  readonly id: string;
  readonly source: number;
  readonly target: number;
  readonly mergedAt: Date;
  readonly brought: readonly Brought[];
}

/**
 * Waits until nobody else merges or takes a merge back, and has it so until the transaction ends. Everybody locks a part before its whole
 * (a conversation, then the one that it was merged into), and which of two is the part changes only under this lock: so nobody waits in a
 * circle.
 */
export async function lockMerging(trx: Transaction<Schema>): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(hashtextextended('holdfast merging', 0))`.execute(trx);
}

/**
 * Locks a conversation if it is a part of another, and keeps everybody from merging until the transaction ends: for who comes upon the whole
 * before they come upon its part.
 */
export async function lockPart(trx: Transaction<Schema>, number: number): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock_shared(hashtextextended('holdfast merging', 0))`.execute(trx);
  const row = await trx.selectFrom('conversations').select('merged_into').where('number', '=', number).executeTakeFirst();
  if (row !== undefined && row.merged_into !== null) await lockThread(trx, number);
}

/** The merge that made a conversation a part of another, or null. */
export async function standingMerge(db: Database, source: number): Promise<StandingMerge | null> {
  const row = await db
    .selectFrom('merges')
    .select(['id', 'source', 'target', 'merged_at as mergedAt', 'brought'])
    .where('source', '=', source)
    .where('undone_at', 'is', null)
    .executeTakeFirst();
  return row ?? null;
}

/** Whether other conversations are a part of this one. */
export async function hasParts(db: Database, target: number): Promise<boolean> {
  return (await db.selectFrom('merges').select('id').where('target', '=', target).where('undone_at', 'is', null).limit(1).executeTakeFirst()) !== undefined;
}

/** Writes a merge down: from the commit on, what comes for the source goes to the target. */
export async function writeMerge(trx: Transaction<Schema>, merge: StandingMerge & { readonly by: string }): Promise<void> {
  const { id, source, target, mergedAt, by, brought } = merge;
  await trx
    .insertInto('merges')
    .values({ id, source, target, merged_by: by, merged_at: mergedAt, brought: JSON.stringify(brought) })
    .execute();
  await trx.updateTable('conversations').set({ merged_into: target }).where('number', '=', source).execute();
}

/** Writes down that a merge was undone. */
export async function writeUndone(trx: Transaction<Schema>, merge: StandingMerge, at: Date): Promise<void> {
  await trx.updateTable('merges').set({ undone_at: at }).where('id', '=', merge.id).execute();
  await trx.updateTable('conversations').set({ merged_into: null }).where('number', '=', merge.source).execute();
}

/** When the desk's words in the target, said since the merge, first reached a contact by mail (milliseconds); null when none has. */
export async function firstReachedAt(db: Database, { target, contact, since }: { target: number; contact: string; since: Date }): Promise<number | null> {
  const row = await db
    .selectFrom('outgoing_mails as o')
    .innerJoin('messages as m', 'm.id', 'o.message_ref')
    .select((eb) => eb.fn.min('o.finished_at').as('at'))
    .where('o.number', '=', target)
    .where('o.recipient_id', '=', contact)
    .where('o.state', '=', 'sent')
    .where('m.direction', '=', 'out')
    .where('m.author_kind', '=', 'agent')
    .where('m.at', '>=', since)
    // On-call's "when the office opens" is no answer (policy/feedback).
    .where((eb) => {
      const whenOpen = eb
        .selectFrom('commands as c')
        .select('c.id')
        .whereRef('c.body_ref', '=', 'm.id')
        .where(sql<boolean>`c.command ->> 'word' = 'whenOpen'`);
      return eb.not(eb.exists(whenOpen));
    })
    .executeTakeFirst();
  return row?.at?.getTime() ?? null;
}
