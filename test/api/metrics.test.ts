import supertest from 'supertest';
import { addPage, addTicket, openTestApi, type TestApi } from './test-api';

/** What may stand in a label: a word of ours, a route's pattern, a status, a bound of a bucket, a version of Node. */
const HARMLESS = /^([a-zA-Z]+(_[a-z]+)*|\/[a-zA-Z0-9_/.{}:-]*|none|\d{3}|[\d.]+|\+Inf|v[\d.]+)?$/;

let api: TestApi;
let number: number;
beforeAll(async () => {
  api = await openTestApi();
  // What the database writes down by its own clock is compared with ours.
  api.clock.now = Date.now();
  number = await addTicket(api, {
    requester: { email: 'grace.hopper@navy.example', name: 'Grace Hopper' },
    subject: 'The compiler is down',
    body: 'Nanoseconds are missing.',
    priority: 'high',
  });
  await addPage(api, number);
});
afterAll(() => api.close());

async function scrape(): Promise<string> {
  // Figures may be five seconds old.
  api.clock.now += 6_000;
  const response = await supertest(api.app).get('/metrics').set('Authorization', `Bearer ${api.agents.viewer.token}`);
  expect(response.status).toBe(200);
  expect(response.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  return response.text;
}

test('a viewer reads what is promised, paged, waiting and late', async () => {
  const text = await scrape();
  expect(text).toContain('holdfast_promises{kind="firstResponse",priority="high",state="running",demo="false"} 1');
  expect(text).toContain('holdfast_promises{kind="dispatch",priority="high",state="running",demo="false"} 1');
  expect(text).toContain('holdfast_conversations{kind="ticket",status="new",priority="high",demo="false"} 1');
  expect(text).toContain('holdfast_pages_open{state="paging",urgency="low",demo="false"} 1');
  expect(text).toMatch(/holdfast_page_unacknowledged_oldest_seconds\{demo="false"\} [1-9]/);
  expect(text).toContain('holdfast_promises_overdue 0');
  for (const state of ['accepted', 'suspended', 'failed']) expect(text).toContain(`holdfast_inbox{state="${state}"} 0`);
  // Nobody relays in this test.
  expect(text).toContain('holdfast_lane_waiting{lane="relay"} 1');
  expect(text).toMatch(/holdfast_lane_oldest_seconds\{lane="relay"\} [1-9]/);
  for (const lane of ['apply', 'commands', 'acknowledgements', 'mail', 'paging', 'notices'])
    expect(text).toMatch(new RegExp(`holdfast_lane_waiting\\{lane="${lane}"\\} \\d`));
  expect(text).toMatch(/holdfast_http_request_duration_seconds_count\{method="GET",route="\/metrics",status="200"\} \d|route="\/api\/v1\/openapi.json"/);
});

test('every consequence is counted once, however often it is read', async () => {
  await api.db
    .insertInto('notices')
    .values({ key: 'n1', number, kind: 'breached', text: 'Late', to_agent: null, due_at: new Date(), at: new Date(), slack_ts: null, slack_error: null })
    .execute();
  await api.db
    .insertInto('timeline')
    .values({ number, revision: 9, position: 0, at: new Date(Date.now() - 3_000), type: 'promise.breached', data: '{}' })
    .execute();
  await scrape();
  const text = await scrape();
  expect(text).toContain('holdfast_lateness_seconds_count{consequence="page",urgency="low"} 1');
  expect(text).toContain('holdfast_lateness_seconds_bucket{le="0.1",consequence="page",urgency="low"} 1');
  expect(text).toContain('holdfast_lateness_seconds_count{consequence="notice",urgency=""} 1');
  expect(text).toContain('holdfast_lateness_seconds_bucket{le="2",consequence="breach",urgency=""} 0');
  expect(text).toContain('holdfast_lateness_seconds_bucket{le="11",consequence="breach",urgency=""} 1');
});

test('a promise that is due and not noted as broken is overdue', async () => {
  const past = new Date(api.clock.now - 60_000);
  await api.db.updateTable('promises').set({ due_at: past }).where('number', '=', number).where('kind', '=', 'dispatch').execute();
  await api.db.updateTable('conversations').set({ next_due_at: past }).where('number', '=', number).execute();
  const text = await scrape();
  expect(text).toContain('holdfast_promises_overdue 1');
  expect(text).toMatch(/holdfast_promises_overdue_oldest_seconds 6\d/);
});

test('no label holds anything about a person, a conversation or what was written', async () => {
  await supertest(api.app).get(`/api/v1/conversations/${number}?q=grace.hopper%40navy.example`).set('Authorization', `Bearer ${api.agents.viewer.token}`);
  await supertest(api.app).get('/no/such/grace.hopper@navy.example');
  const text = await scrape();
  expect(text).not.toMatch(/grace|hopper|navy|compiler|nanosecond|@/i);
  expect(text).not.toContain(String(number));
  const values = [...text.matchAll(/="((?:[^"\\]|\\.)*)"/g)].map(([, value]) => value ?? '');
  expect(values.length).toBeGreaterThan(50);
  expect(values.filter((value) => !HARMLESS.test(value))).toEqual([]);
  expect(text).toContain('route="/api/v1/conversations/{number}"');
  expect(text).toContain('route="none",status="404"');
});

test('without a token a program is told so, and a browser is led to the sign-in', async () => {
  const prometheus = 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2';
  expect((await supertest(api.app).get('/metrics').set('Accept', prometheus)).status).toBe(401);
  expect((await supertest(api.app).get('/metrics').set('Accept', 'text/html')).status).toBe(303);
});
