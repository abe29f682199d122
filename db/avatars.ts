import type { Transaction } from 'kysely';
import type { Database } from './connection';
import { deleteUnusedFiles, hashOf, keepFiles } from './files';
import type { Schema } from './schema';

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

/** Gives an agent a picture, or with null takes it away; a picture that nothing else needs is deleted. False when there is no such agent. */
export async function setAvatar(trx: Transaction<Schema>, agentId: string, content: Buffer | null): Promise<boolean> {
  const before = await trx.selectFrom('agents').select('avatar').where('id', '=', agentId).forNoKeyUpdate().executeTakeFirst();
  if (before === undefined) return false;
  const hash = content === null ? null : hashOf(content);
  if (hash === before.avatar) return true;
  if (content !== null && hash !== null) await keepFiles(trx, [{ hash, content }]);
  await trx.updateTable('agents').set({ avatar: hash }).where('id', '=', agentId).execute();
  if (before.avatar !== null) await deleteUnusedFiles(trx, [before.avatar]);
  return true;
}
