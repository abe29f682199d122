import { sql, type RawBuilder, type Transaction } from 'kysely';
import type { Database } from './connection';
import type { Schema } from './schema';

/** A conversation of a seeded customer. */
export interface SeededConversation {
  readonly number: number;
  readonly status: string;
}

/** Whatever ids begin with these belongs to the seed: organizations, contacts, agents and teams. */
export interface SeededIds {
  readonly organizations: string;
  readonly contacts: string;
  readonly agents: string;
  readonly teams: string;
}

/** What was removed. `kept` agents have work in conversations that are not seeded: they are disabled instead. */
export interface Removed {
  readonly conversations: number;
  readonly contacts: number;
  readonly organizations: number;
  readonly agents: number;
  readonly kept: number;
}

/** The conversations whose requester is seeded, by number. */
export async function seededConversations(db: Database, ids: SeededIds): Promise<SeededConversation[]> {
  return db
    .selectFrom('conversations')
    .select(['number', 'status'])
    .where('requester_id', 'in', (contacts) =>
      contacts
        .selectFrom('contacts')
        .select('id')
        .where((where) => where.or([where('id', 'like', `${ids.contacts}%`), where('organization_id', 'like', `${ids.organizations}%`)])),
    )
    .orderBy('number')
    .execute();
}

/** Numbers of the conversations whose first mail has these Message-IDs, by Message-ID. */
export async function numbersOfMails(db: Database, mailIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await db.selectFrom('messages').select(['mail_id', 'number']).where('mail_id', 'in', mailIds).where('seq', '=', 1).execute();
  return new Map(rows.flatMap(({ mail_id: mailId, number }) => (mailId === null ? [] : [[mailId, number] as const])));
}

/** Marks conversations as closed, so that neither reconcile nor relay starts a workflow for them again. */
export async function closeForRemoval(db: Database, numbers: readonly number[], at: Date): Promise<void> {
  if (numbers.length === 0) return;
  await db
    .updateTable('conversations')
    .set((eb) => ({ status: 'closed', closed_at: at, next_due_at: null, relayed_seq: eb.ref('last_seq') }))
    .where('number', 'in', numbers)
    .execute();
}

/**
 * Removes everything seeded in one transaction: the conversations with every row that refers to them, in whichever table, then people and
 * their companies. Their workflows must have ended. `domains` are the mail domains of the seeded people, `policies` how the version ends
 * of those made for them.
 */
export async function removeSeeded(db: Database, ids: SeededIds, facts: { domains: readonly string[]; policies: string; at: Date }): Promise<Removed> {
  return db.transaction().execute(async (trx) => {
    const numbers = (await seededConversations(trx, ids)).map(({ number }) => number);
    if (numbers.length > 0) {
      await sql`DELETE FROM page_attempts WHERE split_part(substr(page_id, 2), '-', 1)::bigint = ANY(${numbers}::bigint[])`.execute(trx);
      await removeRows(trx, 'conversations', sql`number = ANY(${numbers}::bigint[])`);
      for (const table of await tablesWithNumber(trx)) {
        await sql`DELETE FROM ${sql.table(table)} WHERE number = ANY(${numbers}::bigint[])`.execute(trx);
      }
    }
    const ours = facts.domains.map((domain) => `%@${domain}`);
    await sql`DELETE FROM caught_mails WHERE EXISTS (SELECT FROM unnest(envelope_to) AS t WHERE t LIKE ANY(${ours}::text[]))`.execute(trx);
    const kept = await keepBusyAgents(trx, ids, facts.at);
    const contacts = await removeRows(trx, 'contacts', sql`id LIKE ${`${ids.contacts}%`} OR organization_id LIKE ${`${ids.organizations}%`}`);
    const organizations = await removeRows(trx, 'organizations', sql`id LIKE ${`${ids.organizations}%`}`);
    await sql`DELETE FROM idempotency_keys WHERE actor LIKE ${`${ids.agents}%`}`.execute(trx);
    await removeRows(trx, 'teams', sql`id LIKE ${`${ids.teams}%`}`);
    const agents = await removeRows(trx, 'agents', sql`id LIKE ${`${ids.agents}%`} AND NOT id = ANY(${kept}::text[])`);
    const policies = sql`SELECT hash FROM policies WHERE version LIKE ${`%${facts.policies}`}`;
    await sql`DELETE FROM settings WHERE key LIKE 'demo:%' AND value->>'policy' IN (${policies})`.execute(trx);
    await sql`DELETE FROM policies p WHERE version LIKE ${`%${facts.policies}`} AND NOT EXISTS (SELECT FROM conversations WHERE policy_hash = p.hash)`.execute(
      trx,
    );
    return { conversations: numbers.length, contacts, organizations, agents, kept: kept.length };
  });
}

/** Agents who have been given real work stay with it, but can do nothing any more. */
async function keepBusyAgents(trx: Transaction<Schema>, ids: SeededIds, at: Date): Promise<string[]> {
  const rows = await trx.selectFrom('conversations').select('assignee').distinct().where('assignee', 'like', `${ids.agents}%`).execute();
  const kept = rows.flatMap(({ assignee }) => assignee ?? []);
  if (kept.length > 0) {
    await trx.updateTable('agents').set({ disabled_at: at }).where('id', 'in', kept).where('disabled_at', 'is', null).execute();
    await trx.deleteFrom('api_tokens').where('agent_id', 'in', kept).execute();
  }
  return kept;
}

interface Reference {
  readonly child: string;
  readonly column: string;
  readonly referred: string;
  readonly nullable: boolean;
}

/**
 * Deletes rows and first what refers to them: rows that cannot be without them go too; where they can, the reference is taken away, but
 * for a conversation's own rows (`number`). Read from the catalogue, so that a table of tomorrow is not forgotten. Answers how many.
 */
async function removeRows(trx: Transaction<Schema>, table: string, where: RawBuilder<unknown>): Promise<number> {
  for (const { child, column, referred, nullable } of await referencesTo(trx, table)) {
    const referring = sql`${sql.ref(column)} IN (SELECT ${sql.ref(referred)} FROM ${sql.table(table)} WHERE ${where})`;
    if (nullable && (column !== 'number' || child === table)) {
      await sql`UPDATE ${sql.table(child)} SET ${sql.ref(column)} = NULL WHERE ${referring}`.execute(trx);
    } else if (child !== table) await removeRows(trx, child, referring);
  }
  const { numAffectedRows } = await sql`DELETE FROM ${sql.table(table)} WHERE ${where}`.execute(trx);
  return Number(numAffectedRows ?? 0);
}

async function referencesTo(trx: Transaction<Schema>, table: string): Promise<Reference[]> {
  const { rows } = await sql<Reference>`
    SELECT child.relname AS child, a.attname AS column, r.attname AS referred, NOT a.attnotnull AS nullable
    FROM pg_constraint k
      JOIN pg_class child ON child.oid = k.conrelid
      JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
      JOIN pg_attribute r ON r.attrelid = k.confrelid AND r.attnum = k.confkey[1]
    WHERE k.contype = 'f' AND k.confrelid = ${table}::regclass AND cardinality(k.conkey) = 1
    ORDER BY 1, 2`.execute(trx);
  return rows;
}

/** Tables that name a conversation without referring to it. */
async function tablesWithNumber(trx: Transaction<Schema>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND a.attname = 'number' AND c.relname <> 'conversations'
    ORDER BY 1`.execute(trx);
  return rows.map(({ name }) => name);
}
