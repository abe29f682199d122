import { createHash, randomBytes } from 'node:crypto';
import supertest from 'supertest';
import { ACTIONS } from '../../api/auth/authorize';
import { SCOPES, type Scope } from '../../api/auth/scopes';
import { expressPath, fullPath, type Route } from '../../api/route';
import { allRoutes } from '../../api/routes/all';
import { revokeToken, addToken, changeAgent, listTokens } from '../../db/agents';
import { signLink } from '../../messages/addresses';
import { ROLES, type Role } from '../../policy/words';
import { chatPeople, type ChatPeople } from './chat-people';
import { addPage, addTestAgent, openTestApi, PUBLIC_URL, type TestApi } from './test-api';

/**
 * Who may do what, written down a second time and as short as it can be said: reading is for viewers, changing for agents, and these are the
 * exceptions. So a rule that is removed or weakened in the program turns this red, and so does a route that is open by mistake.
 */
const EXCEPTIONS: readonly (readonly [route: RegExp, least: Role | 'anyone' | 'customer'])[] = [
  [/^get \/api\/v1\/openapi\.json$/, 'anyone'],
  [/^get \/(healthz|readyz|style\.css)$/, 'anyone'],
  [/^get \/api\/docs/, 'anyone'],
  [/^get \/widget(\.js|\/)/, 'anyone'],
  // Shown on one's own machine only, which the tests' desk is not: else it is not there.
  [/^get \/demo(\/identity)?$/, 'anyone'],
  [/^get \/api\/v1\/avatars\/\{hash\}$/, 'anyone'],
  // Coming into the chat, and the customers' own pages, which ask by themselves who comes.
  [/^(get \/api\/v1\/chat\/expectation|post \/api\/v1\/(chats|chat\/sessions|help\/(tickets|codes|sessions)))$/, 'anyone'],
  [/^(get|post) \/help(\/|$)/, 'anyone'],
  // What only the customer does, with their visitor token; agents have the conversation.
  [/^(post|put) \/api\/v1\/chats\/\{number\}\//, 'customer'],
  [/^(post \/api\/v1\/chat\/attachments|delete \/api\/v1\/chat\/sessions)$/, 'customer'],
  [/^post \/api\/v1\/live\/frames$/, 'viewer'],
  [/^(get|post) \/sign-in$/, 'anyone'],
  // The signed token in the path is the permission.
  [/^(get|post) \/l\/\{token\}(\/(files|messages)\/|$)/, 'anyone'],
  [/^post \/sign-out$/, 'viewer'],
  [/^post \/api\/v1\/policy\/explain$/, 'viewer'],
  // Of one's own; of others, see `ofOthers`.
  [/^put \/api\/v1\/agents\/\{id\}\/availability$/, 'viewer'],
  [/^(post|delete) \/api\/v1\/agents\/\{id\}\/tokens/, 'viewer'],
  [/^(put|delete) \/api\/v1\/agents\/\{id\}\/avatar$/, 'viewer'],
  // Caught mails carry links that act as the customer.
  [/^get \/mails/, 'agent'],
  [/^(post|patch|delete) \/api\/v1\/(organizations|teams)/, 'lead'],
  [/^(post|patch) \/api\/v1\/agents(\/\{id\})?$/, 'admin'],
  [/^post \/api\/v1\/demo$/, 'admin'],
];

/** From which role on somebody may do to others what everyone may do to themselves; below it, others' are not there. */
const OF_OTHERS: readonly (readonly [route: RegExp, least: Role])[] = [
  [/\/agents\/\{id\}\/(tokens|avatar$)/, 'admin'],
  [/\/agents\/\{id\}\/availability$/, 'lead'],
];

/** What customers do with a visitor token, each in what is their own: others' is not there. With `own token` it is always theirs. */
const OF_CUSTOMERS: readonly (readonly [route: RegExp, whose: 'own conversation' | 'own token'])[] = [
  [/^(get|post|put) \/api\/v1\/chats\/\{number\}(\/|$)/, 'own conversation'],
  [/^get \/api\/v1\/attachments\/\{id\}$/, 'own conversation'],
  [/^(post \/api\/v1\/chat\/attachments|delete \/api\/v1\/chat\/sessions)$/, 'own token'],
  [/^(get \/api\/v1\/live\/events|post \/api\/v1\/live\/frames)$/, 'own token'],
];

/** What a token of an admin that is narrowed to a scope is still good for, besides what is open to anyone. */
const WITHIN: Readonly<Record<Exclude<Scope, 'all'>, RegExp>> = {
  read: /^(get (?!\/mails|\/api\/v1\/agents\/\{id\}\/tokens)|post \/api\/v1\/(policy\/explain|live\/frames)$)/,
  'tickets:create': /^post \/api\/v1\/(tickets|attachments|conversations\/\{number\}\/follow-ups)$/,
  'conversations:write':
    /^((post|put|patch|delete) \/api\/v1\/conversations\/|post \/api\/v1\/(tickets$|attachments$|scheduled-actions\/)|get \/api\/v1\/commands\/|post \/conversations\/\{number\}$)/,
  'pages:act': /^(get|post) (\/api\/v1)?\/pages/,
  'contacts:write': /^((get|post|patch) \/api\/v1\/contacts(\/\{id\})?)$/,
};

const routes = allRoutes(PUBLIC_URL);
const SCOPED = SCOPES.map((scope) => `only ${scope}` as const);
const STRANGERS = ['wrong token', 'disabled agent', 'revoked token', 'expired token', 'customer’s link'] as const;
/** Customers whose conversation the paths name: by their dashboard's word, by a mailed code, and by nothing but the token that began it. */
const OWNERS = ['owner', 'owner with a code', 'owner of a claimed chat'] as const;
/** Customers who have no part in it, whoever they are; the last two claim to be, or are, of the very same company. */
const OTHERS = ['customer of another company', 'visitor who claims the owner’s address', 'colleague of the owner'] as const;
const GONE = ['expired visitor', 'revoked visitor'] as const;
const VISITORS = [...OWNERS, ...OTHERS, ...GONE] as const;
type VisitorName = (typeof VISITORS)[number];
const ACTORS = ['nobody', ...STRANGERS, ...ROLES, ...SCOPED, ...VISITORS] as const;
type ActorName = (typeof ACTORS)[number];

let api: TestApi;
/** Bearer tokens of those who are no agent of the desk's own. */
let tokens: Readonly<Record<Exclude<ActorName, Role | 'nobody' | VisitorName>, string>>;
let visitors: ChatPeople;
let paths: (route: Route, actor: ActorName) => string;

beforeAll(async () => {
  api = await openTestApi();
  visitors = await chatPeople(api);
  const number = visitors.owned;
  const page = await addPage(api, number);
  const disabled = await addTestAgent(api.db, 'admin');
  await changeAgent(api.db, disabled.id, { disabledAt: new Date() });
  const revoked = await addTestAgent(api.db, 'admin');
  for (const { id } of await listTokens(api.db, revoked.id)) await revokeToken(api.db, revoked.id, id, new Date());
  const mail = await api.db
    .insertInto('caught_mails')
    .values({ received_at: new Date(), envelope_from: '', envelope_to: ['ada@example.org'], raw: Buffer.from('Subject: Hello\r\n\r\nWords') })
    .returning('id')
    .executeTakeFirstOrThrow();
  const link = signLink(api.keys, { purpose: 'status', number, contact: 'c1' });
  const owner = await addTestAgent(api.db, 'viewer');
  const admin = await addTestAgent(api.db, 'admin');
  const tokenOf = async (given: { scopes?: readonly Scope[]; expiresAt?: Date }): Promise<string> => {
    const secret = randomBytes(32).toString('base64url');
    const hash = createHash('sha256').update(secret).digest();
    await addToken(api.db, { agentId: admin.id, label: 'test', hash, at: new Date(api.clock.now), ...given });
    return secret;
  };
  tokens = {
    'wrong token': 'hf_never-given-to-anyone',
    'disabled agent': disabled.token,
    'revoked token': revoked.token,
    'expired token': await tokenOf({ expiresAt: new Date(api.clock.now) }),
    'customer’s link': link,
    ...(Object.fromEntries(await Promise.all(SCOPES.map(async (scope) => [`only ${scope}`, await tokenOf({ scopes: [scope] })]))) as Record<
      (typeof SCOPED)[number],
      string
    >),
  };
  const ids = (path: string) => {
    if (/^(\/api\/v1)?\/pages\//.test(path)) return page;
    if (path.startsWith('/mails/')) return String(mail.id);
    if (path.startsWith('/api/v1/agents/')) return owner.id;
    return 'there-is-none';
  };
  paths = (route, actor) =>
    fullPath(route).replace(/\{(\w+)\}/g, (_match, name: string) => {
      if (fullPath(route) === '/api/v1/attachments/{id}') return actor === 'owner of a claimed chat' ? visitors.claimedFile : visitors.file;
      if (name === 'hash') return 'a'.repeat(64);
      if (name === 'number') return String(actor === 'owner of a claimed chat' ? visitors.claimed : number);
      if (name === 'token' && fullPath(route).startsWith('/l/')) return link;
      return name === 'id' ? ids(fullPath(route)) : 'there-is-none';
    });
});

afterAll(() => api.close());

const isVisitor = (actor: ActorName): actor is VisitorName => (VISITORS as readonly string[]).includes(actor);
const isOneOf = (names: readonly string[], actor: ActorName) => names.includes(actor);
const isRole = (actor: ActorName): actor is Role => (ROLES as readonly string[]).includes(actor);
const reaches = (role: Role, least: Role) => ROLES.indexOf(role) >= ROLES.indexOf(least);

/** What the tables above say. */
function expected(route: Route, actor: ActorName): 'signIn' | 401 | 403 | 404 | 'let in' {
  const name = `${route.method} ${fullPath(route)}`;
  const least = EXCEPTIONS.find(([pattern]) => pattern.test(name))?.[1] ?? (route.method === 'get' ? 'viewer' : 'agent');
  // Where nobody asks who comes, a wrong token is not looked at.
  const lookedAt = least !== 'anyone' || !/^get \/(api\/v1\/(openapi|avatars)|api\/docs|healthz|readyz|style|widget|help\/style)/.test(name);
  if ((isOneOf(STRANGERS, actor) || isOneOf(GONE, actor)) && lookedAt) return 401;
  if (least === 'anyone') return 'let in';
  if (actor === 'nobody') return route.surface === 'page' && route.method === 'get' ? 'signIn' : 401;
  if (isVisitor(actor)) {
    const whose = OF_CUSTOMERS.find(([pattern]) => pattern.test(name))?.[1];
    if (whose === undefined) return 403;
    return whose === 'own token' || isOneOf(OWNERS, actor) ? 'let in' : 404;
  }
  if (least === 'customer') return 403;
  const scope = actor.startsWith('only ') ? (actor.slice('only '.length) as Scope) : 'all';
  if (scope !== 'all' && name !== 'post /sign-out' && !WITHIN[scope].test(name)) return 403;
  const role = isRole(actor) ? actor : 'admin';
  if (!reaches(role, least)) return 403;
  const ofOthers = OF_OTHERS.find(([pattern]) => pattern.test(name))?.[1];
  return ofOthers !== undefined && !reaches(role, ofOthers) ? 404 : 'let in';
}

describe.each(routes.map((route) => [`${route.method} ${fullPath(route)}`, route] as const))('%s', (_name, route) => {
  test.each(ACTORS)('as %s', async (actor) => {
    let request = supertest(api.app)[route.method](paths(route, actor)).redirects(0);
    // A visitor's own token each time, as one of the routes revokes it.
    const token = isRole(actor) ? api.agents[actor].token : isVisitor(actor) ? await visitors.tokenOf(actor) : actor === 'nobody' ? null : tokens[actor];
    if (token !== null) request = request.set('Authorization', `Bearer ${token}`);
    if (route.surface === 'api' && route.upload !== undefined) request = request.send('bytes');
    // Customers' pages take no form from anywhere else.
    if (fullPath(route).startsWith('/help') && route.method === 'post') request = request.set('Origin', PUBLIC_URL);
    const response = await request;
    const wanted = expected(route, actor);
    if (wanted === 'let in') {
      // The sign-in form itself refuses an empty token and a missing Origin, and the customers' pages look at their own cookie; nothing else may.
      if (fullPath(route) === '/sign-in' && route.method === 'post') expect(response.status).toBe(403);
      else if (route.method === 'post' && fullPath(route).startsWith('/help/')) expect([303, 400, 403]).toContain(response.status);
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
