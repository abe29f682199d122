import { ApplicationFailure } from '@temporalio/common';
import { closeDatabase, openDatabase } from '../../db/connection';
import { isOurMailId } from '../../messages/addresses';
import type { MailEffect } from '../../policy/effects';
import { readMail, startSmtpSink } from '../kit/smtp-sink';
import { activityEnvironment, JANE, keyed, receiptOf, replyOf, TEN_OCLOCK, useMailDesk } from './mail-desk';
import { effectOf, FRIDAY_EVENING, KEYS } from './mail-fixtures';

const outside = useMailDesk();
const { desk, send, conversation, message, storedMail, storedMessage } = outside;

describe('a mail leaves once per key', () => {
  test('a receipt: from nobody, to the customer, as the intent row says', async () => {
    const number = await conversation();
    outside.sink.expect(JANE);
    expect(await send(number, receiptOf(number))).toEqual({ outcome: 'sent', at: TEN_OCLOCK });
    const [mail] = outside.sink.mails(JANE);
    expect(mail?.from).toBe('');
    const row = await storedMail(receiptOf(number));
    expect(mail?.raw.equals(row.raw)).toBe(true);
    expect(row).toMatchObject({ state: 'sent', attempts: 1, envelope_from: '', envelope_to: JANE, kind: 'receipt', recipient_id: 'c_jane', number });
    expect(row.at.getTime()).toBe(FRIDAY_EVENING);
    expect(row.finished_at?.getTime()).toBe(TEN_OCLOCK);
    expect(isOurMailId(KEYS, row.mail_id)).toBe(true);

    expect(await send(number, receiptOf(number))).toEqual({ outcome: 'sent', at: TEN_OCLOCK });
    expect(outside.sink.mails()).toHaveLength(1);
    // The customer's own message is none of ours to mark.
    expect(await storedMessage(`m_first_${number}`)).toMatchObject({ state: 'received', delivered_at: null, mail_id: `first-${number}@customer.example` });
  });

  test('an answer: its message counts as sent, from an address that takes its bounces', async () => {
    const number = await conversation();
    const id = await message(number, { id: `m_reply_${number}`, direction: 'out', body: 'It is quick again.' });
    outside.sink.expect(JANE);
    expect(await send(number, replyOf(number, id))).toEqual({ outcome: 'sent', at: TEN_OCLOCK });
    const row = await storedMessage(id);
    expect(row.state).toBe('sent');
    expect(row.delivered_at?.getTime()).toBe(TEN_OCLOCK);
    expect(row.mail_id).toBe((await storedMail(replyOf(number, id))).mail_id);
    const [mail] = outside.sink.mails(JANE);
    expect(mail?.from).toMatch(new RegExp(`^bounce\\+${number}\\.t1\\.[a-z2-7]{24}@example\\.test$`));
    expect((await readMail(mail ?? { raw: Buffer.alloc(0) })).from?.name).toBe('Anna Berger at Acme Hosting');
  });

  test('a crash between sending and marking repeats the very same bytes', async () => {
    const number = await conversation();
    const id = await message(number, { id: `m_crash_${number}`, direction: 'out', body: 'It is quick again.' });
    outside.sink.expect(JANE);
    const breaking = openDatabase(outside.databaseUrl, { max: 2 });
    // The mark, which is the only transaction, never comes.
    jest.spyOn(breaking, 'transaction').mockImplementation(() => {
      throw new Error('crashed before the mark');
    });
    await expect(send(number, replyOf(number, id), desk({ database: breaking }))).rejects.toThrow('crashed before the mark');
    await closeDatabase(breaking);
    expect((await storedMail(replyOf(number, id))).state).toBe('intended');
    // Meanwhile everything that the mail was written from has changed.
    await outside.db.updateTable('messages').set({ body: 'Something else.' }).where('id', '=', id).execute();
    await outside.db.updateTable('conversations').set({ subject: 'Another subject' }).where('number', '=', number).execute();

    expect((await send(number, replyOf(number, id))).outcome).toBe('sent');
    const [first, second, ...others] = outside.sink.mails(JANE);
    expect(others).toEqual([]);
    expect(second?.raw.toString()).toBe(first?.raw.toString());
    expect((await storedMail(replyOf(number, id))).attempts).toBe(2);
  });

  test('two attempts at the same time send the same bytes', async () => {
    const number = await conversation();
    outside.sink.expect(JANE);
    const outcomes = await Promise.all([send(number, receiptOf(number)), send(number, receiptOf(number))]);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['sent', 'sent']);
    expect(new Set(outside.sink.mails(JANE).map(({ raw }) => raw.toString())).size).toBe(1);
  });

  test('what a customer has not seen in a chat goes as one mail, in its order', async () => {
    const number = await conversation();
    const ids = [`m_b_${number}`, `m_a_${number}`];
    for (const [minute, id] of ids.entries()) {
      await message(number, { id, direction: 'out', body: `Word ${minute + 1}.`, state: 'shown', at: new Date(FRIDAY_EVENING - 30_000 + minute * 1_000) });
    }
    outside.sink.expect(JANE);
    await send(number, keyed(number, effectOf('chatUnseen', { messages: ids.join(' ') }, { messageId: `m_a_${number}` })));
    const [mail] = await Promise.all(outside.sink.mails(JANE).map(readMail));
    expect(mail?.text).toContain('Anna Berger · Friday, 27 March, 20:29 (Berlin time, CET):\nWord 1.\n\nAnna Berger · 20:29:\nWord 2.');
    expect((await storedMessage(`m_a_${number}`)).state).toBe('shown');
  });

  test('a mail refers to the customer’s mails and to ours to this customer', async () => {
    const number = await conversation();
    const id = await message(number, { id: `m_thread_${number}`, direction: 'out', body: 'Quick again.' });
    outside.sink.expect(JANE);
    await send(number, receiptOf(number));
    await send(number, { ...replyOf(number, id), at: FRIDAY_EVENING + 60_000 });
    const [receipt, reply] = await Promise.all(outside.sink.mails(JANE).map(readMail));
    expect(receipt?.inReplyTo).toBe(`<first-${number}@customer.example>`);
    expect(reply?.references).toBe(`<first-${number}@customer.example> ${receipt?.messageId}`);
    expect(reply?.inReplyTo).toBe(receipt?.messageId);
    expect([receipt?.subject, reply?.subject]).toEqual([`Re: Shop is slow [#${number}]`, `Re: Shop is slow [#${number}]`]);
  });
});

describe('what the server says', () => {
  test('4xx and broken connections are tried again, and say nothing personal', async () => {
    const number = await conversation();
    const lines: string[] = [];
    const activities = desk({ onLog: (line) => lines.push(line) });
    outside.sink.expect(JANE, { do: 'refuse', at: 'recipient', code: 450 }, { do: 'refuse', at: 'data', code: 451 }, { do: 'hangUp' });
    const failures: ApplicationFailure[] = [];
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const failure: unknown = await send(number, receiptOf(number), activities).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(ApplicationFailure);
      failures.push(failure as ApplicationFailure);
    }
    expect(failures.map(({ type, nonRetryable }) => ({ type, nonRetryable }))).toEqual(Array(3).fill({ type: 'E_PROVIDER_UNAVAILABLE', nonRetryable: false }));
    expect(failures[0]?.message).toContain('450 to RCPT TO');
    expect(lines).toHaveLength(3);
    for (const said of [...lines, ...failures.map((failure) => `${failure.message} ${failure.stack}`)]) expect(said).not.toMatch(/jane|customer\.example/i);
    // People who may read mail may read this.
    expect((await storedMail(receiptOf(number))).state).toBe('intended');

    expect((await send(number, receiptOf(number), activities)).outcome).toBe('sent');
    expect((await storedMail(receiptOf(number))).attempts).toBe(4);
    // The server that hung up had the mail already: what it has twice is the same mail.
    expect(new Set(outside.sink.attempts(JANE).map(({ raw }) => raw.toString())).size).toBe(1);
  });

  test.each([
    ['recipient', 550],
    ['data', 554],
  ] as const)('5xx to the %s is for good', async (at, code) => {
    const number = await conversation();
    const id = await message(number, { id: `m_refused_${number}`, direction: 'out', body: 'Hello.' });
    outside.sink.expect(JANE, { do: 'refuse', at, code });
    expect(await send(number, replyOf(number, id))).toEqual({ outcome: 'refused', at: TEN_OCLOCK });
    const row = await storedMail(replyOf(number, id));
    expect(row.state).toBe('refused');
    expect(row.last_error).toContain(String(code));
    expect((await storedMessage(id)).state).toBe('failed');
    expect(await send(number, replyOf(number, id))).toEqual({ outcome: 'refused', at: TEN_OCLOCK });
    expect(outside.sink.mails()).toEqual([]);
  });

  test('a refusal for one recipient leaves an answer that another one has', async () => {
    const number = await conversation();
    const id = await message(number, { id: `m_two_${number}`, direction: 'out', body: 'Hello both.' });
    const other: MailEffect = { ...replyOf(number, id), recipient: 'c_stranger', key: `conversation/${number}:reply:other` };
    outside.sink.expect(JANE);
    outside.sink.expect('stranger@elsewhere.example', { do: 'refuse', at: 'recipient', code: 550 });
    expect((await send(number, other)).outcome).toBe('refused');
    expect((await storedMessage(id)).state).toBe('failed');
    expect((await send(number, replyOf(number, id))).outcome).toBe('sent');
    expect((await storedMessage(id)).state).toBe('sent');
  });

  test('an outage ends by itself', async () => {
    const number = await conversation();
    outside.sink.expect(JANE);
    await outside.sink.down();
    await expect(send(number, receiptOf(number))).rejects.toMatchObject({ type: 'E_PROVIDER_UNAVAILABLE', nonRetryable: false });
    await outside.sink.up();
    expect((await send(number, receiptOf(number))).outcome).toBe('sent');
    expect(outside.sink.mails(JANE)).toHaveLength(1);
  });

  test('a slow server is waited for, with heartbeats', async () => {
    const number = await conversation();
    outside.sink.expect(JANE, { do: 'slow', forMs: 3_200 });
    const environment = activityEnvironment();
    let heartbeats = 0;
    environment.on('heartbeat', () => (heartbeats += 1));
    expect((await send(number, receiptOf(number), desk(), environment)).outcome).toBe('sent');
    expect(heartbeats).toBeGreaterThanOrEqual(1);
  });

  test('a cancelled attempt ends at once and leaves the mail to be sent', async () => {
    const number = await conversation();
    outside.sink.expect(JANE, { do: 'slow', forMs: 20_000 });
    const environment = activityEnvironment();
    const sending = send(number, receiptOf(number), desk(), environment);
    await outside.sink.announced(JANE);
    environment.cancel();
    const startedAt = performance.now();
    await expect(sending).rejects.toMatchObject({ name: 'CancelledFailure' });
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    expect((await storedMail(receiptOf(number))).state).toBe('intended');
  });

  test('a sign-in that is refused is our trouble, not the mail’s', async () => {
    const number = await conversation();
    const locked = await startSmtpSink({ signIn: { user: 'desk', password: 'right' } });
    locked.expect(JANE);
    const url = (password: string) => locked.url.replace('smtp://', `smtp://desk:${password}@`);
    await expect(send(number, receiptOf(number), desk({ smtpUrl: url('wrong') }))).rejects.toMatchObject({ type: 'E_PROVIDER_UNAVAILABLE' });
    await expect(send(number, receiptOf(number), desk({ smtpUrl: locked.url }))).rejects.toMatchObject({ type: 'E_PROVIDER_UNAVAILABLE' });
    expect((await storedMail(receiptOf(number))).state).toBe('intended');
    expect((await send(number, receiptOf(number), desk({ smtpUrl: url('right') }))).outcome).toBe('sent');
    await locked.close();
  });
});

describe('the sink of these tests', () => {
  test('fails on mail that nobody expects', async () => {
    const own = await startSmtpSink();
    const number = await conversation();
    expect((await send(number, receiptOf(number), desk({ smtpUrl: own.url }))).outcome).toBe('refused');
    await expect(own.close()).rejects.toThrow(`Mail that nobody expected came for ${JANE}.`);
  });

  test('fails when a told answer was never given', async () => {
    const own = await startSmtpSink();
    own.expect(JANE, { do: 'accept' });
    await expect(own.close()).rejects.toThrow('No mail came for a told answer');
  });
});
