import type { Database } from './connection';
import { newId } from './new-id';

/** A text that agents answer with, with its placeholders as they were written. */
export interface CannedReply {
  readonly id: string;
  /** Agent id; null when it is everybody's. */
  readonly owner: string | null;
  readonly title: string;
  readonly body: string;
  readonly createdAt: Date;
  readonly changedAt: Date;
}

const columns = ['id', 'owner', 'title', 'body', 'created_at as createdAt', 'changed_at as changedAt'] as const;

/** Shared ones and the agent's own, by title, after the given position; `q` is looked for in title and text. */
export async function listCannedReplies(
  db: Database,
  agent: string,
  page: { q?: string | undefined; shared?: boolean | undefined; after: { title: string; id: string } | null; limit: number },
): Promise<CannedReply[]> {
  let query = db.selectFrom('canned_replies').select(columns).orderBy('title').orderBy('id').limit(page.limit);
  query = query.where((where) => where.or([where('owner', 'is', null), where('owner', '=', agent)]));
  if (page.shared !== undefined) query = query.where('owner', page.shared ? 'is' : 'is not', null);
  const { after, q } = page;
  if (q !== undefined) {
    const like = `%${q.replace(/[\\%_]/g, '\\$&')}%`;
    query = query.where((where) => where.or([where('title', 'ilike', like), where('body', 'ilike', like)]));
  }
  if (after) {
    query = query.where((where) => where.or([where('title', '>', after.title), where.and([where('title', '=', after.title), where('id', '>', after.id)])]));
  }
  return query.execute();
}

/** One that the agent may see, or null. */
export async function getCannedReply(db: Database, agent: string, id: string): Promise<CannedReply | null> {
  const row = await db
    .selectFrom('canned_replies')
    .select(columns)
    .where('id', '=', id)
    .where((where) => where.or([where('owner', 'is', null), where('owner', '=', agent)]))
    .executeTakeFirst();
  return row ?? null;
}

/** Adds one. */
export async function addCannedReply(db: Database, given: { owner: string | null; title: string; body: string; at: Date }): Promise<CannedReply> {
  return db
    .insertInto('canned_replies')
    .values({ id: newId('cr'), owner: given.owner, title: given.title, body: given.body, created_at: given.at, changed_at: given.at })
    .returning(columns)
    .executeTakeFirstOrThrow();
}

/** Changes one; null when there is none. */
export async function changeCannedReply(
  db: Database,
  id: string,
  change: { owner?: string | null | undefined; title?: string | undefined; body?: string | undefined; at: Date },
): Promise<CannedReply | null> {
  const { owner, title, body, at } = change;
  const row = await db
    .updateTable('canned_replies')
    .set({
      ...(owner === undefined ? {} : { owner }),
      ...(title === undefined ? {} : { title }),
      ...(body === undefined ? {} : { body }),
      changed_at: at,
    })
    .where('id', '=', id)
    .returning(columns)
    .executeTakeFirst();
  return row ?? null;
}

/** Removes one. */
export async function removeCannedReply(db: Database, id: string): Promise<void> {
  await db.deleteFrom('canned_replies').where('id', '=', id).execute();
}

/** What the placeholders of canned replies stand for in a conversation; null when there is no such conversation. */
export async function conversationForPlaceholders(
  db: Database,
  number: number,
): Promise<{ number: number; subject: string; customerName: string | null; customerEmail: string | null; organizationName: string | null } | null> {
  const row = await db
    .selectFrom('conversations as c')
    .innerJoin('contacts as r', 'r.id', 'c.requester_id')
    .leftJoin('organizations as o', 'o.id', 'c.organization_id')
    .select(['c.number', 'c.subject', 'r.name as customerName', 'r.email as customerEmail', 'o.name as organizationName'])
    .where('c.number', '=', number)
    .executeTakeFirst();
  return row ?? null;
}
