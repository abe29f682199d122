import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { pino } from 'pino';
import { createMailActivities } from '../../activities/mail/send-mail';
import type { Database } from '../../db/connection';
import type { MailActivities } from '../../messages/activities';
import type { MailEffect } from '../../policy/effects';
import { startSmtpSink, type SmtpSink } from '../kit/smtp-sink';
import { openTestDatabase, type OpenTestDatabase } from '../setup/database';
import { effectOf, FRIDAY_EVENING, IDENTITY, POLICY, TUESDAY_TEN } from './mail-fixtures';

/** The customer of these tests. */
export const JANE = 'jane@customer.example';
/** What the desk's clock says whenever a server answers. */
export const TEN_OCLOCK = FRIDAY_EVENING + 5_000;
/** The facts of a receipt. */
export const RECEIPT = { dueAt: TUESDAY_TEN, officeOpen: false, opensAt: null, onCallTold: true, priority: 'normal' };

/** A message to put into a thread; an agent's that waits to leave, unless it says otherwise. */
interface NewMessage {
  readonly id: string;
  readonly direction: 'in' | 'out' | 'note';
  readonly body: string;
  readonly mailId?: string;
  readonly at?: Date;
  readonly state?: 'waiting' | 'shown' | 'received';
  readonly requester?: string;
  readonly authenticated?: boolean;
  /** Of an incoming message: 1, unless there are several. */
  readonly seq?: number;
}

/** An effect under a key of its own. */
export const keyed = (number: number, effect: MailEffect): MailEffect => ({
  ...effect,
  key: `conversation/${number}:${effect.mail}:${effect.messageId ?? ''}`,
});
/** A receipt names the customer's message that it is for, and carries none of its words. */
export const receiptOf = (number: number, recipient = 'c_jane') => keyed(number, effectOf('receipt', RECEIPT, { recipient, messageId: `m_first_${number}` }));
/** An agent's answer. */
export const replyOf = (number: number, messageId: string) => keyed(number, effectOf('reply', {}, { messageId }));

/** Runs activities as Temporal does. */
export function activityEnvironment(): MockActivityEnvironment {
  return new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
}

/** A desk with a database and a mail server of the outside world, for all tests of a file; a mail that nobody expects fails its test. */
export function useMailDesk() {
  let database: OpenTestDatabase;
  let db: Database;
  let sink: SmtpSink;
  let nextNumber = 1042;

  beforeAll(async () => {
    database = await openTestDatabase();
    ({ db } = database);
    const at = new Date(FRIDAY_EVENING);
    await db
      .insertInto('policies')
      .values({ hash: POLICY.hash, version: POLICY.version, snapshot: JSON.stringify(POLICY), created_at: at })
      .execute();
    await db.insertInto('organizations').values({ id: 'o1', name: 'Customer', created_at: at }).execute();
    await db
      .insertInto('contacts')
      .values([
        { id: 'c_jane', organization_id: 'o1', name: 'Jane Doe', email: JANE, phone: null, zone: 'Europe/Berlin', created_at: at },
        { id: 'c_stranger', organization_id: null, name: 'Buy Pills', email: 'stranger@elsewhere.example', phone: null, zone: null, created_at: at },
        { id: 'c_phone', organization_id: null, name: null, email: null, phone: '+4930123456', zone: null, created_at: at },
      ])
      .execute();
    await db.insertInto('agents').values({ id: 'a_anna', name: 'Anna Berger', email: null, role: 'agent', created_at: at }).execute();
  });

  afterAll(() => database.close());

  beforeEach(async () => {
    sink = await startSmtpSink();
  });

  // Fails the test when mail came that nobody expected.
  afterEach(() => sink.close());

  /** What leaves must not depend on the computer's clock, and logs must not name people. */
  function desk(options: { smtpUrl?: string; database?: Database; onLog?: (line: string) => void } = {}) {
    const log = pino({ level: 'info' }, { write: (line: string) => options.onLog?.(line) });
    return createMailActivities({ ...IDENTITY, db: options.database ?? db, smtpUrl: options.smtpUrl ?? sink.url, log, now: () => TEN_OCLOCK });
  }

  /** Runs the activity as Temporal does. */
  function send(number: number, effect: MailEffect, activities = desk(), environment = activityEnvironment()): ReturnType<MailActivities['sendMail']> {
    return environment.run((input: Parameters<MailActivities['sendMail']>[0]) => activities.sendMail(input), { number, effect });
  }

  /** A conversation of Jane's (or of another contact's) with its first message. */
  async function conversation(more: { requester?: string; subject?: string; authenticated?: boolean } = {}): Promise<number> {
    const number = nextNumber++;
    const at = new Date(FRIDAY_EVENING - 60_000);
    await db
      .insertInto('conversations')
      .values({
        number,
        kind: 'ticket',
        channel: 'email',
        subject: more.subject ?? 'Shop is slow',
        status: 'new',
        priority: 'normal',
        priority_source: 'default',
        plan: 'standard',
        requester_id: more.requester ?? 'c_jane',
        organization_id: null,
        assignee: null,
        team_id: null,
        address: 'support',
        policy_hash: POLICY.hash,
        received_at: at,
        last_seq: 1,
        start: JSON.stringify({ outOfHours: 'page' }),
        merged_into: null,
        linked_from: null,
        last_message_at: at,
        created_at: at,
      })
      .execute();
    await message(number, {
      id: `m_first_${number}`,
      direction: 'in',
      body: 'It is slow. SECRET-OF-THE-CUSTOMER',
      mailId: `first-${number}@customer.example`,
      at,
      ...more,
    });
    return number;
  }

  async function message(number: number, row: NewMessage): Promise<string> {
    const incoming = row.direction === 'in';
    await db
      .insertInto('messages')
      .values({
        id: row.id,
        number,
        seq: incoming ? (row.seq ?? 1) : null,
        direction: row.direction,
        author_kind: incoming ? 'customer' : 'agent',
        author_id: incoming ? (row.requester ?? 'c_jane') : 'a_anna',
        channel: 'email',
        body: row.body,
        full_body: null,
        html: null,
        at: row.at ?? new Date(FRIDAY_EVENING),
        state: row.state ?? (incoming ? 'received' : 'waiting'),
        mail_id: row.mailId ?? null,
        in_reply_to: null,
        authenticated: row.authenticated ?? false,
        hint: null,
        inbox_id: null,
      })
      .execute();
    return row.id;
  }

  return {
    get db() {
      return db;
    },
    get databaseUrl() {
      return database.url;
    },
    get sink() {
      return sink;
    },
    desk,
    send,
    conversation,
    message,
    storedMail: (effect: MailEffect) => db.selectFrom('outgoing_mails').selectAll().where('key', '=', effect.key).executeTakeFirstOrThrow(),
    storedMessage: (id: string) => db.selectFrom('messages').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
  };
}
