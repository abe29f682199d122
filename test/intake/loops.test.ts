import { createTransport } from 'nodemailer';
import type { Email } from 'postal-mime';
import { createTicket } from '../../intake/create-ticket';
import { MailingDesk, silence } from '../kit/mailing-desk';
import { startRobots, type RobotAnswer, type Robots } from '../kit/robots';

jest.setTimeout(180_000);

const replyTo = (mail: Email): string => mail.replyTo?.[0]?.address ?? mail.from?.address ?? '';
const from = (mail: Email): string => mail.from?.address ?? '';
const said = (mail: Email): string => mail.text ?? '';

/** Who answers what; all of them at one desk at once. */
const ROBOTS: Record<string, RobotAnswer> = {
  'echo@stranger.test': (mail) => ({ to: replyTo(mail), subject: `Re: ${mail.subject ?? ''}`, text: said(mail) }),
  'thanks@stranger.test': (mail) => ({ to: replyTo(mail), subject: 'Thank you', text: 'I have got your mail.' }),
  'echo-to-sender@stranger.test': (mail) => ({ to: from(mail), subject: `Re: ${mail.subject ?? ''}`, text: said(mail) }),
  'quotes-to-sender@stranger.test': (mail) => ({ to: from(mail), subject: mail.subject ?? '', text: said(mail).replace(/^/gm, '> ') }),
  'thanks-to-sender@stranger.test': (mail) => ({ to: from(mail), subject: `Got it: ${mail.subject ?? ''}`, text: 'I have got your mail.' }),
  'echo@customer.test': (mail) => ({ to: replyTo(mail), subject: `Re: ${mail.subject ?? ''}`, text: said(mail) }),
  'echo-to-sender@customer.test': (mail) => ({ to: from(mail), subject: `Re: ${mail.subject ?? ''}`, text: said(mail) }),
};

describe('robots that answer everything, with new Message-IDs and no headers', () => {
  const desk = new MailingDesk('a.test');
  let robots: Robots;
  beforeAll(async () => {
    await desk.open();
    await desk.db
      .insertInto('organizations')
      .values({ id: 'customer', name: 'Customer', domains: ['customer.test'], created_at: new Date() })
      .execute();
    robots = await startRobots(() => desk.smtp.address.port, ROBOTS);
    await desk.work(robots.smtpUrl);
    for (const address of Object.keys(ROBOTS)) await robots.writes(address, { to: 'support@a.test', subject: 'Hello', text: `Is anybody there? ${address}` });
    await silence(
      [desk],
      () => robots.received(),
      async () => Object.keys(ROBOTS).every((address) => robots.received(address) > 0) && (await desk.sent()).length >= Object.keys(ROBOTS).length,
    );
  });
  afterAll(async () => {
    await robots.close();
    await desk.close();
  });

  test.each(Object.keys(ROBOTS))('%s: one receipt, one ticket', async (address) => {
    expect(robots.received(address)).toBe(1);
    const tickets = await desk.db
      .selectFrom('conversations as c')
      .innerJoin('contacts as r', 'r.id', 'c.requester_id')
      .select(['c.number', 'c.status'])
      .where('r.email', '=', address)
      .execute();
    expect(tickets).toEqual([expect.objectContaining({ status: 'new' })]);
    const aside = await desk.suspended();
    expect(aside.filter(({ sender }) => sender === address)).toEqual(address.includes('to-sender') ? [{ reason: 'loop', sender: address }] : []);
  });
});

describe('two Holdfasts wired together', () => {
  let a: MailingDesk;
  let b: MailingDesk;
  beforeEach(async () => {
    a = new MailingDesk('a.test');
    b = new MailingDesk('b.test');
    await Promise.all([a.open(), b.open()]);
    await Promise.all([a.work(b.smtpUrl), b.work(a.smtpUrl)]);
  });
  afterEach(async () => {
    await Promise.all([a.close(), b.close()]);
  });

  const messagesOf = (desk: MailingDesk, number: number) =>
    desk.db.selectFrom('messages').select(['direction', 'machine']).where('number', '=', number).orderBy('at').execute();
  const exchanged = async (): Promise<string[]> => [...(await a.sent()).map(({ kind }) => `a ${kind}`), ...(await b.sent()).map(({ kind }) => `b ${kind}`)];

  test('a mail to one in the name of the other: one receipt, which the other keeps aside', async () => {
    const transport = createTransport({ host: '127.0.0.1', port: a.smtp.address.port, ignoreTLS: true });
    await transport.sendMail({ from: 'support@b.test', to: 'support@a.test', subject: 'Hello', text: 'From one desk to another.' });
    transport.close();
    await silence(
      [a, b],
      () => 0,
      async () => (await b.suspended()).length > 0,
    );
    expect(await exchanged()).toEqual(['a receipt']);
    expect(await a.tickets()).toHaveLength(1);
    expect(await b.tickets()).toEqual([]);
    expect(await b.suspended()).toEqual([{ reason: 'machine', sender: 'support@a.test' }]);
  });

  test('an agent of one writes to the other: their words and one receipt, which opens nothing', async () => {
    const { number } = await createTicket(
      a.db,
      a.policy,
      { requester: { email: 'support@b.test' }, subject: 'A question to you', body: 'Do you know this?', initiatedBy: 'agent' },
      { now: Date.now(), actor: { agent: 'ada' } },
    );
    await a.carryOut();
    await silence(
      [a, b],
      () => 0,
      async () => (await messagesOf(a, number)).length > 1,
    );
    expect(await exchanged()).toEqual(['a reply', 'b receipt']);
    expect(await a.tickets()).toEqual([expect.objectContaining({ number, status: 'pending' })]);
    expect(await b.tickets()).toEqual([expect.objectContaining({ status: 'new' })]);
    expect(await messagesOf(a, number)).toEqual([
      { direction: 'out', machine: false },
      { direction: 'in', machine: true },
    ]);
  });
});
