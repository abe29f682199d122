import { acceptMail } from '../../intake/accept';
import { bounceAddress, replyAddress, signedMailId } from '../../messages/addresses';
import { FakeDns, SendingDomain } from '../kit/mail-senders';
import { MailDesk, mailOf, MONDAY_10, type MailParts } from './mail-desk';

/** An address of the outside world that no domain of these tests names. */
const ELSEWHERE = '198.51.100.7';
/** How long a name server is waited for here: what goes on meanwhile must have its time on a busy machine. */
const PATIENCE_MS = 12_000;

describe('who may do what, with senders that are checked', () => {
  const desk = new MailDesk();
  const dns = new FakeDns();
  const acme = new SendingDomain('acme.test', dns, { dmarc: 'v=DMARC1; p=reject' });
  const staff = new SendingDomain('desk.test', dns, { dmarc: 'v=DMARC1; p=none' });
  const friend = new SendingDomain('friend.test', dns);
  new SendingDomain('strict.test', dns, { dmarc: 'v=DMARC1; p=reject' });

  beforeAll(async () => {
    await desk.open('triage: [{ when: { subject: ["production down"] }, priority: urgent }]', { by: 'dns', lookup: dns.lookup, withinMs: PATIENCE_MS });
    await desk.organization('acme', { domains: ['acme.test'] });
    await desk.db
      .insertInto('agents')
      .values({ id: 'ada', name: 'Ada', email: 'ada@desk.test', role: 'agent', created_at: new Date(desk.now) })
      .execute();
  });
  afterAll(() => desk.close());

  /** A mail from the world, as the listener would have taken it from there. */
  async function comes(raw: Buffer, { from, to = 'info@example.test' }: { from: string; to?: string }) {
    const envelope = { from, to: [to], ip: ELSEWHERE, helo: 'mx.sender.test' };
    const { inboxId } = await acceptMail(desk.db, desk.policy, { raw, envelope, receivedAt: desk.now });
    return desk.settled(inboxId);
  }
  async function proven(domain: SendingDomain, parts: MailParts & { from: string }, to?: string) {
    return comes(await domain.signed(mailOf(parts)), { from: parts.from, ...(to !== undefined && { to }) });
  }
  const forged = (parts: MailParts & { from: string }, to?: string) => comes(mailOf(parts), { from: parts.from, ...(to !== undefined && { to }) });

  async function ticket(from = 'jane@acme.test'): Promise<number> {
    return Number((await proven(acme, { from })).number);
  }
  async function contactId(email: string): Promise<string> {
    return (await desk.db.selectFrom('contacts').select('id').where('email', '=', email).executeTakeFirstOrThrow()).id;
  }
  async function replyTo(number: number, recipient: string): Promise<string> {
    return replyAddress(desk.keys, { number, recipient }, desk.domain);
  }

  test('the verdict is kept with the mail and its message', async () => {
    const row = await proven(acme, { from: 'jane@acme.test' });
    expect(row.verdict).toBe('pass');
    expect((await desk.messages(Number(row.number)))[0]).toMatchObject({ verdict: 'pass', authenticated: true });
  });

  test('good token, From is its recipient, proven: joins, and may raise the priority', async () => {
    const number = await ticket();
    const to = await replyTo(number, await contactId('jane@acme.test'));
    expect((await proven(acme, { from: 'jane@acme.test', subject: 'Production down', body: 'Now it is urgent' }, to)).number).toBe(number);
    expect((await desk.messages(number))[1]).toMatchObject({ verdict: 'pass', authenticated: true, author_kind: 'customer' });
    expect((await desk.events(number))[1]).toMatchObject({ triage: 'urgent' });
  });

  test('good token, From’s domain asks to refuse it, known: new, linked, flagged, promised, and no receipt to whoever it may be', async () => {
    const number = await ticket();
    const to = await replyTo(number, await contactId('jane@acme.test'));
    const row = await forged({ from: 'jane@acme.test', body: 'I am Jane' }, to);
    expect(row.verdict).toBe('reject');
    expect(row.number).not.toBe(number);
    const opened = await desk.conversation(Number(row.number));
    expect(opened).toMatchObject({ linked_from: number, flags: ['dmarcReject'], start: { receipt: false } });
    expect(opened.start.promises.length).toBeGreaterThan(0);
    expect(await desk.messages(number)).toHaveLength(1);
  });

  test('From’s domain asks to refuse it, unknown: suspended', async () => {
    expect(await forged({ from: 'ceo@strict.test' })).toMatchObject({
      state: 'suspended',
      reason: 'dmarcReject',
      verdict: 'reject',
      sender: 'ceo@strict.test',
    });
  });

  test('good token, another sender who is proven: joins as a third party, who is not written to', async () => {
    const number = await ticket();
    const to = await replyTo(number, await contactId('jane@acme.test'));
    expect((await proven(friend, { from: 'bob@friend.test' }, to)).number).toBe(number);
    expect((await desk.messages(number))[1]).toMatchObject({ author_kind: 'thirdParty', verdict: 'pass' });
    expect((await desk.events(number))[1]).not.toHaveProperty('joins');
  });

  test('good token of somebody who was taken out: a colleague comes back, another customer is only shown', async () => {
    const number = await ticket();
    const [jane, joe] = [await contactId('jane@acme.test'), 'c-joe'];
    const to = await replyTo(number, jane);
    await desk.db
      .insertInto('contacts')
      .values({ id: joe, email: 'joe@acme.test', organization_id: 'acme', created_at: new Date(desk.now) })
      .execute();
    await desk.db.updateTable('participants').set({ contact_id: joe }).where('number', '=', number).execute();
    const takenOut = () => desk.db.deleteFrom('participants').where('number', '=', number).where('contact_id', '=', jane).execute();
    await proven(acme, { from: 'jane@acme.test', body: 'I am back.' }, to);
    expect((await desk.events(number))[1]).toMatchObject({ author: 'customer', joins: jane });
    await takenOut();
    // An agent has found that another customer asked.
    await desk.db.updateTable('conversations').set({ organization_id: null, requester_id: joe }).where('number', '=', number).execute();
    await proven(acme, { from: 'jane@acme.test', body: 'And again.' }, to);
    expect((await desk.messages(number))[2]).toMatchObject({ author_kind: 'thirdParty', authenticated: true });
    expect((await desk.events(number))[2]).not.toHaveProperty('joins');
    const roles = await desk.db.selectFrom('participants').select('role').where('number', '=', number).where('contact_id', '=', jane).execute();
    expect(roles).toEqual([{ role: 'thirdParty' }]);
  });

  test('no token, a proven participant who answers our mail: joins', async () => {
    const number = await ticket();
    const mailId = signedMailId(desk.keys, `conversation/${number}:x`, desk.domain);
    await desk.db
      .insertInto('outgoing_mails')
      .values({
        key: `conversation/${number}:x`,
        number,
        kind: 'reply',
        message_ref: null,
        recipient_id: await contactId('jane@acme.test'),
        mail_id: mailId,
        envelope_from: bounceAddress(desk.keys, { number, mailId }, desk.domain),
        envelope_to: 'jane@acme.test',
        raw: Buffer.from('x'),
        last_error: null,
        at: new Date(desk.now),
      })
      .execute();
    const answer = (domain: SendingDomain, from: string) => proven(domain, { from, headers: [`In-Reply-To: <${mailId}>`] });
    expect((await answer(acme, 'jane@acme.test')).number).toBe(number);
    const stranger = await desk.conversation(Number((await answer(friend, 'eve@friend.test')).number));
    expect(stranger).toMatchObject({ linked_from: number, flags: ['mayBelong'] });
  });

  test('a header that ends for one reader earlier than for another proves nothing for whom the mail then seems to be from', async () => {
    const number = await ticket();
    const raw = Buffer.concat([Buffer.from('Sender: ada@desk.test\r\n\r\r\n'), mailOf({ from: 'eve@friend.test', subject: null })]);
    const row = await comes(await friend.signed(raw), { from: 'eve@friend.test', to: await replyTo(number, 'ada') });
    expect(row).toMatchObject({ verdict: 'none', number });
    expect((await desk.messages(number))[1]).toMatchObject({ direction: 'note', hint: 'unverifiedAgent' });
  });

  describe('an agent by mail', () => {
    test('with an own token and proven: an answer', async () => {
      const number = await ticket();
      expect((await proven(staff, { from: 'ada@desk.test', body: 'Fixed.' }, await replyTo(number, 'ada'))).number).toBe(number);
      expect((await desk.messages(number))[1]).toMatchObject({ direction: 'out', author_kind: 'agent', author_id: 'ada', verdict: 'pass' });
      expect((await desk.events(number))[1]).toMatchObject({ author: 'agent', agent: 'ada' });
    });

    test.each<[string, boolean, string]>([
      ['an own token, not proven', false, 'ada'],
      ['a customer’s token, proven', true, 'jane'],
      ['a customer’s token, not proven', false, 'jane'],
    ])('with %s: a note for review, and nothing leaves', async (_name, isProven, whose) => {
      const number = await ticket();
      const to = await replyTo(number, whose === 'ada' ? 'ada' : await contactId('jane@acme.test'));
      const parts = { from: 'ada@desk.test', body: `Refund it (${_name})` };
      expect((await (isProven ? proven(staff, parts, to) : forged(parts, to))).number).toBe(number);
      expect((await desk.messages(number))[1]).toMatchObject({ direction: 'note', hint: 'unverifiedAgent', author_id: null });
      expect(await desk.conversation(number)).toMatchObject({ last_seq: 1 });
    });
  });

  test('a name server that does not answer holds no other mail up', async () => {
    dns.fails('slow.test', 'silent').fails('_dmarc.slow.test', 'silent');
    const slow = await Promise.all(
      Array.from({ length: 3 }, (_, index) =>
        acceptMail(desk.db, desk.policy, {
          raw: mailOf({ from: `x${index}@slow.test` }),
          envelope: { from: `x${index}@slow.test`, to: ['info@example.test'], ip: ELSEWHERE, helo: 'mx.slow.test' },
          receivedAt: desk.now,
        }),
      ),
    );
    await proven(acme, { from: 'quick@acme.test' });
    const states = await desk.db
      .selectFrom('inbox')
      .select('state')
      .where(
        'id',
        'in',
        slow.map(({ inboxId }) => inboxId),
      )
      .execute();
    expect(states).toEqual(slow.map(() => ({ state: 'accepted' })));
    for (const { inboxId } of slow) expect(await desk.settled(inboxId, 45_000)).toMatchObject({ state: 'resolved', verdict: 'none' });
  }, 90_000);

  test('the listener keeps who brought a mail', async () => {
    const row = await desk.deliver(mailOf({ from: 'jane@acme.test' }));
    expect(row.envelope).toMatchObject({ ip: '127.0.0.1', helo: expect.any(String) as string });
    // From this very machine SPF has nothing to say, so a missing signature proves nothing either way.
    expect(row.verdict).toBe('none');
    expect(desk.now).toBe(MONDAY_10);
  });
});
