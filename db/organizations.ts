import { sql } from 'kysely';
import type { Database } from './connection';

/** A customer company as the way in sees it. */
export interface Organization {
  readonly id: string;
  readonly plan: string;
  /** Mail domains, lower case. */
  readonly domains: readonly string[];
  readonly clusters: readonly string[];
  readonly websites: readonly string[];
}

const columns = ['id', 'plan', 'domains', 'clusters', 'websites'] as const;

/** The organization that a mail domain (lower case) belongs to; the first one made, should two claim it. */
export async function organizationOfDomain(db: Database, domain: string): Promise<Organization | null> {
  const row = await db
    .selectFrom('organizations')
    .select(columns)
    .where(sql<boolean>`domains @> ARRAY[${domain}]::text[]`)
    .orderBy('created_at')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** An organization by its id, or null. */
export async function organizationById(db: Database, id: string): Promise<Organization | null> {
  const row = await db.selectFrom('organizations').select(columns).where('id', '=', id).executeTakeFirst();
  return row ?? null;
}

/** Whether a cluster or website (lower case) belongs to an organization other than `own`. */
export async function belongsToAnother(db: Database, system: { cluster: string } | { website: string }, own: string | null): Promise<boolean> {
  let query = db.selectFrom('organizations').select('id');
  query =
    'cluster' in system
      ? query.where(sql<boolean>`${system.cluster} IN (SELECT lower(c) FROM unnest(clusters) AS c)`)
      : query.where(sql<boolean>`${system.website} IN (SELECT lower(w) FROM unnest(websites) AS w)`);
  if (own !== null) query = query.where('id', '<>', own);
  return (await query.limit(1).executeTakeFirst()) !== undefined;
}
