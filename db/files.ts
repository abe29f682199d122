import { createHash } from 'node:crypto';
import type { Transaction } from 'kysely';
import type { Schema } from './schema';

/** What a content is kept under: its SHA-256 in hex. */
export function hashOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Keeps each content once. In the order of their hashes, so that two transactions never wait for each other. */
export async function keepFiles(trx: Transaction<Schema>, files: readonly { readonly hash: string; readonly content: Uint8Array }[]): Promise<void> {
  const distinct = new Map(files.map((file) => [file.hash, file]));
  for (const { hash, content } of [...distinct.values()].sort((a, b) => (a.hash < b.hash ? -1 : 1))) {
    await trx
      .insertInto('files')
      .values({ hash, bytes: content.byteLength, content: Buffer.from(content) })
      // Not "do nothing": the row is locked too, so that no sweep deletes it before it is referred to.
      .onConflict((conflict) => conflict.column('hash').doUpdateSet((eb) => ({ bytes: eb.ref('excluded.bytes') })))
      .execute();
  }
}

/** Deletes those of these files that nothing refers to any more: no attachment, and no agent's picture. */
export async function deleteUnusedFiles(trx: Transaction<Schema>, given: readonly string[]): Promise<void> {
  const hashes = [...new Set(given)].sort();
  if (hashes.length === 0) return;
  // Locked first and looked at afterwards: whoever keeps the same file at this moment has to wait, and then keeps it anew.
  await trx.selectFrom('files').select('hash').where('hash', 'in', hashes).orderBy('hash').forUpdate().execute();
  await trx
    .deleteFrom('files as f')
    .where('f.hash', 'in', hashes)
    .where((where) => where.not(where.exists(where.selectFrom('attachments as a').select('a.id').whereRef('a.hash', '=', 'f.hash'))))
    .where((where) => where.not(where.exists(where.selectFrom('agents as g').select('g.id').whereRef('g.avatar', '=', 'f.hash'))))
    .execute();
}
