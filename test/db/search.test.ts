import * as fc from 'fast-check';
import { sql } from 'kysely';
import { listConversations } from '../../db/conversations';
import { changeContact } from '../../db/directory';
import { wordsOf } from '../../db/search';
import { addTicket, openTestApi, type TestApi } from '../api/test-api';

let api: TestApi;
let shop: number;
let other: number;
beforeAll(async () => {
  api = await openTestApi();
  shop = await addTicket(api, {
    requester: { email: 'juergen@mueller-soehne.example', phone: '+4930123456', name: 'Jürgen Müller' },
    subject: 'Straße nicht gefunden: 404',
    body: 'Der Warenkorb zeigt den Größenrechner nicht mehr an. See https://shop.example.net/cart?id=7 — “nothing”.',
  });
  other = await addTicket(api, { requester: { email: 'zoe@example.org', name: 'Zoë Ødegård' }, subject: 'Invoice', body: 'The café bill is wrong.' });
});
afterAll(() => api.close());

async function found(q: string, more: object = {}): Promise<number[]> {
  const rows = await listConversations(api.db, { q, snoozedAt: null, ...more }, { sort: 'received', after: null, limit: 50 });
  return rows.map(({ number }) => number).sort((a, b) => a - b);
}

test.each([
  ['a word of the message', 'warenkorb'],
  ['the start of one', 'waren'],
  ['of the subject', 'gefunden'],
  ['ß as ss', 'strasse'],
  ['ß as it is', 'Straße'],
  ['an umlaut as it is', 'GRÖSSENRECHNER'],
  ['an umlaut as two letters', 'Groessenrechner'],
  ['an umlaut left out', 'grossenrechner'],
  ['a name', 'mueller'],
  ['a decomposed name', 'Mu\u0308ller'],
  ['several words, in any order and from several places', 'Müller 404 cart'],
  ['an address', 'juergen@mueller-soehne.example'],
  ['its domain', 'mueller-soehne'],
  ['a host', 'shop.example.net'],
  ['a phone number', '+49 30 123456'],
  ['without its country code', '030/123456'],
  ['with two noughts', '0049 30 12 34 56'],
  ['in quotes', '“Warenkorb”'],
])('%s finds it: %s', async (_name, q) => {
  expect(await found(q)).toEqual([shop]);
});

test.each(['korb', 'waren bill', 'example.net/shop', 'net.example', '40', 'xyz', '404x', "'; DROP TABLE messages; --", 'a & !b | (c <-> d):*'])(
  'what is not there finds nothing: %s',
  async (q) => {
    const expected = q === '40' ? [shop] : [];
    expect(await found(q)).toEqual(expected);
  },
);

test('accents and strokes of other languages make no difference, either', async () => {
  for (const q of ['zoe', 'Zoë', 'odegard', 'Ødegård', 'cafe', 'CAFÉ']) expect(await found(q)).toEqual([other]);
});

test('a number is a conversation, with or without its sign, and never the start of one', async () => {
  expect(await found(`#${other}`)).toEqual([other]);
  expect(await found(String(other))).toEqual([other]);
  expect(await found(String(other).slice(0, 3))).toEqual([]);
});

test('punctuation alone narrows nothing', async () => {
  expect(await found('— … !')).toEqual([shop, other]);
  expect(wordsOf(' a  b a ')).toEqual(['a', 'b']);
  expect(wordsOf('1 2 3 4 5 6 7 8 9 x')).toHaveLength(8);
});

test('it follows what changes: notes, tags, names, merging', async () => {
  await api.call('post', `/conversations/${other}/notes`, { body: { body: 'Ask Kaltmamsell about it' } });
  expect(await found('kaltmamsell')).toEqual([other]);
  await api.db
    .updateTable('conversations')
    .set({ tags: ['bögenbau'], cluster: ['c042'] })
    .where('number', '=', shop)
    .execute();
  expect(await found('boegen c042')).toEqual([shop]);
  const zoe = await api.db.selectFrom('contacts').select('id').where('email', '=', 'zoe@example.org').executeTakeFirstOrThrow();
  await changeContact(api.db, zoe.id, { name: 'Zoe Nordmann' });
  expect(await found('odegard')).toEqual([]);
  expect(await found('nordmann')).toEqual([other]);
  await api.db.updateTable('conversations').set({ merged_into: shop }).where('number', '=', other).execute();
  expect(await found('invoice')).toEqual([shop]);
  await api.db.updateTable('conversations').set({ merged_into: null }).where('number', '=', other).execute();
  expect(await found('invoice')).toEqual([other]);
});

test('whatever somebody looks for, the database understands it, and a word finds what it was taken from', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }), async (text) => {
      const storable = text.replaceAll('\0', '');
      for (const word of wordsOf(storable)) {
        const { rows } = await sql<{ hit: boolean | null }>`SELECT search_words(${storable}) @@ search_query(${word}) AS hit`.execute(api.db);
        // A word of signs that are no letters for PostgreSQL is nothing to it.
        expect([true, null, /^[\x21-\x7e]*$/.test(word) ? true : false]).toContain(rows[0]?.hit);
      }
    }),
    { numRuns: 300 },
  );
});

test('a text without end is taken, and its beginning is found', async () => {
  const words = Array.from({ length: 60_000 }, (_, n) => `w${n.toString(36)}`).join(' ');
  const long = await addTicket(api, { subject: 'Long', body: words.slice(0, 400_000) });
  expect(await found('w1')).toContain(long);
  const wide = 'ﷺ'.repeat(100_000);
  expect(await addTicket(api, { subject: 'Wide', body: wide })).toBeGreaterThan(long);
});
