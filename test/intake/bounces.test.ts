import { sql } from 'kysely';
import { createTransport } from 'nodemailer';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { SMTPServer } from 'smtp-server';
import { createTicket } from '../../intake/create-ticket';
import { readBounce } from '../../intake/bounces';
import { lockThread } from '../../db/threads';
import { parseMail } from '../../intake/parse/parse-mail';
import { bounceAddress, replyAddress, signedMailId } from '../../messages/addresses';
import { MailingDesk, silence } from '../kit/mailing-desk';
import { MailDesk, mailOf } from './mail-desk';

jest.setTimeout(120_000);

const REPORT = 'Content-Type: multipart/report; report-type=delivery-status; boundary="b"';
const DAEMON = 'Mail Delivery Subsystem <MAILER-DAEMON@mx.acme.test>';

/** A report of RFC 3464, with the header of the mail that it is about. */
function report({
  fields = 'Action: failed\r\nStatus: 5.1.1',
  mailId = 'x@y.test',
  subject = 'Undelivered Mail Returned to Sender',
  to = 'info@example.test',
} = {}): Buffer {
  const body = [
    '--b',
    'Content-Type: text/plain; charset=utf-8',
    '',
    'The mail system could not deliver this.',
    '--b',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.acme.test',
    '',
    'Final-Recipient: rfc822; jane@acme.test',
    fields,
    '--b',
    'Content-Type: text/rfc822-headers',
    '',
    `Message-ID: <${mailId}>`,
    'Subject: Re: Help',
    '--b--',
  ].join('\r\n');
  return mailOf({ from: DAEMON, to, subject, headers: [REPORT], body });
}

describe('what a report says', () => {
  const read = async (raw: Buffer) => readBounce(await parseMail(raw));

  test.each<[string, string, 'failed' | 'delayed' | null]>([
    ['failed, 5.1.1', 'Action: failed\r\nStatus: 5.1.1', 'failed'],
    ['failed after days of trying, 4.4.7', 'Action: failed\r\nStatus: 4.4.7', 'failed'],
    ['in capitals', 'ACTION: FAILED', 'failed'],
    ['delayed, 4.4.1', 'Action: delayed\r\nStatus: 4.4.1\r\nWill-Retry-Until: Fri, 6 Mar 2026 10:00:00 +0100', 'delayed'],
    ['no action, 5.7.1', 'Status: 5.7.1', 'failed'],
    ['no action, 4.2.2', 'Status: 4.2.2', 'delayed'],
    ['delivered', 'Action: delivered\r\nStatus: 2.0.0', null],
    ['relayed', 'Action: relayed\r\nStatus: 2.0.0', null],
    ['one of two failed', 'Action: delayed\r\nStatus: 4.4.1\r\n\r\nFinal-Recipient: rfc822; bob@acme.test\r\nAction: failed\r\nStatus: 5.1.1', 'failed'],
  ])('%s', async (_name, fields, bounce) => {
    expect(await read(report({ fields }))).toBe(bounce);
  });

  test.each<[string, string, string, 'failed' | 'delayed' | null]>([
    [
      'qmail',
      'failure notice',
      "Hi. This is the qmail-send program at mx.acme.test.\nI'm afraid I wasn't able to deliver your message.\nThis is a permanent error.",
      'failed',
    ],
    ['Exim', 'Mail delivery failed: returning message to sender', 'This message was created automatically.\n550 5.1.1 User unknown', 'failed'],
    ['Exim, still trying', 'Warning: message 1abc delayed 24 hours', 'No action is required on your part. Delivery attempts will continue.', 'delayed'],
    ['Exchange', 'Undeliverable: Re: Help', 'The e-mail address you entered could not be found.', 'failed'],
    ['Exchange in German', 'Unzustellbar: Re: Help', 'Ihre Nachricht an jane@acme.test konnte nicht zugestellt werden.', 'failed'],
    ['Google', 'Delivery Status Notification (Failure)', 'Address not found', 'failed'],
    ['Google, still trying', 'Delivery Status Notification (Delay)', 'There was a temporary problem. Gmail will retry for 46 more hours.', 'delayed'],
    ['a soft code only', 'Undelivered mail', 'host mx said: 451 4.7.1 Greylisted, try again later', 'delayed'],
    ['a vacation reply', 'Automatic reply: Help', 'I am out of the office until Monday.', null],
    ['a person', 'Re: Help', 'My mail to you came back: 550 5.1.1 User unknown', null],
    ['a person, about bounces', 'Question about undelivered mail', 'Mail was returned to sender.', null],
  ])('%s', async (_name, subject, body, bounce) => {
    expect(await read(mailOf({ from: DAEMON, subject, body }))).toBe(bounce);
  });

  test('a reading receipt and a complaint report no delivery', async () => {
    for (const type of ['disposition-notification', 'feedback-report']) {
      const headers = [`Content-Type: multipart/report; report-type=${type}; boundary="b"`];
      expect(await read(mailOf({ from: 'jane@acme.test', subject: 'Read: Help', headers, body: '--b\r\n\r\nIt was displayed.\r\n--b--' }))).toBeNull();
    }
  });
});

describe('a mail of ours that comes back', () => {
  const desk = new MailDesk();
  beforeAll(() => desk.open());
  afterAll(() => desk.close());

  /** An agent's answer that has left, with its mail. */
  async function answered(suffix = '') {
    const { number, requester_id: recipient } = await desk.opened(mailOf());
    const messageRef = `m-${number}${suffix}`;
    const mailId = signedMailId(desk.keys, `conversation/${number}:reply${suffix}`, desk.domain);
    await desk.db
      .insertInto('messages')
      .values({
        id: messageRef,
        number,
        seq: null,
        direction: 'out',
        author_kind: 'agent',
        author_id: 'ada',
        channel: 'email',
        body: 'Fixed.',
        full_body: null,
        html: null,
        at: new Date(desk.now),
        state: 'sent',
        mail_id: mailId,
        in_reply_to: null,
        hint: null,
        inbox_id: null,
      })
      .execute();
    const envelopeFrom = bounceAddress(desk.keys, { number, mailId }, desk.domain);
    await desk.db
      .insertInto('outgoing_mails')
      .values({
        key: `conversation/${number}:reply${suffix}`,
        number,
        kind: 'reply',
        message_ref: messageRef,
        recipient_id: recipient,
        mail_id: mailId,
        envelope_from: envelopeFrom,
        envelope_to: 'jane@acme.test',
        raw: Buffer.from('x'),
        state: 'sent',
        last_error: null,
        at: new Date(desk.now),
      })
      .execute();
    return { number, mailId, messageRef, envelopeFrom, recipient };
  }
  /** Until PostgreSQL holds somebody up for a lock of somebody else's. */
  async function somebodyWaits(): Promise<void> {
    const waiting = sql<{ pid: number }>`SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    while ((await waiting.execute(desk.db)).rows.length === 0) await sleep(20);
  }
  const bouncesOf = async (number: number) => (await desk.events(number)).filter(({ type }) => type === 'bounce');

  test('by the signed envelope: shown in its thread, and told to the workflow once', async () => {
    const { number, envelopeFrom, messageRef } = await answered();
    const first = await desk.deliver(report(), { from: '', to: [envelopeFrom] });
    expect(first).toMatchObject({ state: 'resolved', number });
    expect(await bouncesOf(number)).toEqual([{ type: 'bounce', seq: 3, at: desk.now, messageId: messageRef, hard: true, policy: desk.policy.hash }]);
    expect(await desk.conversation(number)).toMatchObject({ last_seq: 3 });
    const messages = await desk.messages(number);
    expect(messages.find(({ id }) => id === messageRef)).toMatchObject({ state: 'failed' });
    expect(messages.find(({ machine }) => machine)).toMatchObject({ hint: 'mailCameBack', author_kind: 'system' });
    await desk.deliver(report({ subject: 'Undelivered Mail, again' }), { from: '', to: [envelopeFrom] });
    expect(await bouncesOf(number)).toHaveLength(1);
    expect(await desk.conversation(number)).toMatchObject({ last_seq: 4 });
  });

  test('by the Message-ID that it brings back, in a part or in its words', async () => {
    const one = await answered();
    await desk.deliver(report({ mailId: one.mailId }), { from: '' });
    expect(await bouncesOf(one.number)).toHaveLength(1);
    const other = await answered();
    const wild = mailOf({
      from: DAEMON,
      subject: 'failure notice',
      body: `This is a permanent error.\n\n--- Below this line is a copy.\n\nMessage-ID: <${other.mailId}>`,
    });
    expect(await desk.deliver(wild, { from: '' })).toMatchObject({ number: other.number });
    expect(await bouncesOf(other.number)).toHaveLength(1);
  });

  test('a mail with several messages of a chat: each of them came back, and the conversation hears of the mail once', async () => {
    const one = await answered();
    const other = await answered();
    await desk.db.updateTable('messages').set({ number: one.number }).where('id', '=', other.messageRef).execute();
    await desk.db
      .updateTable('outgoing_mails')
      .set({ kind: 'chatUnseen', carries: [other.messageRef, one.messageRef] })
      .where('mail_id', '=', one.mailId)
      .execute();
    await desk.db.deleteFrom('outgoing_mails').where('mail_id', '=', other.mailId).execute();
    await desk.deliver(report({ subject: 'A chat came back' }), { from: '', to: [one.envelopeFrom] });
    expect(await bouncesOf(one.number)).toMatchObject([{ messageId: one.messageRef, hard: true }]);
    const states = (await desk.messages(one.number)).filter(({ author_kind: author }) => author === 'agent').map(({ state }) => state);
    expect(states).toEqual(['failed', 'failed']);
  });

  test('late and still tried: shown, nothing else', async () => {
    const { number, envelopeFrom, messageRef } = await answered();
    await desk.deliver(report({ fields: 'Action: delayed\r\nStatus: 4.4.1' }), { from: '', to: [envelopeFrom] });
    expect(await bouncesOf(number)).toEqual([]);
    const messages = await desk.messages(number);
    expect(messages.find(({ machine }) => machine)).toMatchObject({ hint: 'mailDelayed' });
    expect(messages.find(({ id }) => id === messageRef)).toMatchObject({ state: 'sent' });
  });

  test('a vacation reply to the envelope is a machine’s message of the thread, and no bounce', async () => {
    const { number, envelopeFrom } = await answered();
    const vacation = mailOf({ subject: 'Automatic reply: Re: Help', headers: ['Auto-Submitted: auto-replied'], body: 'I am out of the office.' });
    expect(await desk.deliver(vacation, { to: [envelopeFrom] })).toMatchObject({ number });
    expect(await bouncesOf(number)).toEqual([]);
    expect((await desk.messages(number)).filter(({ machine }) => machine)).toHaveLength(1);
  });

  test('forged ones change nothing', async () => {
    const { number, mailId, envelopeFrom, recipient } = await answered();
    const changed = (text: string, at: number) => text.slice(0, at) + (text[at] === 'a' ? 'b' : 'a') + text.slice(at + 1);
    const mac = envelopeFrom.indexOf('@') - 10;
    const forgeries: [Buffer, string][] = [
      [report({ subject: 'One' }), changed(envelopeFrom, mac)],
      [report({ subject: 'Two' }), envelopeFrom.replace(`+${number}.`, `+${number - 1}.`)],
      // The signature of an address for answers is none for bounces.
      [report({ subject: 'Three' }), replyAddress(desk.keys, { number, recipient }, desk.domain).replace('reply+', 'bounce+')],
      [report({ subject: 'Four', mailId: changed(mailId, 5) }), 'info@example.test'],
      [report({ subject: 'Five', mailId: mailId.replace('example.test', 'example.org') }), 'info@example.test'],
    ];
    for (const [raw, to] of forgeries) expect(await desk.deliver(raw, { from: '', to: [to] })).toMatchObject({ state: 'suspended', reason: 'machine' });
    expect(await desk.conversation(number)).toMatchObject({ last_seq: 1 });
    expect(await desk.messages(number)).toHaveLength(2);
  });

  test('a report about one conversation in another’s thread is shown there, and told to nobody', async () => {
    const [one, other] = [await answered(), await answered()];
    await desk.deliver(report({ mailId: other.mailId }), {
      from: '',
      to: [replyAddress(desk.keys, { number: one.number, recipient: one.recipient }, desk.domain)],
    });
    expect(await bouncesOf(one.number)).toEqual([]);
    expect(await bouncesOf(other.number)).toEqual([]);
  });

  test.each(['solved', 'closed'] as const)(
    'of one that has become a part of another (%s): what it had kept is owed there, and by itself once that is undone',
    async (status) => {
      const { number: source, envelopeFrom, messageRef } = await answered();
      const { number: target } = await desk.opened(mailOf({ subject: `Another thing, ${status}` }));
      const { carried } = await desk.db.selectFrom('conversations').select('carried').where('number', '=', source).executeTakeFirstOrThrow();
      if (carried === null) throw new Error('Every conversation is projected as it begins.');
      const metAt = desk.now;
      const promises = carried.state.promises.map((promise) =>
        promise.kind === 'firstResponse' ? { ...promise, state: 'met' as const, metAt, metBy: messageRef } : promise,
      );
      const { dueAt } = promises.find(({ kind }) => kind === 'firstResponse') ?? {};
      const merged = { merged_into: target, status, carried: JSON.stringify({ ...carried, state: { ...carried.state, promises } }) };
      await desk.db.updateTable('conversations').set(merged).where('number', '=', source).execute();
      await desk.deliver(report(), { from: '', to: [envelopeFrom] });
      const told = { type: 'bounce', messageId: messageRef, hard: true };
      expect(await bouncesOf(target)).toMatchObject([{ ...told, owed: { from: source, due: { kind: 'firstResponse', dueAt } } }]);
      const itself = await bouncesOf(source);
      expect(itself).toMatchObject(status === 'closed' ? [] : [told]);
      for (const event of itself) expect(event).not.toHaveProperty('owed');
    },
  );

  test('a report that comes to the whole about a part stands in nobody’s way who writes to both', async () => {
    const part = await answered();
    const whole = await answered();
    await desk.db.updateTable('conversations').set({ merged_into: whole.number }).where('number', '=', part.number).execute();
    const to = replyAddress(desk.keys, { number: whole.number, recipient: whole.recipient }, desk.domain);
    // Not by inTransaction: it would hide that two stood in each other's way.
    const inboxId = await desk.db.transaction().execute(async (trx) => {
      await lockThread(trx, part.number);
      const sent = await desk.send(report({ mailId: part.mailId, to }), { from: '', to: [to] });
      await somebodyWaits();
      // Who waits longest looks for a circle first, once: so it is found here, where nothing repeats it.
      await sleep(1_200);
      await lockThread(trx, whole.number);
      return sent;
    });
    expect(await desk.settled(inboxId)).toMatchObject({ state: 'resolved', attempts: 0 });
    expect(await bouncesOf(part.number)).toHaveLength(1);
    expect(await bouncesOf(whole.number)).toHaveLength(1);
  });

  test('of a conversation that is closed: kept aside, with its reason', async () => {
    const { number, envelopeFrom } = await answered();
    await desk.db.updateTable('conversations').set({ status: 'closed' }).where('number', '=', number).execute();
    expect(await desk.deliver(report({ subject: 'After closing' }), { from: '', to: [envelopeFrom] })).toMatchObject({ state: 'suspended', reason: 'bounce' });
  });
});

test('an answer that comes back puts its first response on the run again, with its old due time', async () => {
  const desk = new MailingDesk('a.test');
  await desk.open();
  /** Takes everything, and reports it as undeliverable to the envelope's sender. */
  const reporting = new Set<Promise<unknown>>();
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    closeTimeout: 200,
    onData(stream, session, done) {
      stream.resume();
      stream.once('end', () => {
        const sender = session.envelope.mailFrom === false ? '' : session.envelope.mailFrom.address;
        done(null, 'Taken');
        // Nobody is told of a mail without a sender.
        if (sender === '') return;
        const transport = createTransport({ host: '127.0.0.1', port: desk.smtp.address.port, ignoreTLS: true });
        reporting.add(transport.sendMail({ envelope: { from: '', to: [sender] }, raw: report({ to: sender }) }).finally(() => transport.close()));
      });
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  try {
    await desk.work(`smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`);
    const ticket = { requester: { email: 'jane@acme.test' }, subject: 'Help', body: 'Please.' };
    const { number } = await createTicket(desk.db, desk.policy, ticket, { now: Date.now(), actor: null });
    await silence(
      [desk],
      () => 0,
      async () => (await desk.sent()).length === 1,
      { forMs: 1_000 },
    );
    const [first] = (await desk.promises(number)).filter(({ kind }) => kind === 'firstResponse');
    await desk.give(number, (recipient) => ({ type: 'reply', messageId: `m-${number}-reply`, delivery: 'mail', recipients: [recipient] }), 'Fixed.');
    await silence(
      [desk],
      () => reporting.size,
      async () => (await desk.promises(number)).some(({ reason }) => reason === 'bounced'),
    );
    await Promise.all(reporting);
    const firsts = (await desk.promises(number)).filter(({ kind }) => kind === 'firstResponse');
    expect(firsts.map(({ state, reason }) => [state, reason])).toEqual([
      ['cancelled', 'bounced'],
      ['running', null],
    ]);
    expect(firsts[1]?.due_at).toEqual(first?.due_at);
    const timeline = (await desk.timeline(number)).map(({ type }) => type);
    expect(timeline.filter((type) => type.startsWith('reply.'))).toEqual(['reply.said', 'reply.released', 'reply.delivered', 'reply.bounced']);
    expect((await desk.sent()).map(({ kind }) => kind)).toEqual(['receipt', 'reply']);
  } finally {
    await desk.close();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
});
