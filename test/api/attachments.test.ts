import { createHash } from 'node:crypto';
import supertest from 'supertest';
import { deleteUnclaimedUploads, insertAttachments } from '../../db/attachments';
import { addTicket, openTestApi, type TestApi } from './test-api';

const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
const DAY_MS = 86_400_000;

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi({ commandWaitMs: 50 });
});
afterAll(() => api.close());

type Role = 'agent' | 'lead' | 'viewer';

interface UploadOptions {
  readonly name?: string;
  readonly type?: string;
  readonly as?: Role;
  readonly key?: string;
}

async function upload(content: Buffer, { name = 'notes.txt', type = 'text/plain', as = 'agent', key = '' }: UploadOptions = {}) {
  let request = supertest(api.app)
    .post(`/api/v1/attachments?name=${encodeURIComponent(name)}`)
    .set('Authorization', `Bearer ${api.agents[as].token}`)
    .set('Content-Type', type);
  if (key !== '') request = request.set('Idempotency-Key', key);
  // As it is, also where supertest would make JSON of it.
  const response = await request.serialize((body) => body as string).send(content);
  return { status: response.status, ...(response.body as { id: string; url: string; code?: string; detail?: string; bytes: number; mediaType: string }) };
}

function download(id: string, as: Role = 'agent') {
  return supertest(api.app).get(`/api/v1/attachments/${id}`).set('Authorization', `Bearer ${api.agents[as].token}`).buffer(true).parse(bytes);
}

function bytes(response: unknown, done: (error: Error | null, body: unknown) => void): void {
  const stream = response as NodeJS.ReadableStream;
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('end', () => done(null, Buffer.concat(chunks)));
}

const files = () => api.db.selectFrom('files').select(['hash', 'bytes']).execute();
const filesOf = (messageId: string) =>
  api.db.selectFrom('attachments').select(['id', 'name', 'position']).where('message_id', '=', messageId).orderBy('position').execute();

test('what is uploaded comes back byte for byte, to be saved and not opened', async () => {
  const content = Buffer.from('<script>alert(1)</script>\0\r\n');
  const kept = await upload(content, { name: 'page.html', type: 'text/html' });
  expect(kept).toMatchObject({ status: 201, name: 'page.html', mediaType: 'text/html', bytes: content.length, url: `/api/v1/attachments/${kept.id}` });
  const got = await download(kept.id);
  expect(got.status).toBe(200);
  expect((got.body as Buffer).equals(content)).toBe(true);
  expect(got.headers).toMatchObject({
    'content-type': 'application/octet-stream',
    'content-disposition': 'attachment; filename="page.html"',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
  });
});

test('JSON, forms and bytes of no type are files like any other', async () => {
  for (const type of ['application/json', 'application/x-www-form-urlencoded', 'nonsense']) {
    const content = Buffer.from('{"not": "a request"');
    const { status, id, mediaType } = await upload(content, { type });
    expect([status, mediaType]).toEqual([201, type === 'nonsense' ? 'application/octet-stream' : type]);
    expect(((await download(id)).body as Buffer).equals(content)).toBe(true);
  }
});

test.each([
  ['image/png', PNG],
  ['image/jpeg', Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1])],
  ['image/gif', Buffer.from('GIF89a…')],
  ['image/webp', Buffer.from('RIFF\x04\x00\x00\x00WEBPVP8 ', 'latin1')],
])('a picture is shown as %s by its content, whatever it was called', async (type, content) => {
  const { id } = await upload(content, { name: 'x.exe', type: 'application/x-msdownload' });
  const got = await download(id);
  expect(got.headers).toMatchObject({ 'content-type': type, 'content-disposition': 'inline; filename="x.exe"', 'x-content-type-options': 'nosniff' });
});

test('what only says that it is a picture is not shown', async () => {
  const { id } = await upload(Buffer.from('<svg onload="alert(1)"/>'), { name: 'x.png', type: 'image/png' });
  expect((await download(id)).headers).toMatchObject({ 'content-type': 'application/octet-stream', 'content-disposition': 'attachment; filename="x.png"' });
});

test.each([
  ['Rechnung März „neu“.pdf', `attachment; filename="Rechnung M_rz _neu_.pdf"; filename*=UTF-8''Rechnung%20M%C3%A4rz%20%E2%80%9Eneu%E2%80%9C.pdf`],
  ['../../etc/passwd', `attachment; filename=".._.._etc_passwd"`],
  ['a"; filename="b.exe', `attachment; filename="a_; filename=_b.exe"; filename*=UTF-8''a%22%3B%20filename%3D%22b.exe`],
  ['exe.\u202efdp', `attachment; filename="exe._fdp"`],
])('the name %s is data', async (name, header) => {
  const { id } = await upload(Buffer.from(name), { name });
  expect((await download(id)).headers['content-disposition']).toBe(header);
});

test('a name with a line break, an empty file and a file that is too large are refused', async () => {
  expect(await upload(Buffer.from('x'), { name: 'a\r\nSet-Cookie: b' })).toMatchObject({ status: 400, code: 'E_INVALID' });
  expect(await upload(Buffer.alloc(0))).toMatchObject({ status: 400, code: 'E_INVALID' });
  expect(await upload(Buffer.alloc(18 * 1024 * 1024 + 1))).toMatchObject({
    status: 413,
    code: 'E_TOO_LARGE',
    detail: expect.stringContaining('18 MB') as string,
  });
});

test('a viewer cannot upload, and nobody sees an upload of another that is not sent', async () => {
  expect(await upload(Buffer.from('x'), { as: 'viewer' })).toMatchObject({ status: 403, code: 'E_FORBIDDEN' });
  const { id } = await upload(Buffer.from('secret'), { as: 'lead' });
  expect((await download(id, 'agent')).status).toBe(404);
  expect((await download(id, 'lead')).status).toBe(200);
});

test('the same upload under one Idempotency-Key is one, another one is told apart', async () => {
  const first = await upload(Buffer.from('once'), { key: 'k1' });
  expect(await upload(Buffer.from('once'), { key: 'k1' })).toMatchObject({ status: 201, id: first.id });
  expect(await upload(Buffer.from('twice'), { key: 'k1' })).toMatchObject({ status: 409, code: 'E_IDEMPOTENCY_REUSED' });
});

test('a reply, a note and a ticket take uploads with them, each once', async () => {
  const number = await addTicket(api);
  const [one, two, three, four] = [await upload(Buffer.from('1')), await upload(Buffer.from('2')), await upload(PNG), await upload(Buffer.from('4'))];
  const reply = await api.call('post', `/conversations/${number}/replies`, { body: { body: 'Here they are.', attachments: [two.id, one.id] } });
  expect(reply.status).toBe(202);
  const note = await api.call('post', `/conversations/${number}/notes`, { body: { body: 'Look.', attachments: [three.id] } });
  expect(note.status).toBe(202);
  const again = await api.call('post', `/conversations/${number}/notes`, { body: { body: 'Again.', attachments: [three.id] } });
  expect(again).toMatchObject({ status: 400, body: { code: 'E_INVALID', errors: [{ path: 'body.attachments' }] } });
  const opened = await addTicket(api, { attachments: [four.id] });
  const thread = (await api.call('get', `/conversations/${number}/messages`)).body as {
    items: { direction: string; attachments: { id: string; url: string }[] }[];
  };
  const ids = (direction: string) =>
    thread.items.filter((message) => message.direction === direction).map(({ attachments }) => attachments.map(({ id }) => id));
  expect([ids('out'), ids('note')]).toEqual([[[two.id, one.id]], [[three.id]]]);
  const first = (await api.call('get', `/conversations/${opened}/messages`)).body as { items: { attachments: unknown[] }[] };
  expect(first.items[0]?.attachments).toEqual([{ id: four.id, name: 'notes.txt', mediaType: 'text/plain', bytes: 1, url: `/api/v1/attachments/${four.id}` }]);
  // Sent now: everybody on staff who reads the thread reads its files.
  expect((await download(one.id, 'viewer')).status).toBe(200);
});

test('uploads of another, unknown ones, and more than a mail takes are refused with what they came with', async () => {
  const number = await addTicket(api);
  const theirs = await upload(Buffer.from('x'), { as: 'lead' });
  const before = await api.db.selectFrom('messages').select('id').where('number', '=', number).execute();
  for (const attachments of [[theirs.id], ['f-none']]) {
    expect((await api.call('post', `/conversations/${number}/replies`, { body: { body: 'x', attachments } })).status).toBe(400);
  }
  const large = [await upload(Buffer.alloc(10 * 1024 * 1024, 1)), await upload(Buffer.alloc(10 * 1024 * 1024, 2))];
  const tooMuch = await api.call('post', `/conversations/${number}/replies`, { body: { body: 'x', attachments: large.map(({ id }) => id) } });
  expect(tooMuch).toMatchObject({ status: 400, body: { errors: [{ message: expect.stringContaining('18 MB') as string }] } });
  expect(await api.db.selectFrom('messages').select('id').where('number', '=', number).execute()).toEqual(before);
  expect(
    await api.db
      .selectFrom('attachments')
      .select('id')
      .where('id', '=', large[0]?.id ?? '')
      .where('message_id', 'is', null)
      .execute(),
  ).toHaveLength(1);
});

test('the same bytes are kept once, and unused uploads go after a day with what only they contain', async () => {
  const number = await addTicket(api);
  const shared = Buffer.from('shared by two');
  const [mine, unused, lonely] = [await upload(shared), await upload(shared), await upload(Buffer.from('nobody needs this'))];
  const hash = createHash('sha256').update(shared).digest('hex');
  expect((await files()).filter((file) => file.hash === hash)).toEqual([{ hash, bytes: shared.length }]);
  const noted = await api.call('post', `/conversations/${number}/notes`, { body: { body: 'x', attachments: [mine.id] } });
  expect(noted.status).toBe(202);
  expect(await deleteUnclaimedUploads(api.db, api.clock.now + DAY_MS)).toBe(0);
  expect(await deleteUnclaimedUploads(api.db, api.clock.now + DAY_MS + 1)).toBeGreaterThan(0);
  expect([(await download(mine.id)).status, (await download(unused.id)).status, (await download(lonely.id)).status]).toEqual([200, 404, 404]);
  const left = (await files()).map((file) => file.hash);
  expect(left).toContain(hash);
  expect(left).not.toContain(createHash('sha256').update('nobody needs this').digest('hex'));
});

test('files that come and go at the same time are neither lost nor in each other’s way', async () => {
  const number = await addTicket(api);
  const { id } = await api.db.selectFrom('messages').select('id').where('number', '=', number).executeTakeFirstOrThrow();
  const contents = Array.from({ length: 6 }, (_, index) => Buffer.from(`busy ${index}`));
  const keep = (order: readonly Buffer[]) =>
    api.db.transaction().execute((trx) =>
      insertAttachments(
        trx,
        id,
        order.map((content) => ({ name: 'x', mediaType: 'text/plain', content })),
      ),
    );
  for (let round = 0; round < 5; round += 1) {
    for (const content of contents) await upload(content);
    await Promise.all([keep(contents), keep([...contents].reverse()), deleteUnclaimedUploads(api.db, api.clock.now + 2 * DAY_MS)]);
  }
  expect(await filesOf(id)).toHaveLength(60);
});
