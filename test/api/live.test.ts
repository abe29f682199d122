import { agentSays, addVisitor, startLiveApi, TestSocket, type LiveApi, type TestVisitor } from './live-desk';
import { addTicket, openTestApi, type TestApi } from './test-api';

let desk: TestApi;
let api: LiveApi;
let ada: TestVisitor;

beforeAll(async () => {
  desk = await openTestApi();
  api = await startLiveApi(desk);
  ada = await addVisitor(desk, 'ada@example.org');
});
afterAll(async () => {
  await api.stop();
  await desk.close();
});

describe('what happens in a conversation', () => {
  test('an agent’s words reach the customer, and the agents; a note reaches only those', async () => {
    const number = await addTicket(desk);
    const customer = await TestSocket.on(api, ada.token, number);
    const agent = await TestSocket.on(api, desk.agents.viewer.token, number);
    const note = await agentSays(desk, number, 'Ada is in a hurry.', { direction: 'note' });
    const id = await agentSays(desk, number, 'I am looking at it.');
    expect(await customer.event('message')).toMatchObject({ message: { id, body: 'I am looking at it.' } });
    expect(await agent.event('message', ({ message }) => (message as { id: string }).id === note)).toMatchObject({ message: { direction: 'note' } });
    expect(await agent.event('message', ({ message }) => (message as { id: string }).id === id)).toBeDefined();
    expect(JSON.stringify(customer.frames)).not.toContain('in a hurry');
    await Promise.all([customer.end(), agent.end()]);
  });
});
