import { finishCommand, getCommand } from '../../db/commands';
import { isKnownSender } from '../../db/contacts';
import { addVisitor, ADA, COLLEAGUE, signed, STRANGER } from './chat-people';
import { HOST_ORIGIN, MONDAY_TEN, openTestApi, SATURDAY_NOON, type TestApi } from './test-api';

interface Opened {
  readonly number: number;
  readonly visitorToken: string;
  readonly message: { readonly id: string };
}
interface Message {
  readonly cursor: string;
  readonly body: string;
}

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
  const at = new Date(MONDAY_TEN);
  await api.db
    .insertInto('organizations')
    .values([
      { id: 'o-acme', name: 'Acme', plan: 'enterprise', domains: ['acme.example'], clusters: ['c042', 'c043'], websites: ['www.acme.example'], created_at: at },
      { id: 'o-other', name: 'Other', domains: ['other.example'], clusters: ['c666'], websites: [], created_at: at },
    ])
    .execute();
});
afterAll(() => api.close());
beforeEach(() => {
  api.clock.now = MONDAY_TEN;
});

let people = 0;
/** Somebody whom no other test knows. */
const somebody = () => `person${(people += 1)}@example.org`;

async function opens(body: object, as: 'nobody' | { token: string } = 'nobody', status = 201): Promise<Opened> {
  const response = await api.call('post', '/chats', { as, body });
  expect([response.status, response.body]).toEqual([status, expect.anything()]);
  return response.body as Opened;
}

async function thread(number: number, token: string, query = ''): Promise<{ items: Message[]; nextCursor?: string; earlierCursor?: string }> {
  const response = await api.call('get', `/chats/${number}/messages${query}`, { as: { token } });
  expect(response.status).toBe(200);
  return response.body as { items: Message[] };
}

const bodies = (page: { items: readonly Message[] }) => page.items.map(({ body }) => body);

/** An agent says something, and its conversation takes it. */
async function agentSays(number: number, body: string, more: object = {}): Promise<string> {
  const said = await api.call('post', `/conversations/${number}/replies`, { body: { body, ...more } });
  expect(said.status).toBe(202);
  const command = await getCommand(api.db, (said.body as { id: string }).id);
  if (command?.bodyRef == null) throw new Error('An answer has a message.');
  await finishCommand(api.db, command, { answer: { revision: 2, view: {} as never } }, new Date(api.clock.now));
  return command.bodyRef;
}

/** The state that its workflow has projected, with these parts changed. */
async function project(number: number, state: object): Promise<void> {
  const { carried } = await api.db.selectFrom('conversations').select('carried').where('number', '=', number).executeTakeFirstOrThrow();
  await api.db
    .updateTable('conversations')
    .set({ carried: JSON.stringify({ ...carried, state: { ...carried?.state, ...state } }) })
    .where('number', '=', number)
    .execute();
}

test('the closing question is one when the customer can read it, not while it may still be taken back', async () => {
  const { number, visitorToken } = await opens({ email: somebody(), body: 'Hello' });
  const question = await agentSays(number, 'Is there anything else I can help you with?');
  // What is said in a chat leaves at once; a ticket's can be taken back for a while.
  await api.db.updateTable('conversations').set({ kind: 'ticket' }).where('number', '=', number).execute();
  await project(number, { closingAsked: true });
  const asked = async (state: 'waiting' | 'sent') => {
    await api.db.updateTable('messages').set({ state }).where('id', '=', question).execute();
    return ((await api.call('get', `/chats/${number}`, { as: { token: visitorToken } })).body as { closingAsked: boolean }).closingAsked;
  };
  expect([await asked('waiting'), await asked('sent')]).toEqual([false, true]);
});

describe('beginning', () => {
  test('the first words may bring files, also of somebody who only claims an address: one message', async () => {
    const email = somebody();
    const session = await api.call('post', '/chat/sessions', { as: 'nobody', body: { email, name: 'Ada' } });
    const { visitorToken: token, visitor } = session.body as { visitorToken: string; visitor: object };
    expect(visitor).toMatchObject({ proof: 'claimed', email: expect.stringContaining('***') as string });
    const sent = await api.call('post', '/chat/attachments?name=log.txt', { as: { token }, body: 'a log', headers: { 'Content-Type': 'text/plain' } });
    expect([sent.status, sent.body]).toEqual([201, expect.anything()]);
    const { id } = sent.body as { id: string };
    const { number } = await opens({ email, body: 'See the log', attachments: [id] }, { token });
    const { items } = await thread(number, token);
    expect(items).toMatchObject([{ body: 'See the log', attachments: [{ id, name: 'log.txt' }] }]);
  });

  test('an address is claimed only so often in an hour, whether something is written or not', async () => {
    const limited = await openTestApi({ rateLimits: { credential: 0, anonymous: 0, chats: 0, chatsOfAddress: 2 } });
    try {
      const comes = () => limited.call('post', '/chat/sessions', { as: 'nobody', body: { email: 'ada@acme.example' } });
      expect([(await comes()).status, (await comes()).status, (await comes()).status]).toEqual([200, 200, 429]);
    } finally {
      await limited.close();
    }
  });

  test('a chat begins with promises of its own kind, a title for agents, and a token for its visitor', async () => {
    const { number, visitorToken } = await opens({ email: somebody(), name: 'Ada', body: 'My shop is slow.\nIt has been since the morning.' });
    expect(visitorToken).toMatch(/^vt_[\w-]{43}$/);
    const shown = (await api.call('get', `/conversations/${number}`)).body as Record<string, unknown> & { promises: { kind: string }[] };
    expect(shown).toMatchObject({
      kind: 'chat',
      channel: 'chat',
      status: 'new',
      subject: 'My shop is slow. It has been since the morning.',
      priority: 'normal',
    });
    expect(shown.promises.map(({ kind }) => kind).sort()).toEqual(['chatResponse', 'firstResponse']);
    expect(shown['chat']).toEqual({ proof: 'claimed', locale: 'en', timeZone: null, openedFrom: null });
    expect(shown['flags']).toEqual(['addressNotProven']);
    expect(shown['preview']).toMatchObject({ by: 'customer', emojiOnly: false });
    const list = (await api.call('get', '/conversations?kind=chat')).body as { items: { number: number; unread: number }[] };
    expect(list.items.find((row) => row.number === number)?.unread).toBe(1);
    // The database keeps no token, nor does the log.
    const dump = JSON.stringify([await api.db.selectFrom('idempotency_keys').selectAll().execute(), await api.db.selectFrom('visitors').selectAll().execute()]);
    expect(dump).not.toContain(visitorToken);
    expect(api.logged.join('')).not.toContain(visitorToken);
  });

  test('a request that is repeated is answered as the first time, with the same token, and happens once', async () => {
    const body = { email: somebody(), body: 'Is anybody there?' };
    const [first, second] = await Promise.all([1, 2].map(() => api.call('post', '/chats', { as: 'nobody', body, key: 'the-same-key-of-both' })));
    expect(second?.body).toEqual(first?.body);
    const { number, visitorToken } = first?.body as Opened;
    expect(bodies(await thread(number, visitorToken))).toEqual([body.body]);
  });

  test('words of an identity with an open chat join it, also two at once', async () => {
    const identity = await signed(api, { ...ADA, sub: 'twice', email: somebody() });
    const both = await Promise.all([1, 2, 3].map((n) => api.call('post', '/chats', { as: 'nobody', body: { identity, body: `Words ${n}` } })));
    expect(both.map(({ status }) => status).sort()).toEqual([200, 200, 201]);
    expect(new Set(both.map(({ body }) => (body as Opened).number)).size).toBe(1);
  });

  test('somebody has to be named, and to say something', async () => {
    expect((await api.call('post', '/chats', { as: 'nobody', body: { body: 'Hello' } })).status).toBe(400);
    expect((await api.call('post', '/chats', { as: 'nobody', body: { email: somebody(), body: '  ' } })).status).toBe(400);
    expect((await api.call('post', '/chats', { as: 'nobody', body: { email: 'support@example.test', body: 'Hello' } })).status).toBe(400);
    await api.db.insertInto('blocked_senders').values({ sender: '@blocked.example', blocked_by: api.agents.agent.id, blocked_at: new Date() }).execute();
    expect((await api.call('post', '/chats', { as: 'nobody', body: { email: 'a@blocked.example', body: 'Hello' } })).status).toBe(403);
  });

  test('out of hours on-call hears of it, and the expectation says when the office opens', async () => {
    api.clock.now = SATURDAY_NOON;
    const response = await api.call('post', '/chats', { as: 'nobody', body: { email: somebody(), body: 'It is Saturday.', priority: 'urgent' } });
    const { number, expectation } = response.body as Opened & { expectation: Record<string, unknown> };
    expect(expectation).toMatchObject({ office: 'closed', opensAt: '2026-03-30T06:00:00.000Z', reply: { kind: 'closed' } });
    const { promises } = (await api.call('get', `/conversations/${number}`)).body as { promises: { kind: string }[] };
    expect(promises.map(({ kind }) => kind).sort()).toEqual(['chatResponse', 'feedback', 'firstResponse']);
  });

  test('the page that it was begun on is noted, when it may embed us', async () => {
    const from = (origin: string) => api.call('post', '/chats', { as: 'nobody', body: { email: somebody(), body: 'Hi' }, headers: { Origin: origin } });
    const { body } = await from(HOST_ORIGIN);
    expect(((await api.call('get', `/conversations/${(body as Opened).number}`)).body as { chat: object }).chat).toMatchObject({ openedFrom: HOST_ORIGIN });
    // The widget's own requests come from its frame, which knows the page that it stands in; others than may embed us are no such page.
    for (const [site, noted] of [
      [HOST_ORIGIN, HOST_ORIGIN],
      ['https://evil.test', null],
      ['nonsense', null],
    ] as const) {
      const framed = await api.call('post', '/chats', {
        as: 'nobody',
        body: { email: somebody(), body: 'Hi', openedFrom: site },
        headers: { Origin: 'http://desk.test' },
      });
      const { number } = framed.body as Opened;
      expect(((await api.call('get', `/conversations/${number}`)).body as { chat: object }).chat).toMatchObject({ openedFrom: noted });
    }
    for (const origin of ['https://evil.test', 'null', `${HOST_ORIGIN}.evil.test`, 'http://dashboard.test']) expect((await from(origin)).status).toBe(403);
  });
});

describe('identity', () => {
  test('a signed identity brings its name, organization and systems, but never another’s', async () => {
    const identity = await signed(api, {
      ...ADA,
      sub: 'systems',
      email: 'sys@acme.example',
      clusters: ['C042', 'c666'],
      websites: ['www.acme.example', 'new.example'],
    });
    const { number } = await opens({ identity, body: 'Hello' });
    expect((await api.call('get', `/conversations/${number}`)).body).toMatchObject({
      plan: 'enterprise',
      organization: { id: 'o-acme' },
      cluster: ['c042'],
      website: ['www.acme.example', 'new.example'],
      requester: { email: 'sys@acme.example', name: 'Ada Lovelace' },
      flags: [],
      chat: { proof: 'signed' },
    });
    const other = await opens({
      identity: await signed(api, { sub: 'nowhere', email: 'x@nowhere.example', organization: 'o-none' }),
      body: 'Hello',
      cluster: 'c666',
    });
    expect((await api.call('get', `/conversations/${other.number}`)).body).toMatchObject({ organization: null, cluster: [], plan: 'standard' });
  });

  test('coming back shows everything that is theirs, to the same token and to a new one', async () => {
    const claims = { sub: 'back', email: somebody(), name: 'Back' };
    const nothing = await api.call('post', '/chat/sessions', { as: 'nobody', body: {} });
    expect(nothing.body).toEqual({ visitorToken: null, visitor: null, chats: [] });
    const first = await api.call('post', '/chat/sessions', {
      as: 'nobody',
      body: { identity: await signed(api, claims), locale: 'de', timeZone: 'Europe/Berlin' },
    });
    const { visitorToken: token } = first.body as Opened;
    expect(first.body).toMatchObject({ visitor: { name: 'Back', email: claims.email, proof: 'signed' }, chats: [] });
    const { number } = await opens({ body: 'Hello' }, { token });
    const again = await api.call('post', '/chat/sessions', { as: { token }, body: { identity: await signed(api, claims) } });
    expect(again.body).toMatchObject({
      visitorToken: token,
      chats: [{ number, status: 'inProgress', ticket: false, closed: false, unread: 0, subject: null }],
    });
    const elsewhere = (await api.call('post', '/chat/sessions', { as: 'nobody', body: { identity: await signed(api, claims) } })).body as Opened;
    expect(elsewhere.visitorToken).not.toBe(token);
    expect(bodies(await thread(number, elsewhere.visitorToken))).toEqual(['Hello']);
    const other = (await api.call('post', '/chat/sessions', { as: { token }, body: { identity: await signed(api, { sub: 'next', email: somebody() }) } }))
      .body as Opened;
    expect(other).toMatchObject({ chats: [] });
    expect(other.visitorToken).not.toBe(token);
    expect((await api.call('delete', '/chat/sessions', { as: { token } })).status).toBe(204);
    expect((await api.call('get', `/chats/${number}`, { as: { token } })).status).toBe(401);
  });

  test('a token holds for its time from its last use', async () => {
    const { number, visitorToken: token } = await opens({ email: somebody(), body: 'Hello' });
    const DAY = 86_400_000;
    api.clock.now += 29 * DAY;
    expect((await api.call('get', `/chats/${number}`, { as: { token } })).status).toBe(200);
    await api.settled();
    api.clock.now += 29 * DAY;
    expect((await api.call('get', `/chats/${number}`, { as: { token } })).status).toBe(200);
    await api.settled();
    api.clock.now += 31 * DAY;
    expect((await api.call('get', `/chats/${number}`, { as: { token } })).status).toBe(401);
  });
});

describe('what is claimed and what is proven', () => {
  test('an address that is only claimed opens nothing but its own chat, and its own is not shown with others of the address', async () => {
    const email = somebody();
    const ticket = await api.call('post', '/tickets', { body: { requester: { email }, subject: 'Secret', body: 'The password is swordfish.' } });
    const { number: secret } = ticket.body as { number: number };
    const mine = await opens({ email, body: 'I am she, trust me.' });
    const token = mine.visitorToken;
    expect((await api.call('get', `/chats/${secret}`, { as: { token } })).status).toBe(404);
    expect((await api.call('get', `/chats/${secret}/messages`, { as: { token } })).status).toBe(404);
    const session = (await api.call('post', '/chat/sessions', { as: { token }, body: {} })).body as { chats: { number: number }[]; visitor: { email: string } };
    expect(session.chats.map(({ number }) => number)).toEqual([mine.number]);
    expect(session.visitor.email).toMatch(/^p\*\*\*@/);
    // A second claim of it is somebody else for all we know.
    const other = await opens({ email, body: 'No, I am.' });
    expect(other.number).not.toBe(mine.number);
    expect((await api.call('get', `/chats/${mine.number}`, { as: { token: other.visitorToken } })).status).toBe(404);
    const proven = await addVisitor(api, { email, proof: 'code' });
    expect(bodies(await thread(secret, proven))).toEqual(['The password is swordfish.']);
    expect(bodies(await thread(mine.number, proven))).toEqual(['I am she, trust me.']);
  });

  test('an address that somebody has typed in is not known by that, and is once staff say so', async () => {
    const email = somebody();
    const { body } = await api.call('post', '/chat/sessions', { as: 'nobody', body: { email } });
    expect(await isKnownSender(api.db, email)).toBe(false);
    const { number } = await opens({ email, body: 'Hello' }, { token: (body as { visitorToken: string }).visitorToken });
    await agentSays(number, 'Hello, whoever you are.');
    expect(await isKnownSender(api.db, email)).toBe(false);
    const { id } = await api.db.selectFrom('contacts').select('id').where('email', '=', email).executeTakeFirstOrThrow();
    expect((await api.call('patch', `/contacts/${id}`, { body: { name: 'A customer of ours' } })).status).toBe(200);
    expect(await isKnownSender(api.db, email)).toBe(true);
    const entered = somebody();
    expect((await api.call('post', '/contacts', { body: { email: entered } })).status).toBe(201);
    expect(await isKnownSender(api.db, entered)).toBe(true);
  });

  test('what is not there and what is somebody else’s look alike', async () => {
    const { number } = await opens({ identity: await signed(api, { sub: 'alike', email: somebody() }), body: 'Hello' });
    const others = [await addVisitor(api, { email: STRANGER.email, proof: 'signed' }), await addVisitor(api, { email: COLLEAGUE.email, proof: 'code' })];
    for (const token of others) {
      for (const [method, path, body] of [
        ['get', '', undefined],
        ['get', '/messages', undefined],
        ['post', '/messages', { body: 'Boo' }],
        ['post', '/acts', { act: 'thatsAll' }],
        ['put', '/rating', { score: 'bad' }],
      ] as const) {
        const [there, nowhere] = [
          await api.call(method, `/chats/${number}${path}`, { as: { token }, body }),
          await api.call(method, `/chats/987654${path}`, { as: { token }, body }),
        ];
        const told = ({ status, body: problem }: typeof there) => [status, { ...(problem as object), requestId: '' }];
        expect(told(there)).toEqual(told(nowhere));
        expect(there.status).toBe(404);
      }
    }
  });

  test('a claimed visitor who proves to be the owner keeps what they began', async () => {
    const email = somebody();
    const { number, visitorToken: token } = await opens({ email, body: 'Not signed in yet.' });
    const session = await api.call('post', '/chat/sessions', { as: { token }, body: { identity: await signed(api, { sub: 'now', email }) } });
    expect(session.body).toMatchObject({ visitor: { proof: 'signed' }, chats: [{ number, proof: 'signed' }] });
    expect((await opens({ body: 'Signed in now.' }, { token: (session.body as Opened).visitorToken }, 200)).number).toBe(number);
    expect((await api.call('get', `/conversations/${number}`)).body).toMatchObject({ flags: [] });
  });

  test('another requester: whoever began it neither sees what is said nor says anything there any more, proven or not', async () => {
    for (const [name, who] of [
      ['claimed', async () => ({ email: somebody() })],
      ['signed', async () => ({ identity: await signed(api, { sub: 'replaced', email: somebody() }) })],
    ] as const) {
      const { number, visitorToken: token } = await opens({ ...(await who()), body: 'I am the boss.' });
      const named = await api.call('put', `/conversations/${number}/requester`, { body: { email: somebody() } });
      expect([name, named.status]).toEqual([name, 202]);
      await agentSays(number, 'For the boss only.');
      expect([name, (await api.call('get', `/chats/${number}`, { as: { token } })).status]).toEqual([name, 404]);
      expect([name, (await api.call('get', `/chats/${number}/messages`, { as: { token } })).status]).toEqual([name, 404]);
      expect((await api.call('post', `/chats/${number}/messages`, { as: { token }, body: { body: 'Still me.' } })).status).toBe(404);
      const anew = await opens({ body: 'Still me.' }, { token });
      expect(anew.number).not.toBe(number);
      expect(bodies(await thread(anew.number, token))).toEqual(['Still me.']);
    }
  });

  test('a user of the dashboard whose address is another one now has another chat', async () => {
    const before = await opens({ identity: await signed(api, { sub: 'moved', email: somebody() }), body: 'With my old address.' });
    const after = await opens({ identity: await signed(api, { sub: 'moved', email: somebody() }), body: 'With my new address.' });
    expect(after.number).not.toBe(before.number);
    expect(bodies(await thread(after.number, after.visitorToken))).toEqual(['With my new address.']);
  });

  test('no transcript for an address that nobody has proven, and no two in a row', async () => {
    const claimed = await opens({ email: somebody(), body: 'Hello' });
    const ask = (number: number, token: string) => api.call('post', `/chats/${number}/acts`, { as: { token }, body: { act: 'transcript' } });
    expect((await ask(claimed.number, claimed.visitorToken)).status).toBe(403);
    const own = await opens({ identity: await signed(api, { sub: 'script', email: somebody() }), body: 'Hello' });
    expect((await ask(own.number, own.visitorToken)).status).toBe(204);
    expect((await ask(own.number, own.visitorToken)).status).toBe(429);
    const events = await api.db.selectFrom('conversation_events').select('data').where('number', '=', own.number).where('type', '=', 'customerAct').execute();
    expect(events).toHaveLength(1);
    expect(events[0]?.data).toMatchObject({ act: 'transcript' });
  });
});

describe('the thread', () => {
  test('agents’ words are there once they are said, notes never', async () => {
    const { number, visitorToken: token } = await opens({ identity: await signed(api, { sub: 'thread', email: somebody(), name: 'Thea' }), body: '👍🏽' });
    const waiting = await api.call('post', `/conversations/${number}/replies`, { body: { body: 'Not yet.' } });
    expect(waiting.status).toBe(202);
    expect(bodies(await thread(number, token))).toEqual(['👍🏽']);
    api.clock.now += 1_000;
    await agentSays(number, 'I am here.');
    await api.call('post', `/conversations/${number}/notes`, { body: { body: 'A note.' } });
    const page = await thread(number, token);
    expect(page.items).toMatchObject([
      { from: 'you', body: '👍🏽', emojiOnly: true, author: { name: 'Thea' } },
      { from: 'agent', body: 'I am here.', emojiOnly: false, author: { name: 'agent of the tests' }, state: 'sent', channel: 'chat' },
    ]);
    const chat = (await api.call('get', `/chats/${number}`, { as: { token } })).body as { unread: number };
    expect(chat.unread).toBe(1);
    // An agent looks at it as its requester does.
    expect((await api.call('get', `/chats/${number}`, { as: 'viewer' })).body).toMatchObject({ number, unread: 1 });
  });

  test('a chat is answered in the chat, and "gone" says that nobody is there', async () => {
    const { number } = await opens({ email: somebody(), body: 'Hello' });
    const commandOf = async (response: { body: unknown }) => (await getCommand(api.db, (response.body as { id: string }).id))?.command;
    expect(await commandOf(await api.call('post', `/conversations/${number}/replies`, { body: { body: 'Hi' } }))).toEqual(
      expect.objectContaining({ type: 'reply', delivery: 'chat', recipients: [] }),
    );
    api.clock.now += 10 * 60_000;
    for (const path of ['replies', 'be-right-back', 'closing-question']) {
      const command = await commandOf(await api.call('post', `/conversations/${number}/${path}`, { body: path === 'replies' ? { body: 'Hi' } : {} }));
      expect(command).toMatchObject({ delivery: 'chat', recipients: [], gone: true });
    }
  });

  test('pages go both ways, and a cursor is a place', async () => {
    const { number, visitorToken: token } = await opens({ email: somebody(), body: '1' });
    for (const n of [2, 3, 4, 5]) {
      api.clock.now += 1_000;
      expect((await api.call('post', `/chats/${number}/messages`, { as: { token }, body: { body: String(n) } })).status).toBe(201);
    }
    const newest = await thread(number, token, '?limit=2');
    expect(bodies(newest)).toEqual(['4', '5']);
    const earlier = await thread(number, token, `?limit=2&before=${newest.earlierCursor}`);
    expect(bodies(earlier)).toEqual(['2', '3']);
    expect(bodies(await thread(number, token, `?before=${earlier.earlierCursor}`))).toEqual(['1']);
    const after = await thread(number, token, `?limit=1&after=${earlier.items[0]?.cursor}`);
    expect([bodies(after), bodies(await thread(number, token, `?after=${after.nextCursor}`))]).toEqual([['3'], ['4', '5']]);
    expect(newest.items[0] !== undefined && newest.items[1] !== undefined && newest.items[0].cursor < newest.items[1].cursor).toBe(true);
    for (const cursor of ['x', '%00', '1.m1', '']) {
      expect((await api.call('get', `/chats/${number}/messages?after=${cursor}`, { as: { token } })).status).toBe(400);
    }
  });

  test('files go with words or without, and only those who see the message see them', async () => {
    const { number, visitorToken: token } = await opens({ email: somebody(), body: 'Look at this' });
    const upload = await api.call('post', `/chats/${number}/attachments?name=shot.png`, {
      as: { token },
      body: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xd, 0xa, 0x1a, 0xa]),
      headers: { 'Content-Type': 'image/png' },
    });
    expect(upload.status).toBe(201);
    const { id } = upload.body as { id: string };
    const other = await addVisitor(api, { email: somebody(), proof: 'code' });
    expect((await api.call('get', `/attachments/${id}`, { as: { token } })).status).toBe(200);
    expect((await api.call('get', `/attachments/${id}`, { as: 'agent' })).status).toBe(404);
    expect((await api.call('post', '/chats', { as: { token: other }, body: { body: '', attachments: [id] } })).status).toBe(400);
    const sent = await api.call('post', `/chats/${number}/messages`, { as: { token }, body: { body: '', attachments: [id] } });
    expect(sent.body).toMatchObject({ number, message: { body: '', attachments: [{ id, name: 'shot.png' }] } });
    const shown = await api.call('get', `/attachments/${id}`, { as: { token } });
    expect([shown.status, shown.headers['content-type']]).toEqual([200, 'image/png']);
    expect((await api.call('get', `/attachments/${id}`, { as: 'agent' })).status).toBe(200);
    for (const stranger of [other, await addVisitor(api, { email: somebody(), proof: 'claimed' })]) {
      expect((await api.call('get', `/attachments/${id}`, { as: { token: stranger } })).status).toBe(404);
    }
    // The file of a note is nobody's but the desk's.
    const secret = await api.call('post', '/attachments', { body: Buffer.from('secret'), headers: { 'Content-Type': 'text/plain' } });
    const { id: noted } = secret.body as { id: string };
    expect((await api.call('post', `/conversations/${number}/notes`, { body: { body: 'Look', attachments: [noted] } })).status).toBe(202);
    expect((await api.call('get', `/attachments/${noted}`, { as: 'viewer' })).status).toBe(200);
    expect((await api.call('get', `/attachments/${noted}`, { as: { token } })).status).toBe(404);
  });
});

describe('going on', () => {
  test('what is closed is gone on from in a new conversation, linked to it', async () => {
    const { number, visitorToken: token } = await opens({ email: somebody(), body: 'First' });
    await api.db.updateTable('conversations').set({ status: 'closed' }).where('number', '=', number).execute();
    const said = await api.call('post', `/chats/${number}/messages`, { as: { token }, body: { body: 'And another thing' } });
    expect(said.status).toBe(201);
    const { number: next } = said.body as { number: number };
    expect((await api.call('get', `/conversations/${next}`)).body).toMatchObject({ kind: 'chat', linkedFrom: number, flags: ['followUp', 'addressNotProven'] });
    expect((await api.call('post', `/chats/${number}/messages`, { as: { token }, body: { body: 'More' } })).body).toMatchObject({ number: next });
    expect(bodies(await thread(number, token))).toEqual(['First']);
    expect((await opens({ body: 'Again' }, { token }, 200)).number).toBe(next);
  });

  test('a ticket by now is no open chat, but its customer goes on in it', async () => {
    const { number, visitorToken: token } = await opens({ email: somebody(), body: 'First' });
    await api.db.updateTable('conversations').set({ kind: 'ticket' }).where('number', '=', number).execute();
    expect((await api.call('post', `/chats/${number}/messages`, { as: { token }, body: { body: 'More' } })).body).toMatchObject({ number });
    expect((await opens({ body: 'Something else' }, { token })).number).not.toBe(number);
    expect((await api.call('post', `/conversations/${number}/conversion`, { body: { keep: true } })).status).toBe(409);
  });

  test('a conversion is a command with the agent’s words, if there are any', async () => {
    const { number } = await opens({ email: somebody(), body: 'First' });
    const converted = await api.call('post', `/conversations/${number}/conversion`, { body: { keep: false, priority: 'high', words: 'I’ll look into it.' } });
    expect(converted.status).toBe(202);
    const command = await getCommand(api.db, (converted.body as { id: string }).id);
    expect(command?.command).toMatchObject({ type: 'convert', keep: false, priority: 'high', messageId: command?.bodyRef });
    expect((await api.call('post', `/conversations/${number}/conversion`, { as: 'viewer', body: { keep: true } })).status).toBe(403);
  });

  test('merged: to its target for whoever takes part there, and for nobody else anything of it', async () => {
    const email = somebody();
    const mine = await opens({ identity: await signed(api, { sub: 'merged', email }), body: 'Mine' });
    const other = await opens({ identity: await signed(api, { sub: 'target', email: somebody() }), body: 'Not yours' });
    await api.db.updateTable('conversations').set({ merged_into: other.number }).where('number', '=', mine.number).execute();
    const as = { token: mine.visitorToken };
    expect((await api.call('get', `/chats/${mine.number}`, { as })).body).toMatchObject({ number: mine.number });
    expect(bodies(await thread(mine.number, mine.visitorToken))).toEqual(['Mine']);
    expect((await api.call('get', `/chats/${other.number}`, { as })).status).toBe(404);
    expect((await api.call('post', `/chats/${mine.number}/acts`, { as, body: { act: 'productionDown' } })).status).toBe(409);
    const contact = await api.db.selectFrom('contacts').select('id').where('email', '=', email).executeTakeFirstOrThrow();
    await api.db
      .insertInto('participants')
      .values({ number: other.number, contact_id: contact.id, role: 'participant', added_at: new Date(MONDAY_TEN) })
      .execute();
    expect((await api.call('get', `/chats/${mine.number}`, { as })).body).toMatchObject({ number: other.number });
    expect(bodies(await thread(mine.number, mine.visitorToken)).sort()).toEqual(['Mine', 'Not yours']);
    // The target's own customer has not been told what the other one wrote.
    expect(bodies(await thread(other.number, other.visitorToken))).toEqual(['Not yours']);
    expect((await api.call('post', `/chats/${mine.number}/messages`, { as, body: { body: 'Both' } })).body).toMatchObject({ number: other.number });
  });

  test('acts and a rating', async () => {
    const { number, visitorToken: token } = await opens({ identity: await signed(api, { sub: 'acts', email: somebody() }), body: 'First' });
    for (const act of ['thatsAll', 'productionDown'])
      expect((await api.call('post', `/chats/${number}/acts`, { as: { token }, body: { act } })).status).toBe(204);
    expect((await api.call('put', `/chats/${number}/rating`, { as: { token }, body: { score: 'good', words: 'Quick!' } })).status).toBe(200);
    expect((await api.call('put', `/chats/${number}/rating`, { as: { token }, body: { score: 'bad' } })).status).toBe(200);
    expect((await api.call('get', `/chats/${number}`, { as: { token } })).body).toMatchObject({ rated: 'bad' });
    expect((await api.call('get', `/conversations/${number}`)).body).toMatchObject({ rating: { score: 'bad', words: 'Quick!' } });
  });
});
