import { createHash } from 'node:crypto';
import supertest from 'supertest';
import { deleteUnclaimedUploads } from '../../db/attachments';
import { finishCommand, getCommand } from '../../db/commands';
import type { Role } from '../../policy/words';
import { openTestApi, type TestApi } from './test-api';

const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
const GIF = Buffer.from('GIF89a of the tests');
const DAY_MS = 86_400_000;

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi({ commandWaitMs: 50 });
});
afterAll(() => api.close());

const hashOf = (content: Buffer) => createHash('sha256').update(content).digest('hex');
const urlOf = (content: Buffer) => `/api/v1/avatars/${hashOf(content)}`;
const idOf = (role: Role) => api.agents[role].id;

async function put(id: string, content: Buffer, as: Role = 'agent', type = 'application/octet-stream') {
  const { status, body } = await supertest(api.app)
    .put(`/api/v1/agents/${id}/avatar`)
    .set('Authorization', `Bearer ${api.agents[as].token}`)
    .set('Content-Type', type)
    .send(content);
  return { status, ...(body as { avatar?: string | null; code?: string; detail?: string }) };
}

const remove = async (id: string, as: Role = 'agent') => (await api.call('delete', `/agents/${id}/avatar`, { as })).status;
const avatarOf = async (id: string) => ((await api.call('get', `/agents/${id}`)).body as { avatar: string | null }).avatar;
/** Without a token, as the widget's pictures are loaded. */
const load = (url: string) => supertest(api.app).get(url).buffer(true);
const isKept = async (content: Buffer) =>
  (await api.db.selectFrom('files').select('hash').where('hash', '=', hashOf(content)).executeTakeFirst()) !== undefined;

test('a picture that an agent sets is what customers see of them, and initials once it is taken away', async () => {
  const chat = await api.call('post', '/chats', { as: 'nobody', body: { email: 'ada@example.org', body: 'My shop is slow.' } });
  const { number, visitorToken } = chat.body as { number: number; visitorToken: string };
  const said = await api.call('post', `/conversations/${number}/replies`, { body: { body: 'I look at it.' } });
  const command = await getCommand(api.db, (said.body as { id: string }).id);
  if (command === null) throw new Error('A reply is a command.');
  await finishCommand(api.db, command, { answer: { revision: 2, view: {} as never } }, new Date(api.clock.now));
  const shown = async () => {
    const { agents } = (await api.call('get', '/chat/expectation', { as: 'nobody' })).body as { agents: { avatar: string | null }[] };
    const { items } = (await api.call('get', `/chats/${number}/messages`, { as: { token: visitorToken } })).body as {
      items: { author: { avatar: string | null } | null; from: string }[];
    };
    return [agents.map(({ avatar }) => avatar), items.filter(({ from }) => from === 'agent').map(({ author }) => author?.avatar)];
  };
  expect(await shown()).toEqual([[null], [null]]);

  expect(await put('me', PNG)).toMatchObject({ status: 200, id: idOf('agent'), avatar: urlOf(PNG) });
  expect(await shown()).toEqual([[urlOf(PNG)], [urlOf(PNG)]]);
  expect(await avatarOf(idOf('agent'))).toBe(urlOf(PNG));
  const { items } = (await api.call('get', '/agents')).body as { items: { id: string; avatar: string | null }[] };
  expect(items.filter(({ avatar }) => avatar !== null).map(({ id }) => id)).toEqual([idOf('agent')]);

  const loaded = await load(urlOf(PNG));
  expect(loaded.status).toBe(200);
  expect((loaded.body as Buffer).equals(PNG)).toBe(true);
  expect(loaded.headers).toMatchObject({
    'content-type': 'image/png',
    'content-disposition': 'inline; filename="avatar"',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
    'cache-control': 'public, max-age=86400, immutable',
  });

  expect(await remove('me')).toBe(204);
  expect(await shown()).toEqual([[null], [null]]);
  expect((await load(urlOf(PNG))).status).toBe(404);
  expect(await isKept(PNG)).toBe(false);
  // Nothing to take away is no mistake.
  expect(await remove('me')).toBe(204);
});

test.each([
  ['image/png', PNG],
  ['image/jpeg', Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1])],
  ['image/gif', GIF],
  ['image/webp', Buffer.from('RIFF\x04\x00\x00\x00WEBPVP8 ', 'latin1')],
])('%s is told by its content, whatever it was called', async (type, content) => {
  expect(await put('me', content, 'agent', 'text/html')).toMatchObject({ status: 200, avatar: urlOf(content) });
  expect((await load(urlOf(content))).headers['content-type']).toBe(type);
});

test('what is no such picture, is empty or too large is refused, and the picture stays', async () => {
  await put('me', GIF);
  for (const content of ['<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', '<script>alert(1)</script>', 'BM, a bitmap', '%PDF-1.7']) {
    expect(await put('me', Buffer.from(content), 'agent', 'image/png')).toMatchObject({ status: 415, code: 'E_UNSUPPORTED_MEDIA' });
    expect(await isKept(Buffer.from(content))).toBe(false);
  }
  expect(await put('me', Buffer.alloc(0))).toMatchObject({ status: 400, code: 'E_INVALID' });
  const largest = Buffer.concat([PNG, Buffer.alloc(512 * 1024 - PNG.length)]);
  const larger = Buffer.concat([largest, Buffer.alloc(1)]);
  expect(await put('me', larger)).toMatchObject({ status: 413, code: 'E_TOO_LARGE', detail: expect.stringContaining('512 KB') as string });
  expect(await avatarOf('me')).toBe(urlOf(GIF));
  expect(await put('me', largest)).toMatchObject({ status: 200, avatar: urlOf(largest) });
});

test('another’s is theirs, and an admin’s to set; nobody’s is not there', async () => {
  for (const as of ['viewer', 'agent', 'lead'] as const) {
    expect(await put(idOf('admin'), PNG, as)).toMatchObject({ status: 404, code: 'E_NOT_FOUND' });
    expect(await remove(idOf('admin'), as)).toBe(404);
    expect(await put(idOf(as), PNG, as)).toMatchObject({ status: 200 });
  }
  expect(await avatarOf(idOf('admin'))).toBeNull();
  expect(await put(idOf('viewer'), GIF, 'admin')).toMatchObject({ status: 200, id: idOf('viewer'), avatar: urlOf(GIF) });
  expect(await remove(idOf('viewer'), 'admin')).toBe(204);
  expect(await put('a-none', PNG, 'admin')).toMatchObject({ status: 404, code: 'E_NOT_FOUND' });
  expect(await remove('a-none', 'admin')).toBe(404);
});

test('a picture goes when nothing needs it any more, and not before', async () => {
  const shared = Buffer.concat([PNG, Buffer.from('shared')]);
  const upload = () =>
    supertest(api.app).post('/api/v1/attachments').set('Authorization', `Bearer ${api.agents.agent.token}`).set('Content-Type', 'image/png').send(shared);
  expect((await upload()).status).toBe(201);
  await put(idOf('agent'), shared);
  await put(idOf('lead'), shared, 'lead');
  // The upload that nobody sent is swept; two people still have its bytes as their picture.
  expect(await deleteUnclaimedUploads(api.db, api.clock.now + DAY_MS + 1)).toBe(1);
  expect((await load(urlOf(shared))).status).toBe(200);
  await put(idOf('agent'), GIF);
  expect((await load(urlOf(shared))).status).toBe(200);
  await put(idOf('lead'), GIF, 'lead');
  expect(await isKept(shared)).toBe(false);

  // A file that a message may yet take stays when it is nobody's picture any more, and nobody finds it as one.
  expect((await upload()).status).toBe(201);
  await put(idOf('agent'), shared);
  await remove(idOf('agent'));
  expect(await isKept(shared)).toBe(true);
  expect((await load(urlOf(shared))).status).toBe(404);
});

test('two who swap their pictures at the same time both have one', async () => {
  for (let round = 0; round < 5; round += 1) {
    const [one, two] = round % 2 === 0 ? [PNG, GIF] : [GIF, PNG];
    const answers = await Promise.all([put(idOf('agent'), one), put(idOf('lead'), two, 'lead')]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect([(await load(urlOf(PNG))).status, (await load(urlOf(GIF))).status]).toEqual([200, 200]);
  }
});
