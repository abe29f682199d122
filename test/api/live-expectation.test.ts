import { addVisitor, startLiveApi, stopLiveApis, TestSocket, type LiveApi } from './live-desk';
import { addTicket, openTestApi, type TestApi } from './test-api';

/** When the office of the handbook closes, on a Monday. */
const CLOSING = Date.parse('2026-03-23T20:00:00+01:00');

let desk: TestApi;
let api: LiveApi;
beforeAll(async () => {
  desk = await openTestApi();
  api = await startLiveApi(desk);
});
afterAll(async () => {
  await stopLiveApis();
  await desk.close();
});

test('whoever waits hears what to expect, and that the office has closed, though nothing happens at the desk', async () => {
  const number = await addTicket(desk);
  await desk.db.updateTable('conversations').set({ kind: 'chat', status: 'new' }).where('number', '=', number).execute();
  desk.clock.now = CLOSING - 1_000;
  const ada = await addVisitor(desk, 'ada@example.org');
  const socket = await TestSocket.on(api, ada.token, number);
  const office = ({ expectation }: Record<string, unknown>) => (expectation as { office: string }).office;
  await socket.event('expectation', (event) => office(event) === 'open');
  desk.clock.now = CLOSING;
  expect(await socket.event('expectation', (event) => office(event) === 'closed')).toMatchObject({
    expectation: { opensAt: '2026-03-24T07:00:00.000Z', reply: { kind: 'closed' } },
  });
  await socket.end();
});
