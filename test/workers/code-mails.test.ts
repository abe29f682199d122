import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { addCode } from '../../db/codes';
import type { Database } from '../../db/connection';
import { newId } from '../../db/new-id';
import { parseSigningKeys } from '../../messages/addresses';
import { CODE_MS, digitsOfCode, hashOfCode, isRightCode } from '../../messages/mailed-code';
import { startCodeMails } from '../../workers/code-mails';
import { readMail, startSmtpSink, type SmtpSink } from '../kit/smtp-sink';
import { openTestDatabase, type OpenTestDatabase } from '../setup/database';

const NOW = Date.parse('2026-03-27T18:30:00Z');
const key = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;
const [OLD, NEW] = [key('old'), key('new')];
const keys = parseSigningKeys(OLD);

let database: OpenTestDatabase;
let db: Database;
let sink: SmtpSink;
beforeAll(async () => {
  database = await openTestDatabase();
  ({ db } = database);
  sink = await startSmtpSink();
});
afterAll(async () => {
  await sink.close();
  await database.close();
});

const start = (clock: { now: number }, given = keys) =>
  startCodeMails({ db, url: database.url, smtpUrl: sink.url, keys: given, mailDomain: 'example.test', log: pino({ enabled: false }), now: () => clock.now });

async function ask(email: string, at: number, locale: 'de' | 'en' = 'en'): Promise<{ id: string; email: string; digits: string }> {
  const id = newId('code');
  const hash = hashOfCode(keys, { id, email });
  expect(await addCode(db, { id, email, locale, hash, askedFrom: 'a:192.0.2.1', at, expiresAt: at + CODE_MS })).toBe(true);
  return { id, email, digits: digitsOfCode(keys, { id, email }, hash) ?? 'none' };
}

test('a code is mailed once, at once, in the language that was asked for, and says nothing of anybody', async () => {
  const mails = start({ now: NOW });
  sink.expect('ada@example.org');
  sink.expect('grete@example.org');
  const english = await ask('ada@example.org', NOW);
  const german = await ask('grete@example.org', NOW, 'de');
  const [mail] = await sink.wait('ada@example.org', 1);
  const [other] = await sink.wait('grete@example.org', 1);
  await mails.close();
  if (mail === undefined || other === undefined) throw new Error('There is no mail.');
  const read = await readMail(mail);
  expect(read.subject).toBe(`${english.digits} is your code`);
  expect(read.text).toContain(`${english.digits.slice(0, 3)} ${english.digits.slice(3)}`);
  expect(read.html).toContain(`${english.digits.slice(0, 3)} ${english.digits.slice(3)}`);
  expect(read.text).toContain('within 10 minutes');
  expect(mail.from).toBe('');
  expect(Object.fromEntries(read.headers.map(({ key: name, value }) => [name, value]))).toMatchObject({ 'auto-submitted': 'auto-generated' });
  expect((await readMail(other)).subject).toBe(`${german.digits} ist Ihr Code`);
  expect(sink.mails()).toHaveLength(2);
});

test('a server that puts it off is asked again, one that refuses is not, and what is too old is not sent', async () => {
  const clock = { now: NOW };
  await ask('late@example.org', NOW - CODE_MS - 1);
  const put = await ask('put-off@example.org', NOW);
  await ask('refused@example.org', NOW);
  sink.expect('put-off@example.org', { do: 'refuse', at: 'data', code: 451 });
  sink.expect('refused@example.org', { do: 'refuse', at: 'recipient', code: 550 });
  const mails = start(clock);
  const [mail] = await sink.wait('put-off@example.org', 1);
  expect((await readMail(mail ?? { raw: Buffer.alloc(0) })).subject).toContain(put.digits);
  await sink.announced('refused@example.org');
  await mails.close();
  const rows = await db
    .selectFrom('codes')
    .select(['email', 'mailed_at'])
    .where('email', 'in', ['late@example.org', 'put-off@example.org', 'refused@example.org'])
    .orderBy('email')
    .execute();
  expect(rows.map(({ email, mailed_at: at }) => [email, at !== null])).toEqual([
    ['late@example.org', false],
    ['put-off@example.org', true],
    ['refused@example.org', true],
  ]);
}, 30_000);

test('keys can be exchanged while a code is on its way; whoever lacks the key cannot make the code', async () => {
  const { id, email, digits } = await ask('keys@example.org', NOW);
  const { hash } = await db.selectFrom('codes').select('hash').where('id', '=', id).executeTakeFirstOrThrow();
  const both = parseSigningKeys(`${NEW},${OLD}`);
  expect(digitsOfCode(both, { id, email }, hash)).toBe(digits);
  expect(isRightCode(both, { id, email }, hash, digits)).toBe(true);
  expect(isRightCode(both, { id, email: 'other@example.org' }, hash, digits)).toBe(false);
  expect(digitsOfCode(parseSigningKeys(NEW), { id, email }, hash)).toBeNull();
  for (let wrong = 0; wrong < 2_000; wrong += 1) {
    const typed = String(wrong).padStart(6, '0');
    if (typed !== digits) expect(isRightCode(both, { id, email }, hash, typed)).toBe(false);
  }
  await db.deleteFrom('codes').where('id', '=', id).execute();
});
