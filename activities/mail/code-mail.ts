import type { UnmailedCode } from '../../db/codes';
import type { MailIntent } from '../../db/outgoing-mail';
import { signedMailId } from '../../messages/addresses';
import type { MailContent } from './content';
import { html } from './html';
import { plainText } from './plain-text';
import { serialise } from './raw-mail';
import type { MailIdentity } from './write-mail';

const MINUTE_MS = 60_000;

interface CodeWords {
  readonly desk: string;
  subject(digits: string): string;
  readonly headline: string;
  readonly lead: string;
  validFor(minutes: number): string;
  readonly notYou: string;
}

const WORDS: Readonly<Record<UnmailedCode['locale'], CodeWords>> = {
  en: {
    desk: 'Support',
    subject: (digits) => `${digits} is your code`,
    headline: 'Your code',
    lead: 'Type this code where you were asked for it:',
    validFor: (minutes) => `It works once, within ${minutes} minutes.`,
    notYou: 'You did not ask for a code? Then somebody has mistyped their address. You need not do anything: without this mail nobody gets any further.',
  },
  de: {
    desk: 'Support',
    subject: (digits) => `${digits} ist Ihr Code`,
    headline: 'Ihr Code',
    lead: 'Geben Sie diesen Code dort ein, wo Sie danach gefragt wurden:',
    validFor: (minutes) => `Er gilt einmal und ${minutes} Minuten lang.`,
    notYou: 'Sie haben keinen Code angefordert? Dann hat sich jemand bei der Adresse vertippt. Sie müssen nichts tun: Ohne diese Mail kommt niemand weiter.',
  },
};

/** The mail that brings a code: the same bytes however often it is written, and no words of anybody but us. */
export async function writeCodeMail({ keys, mailDomain }: Pick<MailIdentity, 'keys' | 'mailDomain'>, code: UnmailedCode, digits: string): Promise<MailIntent> {
  const words = WORDS[code.locale];
  const minutes = Math.round((code.expiresAt - code.createdAt) / MINUTE_MS);
  const content: MailContent = {
    template: 'notice',
    language: code.locale,
    title: words.headline,
    headline: words.headline,
    paragraphs: [{ said: words.lead }],
    promise: null,
    action: null,
    other: null,
    // In two halves it is read and typed without counting digits.
    code: `${digits.slice(0, 3)} ${digits.slice(3)}`,
    closing: [{ said: words.validFor(minutes) }],
    footer: [{ said: words.notYou }],
  };
  const mailId = signedMailId(keys, `code/${code.id}`, mailDomain);
  const from = { name: words.desk, address: `support@${mailDomain}` };
  return {
    key: `code/${code.id}`,
    number: 0,
    kind: 'code',
    messageRef: null,
    carries: [],
    recipient: '',
    mailId,
    // A machine's mail asks for no bounce.
    envelopeFrom: '',
    envelopeTo: code.email,
    raw: await serialise({
      from,
      to: { name: '', address: code.email },
      replyTo: from,
      subject: words.subject(digits),
      mailId,
      references: [],
      at: code.createdAt,
      headers: { 'Content-Language': code.locale, 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
      text: plainText(content),
      html: await html(content),
      attachments: [],
    }),
    at: code.createdAt,
  };
}
