import { pino } from 'pino';
import { createMailActivities } from '../../activities/mail/send-mail';
import type { MailActivities } from '../../messages/activities';
import type { Carried } from '../../messages/conversation';
import { WITHOUT_MAIL } from '../kit/message-row';
import { startSmtpSink, type SmtpSink } from '../kit/smtp-sink';
import { MONDAY_10, TicketDesk } from '../kit/ticket-desk';
import { activityEnvironment, keyed } from './mail-desk';
import { effectOf, IDENTITY } from './mail-fixtures';

/** The delivery of an answer is projected along with its mail, so that the conversation need not ask for that. */

const CUSTOMER = 'jane@acme.test';
const SAID = MONDAY_10 + 60_000;
const TAKEN = SAID + 12_000;

const desk = new TicketDesk();
let sink: SmtpSink;
beforeAll(() => desk.open());
afterAll(() => desk.close());
beforeEach(async () => (sink = await startSmtpSink()));
afterEach(() => sink.close());

/** A ticket whose answer has just been released, and what sends it. */
async function released() {
  const number = await desk.ticket();
  const messageId = `m_${number}`;
  const { requester_id: recipient } = await desk.row(number);
  await desk.db
    .insertInto('messages')
    .values({
      ...WITHOUT_MAIL,
      id: messageId,
      number,
      seq: null,
      direction: 'out',
      author_kind: 'agent',
      author_id: null,
      channel: 'email',
      body: 'It is quick again.',
      at: new Date(SAID),
      state: 'waiting',
    })
    .execute();
  const said = desk.happened(await desk.carried(number), desk.command({ type: 'reply', messageId, delivery: 'mail', recipients: [recipient] }, SAID), SAID);
  const before = { ...desk.happened(said, { type: 'due' }, SAID + 10_000), lanes: [] };
  const mail = keyed(number, effectOf('reply', {}, { recipient, messageId }));
  const activities = createMailActivities({ ...IDENTITY, db: desk.db, smtpUrl: sink.url, log: pino({ level: 'silent' }), now: () => TAKEN });
  const send = (with_: { before?: Carried } = { before }) =>
    activityEnvironment().run((input: Parameters<MailActivities['sendMail']>[0]) => activities.sendMail(input), { number, effect: mail, ...with_ });
  sink.expect(CUSTOMER);
  return { number, before, send };
}

const linesOf = async (number: number, type: string) => (await desk.timeline(number)).filter((line) => line.type === type);

test('the promise is met and told when the server has taken the mail, under the revision that was kept for it', async () => {
  const { number, before, send } = await released();
  expect(await send()).toEqual({ outcome: 'sent', at: TAKEN, projected: 'now' });
  expect(await desk.row(number)).toMatchObject({ revision: before.state.revision + 1, status: 'open' });
  expect((await desk.promises(number)).find(({ kind }) => kind === 'firstResponse')).toMatchObject({ state: 'met', met_at: new Date(TAKEN) });
  expect(await linesOf(number, 'reply.delivered')).toMatchObject([{ revision: before.state.revision + 1 }]);
  expect(await linesOf(number, 'reply.released')).toHaveLength(1);

  // A repeat, after a crash before Temporal heard of it, tells nothing twice.
  expect(await send()).toEqual({ outcome: 'sent', at: TAKEN, projected: 'before' });
  expect(await linesOf(number, 'reply.delivered')).toHaveLength(1);
  expect(sink.mails(CUSTOMER)).toHaveLength(1);
});

test('a conversation that has moved on meanwhile projects it itself', async () => {
  const { number, before, send } = await released();
  await desk.db
    .updateTable('conversations')
    .set({ revision: before.state.revision + 3 })
    .where('number', '=', number)
    .execute();
  expect(await send()).toEqual({ outcome: 'sent', at: TAKEN, projected: 'not' });
  expect(await linesOf(number, 'reply.delivered')).toEqual([]);
  expect(await send()).toEqual({ outcome: 'sent', at: TAKEN, projected: 'not' });
});

test('a projection that fails sends no mail twice', async () => {
  const { number, before, send } = await released();
  const broken = { ...before, timeline: [{ at: SAID, type: 'made.up', data: { text: 'PostgreSQL takes no \0' } }] };
  expect(await send({ before: broken })).toEqual({ outcome: 'sent', at: TAKEN, projected: 'not' });
  expect(await desk.row(number)).toMatchObject({ status: 'new' });
  expect(await send()).toEqual({ outcome: 'sent', at: TAKEN, projected: 'not' });
  expect(sink.mails(CUSTOMER)).toHaveLength(1);
});

test('nothing is projected for a conversation that has not asked for it', async () => {
  const { send } = await released();
  expect(await send({})).toEqual({ outcome: 'sent', at: TAKEN });
});
