import { sql, type Transaction } from 'kysely';
import type { Database } from './connection';
import type { Schema } from './schema';
import { lockThread } from './threads';
import type { Locale, VisitorProof } from './visitors';

/** What a conversation that began in the widget has beyond others. */
export interface ChatRecord {
  readonly number: number;
  /** `dashboard:<sub>`, `contact:<contact id>` or `visitor:<visitor id>`. */
  readonly identity: string;
  /** `mail`: an authenticated answer by mail has proven what was only claimed. */
  readonly proof: VisitorProof | 'mail';
  readonly contactId: string;
  readonly locale: Locale;
  readonly timeZone: string | null;
  /** Origin of the page that the widget stood in. */
  readonly openedFrom: string | null;
}

/** Holds one identity until the transaction ends, so that two requests at once open one chat. */
export async function lockIdentity(trx: Transaction<Schema>, identity: string): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(hashtextextended(${`chat-identity:${identity}`}, 0))`.execute(trx);
}

/**
 * The open chat of an identity: one that is neither closed nor a ticket or a part of another conversation by now, and where the contact still takes
 * part. Another requester may have been named since, or the dashboard's user has another address: then it is somebody else's.
 */
export async function openChatOf(db: Database, { identity, contactId }: { readonly identity: string; readonly contactId: string }): Promise<number | null> {
  const row = await db
    .selectFrom('chats as h')
    .innerJoin('conversations as c', 'c.number', 'h.number')
    .select('h.number')
    .where('h.identity', '=', identity)
    .where('c.kind', '=', 'chat')
    .where('c.status', '<>', 'closed')
    .where('c.merged_into', 'is', null)
    .where((where) =>
      where.exists(
        where
          .selectFrom('participants as p')
          .select('p.contact_id')
          .whereRef('p.number', '=', 'h.number')
          .where('p.contact_id', '=', contactId)
          .where('p.role', '<>', 'thirdParty'),
      ),
    )
    .orderBy('h.number', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.number ?? null;
}

/** Writes down whose chat a conversation is. */
export async function insertChat(db: Database, chat: ChatRecord & { readonly at: Date }): Promise<void> {
  await db
    .insertInto('chats')
    .values({
      number: chat.number,
      identity: chat.identity,
      proof: chat.proof,
      contact_id: chat.contactId,
      locale: chat.locale,
      time_zone: chat.timeZone,
      opened_from: chat.openedFrom,
      created_at: chat.at,
    })
    .execute();
}

/** The chat that a conversation began as, or null. */
export async function chatOf(db: Database, number: number): Promise<ChatRecord | null> {
  const row = await db
    .selectFrom('chats')
    .select(['number', 'identity', 'proof', 'contact_id as contactId', 'locale', 'time_zone as timeZone', 'opened_from as openedFrom'])
    .where('number', '=', number)
    .executeTakeFirst();
  return row ?? null;
}

/** The identity that began a chat, and reads it, with an address that it only claims; null for every other. A mail that has proven the address has not proven who holds the token. */
export async function claimantOf(db: Database, number: number): Promise<string | null> {
  const chat = await chatOf(db, number);
  return chat?.proof === 'claimed' || chat?.proof === 'mail' ? chat.identity : null;
}

/** The conversation that continues a chat is the same customer's chat. */
export async function copyChat(db: Database, from: number, to: number): Promise<void> {
  await db
    .insertInto('chats')
    .columns(['number', 'identity', 'proof', 'contact_id', 'locale', 'time_zone', 'opened_from', 'created_at'])
    .expression((select) =>
      select
        .selectFrom('chats')
        .select((eb) => [eb.val(to).$castTo<number>().as('number'), 'identity', 'proof', 'contact_id', 'locale', 'time_zone', 'opened_from', 'created_at'])
        .where('number', '=', from),
    )
    .execute();
}

/**
 * Chats that were begun with an address only claimed, by somebody who has now proven to be its owner on the same device, are theirs in full
 * from now on. Answers their numbers.
 */
export async function adoptClaimedChats(
  trx: Transaction<Schema>,
  from: { readonly identity: string; readonly contactId: string },
  to: { readonly identity: string; readonly proof: 'signed' | 'code' },
): Promise<readonly number[]> {
  const theirs = trx.selectFrom('chats').select('number').where('identity', '=', from.identity).where('contact_id', '=', from.contactId);
  const numbers = (await theirs.orderBy('number').execute()).map(({ number }) => number);
  // The conversation first, as whoever writes in it does.
  for (const number of numbers) await lockThread(trx, number);
  const adopted = await trx.updateTable('chats').set({ identity: to.identity, proof: to.proof }).where('number', 'in', theirs).returning(['number']).execute();
  for (const { number } of adopted) await dropFlag(trx, number);
  return adopted.map(({ number }) => number).sort((one, other) => one - other);
}

/** Flag of conversations whose requester has only claimed their address, for agents. */
export const NOT_PROVEN = 'addressNotProven';

/**
 * The contact has proven, by an authenticated answer to our mail, that the address that opened this chat is theirs. It proves the address
 * and nothing about whoever holds the visitor token: that one sees what it saw before. False when nothing was to be proven.
 */
export async function proveByMail(trx: Transaction<Schema>, number: number, contactId: string): Promise<boolean> {
  const proven = await trx
    .updateTable('chats')
    .set({ proof: 'mail' })
    .where('number', '=', number)
    .where('contact_id', '=', contactId)
    .where('proof', '=', 'claimed')
    .returning('number')
    .executeTakeFirst();
  if (proven !== undefined) await dropFlag(trx, number);
  return proven !== undefined;
}

async function dropFlag(trx: Transaction<Schema>, number: number): Promise<void> {
  await trx
    .updateTable('conversations')
    .set({ flags: sql<string[]>`array_remove(flags, ${NOT_PROVEN})` })
    .where('number', '=', number)
    .execute();
}
