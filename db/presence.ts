import { sql } from 'kysely';
import type { Database } from './connection';
import { inTransaction } from './in-transaction';
import { BEAT_EVERY_MS, SILENT_AFTER_MS } from './presence-tabs';

/** Mails with unseen words that an address gets which nobody has proven. Source: docs/live.md, presence. */
export const UNPROVEN_MAILS = 5;

/** When a customer counts as gone, in milliseconds: after absence, and with messages unseen although they are there. */
export interface GoneAfter {
  readonly goneAfterMs: number;
  readonly unseenAfterMs: number;
}

/** Whether somebody is there: in an open and visible tab, not any more but only just, or gone since `goneAt` (milliseconds). */
export type Presence = { readonly state: 'here' } | { readonly state: 'away' | 'gone'; readonly goneAt: number };

/** What a look at a chat has found; `lookAt` (milliseconds) is when the answer can next be another one. */
export interface Look {
  readonly found: 'seen' | 'present' | 'gone';
  readonly claimed: string[];
  readonly lookAt?: number;
}

/**
 * Whether a chat's customer has seen all that agents wrote (`seen`), is there and has not (`present`), or has gone, which leaving it unseen
 * for long is as well: then what is unseen is claimed for one mail. A claim is repeated as it was, whatever has happened since, so a retry
 * mails the same. An address that nobody has proven gets a few such mails in all; after those nothing is claimed. `at` in milliseconds.
 */
export async function checkPresence(db: Database, look: { number: number; at: number } & GoneAfter): Promise<Look> {
  const at = new Date(look.at);
  return inTransaction(db, async (trx) => {
    await trx.selectFrom('conversations').select('number').where('number', '=', look.number).forUpdate().execute();
    const written = trx
      .selectFrom('messages')
      .select(['id', 'at'])
      .where('number', '=', look.number)
      .where('direction', '=', 'out')
      .where('channel', '=', 'chat')
      .orderBy('at')
      .orderBy('id');
    const before = await written.where('mailed_at', '=', at).execute();
    if (before.length > 0) return { found: 'gone', claimed: idsOf(before) };
    const unseen = await written.where('seen_at', 'is', null).where('mailed_at', 'is', null).where('state', '<>', 'withdrawn').execute();
    const [first] = unseen;
    if (first === undefined) return { found: 'seen', claimed: [] };
    const presence = (await presenceOf(trx, [look.number], look)).get(look.number);
    const goneAt = presence === undefined ? -Infinity : presence.state === 'here' ? look.at + look.goneAfterMs : presence.goneAt;
    const lookAt = Math.min(goneAt, first.at.getTime() + look.unseenAfterMs);
    if (lookAt > look.at) return { found: 'present', claimed: [], lookAt };
    const mayMail = await trx
      .updateTable('chats')
      .set((eb) => ({ unseen_mails: eb('unseen_mails', '+', 1) }))
      .where('number', '=', look.number)
      .returning(['proof', 'unseen_mails as mails'])
      .executeTakeFirst();
    if (mayMail?.proof === 'claimed' && mayMail.mails > UNPROVEN_MAILS) return { found: 'gone', claimed: [] };
    const claimed = idsOf(unseen);
    await trx.updateTable('messages').set({ mailed_at: at }).where('id', 'in', claimed).execute();
    return { found: 'gone', claimed };
  });
}

/**
 * Whether the customers of these conversations are there, by their tabs on all devices; those whom nobody has seen here are left out.
 * An api that has died or stopped has taken nobody along: their absence begins when another one is there that they can come back to,
 * and until then they are `away`. `at` in milliseconds.
 */
export async function presenceOf(
  db: Database,
  numbers: readonly number[],
  { at, goneAfterMs }: { at: number; goneAfterMs: number },
): Promise<Map<number, Presence>> {
  if (numbers.length === 0) return new Map();
  const silent = new Date(at - SILENT_AFTER_MS);
  const { rows } = await sql<{ number: number; here: boolean | null; lost: Date | null }>`
    SELECT number, bool_or(here) AS here, nullif(max(coalesce(lost, 'infinity')), 'infinity') AS lost
    FROM (
      SELECT p.number, p.left_at IS NULL AND i.stopped_at IS NULL AND i.beat_at >= ${silent} AS here,
        CASE
          WHEN p.left_at IS NOT NULL THEN p.left_at
          WHEN p.api IS NULL THEN p.present_at
          ELSE (
            -- When they could come back: at once to an api that lived on, else as soon as one had started.
            SELECT min(greatest(o.started_at, last.known)) FROM api_instances AS o
            WHERE o.id <> p.api AND o.stopped_at IS NULL AND o.beat_at > last.known)
        END AS lost
      FROM chat_presence AS p
      LEFT JOIN api_instances AS i ON i.id = p.api
      -- It may have lived on until its next beat.
      CROSS JOIN LATERAL (
        SELECT greatest(p.present_at, coalesce(i.stopped_at, i.beat_at + ${BEAT_EVERY_MS} * interval '1 millisecond'))
      ) AS last (known)
      WHERE p.number = ANY (${[...numbers]}::bigint[]) AND p.reader LIKE 'contact:%'
    ) AS tabs
    GROUP BY number`.execute(db);
  return new Map(rows.map(({ number, here, lost }) => [number, presence(here === true, lost, at, goneAfterMs)]));
}

/** Agents who have this conversation before them in a visible tab, by id. `at` in milliseconds. */
export async function agentsViewing(db: Database, number: number, at: number): Promise<string[]> {
  const rows = await db
    .selectFrom('chat_presence as p')
    .innerJoin('api_instances as i', 'i.id', 'p.api')
    .select((eb) => eb.fn<string>('substr', ['p.reader', sql.lit('agent:'.length + 1)]).as('agent'))
    .distinct()
    .where('p.number', '=', number)
    .where('p.reader', 'like', 'agent:%')
    .where('p.left_at', 'is', null)
    .where('i.stopped_at', 'is', null)
    .where('i.beat_at', '>=', new Date(at - SILENT_AFTER_MS))
    .orderBy('agent')
    .execute();
  return rows.map(({ agent }) => agent);
}

/** `lost` is null while no api is there that they could come back to: they have that long from whenever one is. */
function presence(here: boolean, lost: Date | null, at: number, goneAfterMs: number): Presence {
  if (here) return { state: 'here' };
  const goneAt = (lost?.getTime() ?? at) + goneAfterMs;
  return { state: goneAt <= at ? 'gone' : 'away', goneAt };
}

function idsOf(rows: readonly { id: string }[]): string[] {
  return rows.map(({ id }) => id);
}
