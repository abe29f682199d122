import type { Transaction } from 'kysely';
import type { Database } from './connection';
import { deleteUnusedFiles, hashOf, keepFiles } from './files';
import { newId } from './new-id';
import type { Schema } from './schema';

/** A file before it is kept. */
export interface NewFile {
  /** As its sender called it, on one line; data, never a path. */
  readonly name: string;
  readonly mediaType: string;
  readonly content: Uint8Array;
  /** Content-ID without angle brackets, when the mail's HTML may show it. */
  readonly contentId?: string | null;
}

/** An attachment without its bytes. */
export interface AttachmentRecord {
  readonly id: string;
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: number;
}

/** An unclaimed upload is kept this long. Source: docs/mail-in.md, "Files". */
const UNCLAIMED_MS = 86_400_000;
/** How many uploads one sweep looks at. */
const SWEPT_AT_ONCE = 500;

/** Keeps files as attachments of a message, in their order. */
export async function insertAttachments(trx: Transaction<Schema>, messageId: string, files: readonly NewFile[]): Promise<void> {
  if (files.length === 0) return;
  const kept = files.map((file) => ({ file, hash: hashOf(file.content) }));
  await keepFiles(
    trx,
    kept.map(({ file, hash }) => ({ hash, content: file.content })),
  );
  await trx
    .insertInto('attachments')
    .values(
      kept.map(({ file, hash }, position) => ({
        id: newId('f'),
        message_id: messageId,
        position,
        name: file.name,
        media_type: file.mediaType,
        bytes: file.content.byteLength,
        hash,
        content_id: file.contentId ?? null,
        uploaded_by: null,
      })),
    )
    .execute();
}

/** Who has uploaded a file: an agent or a visitor, by id. */
export type Uploader = { readonly agent: string } | { readonly visitor: string };

/** Keeps what somebody uploads until a message of theirs claims it, at most a day. */
export async function insertUpload(trx: Transaction<Schema>, upload: NewFile & Uploader & { readonly at: Date }): Promise<AttachmentRecord> {
  const hash = hashOf(upload.content);
  await keepFiles(trx, [{ hash, content: upload.content }]);
  const id = newId('f');
  const { name, mediaType } = upload;
  const bytes = upload.content.byteLength;
  await trx
    .insertInto('attachments')
    .values({
      id,
      message_id: null,
      position: 0,
      name,
      media_type: mediaType,
      bytes,
      hash,
      content_id: null,
      uploaded_by: 'agent' in upload ? upload.agent : null,
      visitor_id: 'visitor' in upload ? upload.visitor : null,
      uploaded_at: upload.at,
    })
    .execute();
  return { id, name, mediaType, bytes };
}

/**
 * Makes somebody's uploads the attachments of their message, in the order of `ids`. Answers the ids that are no waiting uploads of theirs;
 * the caller then has to give up the transaction. `bytes` is what the others have together.
 */
export async function claimUploads(
  trx: Transaction<Schema>,
  claim: Uploader & { readonly ids: readonly string[]; readonly messageId: string },
): Promise<{ missing: string[]; bytes: number }> {
  const missing: string[] = [];
  let bytes = 0;
  for (const [position, id] of claim.ids.entries()) {
    const claimed = await trx
      .updateTable('attachments')
      .set({ message_id: claim.messageId, position })
      .where('id', '=', id)
      .where('message_id', 'is', null)
      .where((where) => ('agent' in claim ? where('uploaded_by', '=', claim.agent) : where('visitor_id', '=', claim.visitor)))
      .returning('bytes')
      .executeTakeFirst();
    if (claimed === undefined) missing.push(id);
    else bytes += claimed.bytes;
  }
  return { missing, bytes };
}

/** An attachment with its bytes: of a message, or one that `agent` has uploaded and not sent yet; null when there is no such. */
export async function findAttachment(db: Database, id: string, agent: string): Promise<(AttachmentRecord & { readonly content: Buffer }) | null> {
  const row = await db
    .selectFrom('attachments as a')
    .innerJoin('files as f', 'f.hash', 'a.hash')
    .select(['a.id', 'a.name', 'a.media_type as mediaType', 'a.bytes', 'f.content'])
    .where('a.id', '=', id)
    .where((where) => where.or([where('a.message_id', 'is not', null), where('a.uploaded_by', '=', agent)]))
    .executeTakeFirst();
  return row ?? null;
}

/** An attachment with its bytes, for whoever may see it whatever it belongs to; null when there is no such. */
export async function readAttachment(db: Database, id: string): Promise<(AttachmentRecord & { readonly content: Buffer }) | null> {
  const row = await db
    .selectFrom('attachments as a')
    .innerJoin('files as f', 'f.hash', 'a.hash')
    .select(['a.id', 'a.name', 'a.media_type as mediaType', 'a.bytes', 'f.content'])
    .where('a.id', '=', id)
    .executeTakeFirst();
  return row ?? null;
}

/** Files of a message that its HTML may show, by Content-ID; those beyond `limitBytes` together are left out. */
export async function inlineFiles(db: Database, messageId: string, limitBytes: number): Promise<Map<string, Buffer>> {
  const rows = await db
    .selectFrom('attachments as a')
    .innerJoin('files as f', 'f.hash', 'a.hash')
    .select(['a.content_id', 'a.bytes', 'a.hash'])
    .where('a.message_id', '=', messageId)
    .where('a.content_id', 'is not', null)
    .orderBy('a.position')
    .execute();
  const files = new Map<string, Buffer>();
  let room = limitBytes;
  for (const { content_id: contentId, bytes, hash } of rows) {
    if (contentId === null || files.has(contentId) || bytes > room) continue;
    room -= bytes;
    const { content } = await db.selectFrom('files').select('content').where('hash', '=', hash).executeTakeFirstOrThrow();
    files.set(contentId, content);
  }
  return files;
}

/** Deletes uploads that no message has claimed within a day, and what only they contained; answers how many. `now` in milliseconds. */
export async function deleteUnclaimedUploads(db: Database, now: number): Promise<number> {
  return db.transaction().execute(async (trx) => {
    const stale = await trx
      .selectFrom('attachments')
      .select(['id', 'hash'])
      .where('message_id', 'is', null)
      .where('uploaded_at', '<', new Date(now - UNCLAIMED_MS))
      .orderBy('uploaded_at')
      .limit(SWEPT_AT_ONCE)
      .forUpdate()
      .skipLocked()
      .execute();
    if (stale.length === 0) return 0;
    await trx
      .deleteFrom('attachments')
      .where(
        'id',
        'in',
        stale.map(({ id }) => id),
      )
      .execute();
    await deleteUnusedFiles(
      trx,
      stale.map(({ hash }) => hash),
    );
    return stale.length;
  });
}
