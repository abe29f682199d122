import { sql } from 'kysely';
import type { Database } from './connection';
import { newId } from './new-id';

/** A customer company as agents edit it. */
export interface OrganizationRecord {
  readonly id: string;
  readonly name: string;
  readonly plan: string;
  readonly domains: string[];
  readonly clusters: string[];
  readonly websites: string[];
  readonly createdAt: Date;
}

/** A person as agents edit them. */
export interface ContactRecord {
  readonly id: string;
  readonly organizationId: string | null;
  readonly name: string | null;
  readonly email: string | null;
  readonly phone: string | null;
  readonly zone: string | null;
  /** In which they are written to; null where nobody has said. */
  readonly locale: 'de' | 'en' | null;
  readonly createdAt: Date;
}

/** What may change of an organization; what is left out stays. */
export type OrganizationChange = { readonly [Key in 'name' | 'plan']?: string | undefined } & {
  readonly [Key in 'domains' | 'clusters' | 'websites']?: readonly string[] | undefined;
};

/** What may change of a contact; what is left out stays. */
export type ContactChange = { readonly [Key in 'organizationId' | 'name' | 'email' | 'phone' | 'zone']?: string | null | undefined } & {
  readonly locale?: 'de' | 'en' | null | undefined;
};

const organizationColumns = ['id', 'name', 'plan', 'domains', 'clusters', 'websites', 'created_at as createdAt'] as const;
const contactColumns = ['id', 'organization_id as organizationId', 'name', 'email', 'phone', 'zone', 'locale', 'created_at as createdAt'] as const;

/** Organizations in the order of their ids, after the given one; `q` is looked for in name, domains, clusters and websites. */
export async function listOrganizations(db: Database, page: { q?: string | undefined; after: string | null; limit: number }): Promise<OrganizationRecord[]> {
  let query = db.selectFrom('organizations').select(organizationColumns).orderBy('id').limit(page.limit);
  if (page.after !== null) query = query.where('id', '>', page.after);
  const { q } = page;
  if (q !== undefined) {
    const system = sql<boolean>`array_to_string(domains || clusters || websites, ' ') ILIKE ${contains(q)}`;
    query = query.where((where) => where.or([where('name', 'ilike', contains(q)), system]));
  }
  return query.execute();
}

/** One organization, or null. */
export async function getOrganization(db: Database, id: string): Promise<OrganizationRecord | null> {
  return (await db.selectFrom('organizations').select(organizationColumns).where('id', '=', id).executeTakeFirst()) ?? null;
}

/** Adds an organization. */
export async function addOrganization(db: Database, given: OrganizationChange & { name: string; at: Date }): Promise<OrganizationRecord> {
  return db
    .insertInto('organizations')
    .values({ id: newId('o'), created_at: given.at, ...organizationValues(given), name: given.name })
    .returning(organizationColumns)
    .executeTakeFirstOrThrow();
}

/** Changes an organization; null when there is none. */
export async function changeOrganization(db: Database, id: string, change: OrganizationChange): Promise<OrganizationRecord | null> {
  const values = organizationValues(change);
  if (Object.keys(values).length === 0) return getOrganization(db, id);
  return (await db.updateTable('organizations').set(values).where('id', '=', id).returning(organizationColumns).executeTakeFirst()) ?? null;
}

function organizationValues({ name, plan, domains, clusters, websites }: OrganizationChange) {
  return {
    ...(name === undefined ? {} : { name }),
    ...(plan === undefined ? {} : { plan }),
    ...(domains === undefined ? {} : { domains: [...domains] }),
    ...(clusters === undefined ? {} : { clusters: [...clusters] }),
    ...(websites === undefined ? {} : { websites: [...websites] }),
  };
}

/** Contacts in the order of their ids, after the given one. */
export async function listContacts(
  db: Database,
  page: { q?: string | undefined; organization?: string | undefined; after: string | null; limit: number },
): Promise<ContactRecord[]> {
  let query = db.selectFrom('contacts').select(contactColumns).orderBy('id').limit(page.limit);
  if (page.after !== null) query = query.where('id', '>', page.after);
  if (page.organization !== undefined) query = query.where('organization_id', '=', page.organization);
  const { q } = page;
  if (q !== undefined)
    query = query.where((where) => where.or([where('name', 'ilike', contains(q)), where('email', 'ilike', contains(q)), where('phone', 'ilike', contains(q))]));
  return query.execute();
}

/** One contact, or null. */
export async function getContact(db: Database, id: string): Promise<ContactRecord | null> {
  return (await db.selectFrom('contacts').select(contactColumns).where('id', '=', id).executeTakeFirst()) ?? null;
}

/** Adds a contact for staff, who know them by that. Whether address and number are free is the caller's to ask: {@link contactTakenBy}. */
export async function addContact(db: Database, given: ContactChange & { at: Date }): Promise<ContactRecord> {
  return db
    .insertInto('contacts')
    .values({ id: newId('c'), created_at: given.at, made_by_staff: true, ...contactValues(given) })
    .returning(contactColumns)
    .executeTakeFirstOrThrow();
}

/** Changes a contact for staff, who know them from then on: of an address that has come in by itself they can make no record of their own. Null when there is none. */
export async function changeContact(db: Database, id: string, change: ContactChange): Promise<ContactRecord | null> {
  const values = contactValues(change);
  if (Object.keys(values).length === 0) return getContact(db, id);
  const row = await db
    .updateTable('contacts')
    .set({ ...values, made_by_staff: true })
    .where('id', '=', id)
    .returning(contactColumns)
    .executeTakeFirst();
  return row ?? null;
}

/** Which of these belongs to another contact than `except`, or null. */
export async function contactTakenBy(db: Database, given: Pick<ContactChange, 'email' | 'phone'>, except?: string): Promise<'email' | 'phone' | null> {
  for (const key of ['email', 'phone'] as const) {
    const value = given[key];
    if (value === undefined || value === null) continue;
    let query = db.selectFrom('contacts').select('id').where(key, '=', value);
    if (except !== undefined) query = query.where('id', '<>', except);
    if ((await query.executeTakeFirst()) !== undefined) return key;
  }
  return null;
}

function contactValues({ organizationId, name, email, phone, zone, locale }: ContactChange) {
  return {
    ...(organizationId === undefined ? {} : { organization_id: organizationId }),
    ...(name === undefined ? {} : { name }),
    ...(email === undefined ? {} : { email }),
    ...(phone === undefined ? {} : { phone }),
    ...(zone === undefined ? {} : { zone }),
    ...(locale === undefined ? {} : { locale }),
  };
}

function contains(q: string): string {
  return `%${q.replace(/[\\%_]/g, '\\$&')}%`;
}
