import MailComposer from 'nodemailer/lib/mail-composer';
import type { MailMessage } from '../../db/mail-source';
import { oneLine } from './one-line';

/** A mail with all that its headers say. Nothing here may contain CR, LF or NUL: see {@link serialise}. */
export interface MailParts {
  readonly from: { readonly name: string; readonly address: string };
  readonly to: { readonly name: string; readonly address: string };
  readonly replyTo: { readonly name: string; readonly address: string };
  readonly subject: string;
  /** Without angle brackets. */
  readonly mailId: string;
  /** Without angle brackets, oldest first. */
  readonly references: readonly string[];
  /** Milliseconds. */
  readonly at: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly html: string;
  readonly attachments: MailMessage['attachments'];
}

/** A type that an attachment may have; one of its own parts would change how the mail is read. */
const MEDIA_TYPE = /^(?!multipart\/|message\/)[\w.+-]{1,100}\/[\w.+-]{1,100}$/i;

/** A header that would break out of its line. It names the header, never its value. */
export class HeaderRefused extends Error {
  constructor(readonly header: string) {
    super(`The header ${header} contains a line break or NUL.`);
    this.name = 'HeaderRefused';
  }
}

/** The one place where a mail becomes bytes. Throws {@link HeaderRefused} for CR, LF or NUL in any header. */
export async function serialise(parts: MailParts): Promise<Buffer> {
  const inReplyTo = parts.references.at(-1);
  const headers: Record<string, string> = {
    ...parts.headers,
    ...(inReplyTo === undefined ? {} : { 'In-Reply-To': `<${inReplyTo}>`, References: parts.references.map((id) => `<${id}>`).join(' ') }),
  };
  const checked = {
    From: `${parts.from.name} ${parts.from.address}`,
    To: `${parts.to.name} ${parts.to.address}`,
    'Reply-To': `${parts.replyTo.name} ${parts.replyTo.address}`,
    Subject: parts.subject,
    'Message-ID': parts.mailId,
    ...headers,
  };
  for (const [name, value] of Object.entries(checked)) {
    if (/[\r\n\0]/.test(name) || /[\r\n\0]/.test(value)) throw new HeaderRefused(name.replace(/[\r\n\0]/g, ' '));
  }
  return new MailComposer({
    from: parts.from,
    to: parts.to,
    replyTo: parts.replyTo,
    subject: parts.subject,
    messageId: `<${parts.mailId}>`,
    date: new Date(parts.at),
    headers,
    text: parts.text,
    html: parts.html,
    attachments: parts.attachments.map(({ name, mediaType, content }) => ({
      filename: oneLine(name),
      contentType: MEDIA_TYPE.test(mediaType) ? mediaType : 'application/octet-stream',
      content,
    })),
    // One mail, one set of bytes: the boundary comes from the Message-ID and not from chance.
    baseBoundary: parts.mailId.replace(/[^A-Za-z0-9]/g, '').slice(0, 40),
    disableFileAccess: true,
    disableUrlAccess: true,
    newline: '\r\n',
  })
    .compile()
    .build();
}
