import { SignJWT } from 'jose';
import PostalMime from 'postal-mime';
import supertest from 'supertest';
import { writeMail } from '../../activities/mail/write-mail';
import { readMailSource } from '../../db/mail-source';
import type { MailEffect } from '../../policy/effects';
import { PRIORITIES, type Priority } from '../../policy/words';
import { DASHBOARD_SECRET, MONDAY_TEN, openTestApi, PUBLIC_URL, SATURDAY_NOON, type TestApi } from './test-api';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
  await api.call('post', '/organizations', {
    as: 'admin',
    body: { name: 'Acme', plan: 'enterprise', domains: ['acme.example'], clusters: ['c042', 'c043'], websites: ['shop.acme.example'] },
  });
});
afterAll(() => api.close());
beforeEach(() => {
  api.clock.now = MONDAY_TEN;
});

const FIELDS = { email: 'ada@example.org', name: 'Ada', subject: 'The shop is slow', body: 'Since this morning.', priority: 'normal' };

function send(fields: Record<string, string>, options: { query?: string; headers?: Record<string, string>; files?: [string, Buffer][] } = {}) {
  let request = supertest(api.app)
    .post(`/help/requests${options.query ?? ''}`)
    .set('Origin', PUBLIC_URL)
    .set(options.headers ?? {});
  for (const [name, value] of Object.entries(fields)) request = request.field(name, value);
  for (const [name, content] of options.files ?? []) request = request.attach('files', content, name);
  return request;
}

const numberIn = (text: string): number => Number(/#(\d+)/.exec(text)?.[1]);
const hidden = (page: string, name: string): string | undefined => new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1];

function signed(claims: Record<string, unknown> = {}): Promise<string> {
  const now = Math.floor(api.clock.now / 1_000);
  return new SignJWT({ sub: 'u-17', email: 'carl@acme.example', name: 'Carl', clusters: ['c042', 'c043'], websites: ['shop.acme.example'], ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setAudience('holdfast')
    .setIssuedAt(now)
    .setExpirationTime(now + 600)
    .sign(Buffer.from(DASHBOARD_SECRET));
}
const enter = async (claims: Record<string, unknown> = {}) =>
  supertest(api.app)
    .post('/help/enter')
    .set('Origin', PUBLIC_URL)
    .type('form')
    .send({ identity: await signed(claims) });

/** The times that a page shows, by priority; exact, as machines read them. */
function shown(page: string): Record<string, number> {
  return Object.fromEntries(
    PRIORITIES.map((priority) => {
      const [, time] = new RegExp(`class="choice ${priority}"[\\s\\S]*?<time datetime="([^"]+)"`).exec(page) ?? [];
      return [priority, Date.parse(time ?? '')];
    }),
  );
}

/** The receipt as it would leave: from the effect that is stored for the workflow. */
async function receipt(number: number): Promise<{ text: string; dueAt: unknown; subject: string }> {
  const { carried } = await api.db.selectFrom('conversations').select('carried').where('number', '=', number).executeTakeFirstOrThrow();
  const effect = carried?.lanes.find((candidate): candidate is MailEffect => candidate.type === 'mail' && candidate.mail === 'receipt');
  if (effect === undefined) throw new Error(`#${number} has no receipt.`);
  const source = await readMailSource(api.db, { number, recipient: effect.recipient, messageIds: [], at: effect.at });
  if (source === null || source.recipient.email === null) throw new Error('There is nobody to write to.');
  const mail = await writeMail({ keys: api.keys, mailDomain: 'example.test', publicUrl: PUBLIC_URL }, { number, effect, source, to: source.recipient.email });
  const { text = '', subject = '' } = await PostalMime.parse(mail.raw);
  return { text, subject, dueAt: effect.facts['dueAt'] };
}

describe('the time that is promised', () => {
  test.each([
    ['in office hours', MONDAY_TEN],
    ['a minute before the office closes', Date.parse('2026-03-23T18:59:00Z')],
    ['on a Saturday', SATURDAY_NOON],
    ['in the night in which clocks go forward', Date.parse('2026-03-29T00:30:00Z')],
    ['on a Friday evening', Date.parse('2026-03-27T19:30:00Z')],
  ])('is the same before sending, after it, in the API, in the database and in the receipt: %s', async (_name, at) => {
    api.clock.now = at;
    const before = shown((await supertest(api.app).get('/help')).text);
    const explained = async (priority: Priority) => {
      const { body } = await api.call('post', '/policy/explain', {
        body: { receivedAt: new Date(at).toISOString(), kind: 'ticket', priority, plan: 'standard' },
      });
      return Date.parse((body as { promises: { kind: string; dueAt: string }[] }).promises.find(({ kind }) => kind === 'firstResponse')?.dueAt ?? '');
    };
    for (const priority of PRIORITIES) {
      const email = `${priority}-${at}@example.org`;
      const sent = await send({ ...FIELDS, email, priority });
      expect(sent.status).toBe(200);
      const number = numberIn(sent.text);
      const after = Date.parse(/class="promise">[\s\S]*?<time datetime="([^"]+)"/.exec(sent.text)?.[1] ?? '');
      const [promise] = await api.db.selectFrom('promises').select('due_at').where('number', '=', number).where('kind', '=', 'firstResponse').execute();
      const told = await receipt(number);
      expect([priority, await explained(priority), after, promise?.due_at.getTime(), told.dueAt]).toEqual([priority, ...Array(4).fill(before[priority])]);
      const zoned = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Berlin', hour: '2-digit', minute: '2-digit' }).format(before[priority]);
      expect(told.text).toContain(zoned);
      expect(sent.text).toContain(zoned);
      // An address that is only typed is told none of its words.
      expect(told.text + told.subject).not.toMatch(/slow|Ada|morning/);
    }
  });

  test('a closed office says so, and what to do when production is down; an open one does not', async () => {
    const open = (await supertest(api.app).get('/help')).text;
    expect(open).toContain('We’re here right now');
    api.clock.now = SATURDAY_NOON;
    const shut = (await supertest(api.app).get('/help')).text;
    expect(shut).toContain('Closed now. We open again Mon 30 Mar, 08:00.');
    expect(shut).toContain('Is production down? Choose Urgent.');
    expect(shut).toContain('Production application is completely down or unusable');
    expect(shut).toContain('Berlin time');
    const sent = (await send({ ...FIELDS, email: 'bob@example.org', priority: 'urgent' })).text;
    expect(sent).toContain('on-call engineer has been told');
  });

  test('the receipt to an address that is only typed repeats no words of whoever typed it, also at a customer of ours', async () => {
    const typed = await api.call('post', '/help/tickets', {
      as: 'nobody',
      body: { requester: { email: 'boss@acme.example', name: 'Your Bank' }, subject: 'Pay at evil.example', body: 'Pay at evil.example' },
    });
    expect(typed.status).toBe(201);
    const { number } = typed.body as { number: number };
    const { organization_id: organization } = await api.db
      .selectFrom('conversations')
      .select('organization_id')
      .where('number', '=', number)
      .executeTakeFirstOrThrow();
    expect(organization).not.toBeNull();
    const told = await receipt(number);
    expect(`${told.subject} ${told.text}`).not.toMatch(/evil|Bank/);
  });

  test('an address that is only typed is never told its own plan: the receipt tells the earlier time to it alone', async () => {
    api.clock.now = SATURDAY_NOON;
    const [typed, stranger] = [
      await send({ ...FIELDS, email: 'dora@acme.example', priority: 'urgent' }),
      await send({ ...FIELDS, email: 'nobody@unknown.example', priority: 'urgent' }),
    ];
    const mask = (page: string) => page.replace(/#\d+|dora@acme\.example|nobody@unknown\.example|\/l\/[^"]+/g, '…');
    expect(mask(typed.text)).toBe(mask(stranger.text));
    const number = numberIn(typed.text);
    const told = await receipt(number);
    expect(told.dueAt).toBe(SATURDAY_NOON + 30 * 60_000);
    expect(typed.text).toContain(new Date(Date.parse('2026-03-30T06:30:00Z')).toISOString());
    // The same by the API.
    const { body } = await api.call('post', '/help/tickets', {
      as: 'nobody',
      body: { requester: { email: 'erik@acme.example' }, subject: 'Down', body: 'All of it.', priority: 'urgent' },
    });
    expect(body.answerBy).toBe('2026-03-30T06:30:00.000Z');
    expect(JSON.stringify(body)).not.toContain(new Date(SATURDAY_NOON + 30 * 60_000).toISOString());
  });

  test('a page that was open for long is corrected by what is said after sending', async () => {
    const before = shown((await supertest(api.app).get('/help')).text);
    api.clock.now += 40 * 60_000;
    const sent = await send({ ...FIELDS, email: 'late@example.org', priority: 'urgent' });
    const after = Date.parse(/class="promise">[\s\S]*?<time datetime="([^"]+)"/.exec(sent.text)?.[1] ?? '');
    expect(after).toBe((before['urgent'] ?? 0) + 40 * 60_000);
    expect((await receipt(numberIn(sent.text))).dueAt).toBe(after);
  });
});

describe('a signed identity', () => {
  test('fills the form in, locks who asks, offers the identity’s systems, and shows the times of its plan', async () => {
    api.clock.now = SATURDAY_NOON;
    const entered = await enter();
    expect(entered.status).toBe(200);
    const page = entered.text;
    expect(page).toMatch(/type="email"\s+value="carl@acme\.example"\s+readonly/);
    expect(page).toContain('<option value="c042"');
    expect(page).toContain('<option value="shop.acme.example" selected');
    expect(shown(page)['urgent']).toBe(SATURDAY_NOON + 30 * 60_000);
    const visitor = hidden(page, 'visitor') ?? '';
    const key = hidden(page, 'key') ?? '';
    // What the form says of the address does not count.
    const sent = await send({
      ...FIELDS,
      email: 'somebody@else.example',
      priority: 'urgent',
      cluster: 'c043',
      website: '-',
      visitor,
      key,
      signedIn: 'carl@acme.example',
    });
    expect(sent.status).toBe(200);
    const number = numberIn(sent.text);
    const row = await api.db
      .selectFrom('conversations as c')
      .innerJoin('contacts as r', 'r.id', 'c.requester_id')
      .select(['r.email', 'c.plan', 'c.cluster', 'c.website', 'c.channel', 'c.priority_source'])
      .where('c.number', '=', number)
      .executeTakeFirstOrThrow();
    expect(row).toEqual({ email: 'carl@acme.example', plan: 'enterprise', cluster: ['c043'], website: [], channel: 'form', priority_source: 'requester' });
    expect((await receipt(number)).dueAt).toBe(shown(page)['urgent']);
    expect(sent.text).toContain(new Date(SATURDAY_NOON + 30 * 60_000).toISOString());
  });

  test('the only systems that can be chosen are the identity’s own', async () => {
    const visitor = hidden((await enter()).text, 'visitor') ?? '';
    const refused = await send({ ...FIELDS, cluster: 'c999', visitor });
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('choose one of the clusters');
  });

  test('what was typed survives the end of the sign-in', async () => {
    const page = (await enter()).text;
    api.clock.now += 25 * 3_600_000;
    const again = await send({ ...FIELDS, visitor: hidden(page, 'visitor') ?? '', signedIn: 'carl@acme.example', email: 'carl@acme.example' });
    expect(again.status).toBe(400);
    expect(again.text).toContain('Your sign-in has ended');
    expect(again.text).toContain('Since this morning.');
    expect(again.text).toContain('value="carl@acme.example"');
  });

  test('only sites that may embed us bring one, and only they show the form in a frame', async () => {
    const identity = await signed();
    for (const origin of ['https://evil.example', 'null']) {
      const refused = await supertest(api.app).post('/help/enter').set('Origin', origin).type('form').send({ identity });
      expect([origin, refused.status]).toEqual([origin, 403]);
    }
    for (const [name, value] of Object.entries({ forged: `${identity}x`, empty: 'x.y.z', none: 'eyJhbGciOiJub25lIn0.e30.' })) {
      const refused = await supertest(api.app).post('/help/enter').set('Origin', PUBLIC_URL).type('form').send({ identity: value });
      expect([name, refused.status]).toEqual([name, 401]);
    }
    const form = await supertest(api.app).get('/help');
    expect(form.headers['content-security-policy']).toContain("frame-ancestors 'self'");
    expect(form.headers['x-frame-options']).toBeUndefined();
    expect(form.headers['cache-control']).toBe('no-store');
    const signIn = await supertest(api.app).get('/help/sign-in');
    expect(signIn.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(signIn.headers['x-frame-options']).toBe('DENY');
  });
});

test('errors keep everything that was typed, and are tied to their fields', async () => {
  const typed = {
    ...FIELDS,
    email: 'no address',
    subject: '',
    body: 'The "shop" <b>is</b> slow & sad',
    priority: 'low',
    cluster: 'c1',
    website: 'shop.example.org',
  };
  const answer = await send(typed, { files: [['notes.txt', Buffer.from('hello')]] });
  expect(answer.status).toBe(400);
  expect(answer.text).toContain('value="no address"');
  expect(answer.text).toContain('The &quot;shop&quot; &lt;b&gt;is&lt;/b&gt; slow &amp; sad');
  expect(answer.text).toMatch(/value="low"\s+required\s+checked/);
  expect(answer.text).toContain('value="c1"');
  expect(answer.text).toContain('value="shop.example.org"');
  expect(answer.text).toContain('choose them again');
  expect(answer.text).toContain('href="#email"');
  expect(answer.text).toContain('id="subject-problem"');
});

test('a form that is sent twice is one request, also at once; a changed one is another', async () => {
  const key = hidden((await supertest(api.app).get('/help')).text, 'key') ?? '';
  const form = { ...FIELDS, email: 'twice@example.org', key };
  const answers = await Promise.all([send(form), send(form), send(form)]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(new Set(answers.map(({ text }) => numberIn(text))).size).toBe(1);
  expect(numberIn((await send({ ...form, body: 'Something else.' })).text)).not.toBe(numberIn(answers[0]?.text ?? ''));
});

test('files come with it, named as their sender called them', async () => {
  const sent = await send(
    { ...FIELDS, email: 'files@example.org' },
    {
      files: [
        ['a.png', Buffer.from([0x89, 0x50])],
        ['Übersicht ä.txt', Buffer.from('x')],
      ],
    },
  );
  const number = numberIn(sent.text);
  const { body } = await api.call('get', `/conversations/${number}/messages`);
  expect(body.items[0]).toMatchObject({
    channel: 'form',
    attachments: [
      { name: 'a.png', bytes: 2 },
      { name: 'Übersicht ä.txt', bytes: 1 },
    ],
  });
});

test('robots that fill in what nobody sees are asked again', async () => {
  const answer = await send({ ...FIELDS, email: 'robot@example.org', fax: 'http://spam.example' });
  expect(answer.status).toBe(400);
  expect(answer.text).toContain('A field that people do not see');
  expect(await api.db.selectFrom('contacts').select('id').where('email', '=', 'robot@example.org').execute()).toEqual([]);
});

test('German is asked for by the browser or by ?lang, and kept', async () => {
  const page = await supertest(api.app).get('/help').set('Accept-Language', 'de-DE,de;q=0.9,en;q=0.5');
  expect(page.text).toContain('<html lang="de">');
  expect(page.text).toContain('Steht die Produktion still?');
  expect(page.text).toContain('action="/help/requests"');
  const chosen = await supertest(api.app).get('/help?lang=de').set('Accept-Language', 'en');
  expect(chosen.text).toContain('action="/help/requests?lang=de"');
  const sent = await send({ ...FIELDS, email: 'de@example.org' }, { query: '?lang=de' });
  expect(sent.text).toContain('Ist angekommen: #');
  expect(sent.text).toContain('Zeit in Berlin');
});

test('a request that another site sets off is refused, and so is one of the desk’s own addresses', async () => {
  for (const origin of ['https://evil.example', 'null', undefined]) {
    let request = supertest(api.app).post('/help/requests');
    if (origin !== undefined) request = request.set('Origin', origin);
    expect([origin, (await request.type('form').send(FIELDS)).status]).toEqual([origin, 403]);
  }
  const own = await send({ ...FIELDS, email: 'support@example.test' });
  expect(own.status).toBe(400);
  expect(own.text).toContain('an address of this desk');
});

test('strangers are slowed down', async () => {
  const limited = await openTestApi({ rateLimits: { credential: 0, anonymous: 0, forms: 2, codes: 2, codeTries: 2, links: 2 } });
  try {
    const post = (path: string, form: Record<string, string>) => supertest(limited.app).post(path).set('Origin', PUBLIC_URL).type('form').send(form);
    const statuses = async (path: string, form: Record<string, string>) => {
      const all: number[] = [];
      for (let n = 0; n < 3; n += 1) all.push((await post(path, form)).status);
      return all;
    };
    expect(await statuses('/help/requests', FIELDS)).toEqual([200, 200, 429]);
    expect(await statuses('/help/codes', { email: 'ada@example.org' })).toEqual([200, 200, 429]);
    expect(await statuses('/help/sessions', { email: 'ada@example.org', code: '000000' })).toEqual([403, 403, 429]);
    const looks: number[] = [];
    for (let n = 0; n < 3; n += 1) looks.push((await supertest(limited.app).get('/l/nothing')).status);
    expect(looks).toEqual([404, 404, 429]);
  } finally {
    await limited.close();
  }
});
