import { createConversationRecords } from '../../activities/records/conversations';
import { addCustomerAct } from '../../intake/customer-act';
import { apply } from '../../policy/conversation';
import { MONDAY_10, TicketDesk } from '../kit/ticket-desk';

const desk = new TicketDesk();
beforeAll(() => desk.open());
afterAll(() => desk.close());

const damage = (number: number, seq: number, data: unknown) =>
  desk.db
    .updateTable('conversation_events')
    .set({ data: JSON.stringify(data) })
    .where('number', '=', number)
    .where('seq', '=', seq)
    .execute();
const read = (number: number) => createConversationRecords(desk.db).readEvents({ number, after: 1, upTo: 9 });

test.each([
  ['nothing', null],
  ['a word', 'message'],
  ['an event without its fields', { type: 'message', seq: 2 }],
  ['an event of another place', { type: 'customerAct', seq: 3, at: MONDAY_10, act: 'thatsAll', policy: 'p' }],
  ['an event that only a newer program knows', { type: 'carrierPigeon', seq: 2, at: MONDAY_10, policy: 'p' }],
])('an event whose row holds %s is set aside: agents are told, and the conversation goes on', async (_name, data) => {
  const number = await desk.ticket();
  for (const act of ['thatsAll', 'productionDown'] as const) await addCustomerAct(desk.db, { number, act, at: MONDAY_10 + 1_000 });
  await damage(number, 2, data);
  const events = await read(number);
  expect(events.map(({ seq, policy }) => [seq, policy])).toEqual([
    [2, desk.policy.hash],
    [3, desk.policy.hash],
  ]);
  const { state } = await desk.carried(number);
  const [first, second] = events;
  if (first === undefined || second === undefined) throw new Error('Two events were read.');
  const aside = apply(state, first, MONDAY_10 + 2_000);
  expect(aside.effects).toEqual([]);
  expect(aside.state).toMatchObject({ cursor: 2, status: state.status, priority: state.priority });
  expect(apply(aside.state, second, MONDAY_10 + 2_000).state).toMatchObject({ cursor: 3, priority: 'urgent' });
  // Read again, as after a crash: the same, and told once.
  expect(await read(number)).toEqual(events);
  const notices = await desk.db.selectFrom('notices').select(['key', 'kind', 'text']).where('number', '=', number).execute();
  expect(notices).toEqual([{ key: `ops:event:${number}:2`, kind: 'ops', text: expect.stringContaining(`#${number}`) as string }]);
  const row = await desk.db.selectFrom('conversation_events').select('data').where('number', '=', number).where('seq', '=', 2).executeTakeFirstOrThrow();
  expect(row.data).toEqual(data);
});

test('sound events are read as they are', async () => {
  const number = await desk.ticket();
  await addCustomerAct(desk.db, { number, act: 'productionDown', at: MONDAY_10 + 1_000 });
  expect(await read(number)).toEqual([{ type: 'customerAct', seq: 2, at: MONDAY_10 + 1_000, act: 'productionDown', policy: desk.policy.hash }]);
  expect(await desk.db.selectFrom('notices').select('key').where('number', '=', number).execute()).toEqual([]);
});
