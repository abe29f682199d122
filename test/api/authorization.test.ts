import supertest from 'supertest';
import { ACTIONS } from '../../api/auth/authorize';
import { expressPath, fullPath, type Route } from '../../api/route';
import { allRoutes } from '../../api/routes/all';
import { revokeToken, changeAgent, listTokens } from '../../db/agents';
import { signLink } from '../../messages/addresses';
import { ROLES } from '../../policy/words';
import { addPage, addTestAgent, addTicket, openTestApi, PUBLIC_URL, type TestApi, type TestAgent } from './test-api';

const routes = allRoutes(PUBLIC_URL);
const ACTORS = ['nobody', 'wrong token', 'disabled agent', 'revoked token', ...ROLES] as const;
type ActorName = (typeof ACTORS)[number];

let api: TestApi;
let disabled: TestAgent;
let revoked: TestAgent;
let paths: (route: Route) => string;

beforeAll(async () => {
  api = await openTestApi();
  const number = await addTicket(api);
  const page = await addPage(api, number);
  disabled = await addTestAgent(api.db, 'admin');
  await changeAgent(api.db, disabled.id, { disabledAt: new Date() });
  revoked = await addTestAgent(api.db, 'admin');
  for (const { id } of await listTokens(api.db, revoked.id)) await revokeToken(api.db, revoked.id, id, new Date());
  const mail = await api.db
    .insertInto('caught_mails')
    .values({ received_at: new Date(), envelope_from: '', envelope_to: ['ada@example.org'], raw: Buffer.from('Subject: Hello\r\n\r\nWords') })
    .returning('id')
    .executeTakeFirstOrThrow();
  const link = signLink(api.keys, { purpose: 'status', number, contact: 'c1' });
  const owner = await addTestAgent(api.db, 'viewer');
  const ids = (path: string) => (path.startsWith('/api/v1/pages') || path.startsWith('/pages') ? page : path.startsWith('/mails') ? String(mail.id) : owner.id);
  paths = (route) =>
    fullPath(route).replace(/\{(\w+)\}/g, (_match, name: string) => {
      switch (name) {
        case 'number':
          return String(number);
        case 'id':
          return ids(fullPath(route));
        case 'token':
          return fullPath(route).startsWith('/l/') ? link : 't-none';
        case 'message':
          return 'm-none';
        default:
          throw new Error(`The test knows no value for {${name}}.`);
      }
    });
});

afterAll(() => api.close());

function tokenOf(actor: ActorName): string | null {
  switch (actor) {
    case 'nobody':
      return null;
    case 'wrong token':
      return 'hf_never-given-to-anyone';
    case 'disabled agent':
      return disabled.token;
    case 'revoked token':
      return revoked.token;
    default:
      return api.agents[actor].token;
  }
}

/** What the rule says, worked out from the table and not by `authorize`. */
function expected(route: Route, actor: ActorName): 'signIn' | 401 | 403 | 404 | 'let in' {
  const needed: string = ACTIONS[route.action];
  const known = (ROLES as readonly string[]).includes(actor);
  const lookedAt = route.action !== 'public.read';
  if (!known && actor !== 'nobody' && lookedAt) return 401;
  if (needed === 'anyone') return 'let in';
  if (actor === 'nobody') return route.surface === 'page' && route.method === 'get' ? 'signIn' : 401;
  if (ROLES.indexOf(actor as 'viewer') < ROLES.indexOf(needed as 'viewer')) return 403;
  if (route.action === 'agent.tokens' && actor !== 'admin') return 404;
  if (route.action === 'agent.availability' && !['lead', 'admin'].includes(actor)) return 404;
  return 'let in';
}

describe.each(routes.map((route) => [`${route.method} ${fullPath(route)}`, route] as const))('%s', (_name, route) => {
  test.each(ACTORS)('as %s', async (actor) => {
    const token = tokenOf(actor);
    let request = supertest(api.app)[route.method](paths(route)).redirects(0);
    if (token !== null) request = request.set('Authorization', `Bearer ${token}`);
    const response = await request;
    const wanted = expected(route, actor);
    if (wanted === 'let in') {
      // The sign-in form itself refuses an empty token and a missing Origin; nothing else may.
      if (fullPath(route) === '/sign-in' && route.method === 'post') expect(response.status).toBe(403);
      else expect([401, 403]).not.toContain(response.status);
      expect(response.status).toBeLessThan(500);
    } else if (wanted === 'signIn') {
      expect(response.status).toBe(303);
      expect(response.headers['location']).toMatch(/^\/sign-in\?next=/);
    } else {
      expect(response.status).toBe(wanted);
    }
  });
});

test('what express serves is what the table names, and every row has a rule', () => {
  const stack = (api.app as unknown as { router: { stack: { route?: { path: string; methods: Record<string, boolean> } }[] } }).router.stack;
  const mounted = stack.flatMap(({ route }) => (route === undefined ? [] : Object.keys(route.methods).map((method) => `${method} ${route.path}`)));
  expect(mounted.sort()).toEqual(routes.map((route) => `${route.method} ${expressPath(route)}`).sort());
  for (const route of routes) expect(Object.keys(ACTIONS)).toContain(route.action);
});

test('a viewer may see their own tokens and nobody else’s', async () => {
  const own = await api.call('get', `/agents/${api.agents.viewer.id}/tokens`, { as: 'viewer' });
  expect(own.status).toBe(200);
  expect(JSON.stringify(own.body)).not.toContain(api.agents.viewer.token);
  expect((await api.call('get', `/agents/${api.agents.admin.id}/tokens`, { as: 'viewer' })).status).toBe(404);
  expect((await api.call('get', `/agents/${api.agents.viewer.id}/tokens`, { as: 'admin' })).status).toBe(200);
});
