import { bounceAddress, replyAddress, signedMailId } from '../../messages/addresses';
import { receiptAllowed, subjectKey } from '../../intake/receipt-budget';
import { isPingPong } from '../../intake/reopen-budget';
import { MailDesk, mailOf, MONDAY_10 } from './mail-desk';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('receipts', () => {
  const earlier = (...receipts: [agoMs: number, subject: string][]) =>
    receipts.map(([ago, subject]) => ({ at: MONDAY_10 - ago, subjectKey: subjectKey(subject) }));
  const allowed = (known: boolean, subject: string, before: { at: number; subjectKey: string }[]) =>
    receiptAllowed(MONDAY_10, known, subjectKey(subject), before);

  test('a known contact gets one per ticket, at most ten in three hours and two for the same subject', () => {
    expect(allowed(true, 'A', [])).toBe(true);
    expect(allowed(true, 'A', earlier([1_000, 'B'], [2_000, 'C']))).toBe(true);
    expect(allowed(true, 'A', earlier([1_000, 'A']))).toBe(true);
    expect(allowed(true, 'Re: A', earlier([1_000, 'A'], [2_000, 'AW: a']))).toBe(false);
    const nine = earlier(...Array.from({ length: 9 }, (_, index): [number, string] => [1_000 + index, `S${'abcdefghi'.charAt(index)}`]));
    expect(allowed(true, 'Z', nine)).toBe(true);
    expect(allowed(true, 'Z', [...nine, ...earlier([5, 'Y'])])).toBe(false);
    expect(allowed(true, 'Z', [...nine, ...earlier([3 * HOUR + 1, 'Y'])])).toBe(true);
  });

  test('an unknown address gets one an hour', () => {
    expect(allowed(false, 'A', [])).toBe(true);
    expect(allowed(false, 'A', earlier([HOUR - 1, 'B']))).toBe(false);
    expect(allowed(false, 'A', earlier([HOUR + 1, 'B']))).toBe(true);
  });
});

describe('what is taken for a robot’s ping-pong', () => {
  const at = MONDAY_10;
  const ago = (...minutes: number[]) => minutes.map((minute) => at - minute * MINUTE);
  const wrote = (...minutes: number[]) => ago(...minutes).map((sentAt) => ({ decidedAt: sentAt - 500, sentAt }));

  test('the third answer within a minute of an automatic mail, in a day', () => {
    const exchange = { automatic: wrote(0.5, 60, 120), answers: ago(59.5, 119.5) };
    expect(isPingPong(at, exchange)).toBe(true);
    expect(isPingPong(at, { ...exchange, answers: ago(59.5) })).toBe(false);
  });

  test('slow answers, and answers to people, are people’s', () => {
    expect(isPingPong(at, { automatic: wrote(5, 60, 120), answers: ago(59.5, 119.5) })).toBe(false);
    expect(isPingPong(at, { automatic: wrote(0.5, 60, 120), answers: ago(40, 100) })).toBe(false);
    expect(isPingPong(at, { automatic: [], answers: ago(59.5, 119.5) })).toBe(false);
  });

  test('an answer may be faster than the note that our mail has left, and never came before it was decided', () => {
    const earlier = { automatic: wrote(60, 120), answers: ago(59.5, 119.5) };
    const now = (decidedAt: number, sentAt: number) => isPingPong(at, { ...earlier, automatic: [...earlier.automatic, { decidedAt, sentAt }] });
    expect(now(at - 500, at + 50)).toBe(true);
    expect(now(at + 10, at + 50)).toBe(false);
  });

  test('a day later it begins anew', () => {
    const day = 24 * 60;
    expect(isPingPong(at, { automatic: wrote(0.5, day + 60, day + 120), answers: ago(day + 59.5, day + 119.5) })).toBe(false);
  });
});

describe('the reopen budget of a conversation', () => {
  const desk = new MailDesk();
  beforeAll(() => desk.open());
  afterAll(() => desk.close());

  test('what answers every automatic mail at once reopens twice a day, then is shown without effect', async () => {
    const { number, requester_id: recipient } = await desk.opened(mailOf({ from: 'robot@echo.test' }), { from: 'robot@echo.test' });
    const to = replyAddress(desk.keys, { number, recipient }, desk.domain);
    const machine: boolean[] = [];
    for (let round = 0; round < 5; round += 1) {
      desk.now += HOUR;
      const mailId = signedMailId(desk.keys, `conversation/${number}:solved:${round}`, desk.domain);
      await desk.db
        .insertInto('outgoing_mails')
        .values({
          key: `conversation/${number}:solved:${round}`,
          number,
          kind: 'solved',
          message_ref: null,
          recipient_id: recipient,
          mail_id: mailId,
          // The last one is a person's.
          envelope_from: round === 4 ? bounceAddress(desk.keys, { number, mailId }, desk.domain) : '',
          envelope_to: 'robot@echo.test',
          raw: Buffer.from('x'),
          state: 'sent',
          last_error: null,
          at: new Date(desk.now),
          finished_at: new Date(desk.now),
        })
        .execute();
      desk.now += 5_000;
      expect((await desk.deliver(mailOf({ from: 'robot@echo.test', body: `Got it ${round}` }), { from: 'robot@echo.test', to: [to] })).number).toBe(number);
      const event = (await desk.events(number)).at(-1);
      machine.push(event?.type === 'message' && event.machine);
    }
    expect(machine).toEqual([false, false, true, true, false]);
    const shown = (await desk.messages(number)).filter((message) => message.machine);
    expect(shown.map(({ hint, author_id: author }) => [hint, author])).toEqual([
      ['loop', recipient],
      ['loop', recipient],
    ]);
    desk.now = MONDAY_10;
  });

  test('who answers their own mail at once, because they forgot something, is no robot', async () => {
    const { number, requester_id: recipient } = await desk.opened(mailOf({ mailId: 'first@acme.test' }));
    await desk.db
      .insertInto('outgoing_mails')
      .values({
        key: `conversation/${number}:receipt`,
        number,
        kind: 'receipt',
        message_ref: null,
        recipient_id: recipient,
        mail_id: signedMailId(desk.keys, `conversation/${number}:receipt`, desk.domain),
        envelope_from: '',
        envelope_to: 'jane@acme.test',
        raw: Buffer.from('x'),
        state: 'sent',
        last_error: null,
        at: new Date(desk.now),
        finished_at: new Date(desk.now),
      })
      .execute();
    const again = await desk.opened(mailOf({ subject: 'Re: Help', headers: ['In-Reply-To: <first@acme.test>'], body: 'I forgot the picture.' }));
    expect(again).toMatchObject({ linked_from: number, flags: ['mayBelong'] });
    // With our number in it, within seconds: nobody has read ours.
    expect(await desk.deliver(mailOf({ subject: `Re: Help [#${number}]` }))).toMatchObject({ state: 'suspended', reason: 'loop' });
    desk.now += 20_000;
    expect(await desk.opened(mailOf({ subject: `Re: Help [#${number}]`, body: 'It is urgent!' }))).toMatchObject({ linked_from: number });
    desk.now = MONDAY_10;
  });
});
