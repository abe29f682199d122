import supertest from 'supertest';
import { signLink } from '../../messages/addresses';
import { ADMIN_TOKEN, addPage, addTicket, MONDAY_TEN, openTestApi, PUBLIC_URL, type TestApi } from './test-api';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());
beforeEach(() => {
  api.clock.now = MONDAY_TEN;
});

async function signIn(token = ADMIN_TOKEN): Promise<string> {
  const response = await supertest(api.app).post('/sign-in').set('Origin', PUBLIC_URL).type('form').send({ token, next: '/pages' });
  expect(response.status).toBe(303);
  expect(response.headers['location']).toBe('/pages');
  const [cookie = ''] = response.headers['set-cookie'] as unknown as string[];
  expect(cookie).toMatch(/^holdfast_session=[\w-]{43}; Max-Age=43200; Path=\/; Expires=.*; HttpOnly; SameSite=Strict$/);
  return cookie.split(';')[0] ?? '';
}

test('a session acts as its token until it is over, signed out, or the token is revoked', async () => {
  const cookie = await signIn(api.agents.agent.token);
  const look = () => supertest(api.app).get('/conversations').set('Cookie', cookie);
  expect((await look()).status).toBe(200);
  expect((await supertest(api.app).get('/api/v1/agents/me').set('Cookie', cookie)).body).toMatchObject({ id: api.agents.agent.id });
  api.clock.now += 12 * 3_600_000 + 1;
  expect((await look()).headers['location']).toBe('/sign-in?next=%2Fconversations');
  api.clock.now = MONDAY_TEN;
  expect((await look()).status).toBe(200);
  await api.db.updateTable('api_tokens').set({ revoked_at: new Date() }).where('agent_id', '=', api.agents.agent.id).execute();
  expect((await look()).status).toBe(303);
  await api.db.updateTable('api_tokens').set({ revoked_at: null }).where('agent_id', '=', api.agents.agent.id).execute();

  const again = await supertest(api.app).post('/sign-in').set('Origin', PUBLIC_URL).set('Cookie', cookie).type('form').send({ token: api.agents.agent.token });
  expect(again.status).toBe(303);
  // The old cookie is worth nothing after a new sign-in.
  expect((await look()).status).toBe(303);
  const fresh = ((again.headers['set-cookie'] as unknown as string[])[0] ?? '').split(';')[0] ?? '';
  await supertest(api.app).post('/sign-out').set('Origin', PUBLIC_URL).set('Cookie', fresh);
  expect((await supertest(api.app).get('/pages').set('Cookie', fresh)).status).toBe(303);
});

test('a wrong token is told so, and the way back leads only to ourselves', async () => {
  const wrong = await supertest(api.app).post('/sign-in').set('Origin', PUBLIC_URL).type('form').send({ token: 'wrong' });
  expect(wrong.status).toBe(401);
  expect(wrong.text).toContain('role="alert"');
  for (const next of ['//evil.example', 'https://evil.example', '/\\evil.example', 'javascript:alert(1)']) {
    const response = await supertest(api.app).post('/sign-in').set('Origin', PUBLIC_URL).type('form').send({ token: ADMIN_TOKEN, next });
    expect(response.headers['location']).toBe('/');
  }
});

test('what another site sets off is refused', async () => {
  const cookie = await signIn();
  const id = await addPage(api, await addTicket(api));
  const posts = [`/pages/${id}/acknowledgement`, `/api/v1/pages/${id}/acknowledgement`, '/sign-out'];
  for (const path of posts) {
    for (const origin of [undefined, 'null', 'http://evil.example', 'http://desk.test.evil.example', 'https://desk.test']) {
      const request = supertest(api.app).post(path).set('Cookie', cookie);
      if (origin !== undefined) request.set('Origin', origin);
      expect((await request).status).toBe(403);
    }
  }
  const row = await api.db.selectFrom('pages').select('acknowledged_at').where('id', '=', id).executeTakeFirst();
  expect(row?.acknowledged_at).toBeNull();
  expect(
    (
      await supertest(api.app)
        .post(posts[0] ?? '')
        .set('Cookie', cookie)
        .set('Sec-Fetch-Site', 'same-origin')
    ).status,
  ).toBe(303);
});

test('what people write is shown as words, never as markup', async () => {
  const number = await addTicket(api, {
    subject: '<script>alert(1)</script>',
    body: '"><img src=x onerror=alert(1)>',
    requester: { email: 'eve@example.org', name: '<b>Eve</b>' },
  });
  const cookie = await signIn();
  for (const path of ['/conversations', `/conversations/${number}`]) {
    const { text, status } = await supertest(api.app).get(path).set('Cookie', cookie);
    expect(status).toBe(200);
    expect(text).not.toMatch(/<script>|<img|<b>Eve/);
    expect(text).toContain('&lt;script&gt;');
  }
});

test('a caught mail is shown in a frame in which nothing runs', async () => {
  const raw = 'From: desk@example.test\r\nSubject: Your request\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Hello</p><script>alert(1)</script>';
  const { id } = await api.db
    .insertInto('caught_mails')
    .values({ received_at: new Date(MONDAY_TEN), envelope_from: '', envelope_to: ['ada@example.org'], raw: Buffer.from(raw) })
    .returning('id')
    .executeTakeFirstOrThrow();
  const cookie = await signIn();
  const page = await supertest(api.app).get(`/mails/${id}`).set('Cookie', cookie);
  expect(page.text).toContain('sandbox="allow-popups allow-popups-to-escape-sandbox"');
  expect(page.text).not.toContain('<script>');
  const content = await supertest(api.app).get(`/mails/${id}/content`).set('Cookie', cookie);
  expect(content.headers['content-security-policy']).toMatch(/^sandbox [^;]*; default-src 'none'/);
  expect(content.headers['content-security-policy']).not.toMatch(/allow-scripts|allow-same-origin/);
  const download = await supertest(api.app).get(`/mails/${id}/raw`).set('Cookie', cookie);
  expect(download.headers['content-disposition']).toBe(`attachment; filename="mail-${id}.eml"`);
});

test('a customer’s link asks first, acts on the button, and forged ones are nothing', async () => {
  const number = await addTicket(api);
  const { requester_id: contact } = await api.db.selectFrom('conversations').select('requester_id').where('number', '=', number).executeTakeFirstOrThrow();
  const token = signLink(api.keys, { purpose: 'productionDown', number, contact });
  const events = () =>
    api.db.selectFrom('conversation_events').select(['seq', 'type', 'data']).where('number', '=', number).where('type', '=', 'customerAct').execute();
  const asked = await supertest(api.app).get(`/l/${token}`);
  expect(asked.status).toBe(200);
  expect(asked.text).toContain('Yes, production is down');
  expect(await events()).toEqual([]);
  const done = await supertest(api.app).post(`/l/${token}`);
  expect(done.status).toBe(200);
  expect(await events()).toMatchObject([{ data: { act: 'productionDown', at: MONDAY_TEN } }]);
  for (const forged of [`${token}a`, token.replace(/^./, 'X'), 'nothing', `${token.split('.')[0]}.test.${'a'.repeat(24)}`]) {
    expect((await supertest(api.app).get(`/l/${forged}`)).status).toBe(404);
    expect((await supertest(api.app).post(`/l/${forged}`)).status).toBe(404);
  }
  const status = signLink(api.keys, { purpose: 'status', number, contact });
  expect((await supertest(api.app).get(`/l/${status}`)).text).toContain('In progress');
  // It takes answers, and this is none.
  expect((await supertest(api.app).post(`/l/${status}`)).status).toBe(400);
  // Whoever takes no part in it sees nothing.
  const other = signLink(api.keys, { purpose: 'status', number, contact: 'c1' });
  expect((await supertest(api.app).get(`/l/${other}`)).status).toBe(404);
});

test('a form that is sent twice acts once, and what was written survives a refusal', async () => {
  const number = await addTicket(api);
  const cookie = await signIn();
  const send = (fields: Record<string, string>) =>
    supertest(api.app).post(`/conversations/${number}`).set('Cookie', cookie).set('Origin', PUBLIC_URL).type('form').send(fields);
  const first = await send({ act: 'reply', key: 'form-1', body: 'Hello' });
  // No workflow runs in this test, so it is queued.
  expect(first.headers['location']).toBe(`/conversations/${number}?did=queued`);
  await send({ act: 'reply', key: 'form-1', body: 'Hello' });
  expect(await api.db.selectFrom('messages').select('body').where('number', '=', number).where('direction', '=', 'out').execute()).toEqual([{ body: 'Hello' }]);

  await api.db.updateTable('conversations').set({ status: 'closed' }).where('number', '=', number).execute();
  const refused = await send({ act: 'reply', key: 'form-2', body: 'Long and valuable' });
  expect(refused.status).toBe(409);
  expect(refused.text).toContain('is closed');
  expect(refused.text).toContain('Long and valuable');
  expect((await send({ act: 'fly', key: 'form-3' })).status).toBe(400);
});

test('an address that names no page is not found, whatever stands in it', async () => {
  const cookie = await signIn();
  const number = await addTicket(api);
  for (const id of ['%00', 'p1-1%00', '%F0%9F%98%80', 'x'.repeat(5_000)]) {
    expect((await supertest(api.app).get(`/pages/${id}`).set('Cookie', cookie)).status).toBe(404);
    expect((await supertest(api.app).get(`/conversations/${number}/messages/${id}/html`).set('Cookie', cookie)).status).toBe(404);
    for (const act of ['acknowledgement', 'feedback']) {
      const post = supertest(api.app).post(`/pages/${id}/${act}`).set('Origin', PUBLIC_URL).set('Cookie', cookie).type('form');
      expect((await post.send({ key: `k-${act}`, word: 'workingOnIt' })).status).toBe(404);
    }
  }
});

test('a form’s key serves the conversation and the page that it was made for, and no other', async () => {
  const cookie = await signIn();
  const [first, second] = [await addTicket(api), await addTicket(api)];
  const send = (path: string, form: object) => supertest(api.app).post(path).set('Origin', PUBLIC_URL).set('Cookie', cookie).type('form').send(form);
  const note = { act: 'note', key: 'one-note', body: 'Look at the disk.' };
  for (const status of [303, 303]) expect((await send(`/conversations/${first}`, note)).status).toBe(status);
  const reused = await send(`/conversations/${second}`, note);
  expect(reused.status).toBe(409);
  expect(reused.text).toContain('Look at the disk.');
  const notes = await api.db.selectFrom('messages').select('number').where('body', '=', note.body).execute();
  expect(notes).toEqual([{ number: first }]);

  const words = { word: 'ownWords', key: 'one-word', text: 'We are at it.' };
  const [firstPage, secondPage] = [await addPage(api, first), await addPage(api, second)];
  expect((await send(`/pages/${firstPage}/feedback`, words)).status).toBe(303);
  expect((await send(`/pages/${secondPage}/feedback`, words)).status).toBe(409);
});

test('the page shows where a conversation went, who is proposed, and what came while an answer was written', async () => {
  const cookie = await signIn();
  const [number, target] = [await addTicket(api), await addTicket(api)];
  await api.db
    .insertInto('proposals')
    .values({ id: 'pr-page', number, role: 'participant', email: 'press@paper.example', name: 'Press <b>', at: new Date(MONDAY_TEN) })
    .execute();
  const look = async (which: number) => (await supertest(api.app).get(`/conversations/${which}`).set('Cookie', cookie)).text;
  expect(await look(number)).toContain('Press &lt;b&gt; press@paper.example');
  expect(await look(number)).toMatch(/name="seenUpTo" value="1"/);
  await api.db
    .insertInto('messages')
    .values({
      id: `m-came-${number}`,
      number,
      seq: 2,
      direction: 'in',
      author_kind: 'customer',
      author_id: null,
      channel: 'email',
      body: 'It is worse now!',
      full_body: null,
      html: null,
      at: new Date(MONDAY_TEN + 1_000),
      state: 'received',
      mail_id: null,
      in_reply_to: null,
      hint: null,
      inbox_id: null,
    })
    .execute();
  await api.db.updateTable('conversations').set({ last_seq: 2 }).where('number', '=', number).execute();
  const answer = (seenUpTo: string, key: string) =>
    supertest(api.app)
      .post(`/conversations/${number}`)
      .set('Cookie', cookie)
      .set('Origin', PUBLIC_URL)
      .type('form')
      .send({ act: 'reply', key, body: 'All is well.', seenUpTo });
  const moved = await answer('1', 'moved-1');
  expect(moved.status).toBe(409);
  expect(moved.text).toContain('Somebody has written since');
  expect(moved.text).toContain('It is worse now!');
  expect(moved.text).toContain('All is well.</textarea>');
  expect(moved.text).toMatch(/name="seenUpTo" value="2"/);
  expect((await answer('2', 'moved-2')).status).toBe(303);

  await api.db.updateTable('conversations').set({ merged_into: target }).where('number', '=', number).execute();
  const source = await look(number);
  expect(source).toContain(`This is a part of <a href="/conversations/${target}">#${target}</a> now`);
  expect(source).not.toContain('<textarea');
  const whole = await look(target);
  expect(whole).toContain(`from #${number}`);
  expect(whole).toContain('It is worse now!');
});

describe('suspended mail', () => {
  async function keptAside(facts: { reason?: string; sender?: string | null; subject?: string } = {}): Promise<number> {
    const { id } = await api.db
      .insertInto('inbox')
      .values({
        channel: 'email',
        received_at: new Date(MONDAY_TEN),
        raw: Buffer.from('Subject: <b>Raw</b>\r\n\r\nWords'),
        envelope: '{}',
        state: 'suspended',
        content_hash: null,
        duplicate_of: null,
        number: null,
        reason: facts.reason ?? 'machine',
        error: null,
        sender: facts.sender === undefined ? 'bot@nowhere.test' : facts.sender,
        subject: facts.subject ?? 'An offer <script>',
        preview: 'It begins so',
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    return id;
  }

  test('is shown with its reason, as text, and acts by its buttons', async () => {
    const cookie = await signIn();
    const [id, other] = [await keptAside(), await keptAside({ reason: 'noSender', sender: null })];
    const page = await supertest(api.app).get('/suspended').set('Cookie', cookie);
    expect(page.text).toContain('written by a machine');
    expect(page.text).toContain('nobody is named as its sender');
    expect(page.text).toContain('An offer &lt;script&gt;');
    expect(page.text).toContain('aria-current="page"');
    expect((await supertest(api.app).get('/').set('Cookie', cookie)).text).toContain('href="/suspended"');
    const post = (which: number, form: Record<string, string>) =>
      supertest(api.app).post(`/suspended/${which}`).set('Origin', PUBLIC_URL).set('Cookie', cookie).type('form').send(form);
    expect((await post(id, { act: 'block', sender: 'bot@nowhere.test' })).headers['location']).toBe('/suspended?did=blocked');
    expect(await api.db.selectFrom('blocked_senders').select('sender').execute()).toEqual([{ sender: 'bot@nowhere.test' }]);
    expect((await post(id, { act: 'delete' })).headers['location']).toBe('/suspended?did=deleted');
    expect((await post(id, { act: 'delete' })).status).toBe(404);
    expect((await post(other, { act: 'eat' })).status).toBe(400);
    const raw = await supertest(api.app).get(`/suspended/${other}/raw`).set('Cookie', cookie);
    expect(raw.headers['content-disposition']).toBe(`attachment; filename="suspended-${other}.eml"`);
    expect((await supertest(api.app).get(`/suspended/${id}/raw`).set('Cookie', cookie)).status).toBe(404);
  });

  test('a viewer sees it and cannot act', async () => {
    await keptAside();
    const cookie = await signIn(api.agents.viewer.token);
    const page = await supertest(api.app).get('/suspended').set('Cookie', cookie);
    expect(page.text).toContain('An offer');
    expect(page.text).not.toContain('Release');
  });
});
