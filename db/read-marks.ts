import { sql } from 'kysely';
import type { Database } from './connection';
import { inTransaction } from './in-transaction';

/** A place in a thread: a message with the conversation that it was written in. */
interface Place {
  readonly id: string;
  readonly at: Date;
}

/** How far somebody has read. */
export interface ReadMark {
  /** `contact:<id>` or `agent:<id>`. */
  readonly reader: string;
  readonly upTo: string;
}

/**
 * Somebody has read up to this message: their mark moves on, never back. Of the requester's, what the desk wrote up to there is seen, from the
 * first time on: others of the thread have the words by mail. False when the message is not in the thread.
 */
export async function markRead(
  db: Database,
  { number, reader, upTo, at }: { number: number; reader: `contact:${string}` | `agent:${string}`; upTo: string; at: Date },
): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    const place = await placeOf(trx, number, upTo);
    if (place === null) return false;
    await trx
      .insertInto('read_marks')
      .values({ number, reader, message_id: place.id, message_at: place.at, marked_at: at })
      .onConflict((conflict) =>
        conflict
          .columns(['number', 'reader'])
          .doUpdateSet((eb) => ({
            message_id: eb.ref('excluded.message_id'),
            message_at: eb.ref('excluded.message_at'),
            marked_at: eb.ref('excluded.marked_at'),
          }))
          .where(sql<boolean>`(excluded.message_at, excluded.message_id) > (read_marks.message_at, read_marks.message_id)`),
      )
      .execute();
    if (await isRequester(trx, number, reader)) {
      await trx
        .updateTable('messages')
        .set({ seen_at: at })
        .where('number', 'in', (select) =>
          select
            .selectFrom('conversations')
            .select('number')
            .where((eb) => eb.or([eb('number', '=', number), eb('merged_into', '=', number)])),
        )
        .where('direction', '=', 'out')
        .where('state', 'not in', ['waiting', 'withdrawn'])
        .where('seen_at', 'is', null)
        .where(sql<boolean>`(at, id) <= (${place.at}, ${place.id})`)
        .execute();
    }
    return true;
  });
}

async function isRequester(db: Database, number: number, reader: string): Promise<boolean> {
  const row = await db.selectFrom('conversations').select('requester_id').where('number', '=', number).executeTakeFirst();
  return row !== undefined && reader === `contact:${row.requester_id}`;
}

/** How far a reader has read, or null. */
export async function readMark(db: Database, number: number, reader: string): Promise<ReadMark | null> {
  const row = await db
    .selectFrom('read_marks')
    .select(['reader', 'message_id as upTo'])
    .where('number', '=', number)
    .where('reader', '=', reader)
    .executeTakeFirst();
  return row ?? null;
}

/** What of the other side's words a reader has yet to read, by conversation: for agents what came in, for contacts what the desk wrote. None is left out. */
export async function unreadCounts(db: Database, reader: `contact:${string}` | `agent:${string}`, numbers: readonly number[]): Promise<Map<number, number>> {
  if (numbers.length === 0) return new Map();
  const direction = reader.startsWith('agent:') ? 'in' : 'out';
  // One thread after the other: a list of numbers alone lets PostgreSQL read all messages of all threads.
  const { rows } = await sql<{ number: number; unread: number }>`
    SELECT n.number, count(*) AS unread
    FROM unnest(${[...numbers]}::bigint[]) AS n (number)
    LEFT JOIN read_marks AS r ON r.number = n.number AND r.reader = ${reader}
    CROSS JOIN LATERAL (
      SELECT FROM messages AS m
      WHERE m.number = n.number AND m.direction = ${direction} AND NOT m.machine AND m.state NOT IN ('waiting', 'withdrawn')
        AND (r.message_id IS NULL OR (m.at, m.id) > (r.message_at, r.message_id))
      OFFSET 0) AS m
    GROUP BY n.number`.execute(db);
  return new Map(rows.map(({ number, unread }) => [number, unread]));
}

async function placeOf(db: Database, number: number, id: string): Promise<Place | null> {
  const row = await db
    .selectFrom('messages')
    .select(['id', 'at'])
    .where('id', '=', id)
    .where('number', 'in', (select) =>
      select
        .selectFrom('conversations')
        .select('number')
        .where((eb) => eb.or([eb('number', '=', number), eb('merged_into', '=', number)])),
    )
    .executeTakeFirst();
  return row ?? null;
}
