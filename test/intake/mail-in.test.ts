import { deleteSuspended } from '../../db/suspended';
import { bounceAddress, replyAddress, signedMailId } from '../../messages/addresses';
import { firstPromises } from '../../policy/promises';
import { MailDesk, mailOf, MONDAY_10 } from './mail-desk';

const POLICY = `
triage: [{ when: { subject: ["production down"] }, priority: urgent, tags: [outage] }]
addresses: { info: { tags: [info] }, support: { priority: high, tags: [support], team: web }, hosting: {} }
`;

describe('mail in, from SMTP to rows', () => {
  const desk = new MailDesk();
  beforeAll(async () => {
    await desk.open(POLICY);
    await desk.organization('acme', { plan: 'enterprise', domains: ['acme.test'], clusters: ['c042', 'c043'], websites: ['www.acme.test', 'shop.acme.test'] });
    await desk.db
      .insertInto('teams')
      .values({ id: 'web', name: 'Web', created_at: new Date(desk.now) })
      .execute();
    await desk.organization('rival', { domains: ['rival.test'], clusters: ['c999'], websites: ['www.rival.test'] });
    await desk.db
      .insertInto('agents')
      .values({ id: 'ada', name: 'Ada', email: 'ada@desk.test', role: 'agent', created_at: new Date(desk.now) })
      .execute();
  });
  afterAll(() => desk.close());

  async function contactId(email: string): Promise<string> {
    return (await desk.db.selectFrom('contacts').select('id').where('email', '=', email).executeTakeFirstOrThrow()).id;
  }

  async function replyTo(number: number, email: string): Promise<string> {
    return replyAddress(desk.keys, { number, recipient: await contactId(email) }, desk.domain);
  }

  /** A mail of ours about a conversation, as the way out keeps it. */
  async function sentMail(number: number, email: string): Promise<string> {
    const key = `conversation/${number}:test:${email}`;
    const mailId = signedMailId(desk.keys, key, desk.domain);
    await desk.db
      .insertInto('outgoing_mails')
      .values({
        key,
        number,
        kind: 'reply',
        message_ref: null,
        recipient_id: await contactId(email),
        mail_id: mailId,
        envelope_from: bounceAddress(desk.keys, { number, mailId }, desk.domain),
        envelope_to: email,
        raw: Buffer.from('x'),
        last_error: null,
        at: new Date(desk.now),
      })
      .execute();
    return mailId;
  }

  test('a mail becomes a ticket whose promises count from its receipt', async () => {
    const ticket = await desk.opened(
      mailOf({
        to: 'support@example.test',
        subject: 'Shop is slow',
        body: 'On C042, https://shop.acme.test/ and www.rival.test and c999.',
        headers: ['X-Priority: 1 (Highest)'],
      }),
      { to: ['support@example.test'] },
    );
    expect(ticket).toMatchObject({
      kind: 'ticket',
      channel: 'email',
      status: 'new',
      subject: 'Shop is slow',
      priority: 'high',
      priority_source: 'address',
      plan: 'enterprise',
      organization_id: 'acme',
      address: 'support',
      tags: ['support'],
      cluster: ['c042'],
      website: ['shop.acme.test'],
      flags: [],
      policy_hash: desk.policy.hash,
      last_seq: 1,
      relayed_seq: 0,
      applied_seq: 1,
    });
    const expected = firstPromises(desk.policy, {
      kind: 'ticket',
      channel: 'email',
      plan: 'enterprise',
      priority: 'high',
      receivedAt: MONDAY_10,
      initiatedBy: 'customer',
      outOfHours: 'page',
    });
    expect(ticket.start.promises).toEqual(expected);
    const promises = await desk.db.selectFrom('promises').select(['kind', 'due_at', 'page_at', 'state']).where('number', '=', ticket.number).execute();
    expect(promises.map(({ kind, due_at, page_at, state }) => [kind, due_at.getTime(), page_at?.getTime() ?? null, state]).sort()).toEqual(
      expected.map(({ kind, dueAt, pageAt }) => [kind, dueAt, pageAt, 'running']).sort(),
    );
    expect(ticket.start).toMatchObject({ receipt: true, noAutoMail: false, participants: [ticket.requester_id] });
    expect(ticket.carried?.lanes.map((effect) => effect.type)).toContain('mail');
    const [message] = await desk.messages(ticket.number);
    expect(message).toMatchObject({
      seq: 1,
      direction: 'in',
      author_kind: 'customer',
      body: expect.stringContaining('On C042') as string,
      hint: 'markedUrgent',
      authenticated: false,
    });
    expect(await desk.events(ticket.number)).toEqual([expect.objectContaining({ type: 'message', seq: 1, at: MONDAY_10, author: 'customer', machine: false })]);
  });

  test('one mail to several addresses is one ticket with the highest priority and all tags', async () => {
    const ticket = await desk.opened(mailOf({ from: 'a@nobody.test' }), { to: ['info@example.test', 'support@example.test'] });
    expect(ticket).toMatchObject({ priority: 'high', tags: ['info', 'support'], plan: 'standard', organization_id: null });
  });

  test('copies of one mail are one ticket, and the second address still counts', async () => {
    const raw = mailOf({ from: 'b@nobody.test', mailId: 'twice@nobody.test' });
    const first = await desk.deliver(raw, { to: ['info@example.test'] });
    const second = await desk.deliver(Buffer.concat([Buffer.from('Received: by another way\r\n'), raw]), { to: ['support@example.test'] });
    expect(second).toMatchObject({ state: 'resolved', number: first.number, duplicate_of: first.id });
    const ticket = await desk.conversation(Number(first.number));
    expect(ticket).toMatchObject({ last_seq: 1, tags: ['info', 'support'], team_id: 'web' });
    expect(await desk.db.selectFrom('commands').select(['type', 'command', 'state']).where('number', '=', ticket.number).execute()).toEqual([
      { type: 'copied', command: { type: 'copied', priority: 'high', outOfHours: 'page' }, state: 'queued' },
    ]);
  });

  test('a Message-ID seen before with other content is another mail', async () => {
    const first = await desk.opened(mailOf({ from: 'b@nobody.test', mailId: 'same@nobody.test', body: 'One' }));
    const second = await desk.opened(mailOf({ from: 'b@nobody.test', mailId: 'same@nobody.test', body: 'Two' }));
    expect(second.number).not.toBe(first.number);
  });

  test('equal mails of two senders whom only the envelope names are two mails', async () => {
    const raw = mailOf({ from: null, mailId: null, subject: 'Please call me' });
    const first = await desk.opened(raw, { from: 'kim@nobody.test' });
    const second = await desk.opened(raw, { from: 'lee@nobody.test' });
    expect(second.number).not.toBe(first.number);
    expect(await desk.deliver(raw, { from: 'lee@nobody.test' })).toMatchObject({ number: second.number });
  });

  test('the same report without a Message-ID is a copy within the hour and a mail of its own a day later', async () => {
    const raw = mailOf({ from: 'monitor@acme.test', mailId: null, subject: 'Disk full' });
    const first = await desk.deliver(raw);
    const again = await desk.deliver(raw);
    expect(again).toMatchObject({ duplicate_of: first.id });
    desk.now += 86_400_000;
    try {
      const nextDay = await desk.deliver(raw);
      expect(nextDay.duplicate_of).toBeNull();
      expect(nextDay.number).not.toBe(first.number);
    } finally {
      desk.now = MONDAY_10;
    }
  });

  test('words of a triage rule make it urgent', async () => {
    const ticket = await desk.opened(mailOf({ subject: 'Production down!' }));
    expect(ticket).toMatchObject({ priority: 'urgent', priority_source: 'triage', tags: ['outage', 'info'] });
    const row = await desk.db.selectFrom('inbox').select('urgent').where('number', '=', ticket.number).executeTakeFirstOrThrow();
    expect(row.urgent).toBe(true);
  });

  test('colleagues in To and Cc join, strangers do not', async () => {
    const ticket = await desk.opened(
      mailOf({ from: 'jane@acme.test', to: 'info@example.test, Bob <bob@acme.test>', headers: ['Cc: eve@rival.test, jane@acme.test, support@example.test'] }),
    );
    const people = await desk.db
      .selectFrom('participants as p')
      .innerJoin('contacts as c', 'c.id', 'p.contact_id')
      .select(['c.email', 'p.role'])
      .where('p.number', '=', ticket.number)
      .orderBy('c.email')
      .execute();
    expect(people).toEqual([
      { email: 'bob@acme.test', role: 'participant' },
      { email: 'jane@acme.test', role: 'requester' },
    ]);
    expect(ticket.start.participants).toEqual([ticket.requester_id, await contactId('bob@acme.test')]);
  });

  describe('threads, where nobody can be authenticated', () => {
    test('good token, From is its recipient: joins, marked, and raises nothing', async () => {
      const ticket = await desk.opened(mailOf());
      const answer = await desk.deliver(mailOf({ subject: 'Re: production down', body: 'Thanks!' }), { to: [await replyTo(ticket.number, 'jane@acme.test')] });
      expect(answer.number).toBe(ticket.number);
      expect((await desk.messages(ticket.number))[1]).toMatchObject({ seq: 2, author_kind: 'customer', authenticated: false, machine: false });
      const [, event] = await desk.events(ticket.number);
      expect(event).toMatchObject({ type: 'message', seq: 2, author: 'customer' });
      expect(event).not.toHaveProperty('triage');
      expect(await desk.conversation(ticket.number)).toMatchObject({ last_seq: 2 });
    });

    test('good token, From is another: new, linked, flagged', async () => {
      const ticket = await desk.opened(mailOf());
      const stranger = await desk.opened(mailOf({ from: 'eve@rival.test' }), { from: 'eve@rival.test', to: [await replyTo(ticket.number, 'jane@acme.test')] });
      expect(stranger).toMatchObject({ linked_from: ticket.number, flags: ['otherSender', 'notAuthenticated'], organization_id: 'rival', address: 'info' });
      expect(await desk.messages(ticket.number)).toHaveLength(1);
    });

    describe('an answer that also names another of our addresses, each brought by itself', () => {
      const opening = (from = 'jane@acme.test') => desk.opened(mailOf({ from }), { from });
      const bodies = async (number: number) => (await desk.messages(number)).map(({ body }) => body);

      test('the other first: the answer reaches its thread once, and what the other has opened is linked to it', async () => {
        const ticket = await opening();
        const raw = mailOf({ subject: 'Re: Help', body: 'Here is the log.' });
        const to = [await replyTo(ticket.number, 'jane@acme.test')];
        const other = await desk.opened(raw, { to: ['support@example.test'] });
        expect(other).toMatchObject({ linked_from: null, flags: [] });
        const answer = await desk.deliver(raw, { to });
        expect(answer).toMatchObject({ state: 'resolved', number: ticket.number, duplicate_of: null });
        expect(await desk.deliver(raw, { to })).toMatchObject({ state: 'resolved', duplicate_of: expect.any(Number) as number });
        expect(await bodies(ticket.number)).toEqual(['Something is wrong.', 'Here is the log.']);
        expect((await desk.events(ticket.number))[1]).toMatchObject({ type: 'message', author: 'customer' });
        expect(await desk.conversation(other.number)).toMatchObject({ linked_from: ticket.number, flags: ['mayBelong'] });
        expect(await bodies(other.number)).toEqual(['Here is the log.']);
      });

      test('the answer first: the other opens nothing', async () => {
        const ticket = await opening();
        const raw = mailOf({ subject: 'Re: Help', body: 'Here it is again.' });
        const answer = await desk.deliver(raw, { to: [await replyTo(ticket.number, 'jane@acme.test')] });
        expect(await desk.deliver(raw, { to: ['support@example.test'] })).toMatchObject({ number: ticket.number, duplicate_of: answer.id });
        expect(await bodies(ticket.number)).toHaveLength(2);
      });

      test('the other first, and merged into the thread since: the answer is there already', async () => {
        const ticket = await opening();
        const raw = mailOf({ subject: 'Re: Help', body: 'Merged by then.' });
        const other = await desk.opened(raw, { to: ['support@example.test'] });
        await desk.db.updateTable('conversations').set({ merged_into: ticket.number }).where('number', '=', other.number).execute();
        expect(await desk.deliver(raw, { to: [await replyTo(ticket.number, 'jane@acme.test')] })).toMatchObject({ number: other.number });
        expect(await bodies(ticket.number)).toHaveLength(1);
      });

      test('by the address of somebody else: a copy like any other', async () => {
        const ticket = await opening();
        const raw = mailOf({ from: 'eve@rival.test', body: 'Let me in.' });
        const first = await desk.deliver(raw, { from: 'eve@rival.test' });
        const second = await desk.deliver(raw, { from: 'eve@rival.test', to: [await replyTo(ticket.number, 'jane@acme.test')] });
        expect(second).toMatchObject({ number: first.number, duplicate_of: first.id });
        expect(await bodies(ticket.number)).toHaveLength(1);
        expect(await desk.conversation(Number(first.number))).toMatchObject({ linked_from: null });
      });

      test.each([false, true])('the other first and kept aside (and deleted by a person: %s)', async (isDeleted) => {
        const from = `list-${isDeleted}@nobody.test`;
        const ticket = await opening(from);
        const raw = mailOf({ from, headers: ['Precedence: list'], body: 'From our group.' });
        const first = await desk.deliver(raw, { from });
        expect(first).toMatchObject({ state: 'suspended', reason: 'machine' });
        if (isDeleted) await deleteSuspended(desk.db, first.id, { by: 'ada', at: new Date(desk.now) });
        const answer = await desk.deliver(raw, { from, to: [await replyTo(ticket.number, from)] });
        expect(answer).toMatchObject(isDeleted ? { number: null, duplicate_of: first.id } : { number: ticket.number, duplicate_of: null });
        expect(await bodies(ticket.number)).toHaveLength(isDeleted ? 1 : 2);
      });
    });

    test('no token, a participant who answers our mail: new, "may belong to"', async () => {
      const ticket = await desk.opened(mailOf());
      const mailId = await sentMail(ticket.number, 'jane@acme.test');
      const answer = await desk.opened(mailOf({ headers: [`In-Reply-To: <${mailId}>`, `References: <${mailId}>`] }));
      expect(answer).toMatchObject({ linked_from: ticket.number, flags: ['mayBelong'] });
      expect(await desk.messages(ticket.number)).toHaveLength(1);
    });

    test('a number in the subject gives nothing but a hint', async () => {
      const ticket = await desk.opened(mailOf());
      const other = await desk.opened(mailOf({ from: 'eve@rival.test', subject: `Re: [#${ticket.number}] Help` }));
      expect(other).toMatchObject({ linked_from: ticket.number, flags: ['mayBelong'] });
      expect((await desk.opened(mailOf({ subject: 'Re: #99999999' }))).linked_from).toBeNull();
    });

    test('fifty forged reply addresses join nothing', async () => {
      const ticket = await desk.opened(mailOf());
      const good = await replyTo(ticket.number, 'jane@acme.test');
      const [, head = '', mac = ''] = /^(reply\+\d+\.k1\.)([a-z2-7]{24})@/.exec(good) ?? [];
      const rows = [];
      for (let index = 0; index < 50; index += 1) {
        const place = index % mac.length;
        const forged = `${mac.slice(0, place)}${mac[place] === 'a' ? 'b' : 'a'}${mac.slice(place + 1)}`;
        const local = index % 5 === 0 ? head.replace(`+${ticket.number}.`, `+${ticket.number - 1}.`) + mac : head + forged;
        rows.push(await desk.send(mailOf({ body: `Forgery ${index}` }), { to: [`${local}@example.test`] }));
      }
      for (const id of rows) expect((await desk.settled(id)).number).not.toBe(ticket.number);
      expect(await desk.messages(ticket.number)).toHaveLength(1);
      expect(await desk.conversation(ticket.number)).toMatchObject({ last_seq: 1 });
    });

    test("an agent's address with a token is a note for review and nothing more", async () => {
      const ticket = await desk.opened(mailOf());
      const row = await desk.deliver(mailOf({ from: 'ada@desk.test', body: 'Please refund.' }), {
        from: 'ada@desk.test',
        to: [await replyTo(ticket.number, 'jane@acme.test')],
      });
      expect(row).toMatchObject({ state: 'resolved', number: ticket.number });
      const notes = (await desk.messages(ticket.number)).filter(({ direction }) => direction === 'note');
      expect(notes).toEqual([expect.objectContaining({ seq: null, author_kind: 'system', author_id: null, hint: 'unverifiedAgent' })]);
      expect(await desk.conversation(ticket.number)).toMatchObject({ last_seq: 1 });
    });

    test('closed: new and linked; merged: its target; erased: new', async () => {
      const [source, target, closed] = [await desk.opened(mailOf()), await desk.opened(mailOf()), await desk.opened(mailOf())];
      await desk.db.updateTable('conversations').set({ merged_into: target.number, status: 'closed' }).where('number', '=', source.number).execute();
      await desk.db.updateTable('conversations').set({ status: 'closed' }).where('number', '=', closed.number).execute();
      const merged = await desk.deliver(mailOf(), { to: [await replyTo(source.number, 'jane@acme.test')] });
      expect(merged.number).toBe(target.number);
      const followUp = await desk.opened(mailOf(), { to: [await replyTo(closed.number, 'jane@acme.test')] });
      expect(followUp).toMatchObject({ linked_from: closed.number, flags: ['followUp', 'notAuthenticated'] });
      const erased = await desk.opened(mailOf(), { to: [await replyTo(99_999_999, 'jane@acme.test')] });
      expect(erased).toMatchObject({ linked_from: null, flags: [] });
    });
  });

  describe('machines', () => {
    const AUTO = ['Auto-Submitted: auto-replied'];

    test("a stranger's machine is kept aside, without ticket or receipt", async () => {
      const row = await desk.deliver(mailOf({ from: 'bot@nowhere.test', headers: AUTO }), { from: 'bot@nowhere.test' });
      expect(row).toMatchObject({ state: 'suspended', reason: 'machine', number: null });
    });

    test('a list from a known domain opens a ticket, but is sent no receipt', async () => {
      const ticket = await desk.opened(mailOf({ from: 'team@acme.test', headers: ['List-Id: <ops.acme.test>'] }));
      expect(ticket.start).toMatchObject({ noAutoMail: true, receipt: false });
      expect(ticket.start.promises.map(({ kind }) => kind)).toContain('firstResponse');
    });

    test('a vacation reply is stored in its thread without effect', async () => {
      const ticket = await desk.opened(mailOf());
      const row = await desk.deliver(mailOf({ headers: AUTO }), { to: [await replyTo(ticket.number, 'jane@acme.test')] });
      expect(row.number).toBe(ticket.number);
      expect((await desk.messages(ticket.number))[1]).toMatchObject({ machine: true, seq: 2 });
      expect((await desk.events(ticket.number))[1]).toMatchObject({ machine: true });
    });

    test('a bounce of our mail finds its thread by the mail that it brings back; a forged one does not', async () => {
      const ticket = await desk.opened(mailOf());
      const mailId = await sentMail(ticket.number, 'jane@acme.test');
      const bounce = (id: string) =>
        mailOf({
          from: 'MAILER-DAEMON@mx.acme.test',
          headers: ['Content-Type: multipart/report; report-type=delivery-status; boundary="b"'],
          body: `--b\r\nContent-Type: text/plain\r\n\r\nNo such user.\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <${id}>\r\nSubject: x\r\n\r\ny\r\n--b--`,
        });
      const real = await desk.deliver(bounce(mailId), { from: '' });
      expect(real).toMatchObject({ state: 'resolved', number: ticket.number });
      const forged = await desk.deliver(bounce(mailId.replace(/^hf\.(.)/, (_all, first: string) => `hf.${first === 'a' ? 'b' : 'a'}`)), { from: '' });
      expect(forged).toMatchObject({ state: 'suspended', reason: 'machine' });
    });

    test('our own mail and our own addresses never open anything', async () => {
      const own = await desk.deliver(mailOf({ mailId: signedMailId(desk.keys, 'x', desk.domain) }));
      expect(own).toMatchObject({ state: 'suspended', reason: 'ownMail' });
      for (const from of ['support@example.test', await replyTo((await desk.opened(mailOf())).number, 'jane@acme.test')]) {
        expect(await desk.deliver(mailOf({ from }))).toMatchObject({ state: 'suspended', reason: 'ownAddress' });
      }
    });
  });

  test('a stranger gets one receipt an hour, and every mail still gets its ticket', async () => {
    const receipts = [];
    for (let index = 0; index < 3; index += 1) {
      receipts.push((await desk.opened(mailOf({ from: 'new@stranger.test', subject: `Question ${'abc'[index] ?? ''}` }))).start.receipt);
    }
    desk.now += 3_600_000;
    receipts.push((await desk.opened(mailOf({ from: 'new@stranger.test', subject: 'Question d' }))).start.receipt);
    desk.now = MONDAY_10;
    expect(receipts).toEqual([true, false, false, true]);
  });

  describe('hard mails', () => {
    test.each<[string, Buffer, string]>([
      ['no Message-ID', mailOf({ mailId: null, body: 'no id' }), 'jane@acme.test'],
      ['no From, a sender on the envelope', mailOf({ from: null }), 'jane@acme.test'],
      ['lines that end in CR only', Buffer.from(mailOf({ body: 'only cr' }).toString().replaceAll('\r\n', '\r')), 'jane@acme.test'],
      ['a group as From', mailOf({ from: 'Team: jane@acme.test, bob@acme.test;' }), 'jane@acme.test'],
      ['NUL and broken bytes', Buffer.concat([mailOf({ subject: 'a\0b', body: 'x\0y' }), Buffer.from([0xff, 0xfe, 0xed, 0xa0, 0x80])]), 'jane@acme.test'],
      ['no header at all', Buffer.from('\r\nhello'), 'jane@acme.test'],
      ['nothing at all', Buffer.alloc(0), 'jane@acme.test'],
      ['no Subject', mailOf({ subject: null }), 'jane@acme.test'],
    ])('%s', async (_name, raw, email) => {
      const ticket = await desk.opened(raw);
      expect(ticket.requester_id).toBe(await contactId(email));
      const [message] = await desk.messages(ticket.number);
      expect(`${ticket.subject}${message?.body ?? ''}`).not.toContain('\0');
    });

    test('a line break smuggled into the Subject becomes a space', async () => {
      const ticket = await desk.opened(mailOf({ subject: '=?utf-8?Q?Help=0D=0ABcc:_x@evil.test?=' }));
      expect(ticket.subject).toBe('Help Bcc: x@evil.test');
    });

    test('nobody at all: kept aside with the raw mail', async () => {
      const raw = mailOf({ from: null, headers: ['X-Note: nobody'] });
      const row = await desk.deliver(raw, { from: '' });
      expect(row).toMatchObject({ state: 'suspended', number: null });
      expect(row.raw.toString().trimEnd()).toBe(raw.toString().trimEnd());
    });

    test('HTML is read as text, and files are kept', async () => {
      const body = [
        '--b',
        'Content-Type: text/html; charset=utf-8',
        '',
        '<style>p{color:red}</style><p>Hello <b>there</b></p><script>alert(1)</script>',
        '--b',
        'Content-Type: image/png; name="=?utf-8?Q?..=2F=0D=0Aa=2Epng?="',
        'Content-Disposition: attachment',
        'Content-Transfer-Encoding: base64',
        '',
        'iVBORw0KGgo=',
        '--b--',
      ].join('\r\n');
      const ticket = await desk.opened(mailOf({ headers: ['Content-Type: multipart/mixed; boundary=b'], body }));
      const [message] = await desk.messages(ticket.number);
      expect(message?.body.trim()).toBe('Hello there');
      const files = await desk.db.selectFrom('attachments').selectAll().where('message_id', '=', String(message?.id)).execute();
      expect(files).toEqual([expect.objectContaining({ media_type: 'image/png', bytes: 8 })]);
      expect(files[0]?.name).not.toMatch(/[\r\n]/);
    });

    test('MIME nested beyond all reason is a ticket with the original attached', async () => {
      let part = 'Content-Type: text/plain\r\n\r\nhello';
      for (let depth = 0; depth < 300; depth += 1) part = `Content-Type: multipart/mixed; boundary=b${depth}\r\n\r\n--b${depth}\r\n${part}\r\n--b${depth}--`;
      const [type = '', ...rest] = part.split('\r\n\r\n');
      const ticket = await desk.opened(mailOf({ headers: [type], body: rest.join('\r\n\r\n') }));
      expect(ticket.flags).toContain('unreadable');
      const files = await desk.db
        .selectFrom('attachments as a')
        .innerJoin('messages as m', 'm.id', 'a.message_id')
        .select(['a.name', 'a.media_type'])
        .where('m.number', '=', ticket.number)
        .execute();
      expect(files).toEqual([{ name: 'original.eml', media_type: 'message/rfc822' }]);
    });

    test('a chain of mails within mails does not keep us busy', async () => {
      let inner = 'Subject: x\r\n\r\nend';
      for (let depth = 0; depth < 3_000; depth += 1) inner = `Content-Type: message/rfc822\r\n\r\n${inner}`;
      const ticket = await desk.opened(mailOf({ headers: ['Content-Type: message/rfc822'], body: inner }));
      expect(ticket.subject).toBe('Help');
    });
  });
});
