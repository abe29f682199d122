import { addCode } from '../../db/codes';
import { newId } from '../../db/new-id';
import { createTicket } from '../../intake/create-ticket';
import { CODE_MS, digitsOfCode } from '../../messages/mailed-code';
import { MONDAY_TEN, openTestApi, type TestApi } from './test-api';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const OWNER = '192.0.2.1';
const STRANGER = '198.51.100.7';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

let mailboxes = 0;

/** A customer whom we know. */
async function mailbox(): Promise<string> {
  api.clock.now = MONDAY_TEN;
  const email = `owner${(mailboxes += 1)}@example.org`;
  await createTicket(api.db, api.policy, { requester: { email }, subject: 'Help', body: 'Please.' }, { now: api.clock.now, actor: null });
  return email;
}

const from = (address: string) => ({ as: 'nobody', headers: { 'X-Forwarded-For': address } }) as const;

async function ask(email: string, address: string): Promise<void> {
  expect((await api.call('post', '/help/codes', { ...from(address), body: { email } })).status).toBe(202);
  await api.settled();
}
const bring = async (email: string, address: string, code: string) =>
  (await api.call('post', '/help/sessions', { ...from(address), body: { email, code } })).status;

/** What the mailbox holds, the oldest first. */
async function mailed(email: string): Promise<string[]> {
  const rows = await api.db.selectFrom('codes').select(['id', 'hash']).where('email', '=', email).orderBy('created_at').execute();
  return rows.map(({ id, hash }) => digitsOfCode(api.keys, { id, email }, hash) ?? 'none');
}

test('a stranger who asks all day uses up their own codes, and none of the owner’s', async () => {
  const email = await mailbox();
  for (let n = 0; n < 40; n += 1, api.clock.now += 10 * MINUTE_MS) await ask(email, STRANGER);
  const before = await mailed(email);
  // Five at once, then one every two hours.
  expect(before.length).toBeLessThanOrEqual(8);
  await ask(email, OWNER);
  const now = await mailed(email);
  expect(now).toHaveLength(before.length + 1);
  expect(await bring(email, OWNER, now.at(-1) ?? '')).toBe(201);
});

test('many strangers together leave the owner the last code, which is good as soon as they ask', async () => {
  const email = await mailbox();
  for (let n = 0; n < 12; n += 1, api.clock.now += MINUTE_MS) await ask(email, `203.0.113.${n}`);
  const codes = await mailed(email);
  expect(codes).toHaveLength(10);
  const last = codes.at(-1) ?? '';
  api.clock.now += CODE_MS;
  expect(await bring(email, OWNER, last)).toBe(403);
  await ask(email, OWNER);
  expect(await mailed(email)).toEqual(codes);
  expect(await bring(email, OWNER, last)).toBe(201);
  expect(await bring(email, OWNER, last)).toBe(403);
  // Whoever has shown whose mailbox it is need not wait.
  await ask(email, OWNER);
  const next = await mailed(email);
  expect(next).toHaveLength(11);
  expect(await bring(email, OWNER, next.at(-1) ?? '')).toBe(201);
});

test('a code stays good while another is on its way, and a stranger who guesses uses nobody’s up', async () => {
  const email = await mailbox();
  await ask(email, OWNER);
  api.clock.now += MINUTE_MS;
  await ask(email, STRANGER);
  const [code = ''] = await mailed(email);
  const wrong = (await mailed(email)).includes('000000') ? '000001' : '000000';
  for (let n = 0; n < 8; n += 1) expect(await bring(email, STRANGER, wrong)).toBe(403);
  // They have had their tries, right or wrong.
  expect(await bring(email, STRANGER, code)).toBe(403);
  expect(await bring(email, OWNER, code)).toBe(201);
});

test('many who guess together have twenty tries for a code, and then it is good for nobody', async () => {
  const email = await mailbox();
  await ask(email, OWNER);
  const [code = ''] = await mailed(email);
  const wrong = code === '000000' ? '000001' : '000000';
  for (let n = 0; n < 20; n += 1) expect(await bring(email, `203.0.113.${Math.floor(n / 4)}`, wrong)).toBe(403);
  expect(await bring(email, OWNER, code)).toBe(403);
});

test('however many ask, a mailbox gets twenty-two mails a day at most', async () => {
  const email = 'flooded@example.org';
  const start = MONDAY_TEN + 24 * HOUR_MS;
  let mails = 0;
  for (let n = 0; n < 480; n += 1) {
    const at = start + n * 3 * MINUTE_MS;
    const asked = { id: newId('code'), email, locale: 'en', hash: Buffer.alloc(32), askedFrom: `a:${n % 60}`, at, expiresAt: at + CODE_MS } as const;
    if (await addCode(api.db, asked)) mails += 1;
  }
  expect(mails).toBeGreaterThan(10);
  expect(mails).toBeLessThanOrEqual(22);
}, 60_000);
