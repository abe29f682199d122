import type { MailMessage } from '../../db/mail-source';
import { FILES_BYTES } from '../../messages/file-limits';

/** The files of a mail's messages that it takes with it, oldest first. One message's always fit; several messages' may make a mail that no server takes. */
export function filesThatFit(messages: readonly MailMessage[]): MailMessage['attachments'] {
  let bytes = 0;
  return messages
    .flatMap(({ attachments }) => attachments)
    .filter(({ content }) => {
      if (bytes + content.length > FILES_BYTES) return false;
      bytes += content.length;
      return true;
    });
}
