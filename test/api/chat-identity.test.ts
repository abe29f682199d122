import { createHmac, createSign, generateKeyPairSync, randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { verifyIdentity } from '../../api/auth/identity';
import { mintIdentity } from '../../api/auth/mint-identity';
import { HoldfastError } from '../../messages/errors';
import { ADA } from './chat-people';
import { DASHBOARD_SECRET, MONDAY_TEN, openTestApi, type TestApi } from './test-api';

const NOW_S = MONDAY_TEN / 1_000;
const GOOD = { aud: 'holdfast', sub: 'u-1', email: 'ada@example.org', iat: NOW_S, exp: NOW_S + 3_600 };
const seed = Number(process.env['HOLDFAST_TEST_SEED']);

const encode = (part: unknown) => Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

/** A JWT with whatever in it, signed with HMAC-SHA-256 or not at all. */
function forged(claims: unknown, options: { header?: unknown; secret?: string; hash?: string } = {}): string {
  const { header = { alg: 'HS256', typ: 'JWT' }, secret = DASHBOARD_SECRET, hash = 'sha256' } = options;
  const signing = `${encode(header)}.${encode(claims)}`;
  return `${signing}.${createHmac(hash, secret).update(signing).digest('base64url')}`;
}

async function codeOf(token: string, now = MONDAY_TEN, secret: string | undefined = DASHBOARD_SECRET): Promise<string> {
  try {
    await verifyIdentity(secret, token, now);
    return 'let in';
  } catch (error) {
    if (error instanceof HoldfastError) return error.code;
    throw error;
  }
}

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PUBLIC_PEM = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const rs256 = (() => {
  const signing = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(GOOD)}`;
  return `${signing}.${createSign('RSA-SHA256').update(signing).sign(privateKey).toString('base64url')}`;
})();

/** Tokens that look right, with what is to be answered. */
const FORGERIES: readonly (readonly [name: string, token: string, code: string])[] = [
  ['alg none, unsigned', `${encode({ alg: 'none' })}.${encode(GOOD)}.`, 'E_IDENTITY_INVALID'],
  ['alg None with a signature', forged(GOOD, { header: { alg: 'None' } }), 'E_IDENTITY_INVALID'],
  ['no alg at all', forged(GOOD, { header: { typ: 'JWT' } }), 'E_IDENTITY_INVALID'],
  ['HS512 with the right secret', forged(GOOD, { header: { alg: 'HS512' }, hash: 'sha512' }), 'E_IDENTITY_INVALID'],
  ['HS384 with the right secret', forged(GOOD, { header: { alg: 'HS384' }, hash: 'sha384' }), 'E_IDENTITY_INVALID'],
  ['RS256 with a key of the forger’s', rs256, 'E_IDENTITY_INVALID'],
  ['HS256 with a public key as its secret', forged(GOOD, { secret: PUBLIC_PEM }), 'E_IDENTITY_INVALID'],
  ['HS256 with an empty secret', forged(GOOD, { secret: '' }), 'E_IDENTITY_INVALID'],
  ['a key of its own in the header', forged(GOOD, { header: { alg: 'HS256', jwk: { kty: 'oct', k: encode('x') } }, secret: 'x' }), 'E_IDENTITY_INVALID'],
  ['a critical header that nobody knows', forged(GOOD, { header: { alg: 'HS256', crit: ['exp2'], exp2: 1 } }), 'E_IDENTITY_INVALID'],
  ['unencoded payload', forged(GOOD, { header: { alg: 'HS256', b64: false, crit: ['b64'] } }), 'E_IDENTITY_INVALID'],
  ['another audience', forged({ ...GOOD, aud: 'another' }), 'E_IDENTITY_INVALID'],
  ['no audience', forged({ ...GOOD, aud: undefined }), 'E_IDENTITY_INVALID'],
  ['expired', forged({ ...GOOD, iat: NOW_S - 3_700, exp: NOW_S - 100 }), 'E_IDENTITY_EXPIRED'],
  ['without an end', forged({ ...GOOD, exp: undefined }), 'E_IDENTITY_INVALID'],
  ['an end too far', forged({ ...GOOD, exp: NOW_S + 3_601 }), 'E_IDENTITY_INVALID'],
  ['begun in the future to end later', forged({ ...GOOD, iat: NOW_S + 600, exp: NOW_S + 3_700 }), 'E_IDENTITY_INVALID'],
  ['begun long ago to end late', forged({ ...GOOD, iat: NOW_S - 7_200, exp: NOW_S + 600 }), 'E_IDENTITY_INVALID'],
  ['not yet good', forged({ ...GOOD, nbf: NOW_S + 600 }), 'E_IDENTITY_INVALID'],
  ['without a beginning', forged({ ...GOOD, iat: undefined }), 'E_IDENTITY_INVALID'],
  ['an end in words', forged({ ...GOOD, exp: 'tomorrow' }), 'E_IDENTITY_INVALID'],
  ['an end that is no number', forged(`{"aud":"holdfast","sub":"u","email":"a@example.org","iat":${NOW_S},"exp":1e999}`), 'E_IDENTITY_INVALID'],
  ['nobody’s', forged({ ...GOOD, sub: undefined }), 'E_IDENTITY_INVALID'],
  ['an empty sub', forged({ ...GOOD, sub: ' ' }), 'E_IDENTITY_INVALID'],
  ['a sub of two lines', forged({ ...GOOD, sub: 'a\nb' }), 'E_IDENTITY_INVALID'],
  ['without an address', forged({ ...GOOD, email: undefined }), 'E_IDENTITY_INVALID'],
  ['two addresses', forged({ ...GOOD, email: 'a@example.org,b@example.org' }), 'E_IDENTITY_INVALID'],
  ['clusters that are no list', forged({ ...GOOD, clusters: 'c042' }), 'E_IDENTITY_INVALID'],
  ['a NUL in a name', forged({ ...GOOD, name: 'a\0b' }), 'E_IDENTITY_INVALID'],
  ['claims that are a list', forged([GOOD]), 'E_IDENTITY_INVALID'],
  ['claims that are no JSON', forged('nonsense'), 'E_IDENTITY_INVALID'],
  ['two parts', forged(GOOD).split('.').slice(0, 2).join('.'), 'E_IDENTITY_INVALID'],
  ['five parts (an encrypted one)', `${forged(GOOD)}.x.y`, 'E_IDENTITY_INVALID'],
  ['no token', 'nonsense', 'E_IDENTITY_INVALID'],
];

test.each(FORGERIES)('%s is refused', async (_name, token, code) => {
  expect(await codeOf(token)).toBe(code);
});

test('a right one is let in, from a little before its beginning to a little after its end', async () => {
  const token = await mintIdentity(DASHBOARD_SECRET, { ...ADA, clusters: ['c1'] }, MONDAY_TEN);
  expect(await verifyIdentity(DASHBOARD_SECRET, token, MONDAY_TEN)).toEqual({
    sub: ADA.sub,
    email: ADA.email,
    name: 'Ada Lovelace',
    organization: 'o-acme',
    clusters: ['c1'],
    websites: [],
    expiresAt: MONDAY_TEN + 3_600_000,
  });
  expect(await codeOf(token, MONDAY_TEN - 29_000)).toBe('let in');
  expect(await codeOf(token, MONDAY_TEN - 60_000)).toBe('E_IDENTITY_INVALID');
  expect(await codeOf(token, MONDAY_TEN + 3_600_000 + 29_000)).toBe('let in');
  expect(await codeOf(token, MONDAY_TEN + 3_600_000 + 31_000)).toBe('E_IDENTITY_EXPIRED');
  // What else it says is the dashboard's own affair, and nulls are what many libraries make of nothing.
  expect(await codeOf(forged({ ...GOOD, aud: ['other', 'holdfast'], iss: 'dashboard', name: null, organization: null, role: 'admin' }))).toBe('let in');
  expect(await codeOf(token, MONDAY_TEN, 'another secret that is long enough, surely')).toBe('E_IDENTITY_INVALID');
  await expect(verifyIdentity(undefined, token, MONDAY_TEN)).rejects.toMatchObject({ code: 'E_IDENTITY_OFF' });
});

test('no token that is tampered with is let in, whatever is changed', async () => {
  const right = forged(GOOD);
  const [header = '', payload = '', signature = ''] = right.split('.');
  const bytes = (text: string) => Buffer.from(text, 'base64url');
  const flipped = (part: string) =>
    fc.tuple(fc.nat(bytes(part).length - 1), fc.integer({ min: 1, max: 255 })).map(([at, by]) => {
      const changed = bytes(part);
      changed[at] = (changed[at] ?? 0) ^ by;
      return changed.toString('base64url');
    });
  const claims = fc.record({ sub: fc.string(), email: fc.constantFrom('ceo@acme.example', 'ada@example.org'), exp: fc.integer() }, { requiredKeys: [] });
  const tampered = fc.oneof(
    flipped(header).map((part) => `${part}.${payload}.${signature}`),
    flipped(payload).map((part) => `${header}.${part}.${signature}`),
    flipped(signature).map((part) => `${header}.${payload}.${part}`),
    claims.map((changes) => `${header}.${encode({ ...GOOD, ...changes, sub: `${changes.sub ?? 'u'}-forged` })}.${signature}`),
    fc.constantFrom('', 'x', '0', 'secret', PUBLIC_PEM).map((secret) => forged(GOOD, { secret })),
    fc.uint8Array({ minLength: 1, maxLength: 64 }).map((secret) => forged(GOOD, { secret: Buffer.from(secret).toString('latin1') })),
    fc.nat(31).map((length) => `${header}.${payload}.${bytes(signature).subarray(0, length).toString('base64url')}`),
    fc.tuple(fc.base64String(), fc.base64String(), fc.base64String()).map((parts) => parts.join('.')),
    fc.string({ unit: 'binary', maxLength: 200 }),
  );
  await fc.assert(
    fc.asyncProperty(tampered, async (token) => {
      fc.pre(token !== right);
      expect(await codeOf(token)).toBe('E_IDENTITY_INVALID');
    }),
    { numRuns: 4_000, seed },
  );
});

describe('over HTTP', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await openTestApi();
  });
  afterAll(() => api.close());

  test('a hundred forgeries open nothing, and leave nothing behind', async () => {
    const tokens = Array.from({ length: 100 }, (_, n) => FORGERIES[n % FORGERIES.length]?.[1] ?? '');
    for (const [n, identity] of tokens.entries()) {
      const path = n % 2 === 0 ? '/chats' : '/chat/sessions';
      const { status, body } = await api.call('post', path, { as: 'nobody', body: { identity, ...(n % 2 === 0 && { body: 'Let me in' }) } });
      expect(status).toBe(401);
      expect((body as { code: string }).code).toMatch(/^E_IDENTITY_(INVALID|EXPIRED)$/);
      expect(JSON.stringify(body)).not.toContain(identity.slice(0, 40));
    }
    expect(await api.db.selectFrom('visitors').select('id').execute()).toEqual([]);
    expect(await api.db.selectFrom('contacts').select('id').execute()).toEqual([]);
    expect(await api.db.selectFrom('inbox').select('id').execute()).toEqual([]);
  });

  test('visitor tokens cannot be guessed, made up or bent', async () => {
    const { body } = await api.call('post', '/chats', { as: 'nobody', body: { email: 'ada@example.org', body: 'Hello' } });
    const { number, visitorToken: right } = body as { number: number; visitorToken: string };
    const bent = fc.oneof(
      fc.constant(null).map(() => `vt_${randomBytes(32).toString('base64url')}`),
      fc.nat(right.length - 4).map((at) => `${right.slice(0, at + 3)}${right[at + 3] === 'A' ? 'B' : 'A'}${right.slice(at + 4)}`),
      fc.nat(right.length - 4).map((at) => right.slice(0, at + 3)),
      fc.constantFrom(right.toUpperCase(), `${right}A`, right.replace('vt_', ''), right.replace('vt_', 'vt-'), 'vt_', "vt_'--", 'vt_null'),
    );
    await fc.assert(
      fc.asyncProperty(bent, async (token) => {
        fc.pre(token !== right);
        expect((await api.call('get', `/chats/${number}`, { as: { token } })).status).toBe(401);
      }),
      { numRuns: 100, seed },
    );
    expect((await api.call('get', `/chats/${number}`, { as: { token: right } })).status).toBe(200);
  });

  test('too many chats, and too many words, are turned away', async () => {
    const limited = await openTestApi({
      rateLimits: { credential: 0, anonymous: 0, wrongToken: 0, signIn: 0, visitor: 0, chats: 4, chatsOfAddress: 2, chatMessages: 3 },
    });
    try {
      const open = (email: string) => limited.call('post', '/chats', { as: 'nobody', body: { email, body: 'Hello' } });
      const statuses: number[] = [];
      for (const email of ['a@example.org', 'a@example.org', 'a@example.org', 'b@example.org', 'c@example.org', 'd@example.org'])
        statuses.push((await open(email)).status);
      // The third of one address is not counted against the place that it came from.
      expect(statuses).toEqual([201, 201, 429, 201, 201, 429]);
      const identity = await mintIdentity(DASHBOARD_SECRET, ADA, limited.clock.now);
      const signed = await limited.call('post', '/chats', { as: 'nobody', body: { identity, body: 'Signed' } });
      expect(signed.status).toBe(201);
      const { number, visitorToken: token } = signed.body as { number: number; visitorToken: string };
      const said: number[] = [];
      for (let n = 0; n < 3; n += 1) said.push((await limited.call('post', `/chats/${number}/messages`, { as: { token }, body: { body: 'More' } })).status);
      expect(said).toEqual([201, 201, 429]);
      limited.clock.now += 60_000;
      expect((await limited.call('post', `/chats/${number}/messages`, { as: { token }, body: { body: 'More' } })).status).toBe(201);
    } finally {
      await limited.close();
    }
  });

  test('too much to keep is turned away, also when it comes from many who have proven nothing', async () => {
    const limited = await openTestApi({
      rateLimits: { credential: 0, anonymous: 0, wrongToken: 0, signIn: 0, visitor: 0, chats: 0, chatsOfAddress: 0, chatMessages: 0, chatUploads: 5 },
    });
    try {
      const comes = async (who: object) =>
        ((await limited.call('post', '/chats', { as: 'nobody', body: { ...who, body: 'Hello' } })).body as { visitorToken: string }).visitorToken;
      const uploads = async (token: string) =>
        (
          await limited.call('post', '/chat/attachments?name=log.txt', {
            as: { token },
            body: Buffer.alloc(2_000, 'x'),
            headers: { 'Content-Type': 'text/plain' },
          })
        ).status;
      const [one, other] = [await comes({ email: 'a@example.org' }), await comes({ email: 'b@example.org' })];
      expect([await uploads(one), await uploads(other), await uploads(one), await uploads(other)]).toEqual([201, 201, 429, 429]);
      const ada = await comes({ identity: await mintIdentity(DASHBOARD_SECRET, ADA, limited.clock.now) });
      expect([await uploads(ada), await uploads(ada), await uploads(ada)]).toEqual([201, 201, 429]);
      limited.clock.now += 3_600_000;
      expect(await uploads(one)).toBe(201);
    } finally {
      await limited.close();
    }
  });
});
