import { once } from 'node:events';
import { Agent as HttpAgent, createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Worker } from '@temporalio/worker';
import * as fc from 'fast-check';
import type { Response } from 'supertest';
import { tokenHash } from '../../api/auth/authenticate';
import { openApiDocument, problemsOf } from '../../api/openapi';
import { API_BASE, type ApiRoute } from '../../api/route';
import { allRoutes } from '../../api/routes/all';
import { visitorTokenHash } from '../../api/auth/visitor-token';
import { addAgent, addToken } from '../../db/agents';
import { visitorOfToken } from '../../db/visitors';
import { conversationWorkflowId } from '../../messages/ids';
import { freshNamespace, type TestNamespace } from '../setup/temporal';
import { answerChecker, type AnswerChecker } from './answer-checker';
import { requestsTo, type JsonSchema, type Operation, type Pool, type WireRequest } from './arbitrary-request';
import { ADA, addVisitor, signed } from './chat-people';
import { addPage, addTicket, MONDAY_TEN, openTestApi, PUBLIC_URL, type TestApi } from './test-api';

/** Requests to each operation: some 3,500 in all. */
const REQUESTS_EACH = 40;
const QUEUE = 'fuzz';
const NARROWED = 'hf_a-token-that-only-reads';
/** Waits for what the workflow has done to be projected, which a stand-in never does: it may say so, and it takes a second each time. */
const IN_VAIN = 'post /conversations/{number}/merge';
/** As the log says it: the answer is 400, and yet no schema has seen what was wrong. */
const UNCHECKED = 'PostgreSQL has refused what a schema let through';
/** This process tells nothing live, and says so; streams have tests of their own. */
const NOT_LIVE: readonly string[] = ['get /live/events', 'post /live/frames'];

const routes = allRoutes(PUBLIC_URL).filter((route): route is ApiRoute => route.surface === 'api');
const document = openApiDocument(routes, PUBLIC_URL) as unknown as {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, JsonSchema> };
};
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => [method, path, operation] as const),
);

let temporal: TestNamespace;
let api: TestApi;
let worker: Worker;
let running: Promise<void>;
let server: Server;
const connections = new HttpAgent({ keepAlive: true, maxSockets: 8 });
let check: AnswerChecker;
let pool: Pool;
/** By the path of a list. */
let cursors: ReadonlyMap<string, string>;
let sent = 0;

beforeAll(async () => {
  temporal = await freshNamespace();
  api = await openTestApi({ client: temporal.client, commandWaitMs: 20_000 });
  worker = await Worker.create({
    connection: temporal.nativeConnection,
    namespace: temporal.namespace,
    taskQueue: QUEUE,
    workflowsPath: require.resolve('./stand-in-workflow'),
  });
  running = worker.run();
  server = createServer(api.app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  check = answerChecker(document);
  pool = await furnish();
  cursors = await cursorsOfLists(pool);
}, 120_000);

afterAll(async () => {
  process.stdout.write(`Fuzz: ${sent} requests to ${operations.length} operations with seed ${process.env['HOLDFAST_TEST_SEED']}\n`);
  connections.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  worker.shutdown();
  await running;
  await api.close();
  await temporal.close();
});

/** Something of everything, so that requests go deep: conversations whose workflows answer, pages, people, teams, texts. */
async function furnish(): Promise<Pool> {
  const numbers: number[] = [];
  for (let n = 0; n < 6; n += 1) {
    const number = await addTicket(api, { requester: { email: `customer${n}@example.org`, name: 'Zoë Ödegård' }, subject: `Request ${n}` });
    await temporal.client.workflow.start('standInWorkflow', { workflowId: conversationWorkflowId(number), taskQueue: QUEUE, args: [number, true] });
    numbers.push(number);
  }
  for (const body of ['Our shop is slow.', '👍']) await api.call('post', '/chats', { as: 'nobody', body: { identity: await signed(api, ADA), body } });
  const { number: chat } = await api.db.selectFrom('chats').select('number').executeTakeFirstOrThrow();
  await temporal.client.workflow.start('standInWorkflow', { workflowId: conversationWorkflowId(chat), taskQueue: QUEUE, args: [chat, true] });
  const [first = 0, second = 0] = numbers;
  const closed = await addTicket(api);
  await api.db.updateTable('conversations').set({ status: 'closed' }).where('number', '=', closed).execute();
  const pages = [await addPage(api, first), await addPage(api, second)];
  const at = new Date(MONDAY_TEN);
  const agents = await Promise.all(['Grace', 'Linus'].map((name) => addAgent(api.db, { name, email: null, role: 'agent', at })));
  const [grace] = agents;
  const tokens = await Promise.all([1, 2].map((n) => addToken(api.db, { agentId: grace?.id ?? '', label: `token ${n}`, hash: Buffer.alloc(32, n), at })));
  await addToken(api.db, { agentId: grace?.id ?? '', label: 'narrowed', hash: tokenHash(NARROWED), scopes: ['read'], at });
  const made = async (path: string, body: object): Promise<string> => {
    const response = await api.call('post', path, { as: 'admin', body });
    expect(response.status).toBe(201);
    return (response.body as { id: string }).id;
  };
  const organization = await made('/organizations', { name: 'Acme', domains: ['acme.example'], clusters: ['c042'] });
  await made('/organizations', { name: 'Umbrella' });
  const contact = await made('/contacts', { email: 'carl@acme.example', organizationId: organization });
  // Every list goes on behind its first entry.
  for (const n of [1, 2]) {
    await addTicket(api, { requester: { email: 'carl@acme.example' }, subject: `Once more, ${n}` });
    await api.call('post', '/blocked-senders', { as: 'admin', body: { sender: `offers${n}@example.org` } });
    const raw = Buffer.from(`Subject: An offer\r\n\r\nThe ${n}th.`);
    const keptAside = { channel: 'email', received_at: at, raw, envelope: '{}', state: 'suspended', reason: 'machine' } as const;
    await api.db.insertInto('inbox').values(keptAside).execute();
    const told = { key: `n${n}`, number: first, kind: 'threshold', text: 'Soon late', to_agent: null, due_at: at, at, slack_ts: null };
    await api.db.insertInto('notices').values(told).execute();
  }
  const teams = [await made('/teams', { name: 'Platform' }), await made('/teams', { name: 'Billing' })];
  const reply = await made('/canned-replies', { title: 'Hello', body: 'Dear {{customer.firstName|customer}}', shared: true });
  await made('/canned-replies', { title: 'Bye', body: 'See you', shared: true });
  const contacts = (await api.db.selectFrom('participants').select('contact_id').where('number', 'in', numbers).execute()).map((row) => row.contact_id);
  const messages = (await api.db.selectFrom('messages').select('id').execute()).map(({ id }) => id);
  const agentIds = [...agents.map(({ id }) => id), 'me'];
  const ids = [...agentIds, ...contacts, contact, organization, ...teams, reply, ...pages];
  return {
    // A revision that never comes is waited for, a second each time.
    minRevision: [0, 1],
    number: [...numbers, ...numbers, closed, ...Array.from({ length: 6 }, () => chat)],
    identity: [await signed(api, ADA)],
    into: numbers,
    target: numbers,
    conversation: numbers,
    id: ids,
    token: tokens.map(({ id }) => id),
    message: messages,
    upTo: messages,
    seen: messages,
    seenUpTo: [0, 1, 2, ...messages],
    agent: agentIds,
    assignee: [...agentIds, 'none'],
    contact: [...contacts, contact],
    recipients: contacts,
    requester: contacts,
    organization: [organization],
    organizationId: [organization],
    team: teams,
    email: ['customer1@example.org', 'new@example.net', 'carl@acme.example'],
    phone: ['+4930123456'],
    zone: ['Europe/Berlin'],
    plan: ['standard', 'enterprise'],
    q: ['request', 'Zoë', '#1001', '+49 30 123456'],
  };
}

/** Where to go on from in each list, as it has answered itself. */
async function cursorsOfLists({ number: numbers = [], id: ids = [] }: Pool): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const [method, path, { parameters = [] }] of operations) {
    if (method !== 'get' || !parameters.some(({ name }) => name === 'cursor')) continue;
    const addresses = path.includes('{number}') ? numbers.map((n) => path.replace('{number}', String(n))) : ids.map((id) => path.replace('{id}', String(id)));
    for (const address of new Set(addresses)) {
      const { body } = await api.call('get', `${address}?limit=1`, { as: 'admin' });
      const { nextCursor } = body as { nextCursor?: string };
      if (nextCursor !== undefined) found.set(path, nextCursor);
      if (found.has(path)) break;
    }
    if (!found.has(path)) throw new Error(`${path} has no second entry; give it one, so that its cursors are tried.`);
  }
  return found;
}

type Actor = 'admin' | 'lead' | 'agent' | 'viewer' | 'nobody' | 'narrowed' | 'customer';

/** Mostly somebody who may do everything; the rest of the desk, and strangers, too. */
const actors = fc.oneof(
  { arbitrary: fc.constant('admin' as const), weight: 8 },
  { arbitrary: fc.constant('customer' as const), weight: 3 },
  { arbitrary: fc.constantFrom('lead' as const, 'agent' as const, 'viewer' as const, 'nobody' as const, 'narrowed' as const), weight: 1 },
);

let customer: string | null = null;

/** Ada's token; another one once a request has signed her out. */
async function customersToken(): Promise<string> {
  const held = customer !== null && (await visitorOfToken(api.db, visitorTokenHash(customer), new Date(api.clock.now))) !== null;
  if (held && customer !== null) return customer;
  customer = await addVisitor(api, { email: ADA.email, proof: 'signed', identity: `dashboard:${ADA.sub}` });
  return customer;
}

async function send(method: string, request: WireRequest, as: Actor): Promise<Response> {
  sent += 1;
  const { port } = server.address() as AddressInfo;
  const headers: Record<string, string | number> = { ...request.headers, 'content-length': request.body?.length ?? 0 };
  if (request.body === null && method === 'get') delete headers['content-length'];
  const token = as === 'nobody' ? null : as === 'narrowed' ? NARROWED : as === 'customer' ? await customersToken() : api.agents[as].token;
  if (token !== null) headers['authorization'] = `Bearer ${token}`;
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      { host: '127.0.0.1', port, method: method.toUpperCase(), path: API_BASE + request.path, headers, agent: connections },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const isJson = /[/+]json/.test(incoming.headers['content-type'] ?? '');
          resolve({ status: incoming.statusCode, headers: incoming.headers, text, body: isJson ? (JSON.parse(text) as unknown) : {} } as unknown as Response);
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(request.body ?? undefined);
  });
}

const told = (request: WireRequest) =>
  `${request.path.slice(0, 500)} ${JSON.stringify(request.headers)} ${request.body?.subarray(0, 1_000).toString('utf8') ?? ''}`;

/** Not an accident, and one of the answers that the document names, down to the code of a problem. */
function judge(method: string, path: string, request: WireRequest, response: Response): void {
  const lines = api.logged.splice(0);
  const inVain = [IN_VAIN, ...NOT_LIVE].includes(`${method} ${path}`) && response.status === 503;
  if (response.status >= 500 && !inVain)
    throw new Error(`${method} ${told(request)}\nwas answered ${response.status}: ${response.text}\n${lines.slice(-3).join('')}`);
  if (lines.some((line) => line.includes(UNCHECKED))) throw new Error(`${method} ${told(request)}\nasked PostgreSQL for what it cannot take.`);
  try {
    check(method, path, response);
  } catch (error) {
    throw new Error(`${method} ${told(request)}\n${(error as Error).message}`, { cause: error });
  }
  if (response.status < 400) return;
  const route = routes.find((candidate) => candidate.method === method && candidate.path === path);
  const codes: readonly string[] = route === undefined ? ['E_NOT_FOUND', 'E_METHOD_NOT_ALLOWED'] : problemsOf(route);
  const { code } = response.body as { code: string };
  if (!codes.includes(code))
    throw new Error(`${method} ${told(request)}\nwas answered with ${code}, which is not among its documented problems: ${response.text}`);
}

const resolve = (ref: string): JsonSchema => {
  const schema = document.components.schemas[ref.replace('#/components/schemas/', '')];
  if (schema === undefined) throw new Error(`The document has no ${ref}.`);
  return schema;
};

test.each(operations)(
  '%s %s answers whatever comes as documented',
  async (method, path, operation) => {
    const cursor = cursors.get(path);
    const requests = requestsTo(path, operation, cursor === undefined ? pool : { ...pool, cursor: [cursor] }, resolve);
    await fc.assert(
      fc.asyncProperty(requests, actors, async (request, as) => {
        judge(method, path, request, await send(method, request, as));
      }),
      { numRuns: `${method} ${path}` === IN_VAIN ? 15 : REQUESTS_EACH, endOnFailure: true },
    );
  },
  120_000,
);

test('what is no operation is answered as such, whatever it is', async () => {
  const strange = fc.record({
    method: fc.constantFrom('get', 'post', 'put', 'patch', 'delete'),
    path: fc.constantFrom(
      '/nothing',
      '/tickets/1',
      '/conversations/1001/nothing',
      '/agents/me/tokens/t/x',
      '/%2e%2e/%2e%2e/etc/passwd',
      '/conversations/%00',
      '/openapi.json/x',
      '//',
    ),
  });
  await fc.assert(
    fc.asyncProperty(strange, async ({ method, path }) => {
      const response = await send(method, { path, headers: {}, body: null }, 'admin');
      expect([400, 404, 405]).toContain(response.status);
      expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
    }),
    { numRuns: 60 },
  );
});
