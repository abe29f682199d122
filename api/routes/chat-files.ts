import { insertUpload } from '../../db/attachments';
import { readAvatar } from '../../db/avatars';
import { inTransaction } from '../../db/in-transaction';
import { HoldfastError } from '../../messages/errors';
import { FILES_BYTES } from '../../messages/file-limits';
import { countMessage, countUpload } from '../chat-limits';
import { attachmentUrl } from '../file-links';
import { ownChat, ownToken, visitorOf } from '../own-chat';
import { apiRoute, type ApiRoute, type ApiRouteDeclaration } from '../route';
import { attachment, uploadQuery } from '../schemas/attachment';
import { numberParams } from '../schemas/conversation';
import { z } from '../schemas/openapi-zod';
import { fileHeaders, SHOWN_TYPES, shownTypeOf } from '../served-file';

/** What customers send beside words, and the faces that they see. */
const upload = {
  method: 'post',
  action: 'chat.write',
  tag: 'Chat',
  query: uploadQuery,
  upload: { limitBytes: FILES_BYTES },
  answers: { 201: { about: 'Kept. Name its id in `attachments` of what you send next.', schema: attachment } },
} as const;

type Uploading = Parameters<ApiRouteDeclaration<z.ZodType | null, typeof uploadQuery, null>['handle']>[0];

async function keep({ context, db, query, upload: given, caller }: Pick<Uploading, 'context' | 'db' | 'query' | 'upload' | 'caller'>) {
  if (given === undefined) throw new Error('This route is mounted as one that takes bytes.');
  const { content, mediaType } = given;
  const visitor = visitorOf(caller);
  const file = await inTransaction(db, async (trx) => {
    await countMessage(context, trx, visitor.id);
    await countUpload(context, trx, { visitor, address: caller.address, bytes: content.byteLength });
    return insertUpload(trx, { name: query.name ?? 'file', mediaType, content, visitor: visitor.id, at: new Date(context.now()) });
  });
  return { status: 201, body: { ...file, url: attachmentUrl(file.id) }, headers: { Location: attachmentUrl(file.id) } };
}

/** Uploads of visitors, for a conversation of theirs and for the one that they are about to begin; agents' pictures. */
export const chatFileRoutes: readonly ApiRoute[] = [
  apiRoute({
    ...upload,
    path: '/chats/{number}/attachments',
    params: numberParams,
    target: ownChat,
    summary: 'Upload a file for what you write next; unused, it is deleted after a day',
    handle: keep,
  }),
  apiRoute({
    ...upload,
    path: '/chat/attachments',
    target: ownToken,
    summary: 'Upload a file for the first words of a chat; unused, it is deleted after a day',
    handle: keep,
  }),
  apiRoute({
    method: 'get',
    path: '/avatars/{hash}',
    action: 'public.read',
    tag: 'Chat',
    summary: 'The picture of somebody of the desk',
    params: z.strictObject({ hash: z.string().regex(/^[0-9a-f]{64}$/, 'must be the name of a picture') }),
    answers: { 200: { about: 'The picture.', files: SHOWN_TYPES } },
    problems: ['E_NOT_FOUND'],
    async handle({ db, params }) {
      const content = await readAvatar(db, params.hash);
      const type = content === null ? null : shownTypeOf(content);
      if (content === null || type === null) throw new HoldfastError('E_NOT_FOUND', 'There is no such picture.');
      return {
        status: 200,
        file: { content, mediaType: type },
        headers: { ...fileHeaders('avatar', true), 'Cache-Control': 'public, max-age=86400, immutable' },
      };
    },
  }),
];
