import type { Database } from './connection';

/** The bytes of a picture that an agent has; null for any other file. */
export async function readAvatar(db: Database, hash: string): Promise<Buffer | null> {
  const row = await db
    .selectFrom('files as f')
    .select('f.content')
    .where('f.hash', '=', hash)
    .where((where) => where.exists(where.selectFrom('agents as a').select('a.id').whereRef('a.avatar', '=', 'f.hash')))
    .executeTakeFirst();
  return row?.content ?? null;
}
