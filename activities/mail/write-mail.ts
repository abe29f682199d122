import type { MailSource } from '../../db/mail-source';
import type { MailIntent } from '../../db/outgoing-mail';
import type { Transcript } from '../../db/transcript';
import { bounceAddress, replyAddress, signedMailId, signLink, type SigningKeys } from '../../messages/addresses';
import type { MailEffect, MailKind } from '../../policy/effects';
import { carriedMessages, mailContent, voiceOf } from './content';
import { filesThatFit } from './files-that-fit';
import { html } from './html';
import { languageFor } from './language';
import { oneLine } from './one-line';
import { plainText } from './plain-text';
import { serialise } from './raw-mail';
import { sentencesIn } from './sentences';
import { mailSender, mailSubject, references } from './thread';

/** What every mail of this desk has in common. */
export interface MailIdentity {
  readonly keys: SigningKeys;
  readonly mailDomain: string;
  /** No slash at its end. */
  readonly publicUrl: string;
}

/** Writes one mail to one recipient, whose address is given: headers, words and bytes. */
export async function writeMail(
  identity: MailIdentity,
  { number, effect, source, transcript = null, to }: { number: number; effect: MailEffect; source: MailSource; transcript?: Transcript | null; to: string },
): Promise<MailIntent> {
  const { keys, mailDomain, publicUrl } = identity;
  const sentences = sentencesIn(languageFor(source));
  const recipient = source.recipient;
  const content = mailContent({
    number,
    effect,
    source,
    transcript,
    sentences,
    // Its page speaks the language of the mail; where it is English, whatever the reader's browser prefers.
    link: (purpose) =>
      `${publicUrl}/l/${signLink(keys, { purpose, number, contact: recipient.id })}${sentences.language === 'en' ? '' : `?lang=${sentences.language}`}`,
  });
  const from = mailSender(effect, source, sentences, mailDomain);
  const answersTo = replyAddress(keys, { number, recipient: recipient.id }, mailDomain);
  const mailId = signedMailId(keys, effect.key, mailDomain);
  const automatic = voiceOf(effect) === 'desk';
  const raw = await serialise({
    from,
    to: { name: recipient.known ? oneLine(recipient.name ?? '') : '', address: to },
    replyTo: { name: from.name, address: answersTo },
    subject: mailSubject(number, effect, source, sentences),
    mailId,
    references: references(source),
    at: effect.at,
    headers: { 'Content-Language': sentences.language, ...(automatic ? automaticHeaders(effect.mail) : {}) },
    text: plainText(content),
    html: await html(content),
    attachments: filesThatFit(source.messages),
  });
  const carries = carriedMessages(effect);
  return {
    key: effect.key,
    number,
    kind: effect.mail,
    messageRef: carries.at(-1) ?? null,
    carries,
    recipient: recipient.id,
    mailId,
    // A person's mail that comes back says which one it is; a machine's mail asks for no bounce, so that two machines never talk.
    envelopeFrom: automatic ? '' : bounceAddress(keys, { number, mailId }, mailDomain),
    envelopeTo: to,
    raw,
    at: effect.at,
  };
}

/** Keeps other machines from answering (RFC 3834; the second header is Exchange's). */
function automaticHeaders(kind: MailKind): Record<string, string> {
  return { 'Auto-Submitted': kind === 'receipt' ? 'auto-replied' : 'auto-generated', 'X-Auto-Response-Suppress': 'All' };
}
