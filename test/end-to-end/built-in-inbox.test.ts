import { createTransport } from 'nodemailer';
import { openDesk, type OpenDesk } from '../kit/desk-under-test-processes';
import { inTheEnd, type DeskUnderTest } from '../kit/desk-under-test';
import { SignedIn } from '../kit/desk-under-test-pages';
import { SECONDS_TO_ANSWER } from './policies';

jest.setTimeout(120_000);

let open: OpenDesk;
let desk: DeskUnderTest;
beforeAll(async () => {
  open = await openDesk({ policy: SECONDS_TO_ANSWER, providers: false });
  desk = open.desk;
});
afterAll(() => open.close());

interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}

test('without providers the notice and the page are on the desk’s own pages, and its buttons work', async () => {
  const bob = desk.customer('Bob', 'bob@acme.example');
  await bob.writes('info@example.test', 'A question', 'May I ask something?');
  const [receipt] = await bob.receives(1);
  const number = Number(/#(\d+)/.exec(receipt?.subject ?? '')?.[1]);
  const due = Date.parse((await desk.conversation(number)).promises.find(({ kind }) => kind === 'firstResponse')?.dueAt ?? '');

  const pages = await SignedIn.as(desk);
  await inTheEnd('the notice at 75 % is shown', async () => (await pages.look('/notices')).includes(`#${number}`));
  const id = `p${number}-1`;
  await inTheEnd('the page is shown', async () => (await pages.look('/pages')).includes(`/pages/${id}`));
  const page = await inTheEnd('it rang', async () => {
    const shown = await desk.page(id);
    return shown.attempts[0]?.outcome === 'sent' && shown;
  });
  expect(page.attempts).toMatchObject([{ method: 'inbox', ring: 1 }]);
  const lateness = Date.parse(page.attempts[0]?.sentAt ?? '') - due;
  expect(lateness).toBeGreaterThanOrEqual(0);
  expect(lateness).toBeLessThan(2_000);
  expect(await pages.look(`/pages/${id}`)).toContain('Acknowledge');

  expect(await pages.press(`/pages/${id}`, `/pages/${id}/acknowledgement`)).toBe(`/pages/${id}`);
  expect(await pages.look(`/pages/${id}`)).toContain('acknowledged by Admin');
  await desk.must('POST', `/conversations/${number}/replies`, { body: 'Of course you may.' });
  const [, answer] = await bob.receives(2);
  expect(answer?.text).toContain('Of course you may.');
  await inTheEnd('the page is over', async () => (await desk.page(id)).state === 'over');
  expect(await pages.look('/pages')).toContain('Nothing rings.');
  await desk.must('PUT', `/conversations/${number}/status`, { status: 'solved' });
  await bob.receives(3);
});

describe('bad input gets a clear answer and changes nothing', () => {
  const numberOfTickets = async () => (await desk.parts.db.selectFrom('conversations').select('number').execute()).length;

  test.each([
    [
      'an unknown priority',
      { requester: { email: 'eve@acme.example' }, subject: 'A', body: 'B', priority: 'shouting' },
      'priority',
      /urgent, high, normal, low/,
    ],
    ['a missing requester', { subject: 'A', body: 'B' }, 'requester', /is missing/],
    ['a requester who cannot be answered', { requester: { name: 'Eve' }, subject: 'A', body: 'B' }, 'requester', /needs an email or a phone/],
    ['an unknown key', { requester: { email: 'eve@acme.example' }, subject: 'A', body: 'B', colour: 'red' }, 'colour', /./],
  ])('%s', async (_what, body, path, message) => {
    const before = await numberOfTickets();
    const answer = await desk.call<Problem>('POST', '/tickets', body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'E_INVALID' } });
    expect(answer.body.errors?.map((error) => `${error.path} ${error.message}`).join('\n')).toMatch(new RegExp(`${path}[^]*${message.source}`));
    expect(await numberOfTickets()).toBe(before);
  });

  test('a wrong token', async () => {
    const answer = await desk.call<Problem>(
      'POST',
      '/tickets',
      { requester: { email: 'eve@acme.example' }, subject: 'A', body: 'B' },
      { token: 'not-the-token' },
    );
    expect(answer).toMatchObject({ status: 401, body: { code: 'E_UNAUTHENTICATED' } });
  });

  test('mail to an address that nobody has is refused at once, so its sender hears of it', async () => {
    const transport = createTransport({ host: '127.0.0.1', port: desk.parts.smtpPort, ignoreTLS: true });
    const sent = transport.sendMail({ from: 'eve@acme.example', to: 'nobody@example.test', subject: 'Hello', text: 'Is anybody there?' });
    await expect(sent).rejects.toMatchObject({ responseCode: 550 });
    transport.close();
    expect(await desk.parts.db.selectFrom('inbox').select('id').where('state', '=', 'accepted').execute()).toEqual([]);
  });

  test('a command on a closed conversation: refused, its words kept; the customer’s later mail is a new, linked ticket', async () => {
    const carol = desk.customer('Carol', 'carol@acme.example');
    await carol.writes('support@example.test', 'Buy now', 'Cheap watches');
    const [receipt] = await carol.receives(1);
    if (receipt === undefined) throw new Error('There is no receipt.');
    const number = Number(/#(\d+)/.exec(receipt.subject ?? '')?.[1]);
    await desk.must('POST', `/conversations/${number}/spam`, {});
    await inTheEnd('it is closed', async () => (await desk.conversation(number)).status === 'closed');

    const answer = await desk.call<Problem>('POST', `/conversations/${number}/replies`, { body: 'These words are not lost.' }, { key: 'too-late' });
    expect(answer).toMatchObject({ status: 409, body: { code: 'E_CONVERSATION_CLOSED' } });
    const kept = await desk.parts.db.selectFrom('messages').select(['body', 'state']).where('number', '=', number).where('direction', '=', 'out').execute();
    expect(kept).toEqual([{ body: 'These words are not lost.', state: 'withdrawn' }]);
    expect(desk.parts.sink.mails(carol.address)).toHaveLength(1);

    await carol.answers(receipt, 'It was no spam at all!');
    const linked = await inTheEnd('a new ticket', async () => {
      const { items } = await desk.must<{ items: { number: number; linkedFrom: number | null }[] }>('GET', '/conversations');
      return items.find(({ linkedFrom }) => linkedFrom === number);
    });
    expect((await desk.messages(number)).filter(({ direction }) => direction === 'in')).toHaveLength(1);
    expect((await desk.messages(linked.number)).map(({ body }) => body.trim())).toEqual(['It was no spam at all!']);
    await desk.must('POST', `/conversations/${linked.number}/replies`, { body: 'Sorry, Carol.', status: 'solved' });
    await inTheEnd('she hears of it', async () => (await carol.mails()).some((mail) => mail.text?.includes('Sorry, Carol.')));
  });
});
