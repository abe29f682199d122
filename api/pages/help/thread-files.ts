import { readAttachment } from '../../../db/attachments';
import { chatMessages, ownerOfAttachment } from '../../../db/chat-messages';
import type { Database } from '../../../db/connection';
import type { OwnConversation, Viewer } from '../../../db/own-conversations';
import { HoldfastError } from '../../../messages/errors';
import { fileToShow } from '../../raw-to-show';
import type { PageAnswer } from '../../route';
import { isAttachmentId } from '../../schemas/attachment';
import { isMessageId } from '../../schemas/message-id';
import { fileHeaders, OPAQUE_TYPE, shownTypeOf } from '../../served-file';
import { formattedMessage } from '../message-html';

/** Whose thread a file or a formatted message is asked for in. */
export interface ThreadOwner {
  readonly viewer: Viewer;
  readonly own: OwnConversation;
}

/** A file of a message that its customer sees. Errors: E_NOT_FOUND. */
export async function threadFile(db: Database, owner: ThreadOwner, id: string): Promise<PageAnswer> {
  const message = isAttachmentId(id) ? ((await ownerOfAttachment(db, id))?.message ?? null) : null;
  if (message === null || (await seen(db, owner, message.id)) === null) throw gone();
  const file = await readAttachment(db, id);
  if (file === null) throw gone();
  const shown = shownTypeOf(file.content);
  return { file: fileToShow(file), type: shown ?? OPAQUE_TYPE, headers: fileHeaders(file.name, shown !== null) };
}

/** A message as its author has formatted it, if its customer sees it, for the sandboxed frame of their page. Errors: E_NOT_FOUND. */
export async function threadMessageHtml(db: Database, owner: ThreadOwner, id: string): Promise<PageAnswer> {
  const message = isMessageId(id) ? await seen(db, owner, id) : null;
  if (message === null || message.html === null) throw gone();
  return formattedMessage(db, { id, html: message.html }, false);
}

async function seen(db: Database, { viewer, own }: ThreadOwner, id: string) {
  const [message] = await chatMessages(db, viewer.contactId, own.parts, { limit: 1, ids: [id] });
  return message ?? null;
}

function gone(): HoldfastError {
  return new HoldfastError('E_NOT_FOUND', 'There is no such thing, or it is not yours to see.');
}
