import supertest from 'supertest';
import { signLink, type LinkPurpose } from '../../messages/addresses';
import { addTicket, MONDAY_TEN, openTestApi, PUBLIC_URL, type TestApi } from './test-api';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
  const number = await addTicket(api);
  ({ requester_id: ada } = await api.db.selectFrom('conversations').select('requester_id').where('number', '=', number).executeTakeFirstOrThrow());
});
afterAll(() => api.close());
beforeEach(() => {
  api.clock.now = MONDAY_TEN;
});

/** Ada, who has asked everything here. */
let ada: string;
const path = (number: number, purpose: LinkPurpose, contact = ada) => `/l/${signLink(api.keys, { purpose, number, contact })}`;
const press = (to: string, form: Record<string, string>) => supertest(api.app).post(to).set('Origin', PUBLIC_URL).type('form').send(form);
const rating = (number: number) => api.db.selectFrom('ratings').select(['score', 'words', 'contact_id']).where('number', '=', number).executeTakeFirst();
const acts = async (number: number) =>
  (await api.db.selectFrom('conversation_events').select('data').where('number', '=', number).where('type', '=', 'customerAct').orderBy('seq').execute()).map(
    ({ data }) => data,
  );

describe('the answers of the rating mail', () => {
  test('following one asks, its button rates, words may follow, and a changed mind counts', async () => {
    const number = await addTicket(api);
    const good = path(number, 'ratedGood');
    const asked = await supertest(api.app).get(good);
    expect(asked.status).toBe(200);
    expect(asked.text).toContain('How was it?');
    // The answer that was clicked comes first.
    expect(asked.text.indexOf('value="good"')).toBeLessThan(asked.text.indexOf('value="bad"'));
    expect(await rating(number)).toBeUndefined();
    expect(await acts(number)).toEqual([]);

    const rated = await press(good, { score: 'good' });
    expect(rated.text).toContain('Thank you for telling us.');
    expect(rated.text).toContain('Would you like to tell us why?');
    expect(await rating(number)).toEqual({ score: 'good', words: null, contact_id: ada });
    expect(await acts(number)).toMatchObject([{ act: 'rated', score: 'good', at: MONDAY_TEN }]);

    const added = await press(good, { score: 'good', words: 'Quick & <b>kind</b>' });
    expect(added.text).not.toContain('textarea');
    expect(await rating(number)).toMatchObject({ score: 'good', words: 'Quick & <b>kind</b>' });
    // Nothing new for the conversation.
    expect(await acts(number)).toHaveLength(1);

    await press(path(number, 'ratedBad'), { score: 'bad' });
    expect(await rating(number)).toMatchObject({ score: 'bad', words: 'Quick & <b>kind</b>' });
    expect(await acts(number)).toMatchObject([{ score: 'good' }, { score: 'bad' }]);
  });

  test('in German where the mail was', async () => {
    const asked = await supertest(api.app).get(`${path(await addTicket(api), 'ratedBad')}?lang=de`);
    expect(asked.text).toContain('<html lang="de"');
    expect(asked.text).toContain('Wie war es?');
  });

  test('what is closed can still be rated, and hears nothing', async () => {
    const number = await addTicket(api);
    await api.db
      .updateTable('conversations')
      .set({ status: 'closed', closed_at: new Date(MONDAY_TEN) })
      .where('number', '=', number)
      .execute();
    expect((await supertest(api.app).get(path(number, 'ratedGood'))).text).toContain('How was it?');
    expect((await press(path(number, 'ratedGood'), { score: 'good' })).status).toBe(200);
    expect(await rating(number)).toMatchObject({ score: 'good' });
    expect(await acts(number)).toEqual([]);
  });

  test('nobody rates what is not theirs, nor what is no answer', async () => {
    const number = await addTicket(api);
    expect((await press(path(number, 'ratedGood', 'c_nobody'), { score: 'good' })).status).toBe(404);
    expect((await press(path(number, 'ratedGood'), { score: 'superb' })).status).toBe(400);
    expect((await press(path(number, 'ratedGood'), {})).status).toBe(400);
    expect((await press(path(number, 'ratedGood'), { score: 'good', words: 'x'.repeat(5_001) })).status).toBe(400);
    const twisted = path(number, 'ratedGood').replace('WyJ', 'WyK');
    expect((await press(twisted, { score: 'good' })).status).toBe(404);
    expect(await rating(number)).toBeUndefined();
  });

  test('two answers at once are one rating', async () => {
    const number = await addTicket(api);
    const [one, other] = [path(number, 'ratedGood'), path(number, 'ratedBad')];
    await Promise.all([press(one, { score: 'good' }), press(other, { score: 'bad' }), press(one, { score: 'good' })]);
    const last = (await acts(number)).at(-1);
    expect(last).toMatchObject({ act: 'rated', score: (await rating(number))?.score });
  });
});

describe('tokens of mailed links', () => {
  test('are shown to nobody who reads along: not in texts, not in quotations, not in HTML, not in what is kept aside', async () => {
    const number = await addTicket(api);
    const token = path(number, 'productionDown').slice('/l/'.length);
    const quoted = `Thanks!\n> https://desk.test/l/${token}`;
    await api.db
      .updateTable('messages')
      .set({ body: quoted, full_body: `${quoted}\n> Bye`, html: `<p>Thanks!</p><a href="https://desk.test/l/${token}">Tell us</a>` })
      .where('number', '=', number)
      .execute();
    const { id } = await api.db.selectFrom('messages').select('id').where('number', '=', number).executeTakeFirstOrThrow();
    const raw = Buffer.from(`From: c@acme.test\r\nSubject: Re: [#${number}]\r\n\r\n${quoted}\r\n`);
    const inbox = await api.db
      .insertInto('inbox')
      .values({
        channel: 'email',
        received_at: new Date(MONDAY_TEN),
        raw,
        state: 'suspended',
        reason: 'machine',
        content_hash: null,
        duplicate_of: null,
        number: null,
        error: null,
        sender: 'c@acme.test',
        subject: 'Re:',
        preview: quoted,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    await api.db.insertInto('files').values({ hash: 'quoting', bytes: raw.byteLength, content: raw }).execute();
    const attached = {
      position: 0,
      name: 'old.eml',
      media_type: 'message/rfc822',
      bytes: raw.byteLength,
      hash: 'quoting',
      content_id: null,
      uploaded_by: null,
    };
    await api.db
      .insertInto('attachments')
      .values({ id: 'f_quoting', message_id: id, ...attached })
      .execute();
    const as = (at: string) => supertest(api.app).get(at).set('Authorization', `Bearer ${api.agents.viewer.token}`);
    const seen = await Promise.all([
      as(`/api/v1/conversations/${number}/messages`),
      as(`/conversations/${number}`),
      as(`/conversations/${number}/messages/${id}/html`),
      as('/api/v1/suspended'),
      as('/suspended'),
      as(`/suspended/${inbox.id}/raw`).buffer(true),
      as('/api/v1/attachments/f_quoting').buffer(true),
      supertest(api.app).get(path(number, 'status')),
    ]);
    for (const answer of seen) {
      expect(answer.status).toBe(200);
      const shown = answer.text ?? String(answer.body);
      expect(shown).toContain('Thanks!');
      expect(shown).not.toContain(token);
    }
    // What is stored is what came.
    expect((await api.db.selectFrom('inbox').select('raw').where('id', '=', inbox.id).executeTakeFirstOrThrow()).raw.equals(raw)).toBe(true);
    expect((await api.db.selectFrom('messages').select('body').where('id', '=', id).executeTakeFirstOrThrow()).body).toBe(quoted);
  });
});
