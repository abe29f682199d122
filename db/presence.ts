import { sql } from 'kysely';
import { judgePresence, type PresenceFound, type PresencePolicy } from '../policy/presence';
import type { Database } from './connection';
import { inTransaction } from './in-transaction';
import { BEAT_EVERY_MS, SILENT_AFTER_MS } from './presence-tabs';

/** Mails with unseen words that an address gets which nobody has proven. Source: docs/live.md, presence. */
export const UNPROVEN_MAILS = 5;

/** Whether a customer is there: in an open and visible tab, not any more but only just, or gone since `goneAt` (milliseconds). */
export type Presence = { readonly state: 'here' } | { readonly state: 'away' | 'gone'; readonly goneAt: number };

/**
 * Whether a chat's customer has seen all that agents wrote, is there and has not, or has gone: then what is unseen is claimed for one mail.
 * A claim is repeated as it was, whatever has happened since, so a retry mails the same. An address that nobody has proven gets a few such
 * mails in all; after those nothing is claimed. With `messages` only those are looked at: an answer may be written down and not said yet.
 */
export async function checkPresence(
  db: Database,
  look: { readonly number: number; readonly at: number; readonly messages?: readonly string[] } & PresencePolicy,
): Promise<PresenceFound> {
  const at = new Date(look.at);
  const asked = look.messages;
  return inTransaction(db, async (trx) => {
    await trx.selectFrom('conversations').select('number').where('number', '=', look.number).forUpdate().execute();
    const written = trx
      .selectFrom('messages')
      .select(['id', 'at'])
      .where('number', '=', look.number)
      .where('direction', '=', 'out')
      .where('channel', '=', 'chat')
      .$if(asked !== undefined, (query) => query.where(sql<boolean>`id = ANY (${[...(asked ?? [])]}::text[])`))
      .orderBy('at')
      .orderBy('id');
    const presentAt = (await lastPresent(trx, [look.number], look.at)).get(look.number)?.at ?? null;
    const before = await written.where('claimed_at', '=', at).execute();
    if (before.length > 0) return { found: 'gone', claimed: idsOf(before), presentAt };
    const unseen = await written.where('seen_at', 'is', null).where('claimed_at', 'is', null).where('state', '<>', 'withdrawn').execute();
    const judged = judgePresence({ at: look.at, presentAt, unseenSince: unseen[0]?.at.getTime() ?? null }, look);
    if (judged.found !== 'gone') return { ...judged, claimed: [], presentAt };
    if (!(await mayMail(trx, look.number))) return { found: 'gone', claimed: [], presentAt };
    const claimed = idsOf(unseen);
    await trx.updateTable('messages').set({ claimed_at: at }).where('id', 'in', claimed).execute();
    return { found: 'gone', claimed, presentAt };
  });
}

/** Counts one mail more with what a customer has not seen; false when an unproven address has had all that it gets. */
async function mayMail(trx: Database, number: number): Promise<boolean> {
  const full = await trx
    .selectFrom('chats')
    .select('number')
    .where('number', '=', number)
    .where('proof', '=', 'claimed')
    .where('unseen_mails', '>=', UNPROVEN_MAILS)
    .executeTakeFirst();
  if (full !== undefined) return false;
  await trx
    .updateTable('chats')
    .set((eb) => ({ unseen_mails: eb('unseen_mails', '+', 1) }))
    .where('number', '=', number)
    .execute();
  return true;
}

/** Whether the customers of these conversations are there, as agents see it; those whom nobody has seen here are left out. `at` in milliseconds. */
export async function presenceOf(
  db: Database,
  numbers: readonly number[],
  { at, goneAfterMs }: { at: number; goneAfterMs: number },
): Promise<Map<number, Presence>> {
  const found = await lastPresent(db, numbers, at);
  return new Map(
    [...found].map(([number, last]): [number, Presence] => {
      if (last.here) return [number, { state: 'here' }];
      const goneAt = last.at + goneAfterMs;
      return [number, { state: goneAt <= at ? 'gone' : 'away', goneAt }];
    }),
  );
}

/**
 * When the customers of these conversations were last there, by their tabs on all devices: `at` for those who are, and no entry for those
 * who never were. An api that has died or stopped has taken nobody along: their absence begins when another one is there that they can come
 * back to. Milliseconds.
 */
async function lastPresent(db: Database, numbers: readonly number[], at: number): Promise<Map<number, { readonly here: boolean; readonly at: number }>> {
  if (numbers.length === 0) return new Map();
  const silent = new Date(at - SILENT_AFTER_MS);
  const { rows } = await sql<{ number: number; here: boolean | null; last: Date }>`
    SELECT p.number, bool_or(p.left_at IS NULL AND i.stopped_at IS NULL AND CASE WHEN p.api IS NULL THEN p.present_at ELSE i.beat_at END >= ${silent}) AS here,
      max(CASE
      WHEN p.left_at IS NOT NULL THEN p.left_at
      WHEN p.api IS NULL THEN p.present_at
      WHEN i.stopped_at IS NULL AND i.beat_at >= ${silent} THEN ${new Date(at)}
      ELSE coalesce(
        -- When they could come back: at once to an api that lived on, else as soon as one had started.
        (SELECT min(greatest(o.started_at, known.at)) FROM api_instances AS o
          WHERE o.id <> p.api AND (o.beat_at > known.at OR o.started_at > known.at) AND coalesce(o.stopped_at > known.at, true)),
        ${new Date(at)})
    END) AS last
    FROM chat_presence AS p
    -- Whoever else of the thread has it before them is not the one whom an answer in the chat is for.
    JOIN conversations AS c ON c.number = p.number AND p.reader = 'contact:' || c.requester_id
    LEFT JOIN api_instances AS i ON i.id = p.api
    -- It may have lived on until its next beat.
    CROSS JOIN LATERAL (SELECT greatest(p.present_at, coalesce(i.stopped_at, i.beat_at + ${BEAT_EVERY_MS} * interval '1 millisecond')) AS at) AS known
    WHERE p.number = ANY (${[...numbers]}::bigint[])
    GROUP BY p.number`.execute(db);
  return new Map(rows.map(({ number, here, last }) => [number, { here: here === true, at: Math.min(last.getTime(), at) }]));
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

function idsOf(rows: readonly { id: string }[]): string[] {
  return rows.map(({ id }) => id);
}
