import { sql } from 'kysely';
import type { Database } from './connection';

/** How often an api process says that it lives, in milliseconds: what it holds is renewed with it. */
export const BEAT_EVERY_MS = 20_000;
/** An api that has been silent for this long is gone, in milliseconds: a beat may be late, and one may be lost. */
export const SILENT_AFTER_MS = 2 * BEAT_EVERY_MS + 5_000;
/** What is over for this long is forgotten, in milliseconds. */
const KEPT_MS = 24 * 3_600_000;

/** An open tab that shows a conversation: `contact:<id>` or `agent:<id>`, and a name that the tab has given itself. */
export interface Tab {
  readonly number: number;
  readonly reader: string;
  readonly tab: string;
}

/**
 * A tab is there from `at` on. `api` is the process that it is connected to, which renews it; without one it counts as there for that
 * moment only, and a connection that holds it already goes on holding it.
 */
export async function enterTab(db: Database, { number, reader, tab }: Tab, { api, at }: { api: string | null; at: Date }): Promise<void> {
  await db
    .insertInto('chat_presence')
    .values({ number, reader, tab, api, present_at: at, left_at: null })
    .onConflict((conflict) =>
      conflict.columns(['number', 'reader', 'tab']).doUpdateSet((eb) => ({
        api: eb.fn.coalesce('excluded.api', 'chat_presence.api'),
        present_at: sql<Date>`greatest(chat_presence.present_at, excluded.present_at)`,
        left_at: null,
      })),
    )
    .execute();
}

/** A tab was closed or hidden at `at`; with `api`, only if it is still that process's. The first time counts. Answers whether it was there. */
export async function leaveTab(db: Database, { number, reader, tab }: Tab, { api, at }: { api?: string; at: Date }): Promise<boolean> {
  const row = await db
    .updateTable('chat_presence')
    .set({ left_at: sql<Date>`greatest(present_at, ${at})` })
    .where('number', '=', number)
    .where('reader', '=', reader)
    .where('tab', '=', tab)
    .where('left_at', 'is', null)
    .$if(api !== undefined, (query) => query.where('api', '=', api ?? ''))
    .returning('number')
    .executeTakeFirst();
  return row !== undefined;
}

/** A tab that an api holds, with when it last said that it is there. */
export interface HeldTab extends Tab {
  readonly since: Date;
}

/**
 * An api says that it lives, and with it all of its tabs, in one statement: what it holds and the table does not know is written down, and
 * what the table thinks it holds and does not is over. A tab that has been elsewhere or left since then stays so. One that was silent for
 * long, as all are while the database is away, counts as started anew: nobody could have come to it meanwhile. Answers whose tabs have
 * changed by that.
 */
export async function beat(
  db: Database,
  api: { id: string; startedAt: Date },
  { tabs, at }: { tabs: readonly HeldTab[]; at: Date },
): Promise<Pick<Tab, 'number' | 'reader'>[]> {
  const column = <Value>(of: (tab: HeldTab) => Value): Value[] => tabs.map(of);
  const { rows } = await sql<Pick<Tab, 'number' | 'reader'>>`
    WITH beat AS (
      INSERT INTO api_instances (id, started_at, beat_at) VALUES (${api.id}, ${api.startedAt}, ${at})
        ON CONFLICT (id) DO UPDATE SET beat_at = greatest(api_instances.beat_at, excluded.beat_at),
          started_at = CASE WHEN api_instances.beat_at < ${new Date(at.getTime() - SILENT_AFTER_MS)} THEN excluded.beat_at ELSE api_instances.started_at END
    ), held AS (
      SELECT * FROM unnest(${column(({ number }) => number)}::bigint[], ${column(({ reader }) => reader)}::text[],
        ${column(({ tab }) => tab)}::text[], ${column(({ since }) => since)}::timestamptz[]) AS held (number, reader, tab, since)
    ), over AS (
      UPDATE chat_presence AS p SET left_at = greatest(p.present_at, ${at})
        WHERE p.api = ${api.id} AND p.left_at IS NULL
          AND NOT EXISTS (SELECT FROM held AS h WHERE (h.number, h.reader, h.tab) = (p.number, p.reader, p.tab))
        RETURNING p.number, p.reader
    ), found AS (
      INSERT INTO chat_presence AS p (number, reader, tab, api, present_at)
        SELECT h.number, h.reader, h.tab, ${api.id}, h.since FROM held AS h
          LEFT JOIN chat_presence AS o ON (o.number, o.reader, o.tab) = (h.number, h.reader, h.tab)
          WHERE o.number IS NULL OR (o.left_at < h.since) OR (o.left_at IS NULL AND o.api IS DISTINCT FROM ${api.id} AND o.present_at <= h.since)
        ON CONFLICT (number, reader, tab) DO UPDATE SET api = excluded.api, present_at = excluded.present_at, left_at = NULL
        RETURNING p.number, p.reader
    )
    SELECT number, reader FROM over UNION SELECT number, reader FROM found`.execute(db);
  return rows;
}

/** An api stops: whoever was connected to it goes elsewhere, and has not left for that. */
export async function stopBeating(db: Database, id: string, at: Date): Promise<void> {
  await db
    .updateTable('api_instances')
    .set({ beat_at: sql<Date>`greatest(beat_at, ${at})`, stopped_at: at })
    .where('id', '=', id)
    .execute();
}

/** Forgets tabs and api processes that have long been gone. */
export async function prunePresence(db: Database, now: Date): Promise<void> {
  const before = new Date(now.getTime() - KEPT_MS);
  await db
    .deleteFrom('chat_presence as p')
    .where('p.present_at', '<', before)
    .where((where) =>
      where.or([
        where('p.left_at', '<', before),
        where.and([where('p.left_at', 'is', null), where('p.api', 'is', null)]),
        where.not(where.exists(where.selectFrom('api_instances as i').select('i.id').whereRef('i.id', '=', 'p.api').where('i.beat_at', '>=', before))),
      ]),
    )
    .execute();
  await db.deleteFrom('api_instances').where('beat_at', '<', before).execute();
}
