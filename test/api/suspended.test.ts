import { createLogger } from '../../config/log';
import { insertInbox } from '../../db/inbox';
import { startResolver } from '../../intake/resolver';
import { mailOf, type MailParts } from '../intake/mail-desk';
import { addTicket, MONDAY_TEN, openTestApi, SATURDAY_NOON, type TestApi } from './test-api';

let api: TestApi;
let resolver: { close(): Promise<void> };

beforeAll(async () => {
  api = await openTestApi({ commandWaitMs: 10_000 });
  resolver = startResolver({
    db: api.db,
    url: api.databaseUrl,
    keys: api.keys,
    domain: 'example.test',
    log: createLogger('test', { write: () => undefined }),
    now: () => api.clock.now,
  });
});
afterAll(async () => {
  await resolver.close();
  await api.close();
});
beforeEach(() => {
  api.clock.now = MONDAY_TEN;
});

interface Suspended {
  readonly id: number;
  readonly reason: string;
  readonly from: string | null;
  readonly subject: string;
  readonly preview: string;
  readonly receivedAt: string;
  readonly verdict: string | null;
  readonly number: number | null;
}

async function list(query = ''): Promise<{ items: Suspended[]; nextCursor?: string }> {
  const { body, status } = await api.call('get', `/suspended${query}`, { as: 'viewer' });
  expect(status).toBe(200);
  return body as { items: Suspended[]; nextCursor?: string };
}

async function arrives(parts: MailParts = {}, envelopeFrom = 'bot@nowhere.test'): Promise<number> {
  const receivedAt = new Date(api.clock.now);
  const envelope = { from: envelopeFrom, to: [parts.to ?? 'info@example.test'] };
  const id = await insertInbox(api.db, { channel: 'email', receivedAt, raw: mailOf(parts), envelope, urgent: false });
  for (;;) {
    const row = await api.db.selectFrom('inbox').select('state').where('id', '=', id).executeTakeFirstOrThrow();
    if (row.state !== 'accepted') return id;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const robot = (subject: string): MailParts => ({
  from: 'Bot <bot@nowhere.test>',
  subject,
  headers: ['Auto-Submitted: auto-generated'],
  body: `${subject}\nSecond line`,
});

test('what was kept aside is listed with its reason, newest first, page by page', async () => {
  const ids: number[] = [];
  for (const [index, subject] of ['One', 'Two', 'Three'].entries()) {
    api.clock.now = MONDAY_TEN + index * 60_000;
    ids.unshift(await arrives(robot(subject)));
  }
  const first = await list('?limit=2');
  expect(first.items.map(({ id }) => id)).toEqual(ids.slice(0, 2));
  expect(first.items[0]).toEqual({
    id: ids[0],
    reason: 'machine',
    from: 'bot@nowhere.test',
    subject: 'Three',
    preview: 'Three Second line',
    receivedAt: new Date(MONDAY_TEN + 120_000).toISOString(),
    verdict: 'none',
    number: null,
  });
  const second = await list(`?limit=2&cursor=${first.nextCursor ?? ''}`);
  expect(second.items.map(({ id }) => id)).toEqual(ids.slice(2));
  expect(second.nextCursor).toBeUndefined();
});

test('released it is a request whose promises count from then, and which keeps its time of receipt', async () => {
  api.clock.now = SATURDAY_NOON;
  const id = await arrives(robot('Released'));
  api.clock.now = SATURDAY_NOON + 2 * 86_400_000;
  const released = await api.call('post', `/suspended/${id}/release`, { key: 'release-1' });
  expect(released.body).toMatchObject({ state: 'resolved', number: expect.any(Number) as number, reason: null });
  const { number } = released.body as { number: number };
  const conversation = (await api.call('get', `/conversations/${number}`)).body as { receivedAt: string; promises: { kind: string; since: string }[] };
  expect(conversation.receivedAt).toBe(new Date(SATURDAY_NOON).toISOString());
  expect(conversation.promises.map(({ kind }) => kind).sort()).toEqual(['dispatch', 'firstResponse']);
  for (const { since } of conversation.promises) expect(since).toBe(new Date(api.clock.now).toISOString());
  // A machine still gets no automatic mail.
  const { start } = await api.db.selectFrom('conversations').select('start').where('number', '=', number).executeTakeFirstOrThrow();
  expect(start).toMatchObject({ receipt: false, noAutoMail: true, receivedAt: api.clock.now });
  const messages = (await api.call('get', `/conversations/${number}/messages`)).body as { items: unknown[] };
  expect(messages.items).toEqual([
    expect.objectContaining({ at: new Date(SATURDAY_NOON).toISOString(), verdict: 'none', authenticated: false, machine: false }),
  ]);
  expect((await list()).items.map((mail) => mail.id)).not.toContain(id);
  // The same request again is the same answer; another one finds nothing.
  expect((await api.call('post', `/suspended/${id}/release`, { key: 'release-1' })).body).toMatchObject({ number });
  expect((await api.call('post', `/suspended/${id}/release`)).status).toBe(404);
  const row = await api.db.selectFrom('inbox').select(['act', 'acted_by', 'acted_at']).where('id', '=', id).executeTakeFirstOrThrow();
  expect(row).toEqual({ act: 'release', acted_by: api.agents.agent.id, acted_at: new Date(SATURDAY_NOON + 2 * 86_400_000) });
});

test('mail of nobody, and mail that claims to be ours, can be released and is answered to nobody', async () => {
  for (const parts of [
    { from: null, headers: ['X-Note: nobody'], subject: 'From nobody' },
    { from: 'Support <support@example.test>', subject: 'From ourselves' },
  ]) {
    const id = await arrives(parts, '');
    const released = await api.call('post', `/suspended/${id}/release`);
    const { number } = released.body as { number: number };
    const contact = await api.db
      .selectFrom('conversations as c')
      .innerJoin('contacts as r', 'r.id', 'c.requester_id')
      .select(['r.email', 'r.name', 'c.start'])
      .where('c.number', '=', number)
      .executeTakeFirstOrThrow();
    expect(contact).toMatchObject({ email: null, name: 'Unknown sender', start: { receipt: false } });
  }
});

test('deleted it is gone with its bytes, and who did it is kept; a repetition of it stays away', async () => {
  const id = await arrives({ ...robot('Deleted'), mailId: 'deleted@nowhere.test' });
  expect((await api.call('delete', `/suspended/${id}`, { as: 'viewer' })).status).toBe(403);
  expect((await api.call('delete', `/suspended/${id}`)).status).toBe(204);
  expect((await api.call('delete', `/suspended/${id}`)).status).toBe(404);
  expect((await list()).items.map((mail) => mail.id)).not.toContain(id);
  const row = await api.db.selectFrom('inbox').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  expect(row).toMatchObject({ state: 'deleted', act: 'delete', acted_by: api.agents.agent.id, sender: null, subject: null, preview: null });
  expect(row.raw).toHaveLength(0);
  const before = (await list()).items.length;
  await arrives({ ...robot('Deleted'), mailId: 'deleted@nowhere.test' });
  expect((await list()).items).toHaveLength(before);
});

test('run again, it is read and judged once more', async () => {
  const still = await arrives(robot('Still a machine'));
  expect((await api.call('post', `/suspended/${still}/retry`)).body).toEqual({ state: 'suspended', number: null, url: null, reason: 'machine' });
  const unread = await arrives({ ...robot('Now a customer'), from: 'bot@acme.test' }, 'bot@acme.test');
  await api.db
    .insertInto('organizations')
    .values({ id: 'acme', name: 'Acme', domains: ['acme.test'], created_at: new Date(api.clock.now) })
    .execute();
  expect((await api.call('post', `/suspended/${unread}/retry`)).body).toMatchObject({ state: 'resolved', number: expect.any(Number) as number });
  // One that failed has nothing to show but that it is there.
  const failed = await arrives(robot('Failed'));
  await api.db
    .updateTable('inbox')
    .set({ state: 'failed', reason: 'unresolvable', sender: null, subject: null, preview: null })
    .where('id', '=', failed)
    .execute();
  expect((await list()).items.find(({ id }) => id === failed)).toMatchObject({ reason: 'unresolvable', from: null, subject: null });
  expect((await api.call('post', `/suspended/${failed}/retry`)).body).toMatchObject({ state: 'suspended', reason: 'machine' });
});

test('without a worker the decision is kept', async () => {
  const id = await arrives(robot('Waits'));
  await resolver.close();
  const slow = await openTestApi({ commandWaitMs: 100 });
  try {
    const there = await insertInbox(slow.db, { channel: 'email', receivedAt: new Date(MONDAY_TEN), raw: mailOf(), envelope: {}, urgent: false });
    await slow.db.updateTable('inbox').set({ state: 'suspended', reason: 'machine' }).where('id', '=', there).execute();
    const answer = await slow.call('post', `/suspended/${there}/release`);
    expect([answer.status, answer.body]).toEqual([202, { state: 'queued' }]);
  } finally {
    await slow.close();
    resolver = startResolver({
      db: api.db,
      url: api.databaseUrl,
      keys: api.keys,
      domain: 'example.test',
      log: createLogger('test', { write: () => undefined }),
      now: () => api.clock.now,
    });
  }
  expect((await list()).items.map((mail) => mail.id)).toContain(id);
});

describe('blocked senders', () => {
  test('an address or a domain is blocked, and unblocked', async () => {
    const blocked = await api.call('post', '/blocked-senders', { body: { sender: 'Pest@Spam.test' }, key: 'block-1' });
    expect([blocked.status, blocked.body]).toEqual([
      201,
      { sender: 'pest@spam.test', blockedBy: api.agents.agent.id, blockedAt: new Date(MONDAY_TEN).toISOString() },
    ]);
    await api.call('post', '/blocked-senders', { body: { sender: '@junk.test' } });
    const first = (await api.call('get', '/blocked-senders?limit=1')).body as { items: { sender: string }[]; nextCursor: string };
    const second = (await api.call('get', `/blocked-senders?cursor=${first.nextCursor}`)).body as { items: { sender: string }[] };
    expect([...first.items, ...second.items].map(({ sender }) => sender)).toEqual(['@junk.test', 'pest@spam.test']);
    for (const from of ['pest@spam.test', 'anybody@junk.test']) {
      await arrives({ from, subject: `From ${from}` }, from);
      expect((await list()).items.find(({ subject }) => subject === `From ${from}`)).toMatchObject({ reason: 'blocked', from });
    }
    expect((await api.call('delete', '/blocked-senders/pest%40spam.test')).status).toBe(204);
    expect((await api.call('delete', '/blocked-senders/pest%40spam.test')).status).toBe(404);
    const before = (await list()).items.length;
    await arrives({ from: 'pest@spam.test', subject: 'May write again' }, 'pest@spam.test');
    expect((await list()).items).toHaveLength(before);
  });

  test.each(['', 'nobody', '@', 'a b@c.test', '@nodot'])('%j is no sender', async (sender) => {
    expect((await api.call('post', '/blocked-senders', { body: { sender } })).status).toBe(400);
  });

  test('a domain with customers in it lets these through, an address of one does not', async () => {
    await api.db
      .insertInto('organizations')
      .values({ id: 'mixed', name: 'Mixed', domains: ['mixed.test'], created_at: new Date(api.clock.now) })
      .execute();
    await api.call('post', '/blocked-senders', { body: { sender: '@mixed.test' } });
    await api.call('post', '/blocked-senders', { body: { sender: 'bad@mixed.test' } });
    await arrives({ from: 'good@mixed.test', subject: 'Good' }, 'good@mixed.test');
    await arrives({ from: 'bad@mixed.test', subject: 'Bad' }, 'bad@mixed.test');
    const subjects = (await list()).items.map(({ subject }) => subject);
    expect(subjects).toContain('Bad');
    expect(subjects).not.toContain('Good');
  });
});

describe('spam', () => {
  async function numberOf(id: number): Promise<number> {
    const { number } = await api.db.selectFrom('inbox').select('number').where('id', '=', id).executeTakeFirstOrThrow();
    return Number(number);
  }

  test('its mail is kept aside, its sender is blocked if asked for, and released it is a new, linked request', async () => {
    const id = await arrives({ from: 'seller@offers.test', subject: 'Buy now' }, 'seller@offers.test');
    const number = await numberOf(id);
    await api.call('post', `/conversations/${number}/spam`, { body: { block: true } });
    expect((await list()).items.find((mail) => mail.id === id)).toMatchObject({ reason: 'spam', from: 'seller@offers.test', subject: 'Buy now', number });
    await arrives({ from: 'seller@offers.test', subject: 'Buy again' }, 'seller@offers.test');
    expect((await list()).items.find(({ subject }) => subject === 'Buy again')).toMatchObject({ reason: 'blocked' });
    const released = (await api.call('post', `/suspended/${id}/release`)).body as { number: number };
    expect(released.number).not.toBe(number);
    expect((await api.call('get', `/conversations/${released.number}`)).body).toMatchObject({ linkedFrom: number, subject: 'Buy now' });
    for (const one of [number, released.number]) {
      const { items } = (await api.call('get', `/conversations/${one}/messages`)).body as { items: unknown[] };
      expect(items).toHaveLength(1);
    }
  });

  test('without a word on it nobody is blocked; what came by the API is not mail', async () => {
    const id = await arrives({ from: 'lead@offers.test', subject: 'An offer' }, 'lead@offers.test');
    await api.call('post', `/conversations/${await numberOf(id)}/spam`, { body: {} });
    expect(await api.db.selectFrom('blocked_senders').select('sender').where('sender', '=', 'lead@offers.test').execute()).toEqual([]);
    const ticket = await addTicket(api);
    const before = (await list()).items.length;
    await api.call('post', `/conversations/${ticket}/spam`, { body: {} });
    expect((await list()).items).toHaveLength(before);
  });
});
