import { chatMessages } from '../../db/chat-messages';
import { inTransaction } from '../../db/in-transaction';
import { readTranscript } from '../../db/transcript';
import { acceptMail } from '../../intake/accept';
import { mergeInto } from '../../intake/merge';
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
    // Being shown already makes nobody the customer.
    await proven(acme, { from: 'jane@acme.test', body: 'And once more.' }, to);
    expect((await desk.messages(number))[3]).toMatchObject({ author_kind: 'thirdParty', authenticated: true });
  });

  test.each([true, false])('another customer whose request became a part of this one by force is read by agents only (proven: %s)', async (isProven) => {
    const [target, source] = [await ticket(), Number((await proven(friend, { from: 'eve@friend.test' })).number)];
    const [jane, eve] = [await contactId('jane@acme.test'), await contactId('eve@friend.test')];
    const merge = { source, into: target, force: true };
    await inTransaction(desk.db, (trx) => mergeInto(trx, merge, { by: 'ada', at: desk.now }));
    const parts = { from: 'eve@friend.test', body: `Nobody else’s business (${isProven}).` };
    const to = await replyTo(source, eve);
    expect((await (isProven ? proven(friend, parts, to) : forged(parts, to))).number).toBe(target);
    expect((await desk.messages(target)).at(-1)).toMatchObject({ author_kind: 'thirdParty', author_id: eve, body: parts.body, authenticated: isProven });
    expect((await desk.events(target)).at(-1)).toMatchObject({ type: 'message', author: 'thirdParty' });
    const read = await chatMessages(desk.db, jane, [target, source], { limit: 10 });
    const transcript = await readTranscript(desk.db, { number: target, contact: jane, at: desk.now });
    for (const { body } of [...read, ...transcript.entries.filter((entry) => entry.type === 'message')]) expect(body).not.toBe(parts.body);
    expect(transcript.entries).toHaveLength(1);
  });

  /** An agent's answer that has left, with its mail. */
  async function answered(number: number) {
    const messageRef = `m-${number}`;
    const mailId = signedMailId(desk.keys, `conversation/${number}:x`, desk.domain);
    const envelope = bounceAddress(desk.keys, { number, mailId }, desk.domain);
    const nothing = { seq: null, full_body: null, html: null, in_reply_to: null, hint: null, inbox_id: null };
    const said = { direction: 'out', author_kind: 'agent', author_id: 'ada', channel: 'email', body: 'Fixed.', at: new Date(desk.now), state: 'sent' } as const;
    await desk.db
      .insertInto('messages')
      .values({ ...nothing, ...said, id: messageRef, number, mail_id: mailId })
      .execute();
    await desk.db
      .insertInto('outgoing_mails')
      .values({
        key: `conversation/${number}:x`,
        number,
        kind: 'reply',
        message_ref: messageRef,
        recipient_id: await contactId('jane@acme.test'),
        mail_id: mailId,
        envelope_from: envelope,
        envelope_to: 'jane@acme.test',
        raw: Buffer.from('x'),
        state: 'sent',
        last_error: null,
        at: new Date(desk.now),
      })
      .execute();
    return { messageRef, mailId, envelope };
  }

  describe('a machine’s mail whose From’s domain asks to refuse it', () => {
    const vacation = { subject: 'Automatische Antwort: Re: Help', headers: ['Auto-Submitted: auto-replied'] };
    /** A report that an answer of ours could not be delivered, which quotes the header of that. */
    const report = (from: string, mailId = 'x@y.test') =>
      mailOf({
        from: `Microsoft Outlook <${from}>`,
        subject: 'Unzustellbar: Re: Help',
        headers: ['Content-Type: multipart/report; report-type=delivery-status; boundary="b"'],
        body: [
          ...['--b', 'Content-Type: text/plain', '', 'Failed.', '--b', 'Content-Type: message/delivery-status', '', 'Reporting-MTA: dns; mx.acme.test', ''],
          ...['Final-Recipient: rfc822; jane@acme.test', 'Action: failed', 'Status: 5.1.1', '--b', 'Content-Type: text/rfc822-headers', ''],
          ...[`Message-ID: <${mailId}>`, '--b--'],
        ].join('\r\n'),
      });
    const bouncesOf = async (number: number) => (await desk.events(number)).filter(({ type }) => type === 'bounce');

    test('a known customer’s vacation reply is stored in its thread, and opens none', async () => {
      const number = await ticket();
      const to = await replyTo(number, await contactId('jane@acme.test'));
      const row = await comes(mailOf({ ...vacation, body: `Ich bin im Urlaub (${number}).` }), { from: '', to });
      expect(row).toMatchObject({ verdict: 'reject', state: 'resolved', number });
      expect((await desk.messages(number))[1]).toMatchObject({ machine: true, authenticated: false, verdict: 'reject' });
    });

    test('with nothing but a reply address from somebody unknown: kept aside', async () => {
      const to = await replyTo(await ticket(), await contactId('jane@acme.test'));
      const row = await comes(mailOf({ ...vacation, from: 'ceo@strict.test' }), { from: '', to });
      expect(row).toMatchObject({ verdict: 'reject', state: 'suspended', reason: 'machine' });
    });

    test.each<[string, string, 'envelope' | 'mailId' | 'both']>([
      ['the signed envelope, from a known domain', 'outlook@acme.test', 'envelope'],
      ['the signed envelope, from an unknown domain', 'outlook@strict.test', 'envelope'],
      ['the signed Message-ID, from an unknown domain', 'outlook@strict.test', 'mailId'],
      ['the signed Message-ID beside a reply address, from an unknown domain', 'outlook@strict.test', 'both'],
    ])('that says that our answer came back, by %s: told', async (_name, from, by) => {
      const number = await ticket();
      const { messageRef, mailId, envelope } = await answered(number);
      const to = { envelope, mailId: 'info@example.test', both: await replyTo(number, await contactId('jane@acme.test')) }[by];
      const row = await comes(report(from, by === 'envelope' ? undefined : mailId), { from: '', to });
      expect(row).toMatchObject({ verdict: 'reject', state: 'resolved', number });
      expect(await bouncesOf(number)).toMatchObject([{ messageId: messageRef, hard: true }]);
      expect((await desk.messages(number)).find(({ machine }) => machine)).toMatchObject({ hint: 'mailCameBack', verdict: 'reject', authenticated: false });
    });

    test('a forged envelope is told to nobody', async () => {
      const number = await ticket();
      const { envelope } = await answered(number);
      const row = await comes(report('outlook@strict.test'), { from: '', to: envelope.replace(`+${number}.`, `+${number - 1}.`) });
      expect(row).toMatchObject({ verdict: 'reject', state: 'suspended', reason: 'machine' });
      expect(await bouncesOf(number)).toEqual([]);
    });
  });

  test('no token, a proven participant who answers our mail: joins', async () => {
    const number = await ticket();
    const { mailId } = await answered(number);
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

    test('with an own token and proven, after the copy that went to another of our addresses: an answer', async () => {
      const number = await ticket();
      const raw = await staff.signed(mailOf({ from: 'ada@desk.test', body: 'Fixed.' }));
      expect((await comes(raw, { from: 'ada@desk.test' })).number).not.toBe(number);
      expect((await comes(raw, { from: 'ada@desk.test', to: await replyTo(number, 'ada') })).number).toBe(number);
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
