import { getCommand } from '../../db/commands';
import { countAttempt } from '../../db/outgoing-mail';
import { openStandInDesk, type StandInDesk } from './stand-in-desk';
import { addPage, MONDAY_TEN, type TestApi } from './test-api';

const HOUR = 3_600_000;

let desk: StandInDesk;
let api: TestApi;

beforeAll(async () => {
  desk = await openStandInDesk(20_000);
  api = desk.api;
}, 120_000);

afterAll(() => desk.close());

/** A ticket with a stand-in for its workflow, and a projected state of the test's own. */
async function ticket(state: object = {}): Promise<number> {
  const number = await desk.ticket({}, { obliging: true });
  const { carried } = await api.db.selectFrom('conversations').select('carried').where('number', '=', number).executeTakeFirstOrThrow();
  await api.db
    .updateTable('conversations')
    .set({ carried: JSON.stringify({ ...carried, state: { ...carried?.state, ...state } }) })
    .where('number', '=', number)
    .execute();
  return number;
}

interface Item {
  readonly id: string;
  readonly action: string;
  readonly at: string;
  readonly may: readonly string[];
}

const list = async (query: string) => (await api.call('get', `/scheduled-actions?${query}`)).body as { items: Item[]; nextCursor?: string };
const seen = ({ items }: { items: Item[] }) => items.map(({ action, at, may }) => [action, at, may.join(' ')]);

test('a new ticket tells what its promises will do, and none of it can be called off', async () => {
  const number = await ticket();
  expect(seen(await list(`number=${number}`))).toEqual([
    ['breach', '2026-03-23T10:00:00.000Z', ''],
    ['page', '2026-03-23T10:00:00.000Z', ''],
    // Three quarters of the twelve hours of a business day.
    ['notice', '2026-03-23T18:00:00.000Z', ''],
    ['breach', '2026-03-24T09:00:00.000Z', ''],
    ['page', '2026-03-24T09:00:00.000Z', ''],
  ]);
  const { items } = await list(`number=${number}`);
  for (const what of ['cancel', 'advance']) expect((await api.call('post', `/scheduled-actions/${items[0]?.id}/${what}`, { body: {} })).status).toBe(404);
});

test('what silence brings, a snooze and an answer in undo-send can be called off or had now', async () => {
  const number = await ticket({
    promises: [],
    remindAt: MONDAY_TEN + HOUR,
    solveAt: MONDAY_TEN + 2 * HOUR,
    closeAt: MONDAY_TEN + 3 * HOUR,
    snoozedUntil: MONDAY_TEN + 4 * HOUR,
    outgoing: [
      { messageId: 'm1', released: false, releaseAt: MONDAY_TEN + 10_000 },
      { messageId: 'm2', released: true, releaseAt: MONDAY_TEN },
    ],
  });
  const listed = await list(`number=${number}`);
  expect(seen(listed)).toEqual([
    ['sendReply', '2026-03-23T09:00:10.000Z', 'cancel'],
    ['remind', '2026-03-23T10:00:00.000Z', 'cancel advance'],
    ['solve', '2026-03-23T11:00:00.000Z', 'cancel advance'],
    ['close', '2026-03-23T12:00:00.000Z', 'cancel advance'],
    ['endSnooze', '2026-03-23T13:00:00.000Z', 'advance'],
  ]);
  const commands = [];
  for (const { id, may } of listed.items) {
    for (const what of may) {
      const response = await api.call('post', `/scheduled-actions/${id}/${what}`, { body: {} });
      expect(response.status).toBe(200);
      expect(response.body).toMatchObject({ view: { number } });
      commands.push((await getCommand(api.db, (response.body as { id: string }).id))?.command);
    }
  }
  expect(commands).toEqual([
    { type: 'undoReply', messageId: 'm1' },
    { type: 'scheduled', action: 'remind', do: 'cancel' },
    { type: 'scheduled', action: 'remind', do: 'advance' },
    { type: 'scheduled', action: 'solve', do: 'cancel' },
    { type: 'scheduled', action: 'solve', do: 'advance' },
    { type: 'scheduled', action: 'close', do: 'cancel' },
    { type: 'scheduled', action: 'close', do: 'advance' },
    { type: 'snooze', until: null },
  ]);
  for (const id of [`${number}.endSnooze`, `${number}.ring.p1`, 'remind', `${number}.`, '0.remind', `${number}.constructor`]) {
    expect((await api.call('post', `/scheduled-actions/${id}/cancel`, { body: {} })).status).toBe(404);
  }
  expect((await api.call('post', '/scheduled-actions/999999.remind/cancel', { body: {} })).status).toBe(404);
  expect((await api.call('post', `/scheduled-actions/${number}.remind/cancel`, { as: 'viewer', body: {} })).status).toBe(403);
});

test('pages that ring and mails that nobody takes are listed with their next try', async () => {
  const number = await ticket({ promises: [] });
  const page = await addPage(api, number);
  await api.db
    .updateTable('pages')
    .set({ next_ring_at: new Date(MONDAY_TEN + 5 * 60_000) })
    .where('id', '=', page)
    .execute();
  const recipient = await api.db.selectFrom('participants').select('contact_id').where('number', '=', number).executeTakeFirstOrThrow();
  const key = `conversation/${number}:7:reply`;
  await api.db
    .insertInto('outgoing_mails')
    .values({
      key,
      number,
      kind: 'reply',
      message_ref: 'm1',
      recipient_id: recipient.contact_id,
      mail_id: key,
      envelope_from: '',
      envelope_to: 'ada@example.org',
      raw: Buffer.from(''),
      last_error: null,
      at: new Date(MONDAY_TEN),
    })
    .execute();
  // Not tried yet: it is only waiting for its turn.
  expect(seen(await list(`number=${number}`))).toEqual([['ring', '2026-03-23T09:05:00.000Z', '']]);
  for (let n = 0; n < 4; n += 1) await countAttempt(api.db, key);
  const { attempted_at: attemptedAt } = await api.db.selectFrom('outgoing_mails').select('attempted_at').where('key', '=', key).executeTakeFirstOrThrow();
  const [mail] = (await list(`number=${number}&action=retryMail`)).items;
  expect(mail).toMatchObject({ action: 'retryMail', attempts: 4, message: 'm1', may: [] });
  // The fourth attempt is followed by the fifth after eight seconds.
  expect(Date.parse(mail?.at ?? '') - Number(attemptedAt)).toBe(8_000);
});

test('it comes next first, in stable pages, narrowed by what and until when', async () => {
  await ticket({ promises: [], remindAt: MONDAY_TEN + HOUR });
  await ticket({ promises: [], remindAt: MONDAY_TEN + HOUR });
  const whole = (await list('limit=200')).items;
  expect(whole.map(({ at }) => at)).toEqual(whole.map(({ at }) => at).sort());
  expect(new Set(whole.map(({ id }) => id)).size).toBe(whole.length);
  const walked: Item[] = [];
  let cursor = '';
  do {
    const { items, nextCursor } = await list(`limit=2${cursor}`);
    walked.push(...items);
    cursor = nextCursor === undefined ? '' : `&cursor=${nextCursor}`;
  } while (cursor !== '');
  expect(walked).toEqual(whole);
  const reminders = (await list('action=remind,close&before=2026-03-23T10:00:00Z')).items;
  expect(reminders.map(({ action }) => action)).toEqual(['remind', 'remind', 'remind']);
  expect((await api.call('get', '/scheduled-actions?action=tea')).status).toBe(400);
});
