import { createTransport } from 'nodemailer';

/** A mail of a seeded customer. */
export interface SeededMail {
  readonly from: { readonly name: string; readonly address: string };
  /** As the customer wrote it; the envelope may say something else. */
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** Milliseconds. */
  readonly at: number;
  /** Message-ID without angle brackets. */
  readonly mailId: string;
  readonly inReplyTo?: string;
}

/** Its bytes, as a mail server would hand them over. */
export async function bytesOfMail(mail: SeededMail): Promise<Buffer> {
  const transport = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  const { message } = await transport.sendMail({
    from: mail.from,
    to: mail.to,
    subject: mail.subject,
    text: mail.text,
    date: new Date(mail.at),
    messageId: `<${mail.mailId}>`,
    ...(mail.inReplyTo !== undefined && { inReplyTo: `<${mail.inReplyTo}>`, references: [`<${mail.inReplyTo}>`] }),
  });
  return Buffer.isBuffer(message) ? message : Promise.reject(new Error('The mail was not written.'));
}
