import { closeDatabase, openDatabase, type Database } from '../../db/connection';
import { agentsViewing, checkPresence, presenceOf, UNPROVEN_MAILS } from '../../db/presence';
import { markBounced } from '../../db/our-mail';
import { finishMail, keepIntent } from '../../db/outgoing-mail';
import { beat, BEAT_EVERY_MS, enterTab, leaveTab, prunePresence, SILENT_AFTER_MS, stopBeating } from '../../db/presence-tabs';
import { markRead, readMark, unreadCounts } from '../../db/read-marks';
import { MONDAY_10, TicketDesk } from '../kit/ticket-desk';

const SECOND_MS = 1_000;
const GONE_AFTER_MS = 60 * SECOND_MS;
const UNSEEN_AFTER_MS = 300 * SECOND_MS;
/** When somebody looks; what agents wrote is said a minute before. */
const AT = MONDAY_10 + 5 * 60 * SECOND_MS;
const SAID = AT - 60 * SECOND_MS;
/** Whoever asked in every ticket of this desk. */
let JANE: `contact:${string}`;
/** Somebody else of the thread. */
const BOB = 'contact:bob';

const desk = new TicketDesk();
let second: Database;
beforeAll(async () => {
  await desk.open();
  JANE = `contact:${(await desk.row(await desk.ticket())).requester_id}`;
  second = openDatabase(desk.url);
});
afterAll(async () => {
  await closeDatabase(second);
  await desk.close();
});

let counter = 0;
type More = Partial<{ direction: 'in' | 'out' | 'note'; channel: 'chat' | 'email'; state: 'sent' | 'waiting' | 'withdrawn'; seen: number; at: number }>;
const message = async (number: number, more: More = {}) => {
  counter += 1;
  const id = `m-chat-${String(counter).padStart(3, '0')}`;
  await desk.db
    .insertInto('messages')
    .values({
      id,
      number,
      seq: null,
      direction: more.direction ?? 'out',
      author_kind: more.direction === 'in' ? 'customer' : 'agent',
      author_id: more.direction === 'in' ? null : 'ada',
      channel: more.channel ?? 'chat',
      body: 'Have you tried turning it off and on again?',
      full_body: null,
      html: null,
      at: new Date(more.at ?? SAID + counter),
      state: more.state ?? 'sent',
      mail_id: null,
      in_reply_to: null,
      hint: null,
      inbox_id: null,
      ...(more.seen !== undefined && { seen_at: new Date(more.seen) }),
    })
    .execute();
  return id;
};
const saidAt = async (id: string) => (await desk.db.selectFrom('messages').select('at').where('id', '=', id).executeTakeFirstOrThrow()).at.getTime();
const look = (number: number, at = AT, db = desk.db) => checkPresence(db, { number, at, goneAfterMs: GONE_AFTER_MS, unseenAfterMs: UNSEEN_AFTER_MS });
const tab = (number: number, name = 'tab-1', reader: string = JANE) => ({ number, tab: name, reader });
const api = (id: string, startedAt = MONDAY_10) => ({ id, startedAt: new Date(startedAt) });
/** An api says that it lives, with the tabs that it holds. */
const beats = (id: string, at: number, tabs: readonly ReturnType<typeof tab>[] = [], startedAt = MONDAY_10) =>
  beat(desk.db, api(id, startedAt), { at: new Date(at), tabs: tabs.map((held) => ({ ...held, since: new Date(startedAt) })) });
/** No process of an earlier test is there to come back to. */
beforeEach(async () => {
  await desk.db.deleteFrom('chat_presence').execute();
  await desk.db.deleteFrom('api_instances').execute();
});

describe("whether a chat's customer has seen what agents wrote", () => {
  test('nothing was written: seen', async () => {
    expect(await look(await desk.ticket())).toEqual({ found: 'seen', claimed: [], presentAt: null });
  });

  test('somebody else of the thread who is there and has read it is not the one it was for', async () => {
    const number = await desk.ticket();
    const answer = await message(number);
    await beats('api-1', AT, [tab(number, 'tab-1', BOB)]);
    await markRead(desk.db, { number, reader: BOB, upTo: answer, at: new Date(AT - SECOND_MS) });
    expect(await presenceOf(desk.db, [number], { at: AT, goneAfterMs: GONE_AFTER_MS })).toEqual(new Map());
    expect(await look(number)).toEqual({ found: 'gone', claimed: [answer], presentAt: null });
    expect(await unreadCounts(desk.db, BOB, [number])).toEqual(new Map());
  });

  test('everything was seen; notes, mails and what was taken back do not count', async () => {
    const number = await desk.ticket();
    await message(number, { seen: MONDAY_10 });
    await message(number, { direction: 'note' });
    await message(number, { channel: 'email' });
    await message(number, { direction: 'in' });
    await message(number, { state: 'withdrawn' });
    expect(await look(number)).toEqual({ found: 'seen', claimed: [], presentAt: null });
  });

  test('who was never there has gone', async () => {
    const [number, other] = [await desk.ticket(), await desk.ticket()];
    await beats('a', AT, [tab(other)]);
    const ids = [await message(number), await message(number)];
    await message(number, { seen: MONDAY_10 });
    expect(await look(number)).toEqual({ found: 'gone', claimed: ids, presentAt: null });
  });

  test('whoever closed the last tab has gone a minute later, to the moment', async () => {
    const number = await desk.ticket();
    const id = await message(number);
    for (const [name, left] of [
      ['phone', AT - 50_000],
      ['laptop', AT - 40_000],
    ] as const) {
      await enterTab(desk.db, tab(number, name), { api: 'a', at: new Date(MONDAY_10) });
      expect(await leaveTab(desk.db, tab(number, name), { api: 'a', at: new Date(left) })).toBe(true);
      expect(await leaveTab(desk.db, tab(number, name), { at: new Date(left + 9_000) })).toBe(false);
    }
    expect(await look(number)).toEqual({ found: 'present', claimed: [], presentAt: AT - 40_000, lookAt: AT + 20_000 });
    expect(await look(number, AT + 20_000 - 1)).toMatchObject({ found: 'present', lookAt: AT + 20_000 });
    expect(await look(number, AT + 20_000)).toEqual({ found: 'gone', claimed: [id], presentAt: AT - 40_000 });
  });

  test('present while any tab is; who does not read for five minutes has gone all the same', async () => {
    const number = await desk.ticket();
    const id = await message(number);
    await enterTab(desk.db, tab(number, 'phone'), { api: 'a', at: new Date(MONDAY_10) });
    await leaveTab(desk.db, tab(number, 'phone'), { api: 'a', at: new Date(MONDAY_10 + 1_000) });
    await beats('a', AT, [tab(number, 'laptop')]);
    expect(await look(number)).toEqual({ found: 'present', claimed: [], presentAt: AT, lookAt: AT + GONE_AFTER_MS });
    const unseenUntil = (await saidAt(id)) + UNSEEN_AFTER_MS;
    await beats('a', unseenUntil - 1, [tab(number, 'laptop')]);
    expect(await look(number, unseenUntil - 1)).toMatchObject({ found: 'present', lookAt: unseenUntil });
    expect(await look(number, unseenUntil)).toMatchObject({ found: 'gone', claimed: [id] });
  });

  test('a tab without a connection is there for the moment in which it says so; only its own api ends that of another', async () => {
    const number = await desk.ticket();
    await message(number);
    await enterTab(desk.db, tab(number), { api: null, at: new Date(AT - 10_000) });
    await enterTab(desk.db, tab(number), { api: null, at: new Date(AT - 30_000) });
    expect(await look(number)).toMatchObject({ found: 'present', presentAt: AT - 10_000, lookAt: AT + 50_000 });
    await beats('a', AT);
    await beats('b', AT);
    await enterTab(desk.db, tab(number), { api: 'a', at: new Date(AT) });
    await enterTab(desk.db, tab(number), { api: null, at: new Date(AT) });
    expect(await leaveTab(desk.db, tab(number), { api: 'b', at: new Date(AT) })).toBe(false);
    expect(await look(number, AT + 1_000)).toMatchObject({ found: 'present', presentAt: AT + 1_000 });
  });

  test('a claim is repeated as it was, whatever has happened since: seen, back again, more written', async () => {
    const number = await desk.ticket();
    const ids = [await message(number), await message(number)];
    expect(await look(number)).toMatchObject({ found: 'gone', claimed: ids });
    await desk.db
      .updateTable('messages')
      .set({ seen_at: new Date(AT + 1) })
      .where('id', '=', ids[0] ?? '')
      .execute();
    await beats('a', AT, [tab(number)]);
    await message(number);
    expect(await look(number)).toMatchObject({ found: 'gone', claimed: ids });
  });

  test('each message is mailed once: a later look claims only what came after', async () => {
    const number = await desk.ticket();
    await message(number);
    await look(number);
    expect(await look(number, AT + 60_000)).toMatchObject({ found: 'seen', claimed: [] });
    const later = await message(number);
    expect(await look(number, AT + 120_000)).toMatchObject({ found: 'gone', claimed: [later] });
  });

  test('claims only what it is asked about: whatever else is written down has not been said yet', async () => {
    const number = await desk.ticket();
    const [known, unknown] = [await message(number), await message(number)];
    const asking = (messages: readonly string[], at: number) =>
      checkPresence(desk.db, { number, at, goneAfterMs: GONE_AFTER_MS, unseenAfterMs: UNSEEN_AFTER_MS, messages });
    expect(await asking([], AT)).toMatchObject({ found: 'seen', claimed: [] });
    expect(await asking([known], AT + 1)).toMatchObject({ found: 'gone', claimed: [known] });
    expect(await asking([known], AT + 1)).toMatchObject({ found: 'gone', claimed: [known] });
    expect(await asking([known, unknown], AT + 2)).toMatchObject({ found: 'gone', claimed: [unknown] });
  });

  test('a claim is no mail yet: it was mailed when a server has taken it, and was not when that came back', async () => {
    const number = await desk.ticket();
    const { requester_id: recipient } = await desk.row(number);
    const ids = [await message(number), await message(number)];
    const mailedAt = async () =>
      (await desk.db.selectFrom('messages').select('mailed_at').where('id', 'in', ids).execute()).map((row) => row.mailed_at?.getTime() ?? null);
    await look(number);
    expect(await mailedAt()).toEqual([null, null]);
    const mail = (key: string) => ({
      key,
      number,
      kind: 'chatUnseen',
      messageRef: ids.at(-1) ?? null,
      carries: ids,
      recipient,
      mailId: `${key}@example.test`,
      envelopeFrom: '',
      envelopeTo: 'jane@acme.test',
      raw: Buffer.from(''),
      at: AT,
    });
    await keepIntent(desk.db, mail('refused'));
    await finishMail(desk.db, mail('refused'), 'refused', AT + 1);
    expect(await mailedAt()).toEqual([null, null]);
    await keepIntent(desk.db, mail('sent'));
    await finishMail(desk.db, mail('sent'), 'sent', AT + 2);
    expect(await mailedAt()).toEqual([AT + 2, AT + 2]);
    expect(await desk.db.transaction().execute((trx) => markBounced(trx, mail('sent'), new Date(AT + 3)))).toBe(true);
    expect(await mailedAt()).toEqual([null, null]);
    // Their mailbox is not tried again with the same.
    expect(await look(number, AT + 60_000)).toMatchObject({ found: 'seen', claimed: [] });
  });

  test('looks at once, from two processes, claim each message for one of them', async () => {
    const number = await desk.ticket();
    const ids = [await message(number), await message(number), await message(number)];
    const looks = await Promise.all(Array.from({ length: 8 }, (_, index) => look(number, AT + index, index % 2 === 0 ? desk.db : second)));
    expect(looks.flatMap(({ claimed }) => claimed).sort()).toEqual(ids);
  });

  test.each([
    ['claimed', UNPROVEN_MAILS],
    ['mail', UNPROVEN_MAILS + 3],
  ] as const)('an address that is %s gets %i of eight mails', async (proof, mails) => {
    const number = await desk.ticket();
    const { requester_id: contact } = await desk.row(number);
    await desk.db
      .insertInto('chats')
      .values({ number, identity: 'visitor:v1', proof, contact_id: contact, created_at: new Date(MONDAY_10) })
      .execute();
    const claims: number[] = [];
    for (let round = 0; round < UNPROVEN_MAILS + 3; round += 1) {
      await message(number);
      const at = AT + round * 60_000;
      const { claimed } = await look(number, at);
      // A repeat counts no mail twice.
      expect((await look(number, at)).claimed).toEqual(claimed);
      claims.push(claimed.length);
    }
    expect(claims.filter((count) => count === 1)).toHaveLength(mails);
    expect((await desk.db.selectFrom('chats').select('unseen_mails').where('number', '=', number).executeTakeFirstOrThrow()).unseen_mails).toBe(mails);
  });
});

describe('an api that dies or stops', () => {
  test('alone: nobody is gone before it is back for a minute, but for what is unseen for five', async () => {
    const number = await desk.ticket();
    const id = await message(number);
    await beats('a', AT - 10_000, [tab(number)]);
    const died = AT - 10_000;
    // Nobody knows yet.
    expect(await look(number, died + SILENT_AFTER_MS)).toMatchObject({ found: 'present', presentAt: died + SILENT_AFTER_MS });
    const later = died + 120_000;
    expect(await look(number, later)).toMatchObject({ found: 'present', presentAt: later, lookAt: later + GONE_AFTER_MS });
    const back = later + 5_000;
    await beats('b', back, [], back);
    expect(await look(number, back + 1_000)).toEqual({ found: 'present', claimed: [], presentAt: back, lookAt: back + GONE_AFTER_MS });
    expect(await look(number, back + GONE_AFTER_MS)).toMatchObject({ found: 'gone', claimed: [id], presentAt: back });
  });

  test('alone, and back too late: what is unseen for five minutes is mailed while it is away', async () => {
    const number = await desk.ticket();
    const id = await message(number);
    await beats('a', AT - 10_000, [tab(number)]);
    const unseenUntil = (await saidAt(id)) + UNSEEN_AFTER_MS;
    expect(await look(number, unseenUntil - 1)).toMatchObject({ found: 'present', lookAt: unseenUntil });
    expect(await look(number, unseenUntil)).toMatchObject({ found: 'gone', claimed: [id] });
  });

  test('beside another: they can come back at once, and their absence begins with its death', async () => {
    const number = await desk.ticket();
    await message(number);
    await beats('a', AT - 60_000, [tab(number)]);
    for (let at = AT - 60_000; at <= AT; at += BEAT_EVERY_MS) await beats('b', at);
    // It may have lived on until just before its next beat.
    const known = AT - 60_000 + BEAT_EVERY_MS;
    expect(await look(number)).toEqual({ found: 'present', claimed: [], presentAt: known, lookAt: known + GONE_AFTER_MS });
    expect(await look(number, known + GONE_AFTER_MS)).toMatchObject({ found: 'gone' });
  });

  test('nor has an outage of the database: whose api is the last to speak again is not gone before that', async () => {
    const number = await desk.ticket();
    await message(number);
    for (let at = MONDAY_10; at <= AT - 200_000; at += BEAT_EVERY_MS) for (const id of ['a', 'b']) await beats(id, at, id === 'a' ? [tab(number)] : []);
    // It was away for more than three minutes; one api has said again that it lives, the other has yet to.
    await beats('b', AT);
    expect(await look(number, AT + 10_000)).toMatchObject({ found: 'present', presentAt: AT, lookAt: AT + GONE_AFTER_MS });
    await beats('a', AT + 15_000, [tab(number)]);
    expect(await look(number, AT + 20_000)).toMatchObject({ found: 'present', presentAt: AT + 20_000 });
  });

  test('that stops has taken nobody along: those who are connected elsewhere are there', async () => {
    const number = await desk.ticket();
    await message(number);
    await beats('a', AT - 30_000, [tab(number, 'phone'), tab(number, 'laptop')]);
    await stopBeating(desk.db, 'a', new Date(AT - 20_000));
    expect(await look(number)).toMatchObject({ found: 'present', presentAt: AT });
    await beats('b', AT - 15_000, [], AT - 15_000);
    expect(await look(number)).toMatchObject({ found: 'present', presentAt: AT - 15_000 });
    await beats('b', AT, [{ ...tab(number, 'phone') }], AT - 15_000);
    expect(await look(number)).toMatchObject({ found: 'present', presentAt: AT });
  });
});

describe('a beat', () => {
  const rows = (number: number) => desk.db.selectFrom('chat_presence').select(['tab', 'api', 'left_at']).where('number', '=', number).orderBy('tab').execute();

  test('makes up for what an outage has swallowed, and writes nothing that is so already', async () => {
    const number = await desk.ticket();
    expect(await beats('a', AT, [tab(number, 'one'), tab(number, 'two')])).toEqual([{ number, reader: JANE }]);
    expect(await beats('a', AT + 20_000, [tab(number, 'one'), tab(number, 'two')])).toEqual([]);
    expect(await beats('a', AT + 40_000, [tab(number, 'two')])).toEqual([{ number, reader: JANE }]);
    expect(await rows(number)).toEqual([
      { tab: 'one', api: 'a', left_at: new Date(AT + 40_000) },
      { tab: 'two', api: 'a', left_at: null },
    ]);
  });

  test('leaves alone a tab that has turned away, or gone elsewhere, since it was last heard of', async () => {
    const number = await desk.ticket();
    await beats('a', AT, [tab(number, 'one'), tab(number, 'two')]);
    await leaveTab(desk.db, tab(number, 'one'), { at: new Date(AT + 5_000) });
    await enterTab(desk.db, tab(number, 'two'), { api: 'b', at: new Date(AT + 5_000) });
    expect(await beats('a', AT + 20_000, [tab(number, 'one'), tab(number, 'two')])).toEqual([]);
    expect(await rows(number)).toEqual([
      { tab: 'one', api: 'a', left_at: new Date(AT + 5_000) },
      { tab: 'two', api: 'b', left_at: null },
    ]);
  });

  test('forgets who has been gone for a day, and nobody else', async () => {
    const [here, left] = [await desk.ticket(), await desk.ticket()];
    const DAY_MS = 24 * 3_600_000;
    await beats('old', AT, [tab(left)]);
    await beats('new', AT, [tab(here)]);
    await beats('new', AT + DAY_MS, [tab(here)]);
    await prunePresence(desk.db, new Date(AT + DAY_MS + 1));
    expect([await rows(here), await rows(left)].map(({ length }) => length)).toEqual([1, 0]);
    expect(await desk.db.selectFrom('api_instances').select('id').execute()).toEqual([{ id: 'new' }]);
  });
});

test('agents see who is here, only just away, or gone, and who of them looks', async () => {
  const numbers = [await desk.ticket(), await desk.ticket(), await desk.ticket(), await desk.ticket()] as const;
  const [here, away, gone, never] = numbers;
  await beats('a', AT, [tab(here), tab(here, 'desk-1', 'agent:ada'), tab(here, 'desk-2', 'agent:ada'), tab(away, 'desk-1', 'agent:eve')]);
  await enterTab(desk.db, tab(away), { api: null, at: new Date(AT - 59_999) });
  expect((await presenceOf(desk.db, [away], { at: AT - 50_000, goneAfterMs: GONE_AFTER_MS })).get(away)).toEqual({ state: 'here' });
  await enterTab(desk.db, tab(gone), { api: null, at: new Date(AT - 60_000) });
  const found = await presenceOf(desk.db, numbers, { at: AT, goneAfterMs: GONE_AFTER_MS });
  expect(found.get(here)).toEqual({ state: 'here' });
  expect(found.get(away)).toEqual({ state: 'away', goneAt: AT + 1 });
  expect(found.get(gone)).toEqual({ state: 'gone', goneAt: AT });
  expect(found.has(never)).toBe(false);
  expect(await agentsViewing(desk.db, here, AT)).toEqual(['ada']);
  expect(await agentsViewing(desk.db, never, AT)).toEqual([]);
  expect(await agentsViewing(desk.db, here, AT + SILENT_AFTER_MS + 1)).toEqual([]);
});

describe('read marks', () => {
  const seenOf = async (number: number) =>
    Object.fromEntries(
      (await desk.db.selectFrom('messages').select(['id', 'seen_at']).where('number', '=', number).execute()).map(({ id, seen_at }) => [
        id,
        seen_at?.getTime() ?? null,
      ]),
    );

  test('only move on; what a customer has seen stays seen from the first time', async () => {
    const number = await desk.ticket();
    const [first, second_, third] = [await message(number), await message(number), await message(number)] as const;
    const mark = (upTo: string, at: number) => markRead(desk.db, { number, reader: JANE, upTo, at: new Date(at) });
    expect(await mark(second_, AT)).toBe(true);
    expect(await mark(first, AT + 1)).toBe(true);
    expect(await readMark(desk.db, number, JANE)).toEqual({ reader: JANE, upTo: second_ });
    expect(await seenOf(number)).toMatchObject({ [first]: AT, [second_]: AT, [third]: null });
    await mark(third, AT + 2);
    expect(await seenOf(number)).toMatchObject({ [first]: AT, [second_]: AT, [third]: AT + 2 });
    expect(await mark('m-of-another', AT + 3)).toBe(false);
  });

  test('what has not left yet is not seen, and an agent’s reading is nobody’s seeing', async () => {
    const number = await desk.ticket();
    const waiting = await message(number, { state: 'waiting' });
    const sent = await message(number);
    await markRead(desk.db, { number, reader: 'agent:ada', upTo: sent, at: new Date(AT) });
    expect(await seenOf(number)).toMatchObject({ [waiting]: null, [sent]: null });
    await markRead(desk.db, { number, reader: JANE, upTo: sent, at: new Date(AT) });
    expect(await seenOf(number)).toMatchObject({ [waiting]: null, [sent]: AT });
  });

  test('count what the other side has written since', async () => {
    const [number, other] = [await desk.ticket(), await desk.ticket()];
    const [words] = await desk.db.selectFrom('messages').select('id').where('number', '=', number).execute();
    await message(number, { direction: 'in' });
    await message(number, { direction: 'note' });
    await message(number);
    expect(await unreadCounts(desk.db, 'agent:ada', [number, other])).toEqual(
      new Map([
        [number, 2],
        [other, 1],
      ]),
    );
    await markRead(desk.db, { number, reader: 'agent:ada', upTo: words?.id ?? '', at: new Date(AT) });
    expect((await unreadCounts(desk.db, 'agent:ada', [number])).get(number)).toBe(1);
    expect(await unreadCounts(desk.db, JANE, [number])).toEqual(new Map([[number, 1]]));
    expect(await unreadCounts(desk.db, JANE, [])).toEqual(new Map());
  });
});
