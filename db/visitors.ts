import type { Database } from './connection';

/** How we know who a visitor is: by the host's signature, by a mailed code, or not at all. */
export type VisitorProof = 'signed' | 'code' | 'claimed';
/** A language in which customers are spoken to. */
export type Locale = 'de' | 'en';

/** Who holds a visitor token. */
export interface VisitorRecord {
  readonly id: string;
  readonly contactId: string;
  readonly proof: VisitorProof;
  /** Whose one open chat is theirs: `dashboard:<sub>`, `contact:<contact id>` or `visitor:<id>`. */
  readonly identity: string;
  readonly name: string | null;
  readonly locale: Locale;
  readonly timeZone: string | null;
  /** Of the signed identity. */
  readonly organizationId: string | null;
  readonly clusters: readonly string[];
  readonly websites: readonly string[];
  readonly lastUsedAt: Date;
}

const columns = [
  'id',
  'contact_id as contactId',
  'proof',
  'identity',
  'name',
  'locale',
  'time_zone as timeZone',
  'organization_id as organizationId',
  'clusters',
  'websites',
  'last_used_at as lastUsedAt',
] as const;

/** Adds a visitor with the SHA-256 of their token. */
export async function insertVisitor(
  db: Database,
  visitor: Omit<VisitorRecord, 'lastUsedAt'> & { readonly tokenHash: Buffer; readonly at: Date; readonly expiresAt: Date },
): Promise<void> {
  await db
    .insertInto('visitors')
    .values({
      id: visitor.id,
      contact_id: visitor.contactId,
      proof: visitor.proof,
      identity: visitor.identity,
      name: visitor.name,
      locale: visitor.locale,
      time_zone: visitor.timeZone,
      organization_id: visitor.organizationId,
      clusters: [...visitor.clusters],
      websites: [...visitor.websites],
      token_hash: visitor.tokenHash,
      created_at: visitor.at,
      last_used_at: visitor.at,
      expires_at: visitor.expiresAt,
    })
    .execute();
}

/** The visitor of a token that is neither revoked nor expired at `now`, by the token's SHA-256, or null. */
export async function visitorOfToken(db: Database, hash: Buffer, now: Date): Promise<VisitorRecord | null> {
  const row = await db
    .selectFrom('visitors')
    .select(columns)
    .where('token_hash', '=', hash)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return row ?? null;
}

/** A visitor whose token holds at `now`, with the token's SHA-256, or null. */
export async function visitorById(db: Database, id: string, now: Date): Promise<(VisitorRecord & { readonly tokenHash: Buffer }) | null> {
  const row = await db
    .selectFrom('visitors')
    .select([...columns, 'token_hash as tokenHash'])
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return row ?? null;
}

/** What a visitor has told anew, when they last came, and until when their token holds from now on; what is left out stays. */
export interface VisitorChange {
  readonly at: Date;
  readonly expiresAt: Date;
  readonly name?: string | null | undefined;
  readonly locale?: Locale | undefined;
  readonly timeZone?: string | undefined;
  readonly organizationId?: string | null | undefined;
  readonly clusters?: readonly string[] | undefined;
  readonly websites?: readonly string[] | undefined;
}

/** Notes that a visitor came again. */
export async function renewVisitor(db: Database, id: string, change: VisitorChange): Promise<void> {
  const { at, expiresAt, name, locale, timeZone, organizationId, clusters, websites } = change;
  await db
    .updateTable('visitors')
    .set({
      last_used_at: at,
      expires_at: expiresAt,
      ...(name === undefined ? {} : { name }),
      ...(locale === undefined ? {} : { locale }),
      ...(timeZone === undefined ? {} : { time_zone: timeZone }),
      ...(organizationId === undefined ? {} : { organization_id: organizationId }),
      ...(clusters === undefined ? {} : { clusters: [...clusters] }),
      ...(websites === undefined ? {} : { websites: [...websites] }),
    })
    .where('id', '=', id)
    .execute();
}

/** The token holds no longer: its owner has signed out. */
export async function revokeVisitor(db: Database, id: string, at: Date): Promise<void> {
  await db.updateTable('visitors').set({ revoked_at: at }).where('id', '=', id).where('revoked_at', 'is', null).execute();
}

/** Forgets tokens that hold no longer; what their owners wrote stays. */
export async function pruneVisitors(db: Database, before: Date): Promise<void> {
  await db
    .deleteFrom('visitors')
    .where((where) => where.or([where('expires_at', '<', before), where('revoked_at', '<', before)]))
    .execute();
}
