import { sql, type Transaction } from 'kysely';
import { NOT_PROVEN } from './chats';
import type { Database } from './connection';
import { newId } from './new-id';
import { organizationOfDomain } from './organizations';
import type { Schema } from './schema';

/** A person as a request names them; `email` lower case, `phone` as `+4930123456`. */
export interface PersonGiven {
  readonly email: string | null;
  readonly phone: string | null;
  readonly name: string | null;
}

/** A person's record. */
export interface Contact {
  readonly id: string;
  readonly email: string | null;
  readonly organizationId: string | null;
}

const columns = ['id', 'email', 'organization_id as organizationId'] as const;

/** The contact with this address (lower case), or null. */
export async function contactByEmail(db: Database, email: string): Promise<Contact | null> {
  const row = await db.selectFrom('contacts').select(columns).where('email', '=', email).executeTakeFirst();
  return row ?? null;
}

/** A contact's record, or null. */
export async function contactById(db: Database, id: string): Promise<Contact | null> {
  const row = await db.selectFrom('contacts').select(columns).where('id', '=', id).executeTakeFirst();
  return row ?? null;
}

/**
 * The contact with this address or else this phone number, made when there is none and put into the organization whose mail domain it is.
 * The row stays locked until the transaction ends, so that one person's requests are counted one after the other.
 */
export async function findOrCreateContact(trx: Transaction<Schema>, person: PersonGiven, at: Date): Promise<{ contact: Contact; existed: boolean }> {
  const found = await lockContact(trx, person);
  if (found !== null) return { contact: found, existed: true };
  const organization = person.email === null ? null : await organizationOfDomain(trx, person.email.slice(person.email.lastIndexOf('@') + 1));
  const made = await trx
    .insertInto('contacts')
    .values({
      id: newId('c'),
      organization_id: organization?.id ?? null,
      name: person.name,
      email: person.email,
      phone: person.phone,
      zone: null,
      created_at: at,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning(columns)
    .executeTakeFirst();
  if (made !== undefined) return { contact: made, existed: false };
  // Another transaction was faster: its row is visible now. With both an address and a number given, either may have been taken.
  const other = await lockContact(trx, person);
  if (other === null) throw new Error('A contact could neither be found nor made.');
  return { contact: other, existed: true };
}

async function lockContact(trx: Transaction<Schema>, { email, phone }: PersonGiven): Promise<Contact | null> {
  for (const [column, value] of [
    ['email', email],
    ['phone', phone],
  ] as const) {
    if (value === null) continue;
    const row = await trx.selectFrom('contacts').select(columns).where(column, '=', value).forNoKeyUpdate().executeTakeFirst();
    if (row !== undefined) return row;
  }
  return null;
}

/**
 * Whether a sender is known: their address or its domain belongs to an organization, staff have answered them before, or staff have made
 * their record or changed it. Nobody is known by having written, or by an address that was typed into the widget.
 */
export async function isKnownSender(db: Database, email: string): Promise<boolean> {
  const contact = await contactByEmail(db, email);
  if (contact !== null && contact.organizationId !== null) return true;
  if ((await organizationOfDomain(db, email.slice(email.lastIndexOf('@') + 1))) !== null) return true;
  return contact !== null && isKnownContact(db, contact);
}

/** The same for a contact's record. */
export async function isKnownContact(db: Database, contact: Contact): Promise<boolean> {
  if (contact.organizationId !== null) return true;
  const entered = await db.selectFrom('contacts').select('id').where('id', '=', contact.id).where('made_by_staff', '=', true).executeTakeFirst();
  if (entered !== undefined) return true;
  const answered = await db
    .selectFrom('participants as p')
    .innerJoin('messages as m', 'm.number', 'p.number')
    .innerJoin('conversations as c', 'c.number', 'p.number')
    .select('m.id')
    .where('p.contact_id', '=', contact.id)
    // There somebody was answered who only says that the address is theirs.
    .where(sql<boolean>`NOT c.flags @> ARRAY[${NOT_PROVEN}::text]`)
    .where('m.direction', '=', 'out')
    .where('m.author_kind', '=', 'agent')
    .limit(1)
    .executeTakeFirst();
  return answered !== undefined;
}

/** The enabled agent with this address (lower case), or null. */
export async function agentByEmail(db: Database, email: string): Promise<string | null> {
  const row = await db.selectFrom('agents').select('id').where('email', '=', email).where('disabled_at', 'is', null).executeTakeFirst();
  return row?.id ?? null;
}
