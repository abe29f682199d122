import { createTransport } from 'nodemailer';
import type { Email } from 'postal-mime';
import { readMail, type SmtpSink } from './smtp-sink';

/** A mail as a customer reads it. */
export interface ReceivedMail extends Email {
  /** The mail's own address to answer to. */
  readonly answerTo: string;
}

/** A customer with a mail program: writes through the desk's real SMTP listener, and reads what a real mail server took for them. */
export class Customer {
  constructor(
    readonly name: string,
    readonly address: string,
    private readonly desk: { readonly smtpPort: number; readonly sink: SmtpSink },
  ) {
    desk.sink.expect(address);
  }

  /** Sends a mail to an address of the desk; rejects unless the desk has taken it. A repeat of the same mail has the same id and date. */
  async writes(to: string, subject: string, text: string, more: { headers?: Record<string, string>; messageId?: string; date?: Date } = {}): Promise<void> {
    await this.send({ to, subject, text, ...more });
  }

  /** Answers a mail of the desk, as "Reply" does in every mail program. */
  async answers(mail: ReceivedMail, text: string, more: { messageId?: string; date?: Date } = {}): Promise<void> {
    await this.send({
      to: mail.answerTo,
      subject: mail.subject?.startsWith('Re:') === true ? mail.subject : `Re: ${mail.subject ?? ''}`,
      text,
      inReplyTo: mail.messageId,
      references: [mail.references, mail.messageId].filter(Boolean).join(' '),
      ...more,
    });
  }

  /** Waits for that many mails and reads them, oldest first. */
  async receives(count: number, withinMs = 20_000): Promise<ReceivedMail[]> {
    await this.desk.sink.wait(this.address, count, withinMs);
    return this.mails();
  }

  /** Everything in the mailbox, oldest first. */
  async mails(): Promise<ReceivedMail[]> {
    return Promise.all(
      this.desk.sink.mails(this.address).map(async (mail) => {
        const read = await readMail(mail);
        const [answerTo] = [...(read.replyTo ?? []), ...(read.from === undefined ? [] : [read.from])];
        return { ...read, answerTo: answerTo?.address ?? '' };
      }),
    );
  }

  private async send(mail: { to: string; subject: string; text: string; inReplyTo?: string | undefined; references?: string }): Promise<void> {
    const transport = createTransport({ host: '127.0.0.1', port: this.desk.smtpPort, ignoreTLS: true, connectionTimeout: 5_000, socketTimeout: 10_000 });
    try {
      await transport.sendMail({ from: { name: this.name, address: this.address }, ...mail });
    } finally {
      transport.close();
    }
  }
}
