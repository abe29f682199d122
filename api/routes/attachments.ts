import { findAttachment, insertUpload, readAttachment } from '../../db/attachments';
import { inTransaction } from '../../db/in-transaction';
import { HoldfastError } from '../../messages/errors';
import { FILES_BYTES } from '../../messages/file-limits';
import { attachmentUrl } from '../file-links';
import { ownAttachment } from '../own-chat';
import { fileToShow } from '../raw-to-show';
import { apiRoute, type ApiRoute } from '../route';
import { attachment, uploadQuery } from '../schemas/attachment';
import { z } from '../schemas/openapi-zod';
import { text } from '../schemas/text';
import { fileHeaders, OPAQUE_TYPE, SHOWN_TYPES, shownTypeOf } from '../served-file';

/** Files in and out. */
export const attachmentRoutes: readonly ApiRoute[] = [
  apiRoute({
    method: 'post',
    path: '/attachments',
    action: 'attachment.upload',
    tag: 'Attachments',
    summary: 'Upload a file for a reply, a note or a ticket; unused, it is deleted after a day',
    query: uploadQuery,
    upload: { limitBytes: FILES_BYTES },
    answers: { 201: { about: 'Kept. Name its id in `attachments` of what you send next.', schema: attachment } },
    async handle({ context, db, actor, query, upload }) {
      if (upload === undefined) throw new Error('This route is mounted as one that takes bytes.');
      const { content, mediaType } = upload;
      const file = await inTransaction(db, (trx) =>
        insertUpload(trx, { name: query.name ?? 'file', mediaType, content, agent: actor.id, at: new Date(context.now()) }),
      );
      return { status: 201, body: { ...file, url: attachmentUrl(file.id) }, headers: { Location: attachmentUrl(file.id) } };
    },
  }),
  apiRoute({
    method: 'get',
    path: '/attachments/{id}',
    action: 'attachment.read',
    target: ownAttachment,
    tag: 'Attachments',
    summary: 'Download a file; only PNG, JPEG, GIF and WebP pictures are shown by a browser',
    params: z.strictObject({ id: text(100) }),
    answers: { 200: { about: 'The bytes of the file.', files: [OPAQUE_TYPE, ...SHOWN_TYPES] } },
    problems: ['E_NOT_FOUND'],
    async handle({ db, caller, params }) {
      const file = caller.actor.kind === 'agent' ? await findAttachment(db, params.id, caller.actor.id) : await readAttachment(db, params.id);
      if (file === null) throw new HoldfastError('E_NOT_FOUND', 'There is no such file, or it is not yours to see.');
      const shown = shownTypeOf(file.content);
      return { status: 200, file: { content: fileToShow(file), mediaType: shown ?? OPAQUE_TYPE }, headers: fileHeaders(file.name, shown !== null) };
    },
  }),
];
