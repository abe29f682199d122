import supertest from 'supertest';
import { insertUpload } from '../../db/attachments';
import { inTransaction } from '../../db/in-transaction';
import { newId } from '../../db/new-id';
import { CODE_MS, digitsOfCode } from '../../messages/mailed-code';
import { signLink, type LinkPurpose } from '../../messages/addresses';
import { addTicket, MONDAY_TEN, openTestApi, PUBLIC_URL, type TestApi } from './test-api';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());
beforeEach(() => {
  api.clock.now += 20 * 60_000;
});

const post = (path: string, form: Record<string, string>, cookie?: string) => {
  const request = supertest(api.app).post(path).set('Origin', PUBLIC_URL).type('form');
  return (cookie === undefined ? request : request.set('Cookie', cookie)).send(form);
};
const get = (path: string, cookie?: string) => {
  const request = supertest(api.app).get(path);
  return cookie === undefined ? request : request.set('Cookie', cookie);
};

/** The newest code of an address, as its mail would say it. */
async function mailedCode(email: string): Promise<string> {
  await api.settled();
  const row = await api.db
    .selectFrom('codes')
    .select(['id', 'hash'])
    .where('email', '=', email)
    .orderBy('created_at', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
  return digitsOfCode(api.keys, { id: row.id, email }, row.hash) ?? 'none';
}
const cookieOf = (response: supertest.Response): string => String(response.headers['set-cookie']?.[0]).split(';')[0] ?? '';

async function signedIn(email: string): Promise<string> {
  expect((await post('/help/codes', { email })).status).toBe(200);
  const answer = await post('/help/sessions', { email, code: await mailedCode(email) });
  expect(answer.status).toBe(303);
  expect(answer.headers['location']).toBe('/help/requests');
  return cookieOf(answer);
}

async function contactOf(number: number): Promise<string> {
  return (await api.db.selectFrom('conversations').select('requester_id').where('number', '=', number).executeTakeFirstOrThrow()).requester_id;
}
async function link(number: number, purpose: LinkPurpose, contact?: string): Promise<string> {
  return `/l/${signLink(api.keys, { purpose, number, contact: contact ?? (await contactOf(number)) })}`;
}
const project = (number: number, facts: Record<string, unknown>) => api.db.updateTable('conversations').set(facts).where('number', '=', number).execute();
const of = (email: string, more: Record<string, unknown> = {}) =>
  addTicket(api, { requester: { email, name: email.split('@')[0] }, subject: `Words of ${email}`, ...more });

/** A message of an agent's as it stands once it has left, to the conversation's requester unless told otherwise. */
async function agentSaid(
  number: number,
  body: string,
  more: { direction?: 'out' | 'note'; state?: 'sent' | 'waiting' | 'withdrawn' | 'shown'; to?: string[] } = {},
): Promise<string> {
  const id = newId('m');
  const { direction = 'out', state = 'sent', to = [await contactOf(number)] } = more;
  await api.db
    .insertInto('messages')
    .values({
      id,
      number,
      seq: null,
      direction,
      author_kind: 'agent',
      author_id: api.agents.agent.id,
      channel: 'email',
      body,
      full_body: null,
      html: null,
      at: new Date(api.clock.now),
      state,
      mail_id: null,
      in_reply_to: null,
      hint: null,
      inbox_id: null,
    })
    .execute();
  await api.db
    .insertInto('commands')
    .values({
      id: `cmd-${id}`,
      number,
      actor: api.agents.agent.id,
      type: direction === 'note' ? 'note' : 'reply',
      command: JSON.stringify(direction === 'note' ? { type: 'note', messageId: id } : { type: 'reply', messageId: id, delivery: 'mail', recipients: to }),
      body_ref: id,
      at: new Date(api.clock.now),
      not_after: null,
    })
    .execute();
  return id;
}

describe('codes', () => {
  test('a known and an unknown address get the same answer, and only the known one a code', async () => {
    await of('known@example.org');
    const mask = (text: string) => text.replace(/(un)?known@example\.org/g, '…');
    const [known, unknown] = [await post('/help/codes', { email: 'known@example.org' }), await post('/help/codes', { email: 'unknown@example.org' })];
    expect([known.status, mask(known.text)]).toEqual([unknown.status, mask(unknown.text)]);
    const asked = async (email: string) => api.call('post', '/help/codes', { as: 'nobody', body: { email, locale: 'de' } });
    expect([(await asked('known@example.org')).status, (await asked('unknown@example.org')).status]).toEqual([202, 202]);
    await api.settled();
    const rows = await api.db.selectFrom('codes').select(['email', 'locale']).orderBy('locale').execute();
    expect(rows).toEqual([
      { email: 'known@example.org', locale: 'de' },
      { email: 'known@example.org', locale: 'en' },
    ]);
    const tried = async (email: string) => {
      const { status, body } = await api.call('post', '/help/sessions', { as: 'nobody', body: { email, code: '000000' } });
      return { status, code: body.code, detail: body.detail };
    };
    expect(await tried('unknown@example.org')).toEqual(await tried('known@example.org'));
  });

  test('the right one opens a session once, within ten minutes', async () => {
    await of('once@example.org');
    await post('/help/codes', { email: 'once@example.org' });
    const code = await mailedCode('once@example.org');
    const answer = await api.call('post', '/help/sessions', {
      as: 'nobody',
      body: { email: 'once@example.org', code: `${code.slice(0, 3)} ${code.slice(3)}` },
    });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ visitorToken: expect.stringMatching(/^vt_/), visitor: { email: 'once@example.org', proof: 'code' } });
    expect((await api.call('post', '/help/sessions', { as: 'nobody', body: { email: 'once@example.org', code } })).status).toBe(403);
    api.clock.now += 1_000;
    await post('/help/codes', { email: 'once@example.org' });
    const late = await mailedCode('once@example.org');
    api.clock.now += CODE_MS + 1;
    expect((await post('/help/sessions', { email: 'once@example.org', code: late })).status).toBe(403);
  });

  test('five wrong tries use it up for who made them, whatever comes then; another address’s code opens nothing', async () => {
    await of('brute@example.org');
    await of('other@example.org');
    await post('/help/codes', { email: 'brute@example.org' });
    const code = await mailedCode('brute@example.org');
    expect((await post('/help/sessions', { email: 'other@example.org', code })).status).toBe(403);
    const wrong = String((Number(code) + 1) % 1_000_000).padStart(6, '0');
    const tries = await Promise.all(Array.from({ length: 5 }, () => post('/help/sessions', { email: 'brute@example.org', code: wrong })));
    expect(tries.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403]);
    expect((await post('/help/sessions', { email: 'brute@example.org', code })).status).toBe(403);
    expect(tries[0]?.text).toContain('not right, or it is too old');
  });

  test('one caller has three mailed to a mailbox in a quarter of an hour, and nobody is told', async () => {
    await of('flood@example.org');
    const answers = await Promise.all(Array.from({ length: 6 }, () => post('/help/codes', { email: 'flood@example.org' })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    await api.settled();
    expect(await api.db.selectFrom('codes').select('id').where('email', '=', 'flood@example.org').execute()).toHaveLength(3);
  });

  test('a new sign-in ends the one before, and signing out ends it for good', async () => {
    await of('rotate@example.org');
    const first = await signedIn('rotate@example.org');
    expect((await get('/help/requests', first)).status).toBe(200);
    api.clock.now += 1_000;
    await post('/help/codes', { email: 'rotate@example.org' });
    const again = await post('/help/sessions', { email: 'rotate@example.org', code: await mailedCode('rotate@example.org') }, first);
    const second = cookieOf(again);
    expect(second).not.toBe(first);
    expect(String(again.headers['set-cookie'])).toMatch(/Path=\/help; .*HttpOnly; SameSite=Lax/);
    expect((await get('/help/requests', first)).headers['location']).toBe('/help/sign-in');
    expect((await post('/help/sign-out', {}, second)).status).toBe(303);
    expect((await get('/help/requests', second)).headers['location']).toBe('/help/sign-in');
  });

  test('goes on to the request that the link was about, and nowhere else', async () => {
    const number = await of('goes-on@example.org');
    await post('/help/codes', { email: 'goes-on@example.org' });
    const code = await mailedCode('goes-on@example.org');
    const answer = await post('/help/sessions', { email: 'goes-on@example.org', code, number: String(number) });
    expect(answer.headers['location']).toBe(`/help/requests/${number}`);
    for (const evil of ['//evil.example', 'https://evil.example', '1/../../x', '1?x']) {
      expect((await get(`/help/sign-in?number=${encodeURIComponent(evil)}`)).text).not.toContain('evil');
    }
  });
});

describe('a customer’s own pages', () => {
  test('list what they take part in, and nothing of anybody else’s is there', async () => {
    const [own, others] = [await of('own@example.org'), await of('others@example.org')];
    const joined = await of('third@example.org');
    await api.db
      .insertInto('participants')
      .values({ number: joined, contact_id: await contactOf(own), role: 'participant', added_at: new Date() })
      .execute();
    const seen = await of('third@example.org', { subject: 'Only seen by a stranger' });
    await api.db
      .insertInto('participants')
      .values({ number: seen, contact_id: await contactOf(own), role: 'thirdParty', added_at: new Date() })
      .execute();
    const cookie = await signedIn('own@example.org');
    const list = (await get('/help/requests', cookie)).text;
    expect(list).toContain('Words of own@example.org');
    expect(list).toContain(`/help/requests/${joined}`);
    expect(list).not.toContain('others@');
    expect(list).not.toContain('stranger');
    for (const number of [others, seen, 999_999]) {
      for (const path of [`/help/requests/${number}`, `/help/requests/${number}/files/f1`, `/help/requests/${number}/messages/m1/html`]) {
        expect([path, (await get(path, cookie)).status]).toEqual([path, 404]);
      }
      for (const act of ['answer', 'thatsAll', 'productionDown', 'rate']) {
        expect([act, (await post(`/help/requests/${number}`, { act, words: 'x', score: 'bad' }, cookie)).status]).toEqual([act, 404]);
      }
    }
    for (const strange of ['0', '-1', '1e3', '%00', '99999999999999999999', 'x']) expect((await get(`/help/requests/${strange}`, cookie)).status).toBe(404);
  });

  test('show public messages only, with their files', async () => {
    const number = await of('thread@example.org');
    const sent = await agentSaid(number, 'We are looking into it.');
    await agentSaid(number, 'Internal: the disk is full.', { direction: 'note', state: 'shown' });
    await agentSaid(number, 'Still to be undone.', { state: 'waiting' });
    await agentSaid(number, 'Taken back.', { state: 'withdrawn' });
    await agentSaid(number, 'To somebody else.', { to: ['c-other'] });
    const file = await inTransaction(api.db, (trx) =>
      insertUpload(trx, { name: 'ä "x".html', mediaType: 'text/html', content: Buffer.from('<script>1</script>'), agent: api.agents.agent.id, at: new Date() }),
    );
    await api.db.updateTable('attachments').set({ message_id: sent }).where('id', '=', file.id).execute();
    const cookie = await signedIn('thread@example.org');
    const page = await get(`/help/requests/${number}`, cookie);
    expect(page.text).toContain('We are looking into it.');
    expect(page.text).not.toMatch(/Internal|undone|Taken back|somebody else/);
    expect(page.text).toContain('In progress');
    expect(page.text).toContain('You’ll hear from us by');
    expect(page.headers['cache-control']).toBe('no-store');
    expect(page.headers['referrer-policy']).toBe('same-origin');
    const download = await get(`/help/requests/${number}/files/${file.id}`, cookie);
    expect(download.status).toBe(200);
    expect(download.headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'content-type': 'application/octet-stream' });
    expect(download.headers['content-disposition']).toMatch(/^attachment;/);
    expect((await get(`/help/requests/${number}/files/${file.id}`)).status).toBe(404);
    const strangers = await of('stranger@example.org');
    expect((await get(`/help/requests/${strangers}/files/${file.id}`, await signedIn('stranger@example.org'))).status).toBe(404);
  });

  test('a mail that somebody has attached is shown without what its links would let others do, as by the API', async () => {
    const number = await of('attached@example.org');
    const theirs = await link(await of('owner@example.org'), 'status');
    const content = Buffer.from(`Subject: Re\r\n\r\nYour request: http://desk.test${theirs}\r\n`);
    const sent = await agentSaid(number, 'As we wrote.');
    const [mail, archive] = await inTransaction(api.db, async (trx) => [
      await insertUpload(trx, { name: 'mail.eml', mediaType: 'message/rfc822', content, agent: api.agents.agent.id, at: new Date() }),
      await insertUpload(trx, { name: 'mail.zip', mediaType: 'application/zip', content, agent: api.agents.agent.id, at: new Date() }),
    ]);
    await api.db.updateTable('attachments').set({ message_id: sent }).where('id', 'in', [mail.id, archive.id]).execute();
    const cookie = await signedIn('attached@example.org');
    const own = await link(number, 'status');
    const words = (response: supertest.Response) => (response.body as Buffer).toString('utf8');
    for (const path of [`/help/requests/${number}/files`, `${own}/files`]) {
      const file = await get(`${path}/${mail.id}`, cookie).buffer(true);
      expect(words(file)).toMatch(/^Subject: Re\r\n\r\nYour request: http:\/\/desk\.test\/l\/x+\.x+\.x+\r\n$/);
      // What is no text stays as it is, to the byte.
      expect(words(await get(`${path}/${archive.id}`, cookie).buffer(true))).toBe(content.toString('utf8'));
    }
  });

  test('have nothing under an id that is none, whatever stands in it', async () => {
    const number = await of('odd@example.org');
    const cookie = await signedIn('odd@example.org');
    for (const base of [`/help/requests/${number}`, await link(number, 'status')]) {
      for (const id of ['a%00', '%F0%9F%98%80', 'x'.repeat(5_000)]) {
        expect((await get(`${base}/files/${id}`, cookie)).status).toBe(404);
        expect((await get(`${base}/messages/${id}/html`, cookie)).status).toBe(404);
      }
    }
  });

  test('what their author has formatted is shown as the allow-list has left it, in a frame where nothing runs', async () => {
    const number = await of('html@example.org');
    const [{ id } = { id: '' }] = await api.db
      .updateTable('messages')
      .set({ html: '<p>Hello <b>there</b></p>' })
      .where('number', '=', number)
      .returning('id')
      .execute();
    const cookie = await signedIn('html@example.org');
    const page = await get(`/help/requests/${number}`, cookie);
    expect(page.text).toContain('sandbox="allow-popups allow-popups-to-escape-sandbox"');
    const frame = await get(`/help/requests/${number}/messages/${id}/html`, cookie);
    expect(frame.text).toContain('<b>there</b>');
    expect(frame.headers['content-security-policy']).toMatch(/^sandbox .*default-src 'none'/);
  });

  test('take an answer once, with files; an empty one is asked for again; a closed request goes on in a new one', async () => {
    const number = await of('answers@example.org');
    api.clock.now += 1_000;
    const cookie = await signedIn('answers@example.org');
    const key = /name="key" value="([^"]+)"/.exec((await get(`/help/requests/${number}`, cookie)).text)?.[1] ?? '';
    const answer = () =>
      supertest(api.app)
        .post(`/help/requests/${number}`)
        .set('Origin', PUBLIC_URL)
        .set('Cookie', cookie)
        .field('act', 'answer')
        .field('key', key)
        .field('words', 'One thing more.')
        .attach('files', Buffer.from('x'), 'more.txt');
    const answers = await Promise.all([answer(), answer()]);
    expect(answers.map(({ status, headers }) => [status, headers['location']])).toEqual(Array(2).fill([303, `/help/requests/${number}?said=received`]));
    const thread = async () =>
      (await api.call('get', `/conversations/${number}/messages`)).body as { items: { body: string; channel: string; attachments: { name: string }[] }[] };
    expect((await thread()).items.slice(1)).toMatchObject([{ body: 'One thing more.', channel: 'form', attachments: [{ name: 'more.txt' }] }]);
    const events = await api.db.selectFrom('conversation_events').select('data').where('number', '=', number).where('seq', '=', 2).executeTakeFirstOrThrow();
    expect(events.data).toMatchObject({ type: 'message', author: 'customer', channel: 'form' });
    expect((await get(`/help/requests/${number}?said=received`, cookie)).text).toContain('Thank you, we’ve got it.');
    expect((await post(`/help/requests/${number}`, { act: 'answer', words: '  ' }, cookie)).status).toBe(400);

    await project(number, { status: 'closed' });
    expect((await get(`/help/requests/${number}`, cookie)).text).toContain('This request is closed');
    const next = await post(`/help/requests/${number}`, { act: 'answer', words: 'It is back.' }, cookie);
    const [, newNumber] = /^\/help\/requests\/(\d+)\?said=continued$/.exec(next.headers['location'] ?? '') ?? [];
    expect(await api.db.selectFrom('conversations').select('linked_from').where('number', '=', Number(newNumber)).executeTakeFirst()).toEqual({
      linked_from: number,
    });
    expect((await get(next.headers['location'] ?? '', cookie)).text).toContain('It is back.');
  });

  test('end it, call it urgent once, and rate it when it is done', async () => {
    const number = await of('acts@example.org');
    const cookie = await signedIn('acts@example.org');
    const act = (form: Record<string, string>) => post(`/help/requests/${number}`, form, cookie);
    expect((await act({ act: 'productionDown' })).headers['location']).toContain('said=down');
    const again = (await act({ act: 'productionDown' })).headers['location'] ?? '';
    expect((await get(again, cookie)).text).toContain('We know already');
    expect((await act({ act: 'thatsAll' })).headers['location']).toContain('said=done');
    const events = await api.db.selectFrom('conversation_events').select('data').where('number', '=', number).where('seq', '>', 1).orderBy('seq').execute();
    expect(events.map(({ data }) => data)).toMatchObject([
      { type: 'customerAct', act: 'productionDown' },
      { type: 'customerAct', act: 'thatsAll' },
    ]);
    await project(number, { status: 'solved' });
    expect((await get(`/help/requests/${number}`, cookie)).text).toContain('How was it?');
    expect((await act({ act: 'rate', score: 'bad', why: 'Slow.' })).headers['location']).toContain('said=rated');
    expect(await api.db.selectFrom('ratings').select(['score', 'words']).where('number', '=', number).execute()).toEqual([{ score: 'bad', words: 'Slow.' }]);
    expect((await act({ act: 'rate', score: 'wonderful' })).status).toBe(400);
    expect((await act({ act: 'burn' })).status).toBe(400);
  });

  test('nothing is done for another site, with whatever cookie', async () => {
    const number = await of('csrf@example.org');
    const cookie = await signedIn('csrf@example.org');
    for (const path of [`/help/requests/${number}`, '/help/requests', '/help/sign-out', '/help/codes', '/help/sessions', '/help/enter']) {
      for (const origin of ['https://evil.example', 'null']) {
        const answer = await supertest(api.app).post(path).set('Origin', origin).set('Cookie', cookie).type('form').send({ act: 'thatsAll' });
        expect([path, origin, answer.status]).toEqual([path, origin, 403]);
      }
    }
    expect(await api.db.selectFrom('conversation_events').select('seq').where('number', '=', number).execute()).toHaveLength(1);
  });

  test('a claimed visitor’s token, an agent’s, and made-up cookies open nothing', async () => {
    await of('claimed@example.org');
    const chat = await api.call('post', '/chats', { as: 'nobody', body: { email: 'claimed@example.org', body: 'Hello' } });
    const claimed = (chat.body as { visitorToken?: string }).visitorToken ?? '';
    for (const token of [claimed, api.agents.admin.token, `vt_${'A'.repeat(43)}`, 'x', '']) {
      expect([token.slice(0, 3), (await get('/help/requests', `holdfast_help=${token}`)).headers['location']]).toEqual([token.slice(0, 3), '/help/sign-in']);
    }
  });
});

describe('links', () => {
  test('a status link shows its one conversation and takes an answer, without a cookie', async () => {
    const number = await of('link@example.org');
    await of('link@example.org', { subject: 'Another of theirs' });
    await agentSaid(number, 'We are on it.');
    const path = await link(number, 'status');
    const page = await get(path);
    expect(page.text).toContain('We are on it.');
    expect(page.text).not.toContain('Another of theirs');
    expect(page.headers['set-cookie']).toBeUndefined();
    const answered = await supertest(api.app).post(path).field('act', 'answer').field('words', 'Fine.').attach('files', Buffer.from('x'), 'x.txt');
    expect(answered.headers['location']).toBe(`${path}?said=received`);
    const after = (await get(path)).text;
    expect(after).toContain('Fine.');
    const [, file] = /\/files\/(f[0-9a-f]+)/.exec(after) ?? [];
    expect((await get(`${path}/files/${file}`)).status).toBe(200);
    expect((await get(`${await link(number, 'productionDown')}/files/${file}`)).status).toBe(404);
    await project(number, { status: 'closed' });
    const next = await post(path, { act: 'answer', words: 'Once more.' });
    expect(next.headers['location']).toMatch(/^\/l\/.+\?said=continued$/);
    expect((await get(next.headers['location'] ?? '')).text).toContain('Once more.');
  });

  test('forged ones, and those of somebody who was taken out, show nothing', async () => {
    const number = await of('taken-out@example.org');
    const contact = await contactOf(number);
    const token = signLink(api.keys, { purpose: 'status', number, contact });
    const other = signLink(api.keys, { purpose: 'status', number: number + 1, contact });
    for (const forged of [`${token}x`, token.slice(1), `${other.split('.')[0]}.${token.split('.').slice(1).join('.')}`, token.toUpperCase(), 'x.y.z', '']) {
      expect([404]).toContain((await get(`/l/${encodeURIComponent(forged)}`)).status);
    }
    await api.db.deleteFrom('participants').where('number', '=', number).execute();
    for (const purpose of ['status', 'filed', 'thatsAll', 'productionDown', 'somethingElse', 'ratedGood', 'ratedBad'] as const) {
      const path = await link(number, purpose, contact);
      expect([purpose, (await get(path)).status]).toEqual([purpose, 404]);
      expect([purpose, (await post(path, { words: 'x', act: 'thatsAll', score: 'good' })).status]).toEqual([purpose, 404]);
    }
    expect(await api.db.selectFrom('conversation_events').select('seq').where('number', '=', number).execute()).toHaveLength(1);
  });

  test('what whoever typed an address is given shows how it stands, and none of its words or times', async () => {
    const filed = await api.call('post', '/help/tickets', {
      as: 'nobody',
      body: { requester: { email: 'victim@example.org' }, subject: 'Please reset my password', body: 'Thanks', priority: 'low' },
    });
    expect(filed.status).toBe(201);
    const { number, statusUrl } = filed.body as { number: number; statusUrl: string };
    await agentSaid(number, 'Here is your new password.');
    const page = (await get(new URL(statusUrl).pathname)).text;
    expect(page).toContain('In progress');
    expect(page).not.toMatch(/password|<time/);
    expect(page).toContain(`/help/sign-in?number=${number}`);
    expect((await post(new URL(statusUrl).pathname, { act: 'answer', words: 'x' })).status).toBe(404);
  });

  test('a repeated request by the API is one, and has its link again', async () => {
    const body = { requester: { email: 'again@example.org' }, subject: 'Once', body: 'Only' };
    const [one, two] = [
      await api.call('post', '/help/tickets', { as: 'nobody', body, key: 'k-1-of-sixteen-characters' }),
      await api.call('post', '/help/tickets', { as: 'nobody', body, key: 'k-1-of-sixteen-characters' }),
    ];
    expect(two.body).toEqual(one.body);
    expect(two.status).toBe(201);
  });

  test('what goes wrong is said to customers as customers, in their language', async () => {
    const english = await get('/l/nothing').set('Accept', 'text/html');
    expect(english.text).toContain('There is nothing here');
    expect(english.text).toContain('Write to us');
    expect(english.text).not.toMatch(/sign-in|start page/);
    await of('wrong@example.org');
    const cookie = await signedIn('wrong@example.org');
    const german = await get('/help/requests/x?lang=de', cookie).set('Accept', 'text/html');
    expect([german.status, german.text]).toEqual([404, expect.stringContaining('Hier ist nichts')]);
  });

  test('a page that a foreign site posts to does nothing', async () => {
    const number = await of('foreign@example.org');
    const path = await link(number, 'thatsAll');
    expect((await supertest(api.app).post(path).set('Origin', 'https://evil.example')).status).toBe(403);
    expect((await supertest(api.app).post(path).set('Origin', PUBLIC_URL)).status).toBe(200);
    expect(MONDAY_TEN).toBeLessThan(api.clock.now);
  });
});
