import { createHash } from 'node:crypto';
import type { Request } from 'express';
import type { Database } from '../../../db/connection';
import { claimKey, keepAnswer } from '../../../db/idempotency';
import { inTransaction } from '../../../db/in-transaction';
import { isMultipart, readMultipart, type PostedForm } from '../../multipart';

/** A posted form of either kind, with files or without. Errors: as readMultipart. */
export async function readPosted(request: Request): Promise<PostedForm> {
  if (isMultipart(request)) return readMultipart(request);
  const body: unknown = request.body;
  const fields = typeof body === 'object' && body !== null ? Object.entries(body as Record<string, unknown>) : [];
  return { fields: new Map(fields.filter((entry): entry is [string, string] => typeof entry[1] === 'string')), files: [], leftOut: null };
}

/**
 * Does something once for one form, however often its button was pressed: the second one waits for the first and has its answer. What was
 * changed since is another form; one without a key is not recognised. `who` keeps one person's forms apart from another's.
 */
export async function onceForForm<T>(
  db: Database,
  form: { readonly who: string; readonly posted: PostedForm; readonly at: number },
  act: (db: Database) => Promise<T>,
): Promise<T> {
  const key = form.posted.fields.get('key') ?? '';
  if (!/^[A-Za-z0-9_-]{16,64}$/.test(key)) return act(db);
  const contents = hashOf(form.posted);
  const claim = { actor: `form:${createHash('sha256').update(form.who).digest('base64url')}`, key: `${key}:${contents}` };
  return inTransaction(db, async (trx) => {
    const claimed = await claimKey(trx, { ...claim, requestHash: contents, at: new Date(form.at) });
    if (claimed.state === 'repeated' && claimed.answer !== null) return claimed.answer.body as T;
    const done = await act(trx);
    await keepAnswer(trx, claim, { status: 200, body: done });
    return done;
  });
}

function hashOf({ fields, files }: PostedForm): string {
  const hash = createHash('sha256').update(JSON.stringify([...fields].sort(([one], [other]) => (one < other ? -1 : 1))));
  for (const { name, content } of files) hash.update(JSON.stringify([name, content.byteLength])).update(content);
  return hash.digest('base64url');
}
