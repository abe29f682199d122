import { randomBytes } from 'node:crypto';
import { createTransport } from 'nodemailer';
import { createLogger } from '../../config/log';
import type { Database } from '../../db/connection';
import { publishPolicy } from '../../db/policies';
import { startResolver } from '../../intake/resolver';
import { startSmtp, type SmtpListener } from '../../intake/smtp';
import type { SenderChecks } from '../../intake/verdict';
import { parseSigningKeys, type SigningKeys } from '../../messages/addresses';
import type { PolicySnapshot } from '../../policy/snapshot';
import { openTestDatabase, type OpenTestDatabase } from '../setup/database';
import { policyOf } from '../policy/policies';

/** Monday, 2 March 2026, 10:00 in Berlin: the office is open. */
export const MONDAY_10 = Date.UTC(2026, 2, 2, 9);

/** A mail's parts; what is not given is made up so that the mail is complete. `null` leaves a header out. */
export interface MailParts {
  readonly from?: string | null;
  readonly to?: string;
  readonly subject?: string | null;
  readonly mailId?: string | null;
  readonly headers?: readonly string[];
  readonly body?: string;
}

/** The bytes of a plain mail. */
export function mailOf(parts: MailParts = {}): Buffer {
  const { from = 'Jane <jane@acme.test>', to = 'info@example.test', subject = 'Help', body = 'Something is wrong.' } = parts;
  const mailId = parts.mailId === undefined ? `${randomBytes(6).toString('hex')}@acme.test` : parts.mailId;
  const lines = [
    ...(from === null ? [] : [`From: ${from}`]),
    `To: ${to}`,
    ...(subject === null ? [] : [`Subject: ${subject}`]),
    ...(mailId === null ? [] : [`Message-ID: <${mailId}>`]),
    'Date: Mon, 02 Mar 2026 10:00:00 +0100',
    'MIME-Version: 1.0',
    ...(parts.headers?.some((header) => /^content-type:/i.test(header)) ? [] : ['Content-Type: text/plain; charset=utf-8']),
    ...(parts.headers ?? []),
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}\r\n`);
}

/** A mail that takes seconds to read, or more than there are. */
export function slowMail(): Buffer {
  const part = `--b\r\nContent-Type: text/html\r\n\r\n${'<div>'.repeat(200_000)}x\r\n`;
  return mailOf({ headers: ['Content-Type: multipart/mixed; boundary=b'], body: `${part.repeat(4)}--b--` });
}

/** The ways in on a database of their own: real SMTP, a real resolver, a clock that the test sets. */
export class MailDesk {
  readonly domain = 'example.test';
  keys: SigningKeys = parseSigningKeys(`k1:${randomBytes(32).toString('base64')}`);
  /** The desk's clock, milliseconds. */
  now = MONDAY_10;
  db!: Database;
  policy!: PolicySnapshot;
  smtp!: SmtpListener;
  private base!: OpenTestDatabase;
  private resolver: { close(): Promise<void> } | null = null;
  private readonly log = createLogger('test', { write: () => undefined });

  /** How senders are checked. */
  private checks: SenderChecks = { by: 'off' };

  async open(policyText = '', checks: SenderChecks = { by: 'off' }): Promise<void> {
    this.checks = checks;
    this.base = await openTestDatabase();
    this.db = this.base.db;
    this.policy = await policyOf(policyText);
    await publishPolicy(this.db, this.policy, new Date(this.now));
    this.smtp = await startSmtp({ listen: { host: '127.0.0.1', port: 0 }, db: this.db, domain: this.domain, log: this.log, now: () => this.now });
    this.resolve();
  }

  get url(): string {
    return this.base.url;
  }

  /** Starts resolving. */
  resolve(): void {
    const { db, keys, domain, log, checks } = this;
    this.resolver ??= startResolver({ db, url: this.base.url, keys, domain, log, checks, now: () => this.now });
  }

  /** Resolves with other keys from now on. */
  async useKeys(keys: SigningKeys): Promise<void> {
    await this.stopResolving();
    this.keys = keys;
    this.resolve();
  }

  /** Ends resolving, so that what is accepted waits. */
  async stopResolving(): Promise<void> {
    await this.resolver?.close();
    this.resolver = null;
  }

  async close(): Promise<void> {
    await this.stopResolving();
    await this.smtp.close();
    await this.base.close();
  }

  /** Hands a mail over by SMTP; answers the inbox id that the server names. Rejects with the server's answer. */
  async send(raw: Buffer, envelope: { from?: string; to?: readonly string[] } = {}): Promise<number> {
    const { host, port } = this.smtp.address;
    const transport = createTransport({ host, port, ignoreTLS: true });
    try {
      const sent = await transport.sendMail({ envelope: { from: envelope.from ?? 'jane@acme.test', to: [...(envelope.to ?? ['info@example.test'])] }, raw });
      return Number(/Accepted as (\d+)/.exec(sent.response)?.[1]);
    } finally {
      transport.close();
    }
  }

  /** Waits until a mail has been resolved, and answers its row. */
  async settled(inboxId: number, withinMs = 15_000) {
    const until = Date.now() + withinMs;
    for (;;) {
      const row = await this.db.selectFrom('inbox').selectAll().where('id', '=', inboxId).executeTakeFirstOrThrow();
      if (row.state !== 'accepted') return row;
      if (Date.now() > until) throw new Error(`Mail ${inboxId} was not resolved within ${withinMs} ms: ${row.error ?? 'no error'}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Sends a mail, waits until it is resolved, and answers its row. */
  async deliver(raw: Buffer, envelope: { from?: string; to?: readonly string[] } = {}) {
    return this.settled(await this.send(raw, envelope));
  }

  /** Sends a mail that opens a conversation, and answers that. */
  async opened(raw: Buffer, envelope: { from?: string; to?: readonly string[] } = {}) {
    const { number, state, reason } = await this.deliver(raw, envelope);
    if (number === null) throw new Error(`The mail opened nothing: ${state}, ${reason ?? 'no reason'}`);
    return this.conversation(number);
  }

  conversation(number: number) {
    return this.db.selectFrom('conversations').selectAll().where('number', '=', number).executeTakeFirstOrThrow();
  }

  messages(number: number) {
    return this.db.selectFrom('messages').selectAll().where('number', '=', number).orderBy('at').orderBy('seq').execute();
  }

  async events(number: number) {
    const rows = await this.db.selectFrom('conversation_events').select('data').where('number', '=', number).orderBy('seq').execute();
    return rows.map(({ data }) => data);
  }

  /** An organization with a mail domain of its own. */
  async organization(id: string, facts: { plan?: string; domains?: string[]; clusters?: string[]; websites?: string[] } = {}): Promise<void> {
    await this.db
      .insertInto('organizations')
      .values({ id, name: id, ...facts, created_at: new Date(this.now) })
      .execute();
  }
}
