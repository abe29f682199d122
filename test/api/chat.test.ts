import { openTestApi, type TestApi } from './test-api';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

test('thin path', async () => {
  const opened = await api.call('post', '/chats', { as: 'nobody', key: 'k1', body: { email: 'ada@example.org', name: 'Ada', body: 'Hello there' } });
  console.log(opened.status, JSON.stringify(opened.body, null, 1));
  const again = await api.call('post', '/chats', { as: 'nobody', key: 'k1', body: { email: 'ada@example.org', name: 'Ada', body: 'Hello there' } });
  expect(again.body).toEqual(opened.body);
  const { visitorToken: token, number } = opened.body as { visitorToken: string; number: number };
  const m = await api.call('post', `/chats/${number}/messages`, { as: { token }, body: { body: '👍' } });
  console.log(m.status, JSON.stringify(m.body, null, 1));
  const t = await api.call('get', `/chats/${number}/messages`, { as: { token } });
  console.log(t.status, JSON.stringify(t.body, null, 1));
  const s = await api.call('post', `/chat/sessions`, { as: { token }, body: {} });
  console.log(s.status, JSON.stringify(s.body, null, 1));
  console.log((await api.call('get', `/chats/${number}`, { as: { token } })).body);
  console.log((await api.call('get', `/chats/${number}`, { as: 'viewer' })).body);
});
