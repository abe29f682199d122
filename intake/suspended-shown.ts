import type { SuspendedShown } from '../db/inbox';
import { oneLine } from './parse/clean-text';
import type { MailPerson, ParsedMail } from './parse/parsed-mail';

/** How much a list shows of a mail that is kept aside. */
const PREVIEW_LENGTH = 200;

/** What a list shows of a mail that is kept aside; `sender` where it is not From. */
export function shownOf(mail: ParsedMail, sender: MailPerson | null = mail.from): SuspendedShown {
  return { sender: sender?.address ?? null, subject: mail.subject, preview: oneLine(mail.text).slice(0, PREVIEW_LENGTH) };
}
