import { randomBytes } from 'node:crypto';
import supertest from 'supertest';
import { bounceAddress, parseSigningKeys, replyAddress, signedMailId, signLink, type SigningKeys } from '../../messages/addresses';
import { openTestApi, addTicket, type TestApi } from '../api/test-api';
import { MailDesk, mailOf } from './mail-desk';

const FORGERIES = 100;
const SEED = Number(process.env['HOLDFAST_TEST_SEED'] ?? 1);
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** Numbers below a bound that are the same for the same seed. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state % below;
  };
}

/** The address with another signature, key or number: never the genuine one. */
function forgedAddress(genuine: string, foreign: SigningKeys, index: number, next: (below: number) => number): string {
  const [, kind = '', number = '', key = '', mac = '', host = ''] = /^(reply|bounce)\+(\d+)\.([a-z0-9]+)\.([a-z2-7]{24})@(.+)$/.exec(genuine) ?? [];
  const place = next(mac.length);
  const letter = BASE32.charAt((BASE32.indexOf(mac.charAt(place)) + 1 + next(31)) % 32);
  switch (index % 5) {
    case 0:
      return `${kind}+${number}.${key}.${mac.slice(0, place)}${letter}${mac.slice(place + 1)}@${host}`;
    case 1:
      return `${kind}+${Number(number) + 1}.${key}.${mac}@${host}`;
    case 2:
      return `${kind}+${number}.${key}x.${mac}@${host}`;
    case 3:
      // A signature for the other purpose.
      return `${kind === 'reply' ? 'bounce' : 'reply'}+${number}.${key}.${mac}@${host}`;
    default:
      return kind === 'reply'
        ? replyAddress(foreign, { number: Number(number), recipient: 'c_1' }, host)
        : bounceAddress(foreign, { number: Number(number), mailId: `x@${host}` }, host);
  }
}

describe('forgeries over SMTP', () => {
  const desk = new MailDesk();
  beforeAll(() => desk.open());
  afterAll(() => desk.close());

  test(`of ${FORGERIES} forged addresses and Message-IDs none gets in (seed ${SEED})`, async () => {
    const next = random(SEED);
    const { number, requester_id: recipient } = await desk.opened(mailOf());
    const mailId = signedMailId(desk.keys, `conversation/${number}:x`, desk.domain);
    const genuine = [replyAddress(desk.keys, { number, recipient }, desk.domain), bounceAddress(desk.keys, { number, mailId }, desk.domain)];
    await desk.db
      .insertInto('outgoing_mails')
      .values({
        key: `conversation/${number}:x`,
        number,
        kind: 'reply',
        message_ref: null,
        recipient_id: recipient,
        mail_id: mailId,
        envelope_from: genuine[1] ?? '',
        envelope_to: 'jane@acme.test',
        raw: Buffer.from('x'),
        state: 'sent',
        last_error: null,
        at: new Date(desk.now),
      })
      .execute();
    // Same id as the live key's: only the secret differs.
    const foreign = parseSigningKeys(`k1:${randomBytes(32).toString('base64')}`);
    const rows: number[] = [];
    for (let index = 0; index < FORGERIES; index += 1) {
      const to = forgedAddress(genuine[index % 2] ?? '', foreign, index, next);
      const id = index % 3 === 0 ? signedMailId(foreign, `conversation/${number}:x`, desk.domain) : `${mailId.slice(0, 4)}2${mailId.slice(5)}`;
      const raw = mailOf({ body: `Forgery ${index}`, headers: [`In-Reply-To: <${id}>`, ...(index % 4 === 0 ? ['Auto-Submitted: auto-replied'] : [])] });
      rows.push(await desk.send(raw, { from: index % 4 === 0 ? '' : 'jane@acme.test', to: [to] }));
    }
    const inside = [];
    for (const id of rows) if ((await desk.settled(id, 60_000)).number === number) inside.push(id);
    expect(inside).toEqual([]);
    expect(await desk.messages(number)).toHaveLength(1);
    expect(await desk.conversation(number)).toMatchObject({ last_seq: 1 });
    // And the genuine ones do.
    for (const to of genuine) expect((await desk.deliver(mailOf({ body: `Genuine, to ${to}` }), { to: [to] })).number).toBe(number);
  }, 120_000);

  test('while keys are exchanged the addresses of both get in; once the old one is gone, its own do not', async () => {
    const { number, requester_id: recipient } = await desk.opened(mailOf());
    const [old] = desk.keys;
    const fresh = { id: 'k2', secret: randomBytes(32) };
    const addressBy = (keys: SigningKeys): string => replyAddress(keys, { number, recipient }, desk.domain);
    const joins = async (to: string): Promise<boolean> => (await desk.deliver(mailOf({ body: `To ${to} ${Math.random()}` }), { to: [to] })).number === number;
    await desk.useKeys([fresh, old]);
    expect([await joins(addressBy([old])), await joins(addressBy([fresh]))]).toEqual([true, true]);
    await desk.useKeys([fresh]);
    expect([await joins(addressBy([old])), await joins(addressBy([fresh]))]).toEqual([false, true]);
    await desk.useKeys([old]);
  });
});

describe('forgeries over HTTP', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await openTestApi();
  });
  afterAll(() => api.close());

  test(`of ${FORGERIES} forged links none is followed, and none acts (seed ${SEED})`, async () => {
    const next = random(SEED + 1);
    const number = await addTicket(api);
    const { requester_id: contact } = await api.db.selectFrom('conversations').select('requester_id').where('number', '=', number).executeTakeFirstOrThrow();
    const genuine = signLink(api.keys, { purpose: 'productionDown', number, contact });
    const foreign = parseSigningKeys(`test:${randomBytes(32).toString('base64')}`);
    const [payload = '', key = '', mac = ''] = genuine.split('.');
    const statuses = new Set<number>();
    for (let index = 0; index < FORGERIES; index += 1) {
      const place = next(mac.length);
      const letter = BASE32.charAt((BASE32.indexOf(mac.charAt(place)) + 1 + next(31)) % 32);
      const other = Buffer.from(JSON.stringify(['productionDown', number, `c${index + 2}`])).toString('base64url');
      const token = [
        `${payload}.${key}.${mac.slice(0, place)}${letter}${mac.slice(place + 1)}`,
        `${other}.${key}.${mac}`,
        signLink(foreign, { purpose: 'productionDown', number, contact }),
        randomBytes(40).toString('base64url'),
      ][index % 4];
      for (const method of ['get', 'post'] as const) statuses.add((await supertest(api.app)[method](`/l/${token ?? ''}`)).status);
    }
    expect([...statuses]).toEqual([404]);
    expect(await api.db.selectFrom('conversations').select('last_seq').where('number', '=', number).executeTakeFirstOrThrow()).toEqual({ last_seq: 1 });
    expect((await supertest(api.app).get(`/l/${genuine}`)).status).toBe(200);
  });
});
