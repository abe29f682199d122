import { once } from 'node:events';
import { connect } from 'node:net';
import { readMark } from '../../db/read-marks';
import { disableAgent, revokeAllTokens } from './live-access';
import { addVisitor, agentSays, openLiveScene, startLiveApi, TestSocket, type LiveApi, type LiveScene, type TestVisitor } from './live-desk';
import { addTestAgent, addTicket, type TestApi } from './test-api';

let scene: LiveScene;
let desk: TestApi;
let ada: TestVisitor;
let api: LiveApi;
let other: LiveApi;

beforeAll(async () => {
  scene = await openLiveScene();
  ({ desk, ada } = scene);
  [api, other] = [await startLiveApi(desk), await startLiveApi(desk)];
});
afterAll(() => scene.close());

const idOf = ({ message }: Record<string, unknown>) => (message as { id: string }).id;
/** Tabs that are or were there. */
const tabsOf = async (number: number) =>
  (await desk.db.selectFrom('chat_presence').select('tab').where('number', '=', number).execute()).map(({ tab }) => tab).sort();
/** What came of a kind, as far as it came. */
const events = (socket: TestSocket, kind: string) =>
  socket.frames.flatMap((frame) =>
    frame.type === 'event' && (frame.event as { kind: string }).kind === kind ? [frame.event as unknown as Record<string, unknown>] : [],
  );

describe('what happens in a conversation', () => {
  test('an agent’s words reach the customer and the agents, at every api process; a note reaches only those', async () => {
    const number = await addTicket(desk);
    const customer = await TestSocket.on(api, ada.token, number);
    const elsewhere = await TestSocket.on(other, ada.token, number);
    const agent = await TestSocket.on(other, desk.agents.viewer.token, number);
    const note = await agentSays(desk, number, 'Ada is in a hurry.', { direction: 'note' });
    const id = await agentSays(desk, number, 'I am looking at it.');
    for (const socket of [customer, elsewhere]) {
      expect(await socket.event('message')).toMatchObject({
        message: { id, from: 'agent', body: 'I am looking at it.', author: { name: 'agent of the tests' } },
      });
      expect(JSON.stringify(socket.frames)).not.toMatch(/in a hurry|note/);
    }
    expect(await agent.event('message', (event) => idOf(event) === note)).toMatchObject({ message: { direction: 'note', body: 'Ada is in a hurry.' } });
    await agent.event('message', (event) => idOf(event) === id);
    await Promise.all([customer.end(), elsewhere.end(), agent.end()]);
  });

  test('they are as the GET routes answer them', async () => {
    const number = await addTicket(desk);
    const customer = await TestSocket.on(api, ada.token, number);
    const agent = await TestSocket.on(api, desk.agents.viewer.token, number);
    const id = await agentSays(desk, number, '🎉');
    await desk.db.updateTable('conversations').set({ subject: 'It is quick again' }).where('number', '=', number).execute();
    const thread = await desk.call('get', `/chats/${number}/messages`, { as: { token: ada.token } });
    expect((await customer.event('message', (event) => idOf(event) === id))['message']).toEqual(
      thread.body.items.find((item: { id: string }) => item.id === id),
    );
    const chat = await (await fetch(`${api.url}/api/v1/chats/${number}`, { headers: { authorization: `Bearer ${ada.token}` } })).json();
    expect((await customer.event('state', ({ chat: told }) => (told as { subject: string }).subject === 'It is quick again'))['chat']).toEqual(chat);
    const all = await desk.call('get', `/conversations/${number}/messages`);
    expect((await agent.event('message', (event) => idOf(event) === id))['message']).toEqual(all.body.items.find((item: { id: string }) => item.id === id));
    const rows = await desk.call('get', '/conversations?limit=100');
    const { unread: _, ...row } = rows.body.items.find((item: { number: number }) => item.number === number);
    expect((await agent.event('state', ({ chat: told }) => (told as { subject: string }).subject === 'It is quick again'))['chat']).toEqual(row);
    await Promise.all([customer.end(), agent.end()]);
  });

  test('the queue hears of every conversation once, as its row shows it; no visitor hears the queue', async () => {
    const agent = await TestSocket.hello(api, desk.agents.viewer.token);
    agent.say({ type: 'subscribe', queue: true });
    await agent.frame(({ type, queue }) => type === 'subscribed' && queue === true);
    const [one, two] = [await addTicket(desk, { subject: 'One' }), await addTicket(desk, { subject: 'Two' })];
    await agentSays(desk, two, 'Hello.');
    for (const number of [one, two]) await agent.event('state', ({ chat }) => (chat as { number: number }).number === number);
    expect(events(agent, 'message')).toEqual([]);
    const customer = await TestSocket.hello(api, ada.token);
    customer.say({ type: 'subscribe', queue: true });
    expect(await customer.frame(({ type }) => type === 'refused')).toEqual({ type: 'refused', queue: true, code: 'E_NOT_FOUND' });
    await Promise.all([customer.end(), agent.end()]);
  });

  test('what belongs to a merged conversation reaches those who listen to its target, and the other way round', async () => {
    const [source, target] = [await addTicket(desk), await addTicket(desk)];
    const [bySource, byTarget] = [await TestSocket.on(api, ada.token, source), await TestSocket.on(api, desk.agents.viewer.token, target)];
    await desk.db.updateTable('conversations').set({ merged_into: target }).where('number', '=', source).execute();
    await bySource.event('state');
    const inTarget = await agentSays(desk, target, 'It is one request now.');
    const inSource = await agentSays(desk, source, 'This was said a moment ago.');
    for (const id of [inTarget, inSource]) {
      await bySource.event('message', (event) => idOf(event) === id);
      await byTarget.event('message', (event) => idOf(event) === id);
    }
    expect(bySource.frames.filter(({ type }) => type === 'event').every((frame) => frame['number'] === source)).toBe(true);
    await Promise.all([bySource.end(), byTarget.end()]);
  });
});

describe('who types, who is there, who has read', () => {
  test('typing reaches the others, with a name, and is over when its connection is', async () => {
    const number = await addTicket(desk);
    const customer = await TestSocket.on(api, ada.token, number, { tab: 'one' });
    const secondTab = await TestSocket.on(other, ada.token, number, { tab: 'two' });
    const agent = await TestSocket.on(other, desk.agents.agent.token, number);
    const viewer = await TestSocket.on(other, desk.agents.viewer.token, number);
    customer.say({ type: 'typing', number, on: true });
    expect(await agent.event('typing')).toEqual({ kind: 'typing', who: { name: 'ada', avatar: null, agent: false }, on: true });
    // Viewers write to nobody.
    viewer.say({ type: 'typing', number, on: true });
    await viewer.settled();
    agent.say({ type: 'typing', number, on: true });
    expect(await customer.event('typing')).toEqual({ kind: 'typing', who: { name: 'agent of the tests', avatar: null, agent: true }, on: true });
    await customer.end();
    await agent.event('typing', ({ on }) => on === false);
    // Their own other tab does not tell them what they do.
    expect(events(secondTab, 'typing').map(({ who }) => (who as { agent: boolean }).agent)).toEqual([true]);
    await Promise.all([secondTab.end(), agent.end(), viewer.end()]);
  });

  test('who types in what one’s own conversation was merged into is nothing to whoever takes no part there', async () => {
    const source = await addTicket(desk);
    const target = await addTicket(desk, { requester: { email: 'grace@elsewhere.example', name: 'Grace Hopper' } });
    const grace = await addVisitor(desk, 'grace@elsewhere.example');
    const [bySource, byTarget] = [await TestSocket.on(api, ada.token, source), await TestSocket.on(api, grace.token, target)];
    await desk.db.updateTable('conversations').set({ merged_into: target }).where('number', '=', source).execute();
    await bySource.event('state');
    const agent = await TestSocket.on(api, desk.agents.agent.token, target);
    byTarget.say({ type: 'typing', number: target, on: true });
    await agent.event('typing', ({ who }) => (who as { name: string }).name === 'Grace Hopper');
    agent.say({ type: 'typing', number: target, on: true });
    await byTarget.event('typing');
    // Something that it does hear, later than all of that.
    await agentSays(desk, source, 'This was said a moment ago.');
    await bySource.event('message');
    expect(events(bySource, 'typing')).toEqual([]);
    await Promise.all([bySource.end(), byTarget.end(), agent.end()]);
  });

  test('a customer is here while any tab is, then away, then gone; agents see it, and who else looks', async () => {
    const number = await addTicket(desk);
    const agent = await TestSocket.on(other, desk.agents.agent.token, number);
    expect(await agent.event('viewing')).toEqual({ kind: 'viewing', agents: [] });
    const [one, two] = [await TestSocket.on(api, ada.token, number, { tab: 'one' }), await TestSocket.on(other, ada.token, number, { tab: 'two' })];
    const states = () => events(agent, 'presence').map(({ state }) => state);
    one.say({ type: 'presence', number, state: 'present' });
    await agent.event('presence', ({ state }) => state === 'here');
    two.say({ type: 'presence', number, state: 'present' });
    two.say({ type: 'presence', number, state: 'away' });
    await two.settled();
    await other.live.beat();
    await agent.settled();
    expect(states()).not.toContain('away');
    await one.end();
    expect(await agent.event('presence', ({ state }) => state === 'away')).toEqual({
      kind: 'presence',
      state: 'away',
      goneAt: new Date(desk.clock.now + 60_000).toISOString(),
    });
    // The same may be told twice.
    expect(states().filter((state, index, all) => state !== all[index - 1])).toEqual(['here', 'away']);
    desk.clock.now += 60_000;
    for (const { live } of [api, other]) await live.beat();
    await two.end();
    agent.say({ type: 'presence', number, state: 'present' });
    expect(await agent.event('viewing', ({ agents }) => (agents as unknown[]).length === 1)).toEqual({
      kind: 'viewing',
      agents: [{ id: desk.agents.agent.id, name: 'agent of the tests', avatar: null, agent: true }],
    });
    // Who comes later learns it at once.
    const later = await TestSocket.on(api, desk.agents.viewer.token, number);
    expect(await later.event('presence')).toMatchObject({ state: 'gone' });
    await agent.end();
    await later.event('viewing', ({ agents }) => (agents as unknown[]).length === 0);
    await later.end();
  });

  test('what the customer has seen is told, with the messages it is about; what an agent has read, to them alone', async () => {
    const number = await addTicket(desk);
    const agent = await TestSocket.on(other, desk.agents.agent.token, number);
    const colleague = await TestSocket.on(api, desk.agents.lead.token, number);
    const customer = await TestSocket.on(api, ada.token, number);
    const id = await agentSays(desk, number, 'Is it better now?');
    await customer.event('message', (event) => idOf(event) === id);
    customer.say({ type: 'seen', number, upTo: id });
    expect(await agent.event('read')).toEqual({ kind: 'read', by: 'customer', upTo: id });
    expect(await customer.event('message', ({ message }) => (message as { seenAt: string | null }).seenAt !== null)).toMatchObject({ message: { id } });
    agent.say({ type: 'seen', number, upTo: id });
    expect(await agent.event('read', ({ by }) => by === 'you')).toEqual({ kind: 'read', by: 'you', upTo: id });
    expect(await readMark(desk.db, number, `agent:${desk.agents.agent.id}`)).toMatchObject({ upTo: id });
    await colleague.settled();
    expect(events(colleague, 'read').map(({ by }) => by)).toEqual(['customer']);
    await Promise.all([agent.end(), colleague.end(), customer.end()]);
  });

  test('without a connection, requests say it', async () => {
    const number = await addTicket(desk);
    const agent = await TestSocket.on(api, desk.agents.agent.token, number);
    const id = await agentSays(desk, number, 'Are you there?');
    const as = { token: ada.token };
    expect((await desk.call('put', `/chats/${number}/presence`, { as, body: { tab: 'one', state: 'present', seen: id } })).status).toBe(204);
    await agent.event('presence', ({ state }) => state === 'here');
    await agent.event('read', ({ by }) => by === 'customer');
    expect((await desk.call('put', `/chats/${number}/presence`, { as, body: { tab: 'one', state: 'away' } })).status).toBe(204);
    expect((await desk.call('put', `/chats/${number}/read-marks`, { as, body: { upTo: id } })).status).toBe(204);
    expect((await desk.call('put', `/chats/${number}/read-marks`, { as, body: { upTo: 'm-of-another' } })).status).toBe(404);
    // What no message is called is refused before anything is noted.
    const before = await tabsOf(number);
    for (const seen of ['m\u0000', 'm 1', '', 'x'.repeat(101)]) {
      expect((await desk.call('put', `/chats/${number}/presence`, { as, body: { tab: 'two', state: 'present', seen } })).status).toBe(400);
      expect((await desk.call('put', `/chats/${number}/read-marks`, { as, body: { upTo: seen } })).status).toBe(400);
      expect((await desk.call('put', `/conversations/${number}/read-marks`, { body: { upTo: seen } })).status).toBe(400);
    }
    expect(await tabsOf(number)).toEqual(before);
    expect((await desk.call('put', `/conversations/${number}/read-marks`, { body: { upTo: id } })).status).toBe(204);
    expect((await desk.call('put', `/conversations/${number}/read-marks`, { body: { upTo: 'm-of-another' } })).status).toBe(404);
    await agent.event('read', ({ by }) => by === 'you');
    await agent.end();
  });
});

describe('who hears nothing', () => {
  test('a stranger’s conversation is refused as if there were none', async () => {
    const number = await addTicket(desk);
    const eve = await addVisitor(desk, 'eve@example.org');
    const claimed = await addVisitor(desk, 'ada@example.org', { proof: 'claimed' });
    for (const { token } of [eve, claimed]) {
      const socket = await TestSocket.hello(api, token);
      for (const asked of [number, 999_999]) {
        socket.say({ type: 'subscribe', number: asked });
        await socket.frame(({ type, code, number: about }) => type === 'refused' && code === 'E_NOT_FOUND' && about === asked);
      }
      // Nor can they act where they do not listen.
      socket.say({ type: 'presence', number, state: 'present' });
      socket.say({ type: 'typing', number, on: true });
      socket.say({ type: 'seen', number, upTo: await agentSays(desk, number, 'Hello.') });
      await socket.settled();
      expect(events(socket, 'message')).toEqual([]);
      await socket.end();
    }
    expect(await desk.db.selectFrom('chat_presence').select('tab').where('number', '=', number).execute()).toEqual([]);
    expect(await desk.db.selectFrom('messages').select('id').where('number', '=', number).where('seen_at', 'is not', null).execute()).toEqual([]);
  });

  test('a participant who was taken out hears that and nothing more', async () => {
    const number = await addTicket(desk);
    const bob = await addVisitor(desk, 'bob@example.org');
    await desk.db
      .insertInto('participants')
      .values({ number, contact_id: bob.contactId, role: 'participant', added_at: new Date(desk.clock.now) })
      .execute();
    const socket = await TestSocket.on(api, bob.token, number, { tab: 'bob' });
    socket.say({ type: 'presence', number, state: 'present' });
    const before = await agentSays(desk, number, 'Before.');
    await socket.event('message', (event) => idOf(event) === before);
    await desk.db.transaction().execute(async (trx) => {
      await trx.deleteFrom('participants').where('number', '=', number).where('contact_id', '=', bob.contactId).execute();
    });
    await agentSays(desk, number, 'After.');
    expect(await socket.frame(({ type }) => type === 'refused')).toEqual({ type: 'refused', number, code: 'E_NOT_FOUND' });
    await socket.settled();
    expect(JSON.stringify(socket.frames)).not.toContain('After.');
    await socket.end();
  });

  test.each([
    ['a wrong token', 'vt_never-given'],
    ['an agent’s wrong token', 'hf_never-given'],
    ['no token', undefined],
  ])('%s: the connection is closed', async (_name, token) => {
    const socket = await TestSocket.open(api);
    socket.say({ type: 'hello', tab: 'one', ...(token === undefined ? {} : { token }) });
    expect(await socket.closedWith()).toBe(4401);
  });

  test('whoever says nothing of who they are is not listened to', async () => {
    const socket = await TestSocket.open(api);
    socket.say({ type: 'subscribe', number: 1 });
    expect(await socket.closedWith()).toBe(4401);
  });

  test('revoked, run out, disabled: the connection ends within seconds; of a new role it comes back', async () => {
    const visitor = await addVisitor(desk, 'zoe@example.org');
    const shortly = await addVisitor(desk, 'zoe@example.org', { expiresAt: new Date(desk.clock.now + 60_000) });
    const [revoked, disabled, promoted] = [await addTestAgent(desk.db, 'agent'), await addTestAgent(desk.db, 'agent'), await addTestAgent(desk.db, 'viewer')];
    const open = await Promise.all(
      [visitor.token, shortly.token, revoked.token, disabled.token, promoted.token].map((token) => TestSocket.hello(other, token)),
    );
    const steady = await TestSocket.hello(other, desk.agents.agent.token);
    await desk.db
      .updateTable('visitors')
      .set({ revoked_at: new Date(desk.clock.now) })
      .where('id', '=', visitor.id)
      .execute();
    await revokeAllTokens(desk, revoked.id);
    await disableAgent(desk, disabled.id);
    await desk.db.updateTable('agents').set({ role: 'lead' }).where('id', '=', promoted.id).execute();
    desk.clock.now += 60_001;
    for (const { live } of [api, other]) await live.beat();
    expect(await Promise.all(open.map((socket) => socket.closedWith()))).toEqual([4401, 4401, 4401, 4401, 1012]);
    await steady.settled();
    await steady.end();
  });
});

describe('the door', () => {
  test('pages of strangers open nothing; our own and those that may embed us do', async () => {
    const open = await startLiveApi(desk, { embedOrigins: ['https://dashboard.example.org'] });
    for (const origin of ['https://evil.example', 'null', 'https://dashboard.example.org.evil.example', 'http://dashboard.example.org'])
      await expect(TestSocket.open(open, { origin })).rejects.toThrow('403');
    for (const origin of ['https://dashboard.example.org', 'http://desk.test', open.url]) await (await TestSocket.open(open, { origin })).end();
    await open.stop();
  });

  test('an agent’s cookie counts on our own pages only', async () => {
    const signedIn = await desk.call('get', '/conversations', { as: 'agent' });
    expect(signedIn.status).toBe(200);
    const { cookie } = await sessionOf(desk, desk.agents.agent.token);
    const open = await startLiveApi(desk, { embedOrigins: ['https://dashboard.example.org'] });
    const own = await TestSocket.open(open, { cookie, origin: open.url });
    own.say({ type: 'hello', tab: 'one' });
    expect(await own.frame(({ type }) => type === 'welcome')).toMatchObject({ actor: { kind: 'agent', id: desk.agents.agent.id } });
    for (const headers of [{ cookie, origin: 'https://dashboard.example.org' }, { cookie }]) {
      const foreign = await TestSocket.open(open, headers);
      foreign.say({ type: 'hello', tab: 'one' });
      expect(await foreign.closedWith()).toBe(4401);
    }
    await own.end();
    await open.stop();
  });

  test('by server-sent events an agent’s cookie counts on our own pages, too: with what such a page only reads, a browser names no origin', async () => {
    const { cookie } = await sessionOf(desk, desk.agents.agent.token);
    const first = async (headers: Record<string, string>) => {
      const stream = await fetch(`${api.url}/api/v1/live/events?tab=one&subscribe=queue`, { headers: { cookie, ...headers } });
      const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
      const { value } = await reader.read();
      await reader.cancel();
      const [line = ''] = Buffer.from(value ?? [])
        .toString('utf8')
        .split('\n');
      return JSON.parse(line.replace(/^data: /, '')) as Record<string, unknown>;
    };
    expect(await first({ 'sec-fetch-site': 'same-origin' })).toMatchObject({ type: 'welcome', actor: { kind: 'agent', id: desk.agents.agent.id } });
    expect(await first({ origin: api.url, 'sec-fetch-site': 'same-origin' })).toMatchObject({ type: 'welcome' });
    for (const headers of [{}, { 'sec-fetch-site': 'same-site' }, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'none' }])
      expect(await first(headers)).toEqual({ type: 'closed', code: 4401 });
    // What says where it comes from is believed that.
    expect(await first({ origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' })).toEqual({ type: 'closed', code: 4401 });
  });

  test.each([
    ['no JSON', 'hello?', 4400],
    ['an unknown type', { type: 'shout' }, 4400],
    ['more than is asked for', { type: 'ping', loudly: true }, 4400],
    ['a cursor of another kind', { type: 'subscribe', number: 1, after: '1; DROP TABLE' }, 4400],
    ['neither number nor queue', { type: 'subscribe' }, 4400],
    ['a message that there cannot be', { type: 'seen', number: 1, upTo: 'm\u0000' }, 4400],
    ['too long', { type: 'hello', tab: 'one', token: 'x'.repeat(20_000) }, 1009],
  ])('%s closes it', async (_name, frame, code) => {
    const socket = await TestSocket.hello(api, ada.token);
    socket.say(frame);
    expect(await socket.closedWith()).toBe(code);
  });

  test('too many frames at once close it, and so do too many subscriptions and connections', async () => {
    const loud = await TestSocket.hello(api, ada.token);
    for (let n = 0; n < 80; n += 1) loud.say({ type: 'ping' });
    expect(await loud.closedWith()).toBe(4429);
    const many = await Promise.all(Array.from({ length: 20 }, () => TestSocket.hello(api, ada.token)));
    const more = await TestSocket.open(api);
    more.say({ type: 'hello', token: ada.token, tab: 'one' });
    expect(await more.closedWith()).toBe(4429);
    await Promise.all(many.map((socket) => socket.end()));
  });

  test('whoever guesses is let in no more for a while', async () => {
    const guessed = await startLiveApi(desk);
    const codes: number[] = [];
    for (let n = 0; n < 130; n += 1) {
      const socket = await TestSocket.open(guessed);
      if (socket.closed === null) socket.say({ type: 'hello', tab: 'one', token: `vt_guess-${n}` });
      codes.push(await socket.closedWith());
    }
    expect(codes).toEqual([...Array.from({ length: 120 }, () => 4401), ...Array.from({ length: 10 }, () => 4429)]);
    await guessed.stop();
  });

  test('other addresses are upgraded to nothing', async () => {
    await expect(TestSocket.open({ url: `${api.url}/elsewhere?` })).rejects.toThrow('404');
  });

  test('an address that is none ends its own connection and nothing else', async () => {
    for (const address of ['//', '//:x@/', '//[']) {
      const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
      socket.write(`GET ${address} HTTP/1.1\r\nHost: of.us\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      expect([address, answer.toString()]).toEqual([address, expect.stringMatching(/^HTTP\/1\.1 404 /)]);
      socket.destroy();
    }
  });

  test('who does not take in what is sent is closed, and a token is in no log', async () => {
    const number = await addTicket(desk);
    const slow = await TestSocket.on(api, ada.token, number);
    slow.socket.pause();
    const words = 'x'.repeat(400_000);
    for (let n = 0; n < 40 && slow.closed === null; n += 1) await agentSays(desk, number, words);
    slow.socket.resume();
    // Terminated, or told to come back.
    expect([1006, 1013]).toContain(await slow.closedWith(20_000));
    expect(desk.logged.join('\n')).not.toMatch(new RegExp(`${ada.token}|ada@example`));
  });
});

/** A browser's sign-in. */
async function sessionOf(from: TestApi, token: string): Promise<{ cookie: string }> {
  const response = await fetch(`${api.url}/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: 'http://desk.test', 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ token, next: '/' }),
  });
  expect(from.agents.agent.token).toBe(token);
  const cookie = response.headers.get('set-cookie')?.split(';')[0];
  if (cookie === undefined) throw new Error(`The sign-in answered ${response.status} without a cookie.`);
  return { cookie };
}
