import { createHash, randomBytes } from 'node:crypto';
import path from 'node:path';
import type { Client } from '@temporalio/client';
import type { Express } from 'express';
import supertest from 'supertest';
import { createApp } from '../../api/app';
import { Background } from '../../api/background';
import type { RateLimits } from '../../api/rate-limits';
import { API_BASE, type Method } from '../../api/route';
import type { Readiness } from '../../api/context';
import { createLogger } from '../../config/log';
import { addAgent, addToken } from '../../db/agents';
import { closeDatabase, openDatabase, type Database } from '../../db/connection';
import { publishPolicy } from '../../db/policies';
import { parseSigningKeys, type SigningKeys } from '../../messages/addresses';
import { loadPolicy } from '../../policy/resolve';
import type { PolicySnapshot } from '../../policy/snapshot';
import { ROLES, type Role } from '../../policy/words';
import { freshDatabase } from '../setup/database';
import { testServer } from '../setup/test-servers';
import { answerChecker, type AnswerChecker } from './answer-checker';

/** Monday 23 March 2026, 10:00 in Berlin: the office is open. */
export const MONDAY_TEN = Date.parse('2026-03-23T09:00:00Z');
/** Saturday 28 March 2026, 12:00 in Berlin: closed. */
export const SATURDAY_NOON = Date.parse('2026-03-28T11:00:00Z');
export const ADMIN_TOKEN = 'the-admin-token-of-the-tests';
export const PUBLIC_URL = 'http://desk.test';
export const DASHBOARD_SECRET = 'the-dashboard-secret-of-the-tests-of-32-characters';
/** A site that may embed the chat. */
export const HOST_ORIGIN = 'https://dashboard.test';

/** An agent of the tests with a token of theirs. */
export interface TestAgent {
  readonly id: string;
  readonly token: string;
}

/** The real app on a database of its own, with one agent of each role, a clock that the test sets, and its answers checked against OpenAPI. */
export interface TestApi {
  readonly app: Express;
  /** The same app on another database. */
  appOn(db: Database): Express;
  readonly db: Database;
  readonly databaseUrl: string;
  /** In force; another can be put in its place. */
  policy: PolicySnapshot;
  readonly keys: SigningKeys;
  readonly agents: Readonly<Record<Role, TestAgent>>;
  /** What was logged, line by line. */
  readonly logged: string[];
  clock: { now: number };
  readiness: Readiness;
  /** A request below /api/v1, by default of the agent; its answer must be a documented one. */
  call(method: Method, path: string, options?: CallOptions): Promise<supertest.Response>;
  /** Resolves once nothing goes on after its answer. */
  settled(): Promise<void>;
  close(): Promise<void>;
  /** Instead of `close`, when the test has closed the connections. */
  dropDatabase(): Promise<void>;
}

export interface CallOptions {
  readonly body?: unknown;
  readonly as?: Role | 'nobody' | { readonly token: string };
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

let resolved: Promise<PolicySnapshot> | undefined;

/** The policy that ships, resolved once a file. */
function handbook(): Promise<PolicySnapshot> {
  resolved ??= loadPolicy(undefined, MONDAY_TEN);
  return resolved;
}

/** Opens it; call `close` in `afterAll`. */
export async function openTestApi(options: { client?: Client; commandWaitMs?: number; rateLimits?: Partial<RateLimits> } = {}): Promise<TestApi> {
  const database = await freshDatabase();
  const db = openDatabase(database.url, { max: 5 });
  const policy = await handbook();
  await publishPolicy(db, policy, new Date(MONDAY_TEN));
  const keys = parseSigningKeys(`test:${randomBytes(32).toString('base64')}`);
  const logged: string[] = [];
  const clock = { now: MONDAY_TEN };
  const agents = Object.fromEntries(await Promise.all(ROLES.map(async (role) => [role, await addTestAgent(db, role)] as const))) as Record<Role, TestAgent>;
  const state = { readiness: { postgres: true, temporal: true, smtp: true }, policy };
  const log = createLogger('api', { write: (line: string) => void logged.push(line) });
  const background = new Background(log);
  const appOn = (on: Database) =>
    createApp({
      db: on,
      client: options.client,
      policy: () => state.policy,
      webDir: path.join(testServer('buildDir'), 'web'),
      environment: {
        HOLDFAST_PUBLIC_URL: PUBLIC_URL,
        HOLDFAST_ADMIN_TOKEN: ADMIN_TOKEN,
        MAIL_DOMAIN: 'example.test',
        DASHBOARD_JWT_SECRET: DASHBOARD_SECRET,
        HOLDFAST_EMBED_ORIGINS: [HOST_ORIGIN],
      },
      signingKeys: keys,
      log,
      background,
      now: () => clock.now,
      readiness: () => Promise.resolve(state.readiness),
      // Tests ask more than people do; those of the limits set their own.
      rateLimits: options.rateLimits ?? {
        credential: 0,
        anonymous: 0,
        wrongToken: 0,
        signIn: 0,
        visitor: 0,
        chats: 0,
        chatsOfAddress: 0,
        chatMessages: 0,
        forms: 0,
        codes: 0,
        codeTries: 0,
        links: 0,
      },
      measuredForMs: 0,
      ...(options.commandWaitMs === undefined ? {} : { commandWaitMs: options.commandWaitMs }),
    });
  const app = appOn(db);
  let checker: AnswerChecker | undefined;
  const call: TestApi['call'] = async (method, path, { body, as = 'agent', key, headers = {} } = {}) => {
    checker ??= answerChecker((await supertest(app).get(`${API_BASE}/openapi.json`)).body as Record<string, unknown>);
    let request = supertest(app)[method](API_BASE + path);
    if (as !== 'nobody') request = request.set('Authorization', `Bearer ${typeof as === 'string' ? agents[as].token : as.token}`);
    if (key !== undefined) request = request.set('Idempotency-Key', key);
    request = request.set(headers);
    const response = await (body === undefined ? request : request.send(body as object));
    checker(method, path, response);
    return response;
  };
  return {
    app,
    appOn,
    db,
    databaseUrl: database.url,
    keys,
    agents,
    logged,
    clock,
    call,
    get policy() {
      return state.policy;
    },
    set policy(other) {
      state.policy = other;
    },
    get readiness() {
      return state.readiness;
    },
    set readiness(readiness) {
      state.readiness = readiness;
    },
    settled: () => background.settled(),
    async close() {
      await background.settled();
      await closeDatabase(db);
      await database.drop();
    },
    dropDatabase: () => database.drop(),
  };
}

/** Adds an agent with a token. */
export async function addTestAgent(db: Database, role: Role): Promise<TestAgent> {
  // Earlier than any agent that a test makes: the admin token acts as the first.
  const agent = await addAgent(db, { name: `${role} of the tests`, email: null, role, at: new Date(MONDAY_TEN - 60_000) });
  const token = randomBytes(32).toString('base64url');
  await addToken(db, { agentId: agent.id, label: 'test', hash: createHash('sha256').update(token).digest(), at: new Date(MONDAY_TEN) });
  return { id: agent.id, token };
}

/** Opens a ticket by the API and answers with its number. */
export async function addTicket(api: TestApi, given: Record<string, unknown> = {}): Promise<number> {
  const response = await api.call('post', '/tickets', {
    body: { requester: { email: 'ada@example.org', name: 'Ada' }, subject: 'The shop is slow', body: 'Since this morning.', ...given },
  });
  expect(response.status).toBe(201);
  return (response.body as { number: number }).number;
}

/** Adds an open page of a conversation, as the paging activity does, and answers with its id. */
export async function addPage(api: TestApi, number: number, page = 1): Promise<string> {
  const id = `p${number}-${page}`;
  await api.db
    .insertInto('pages')
    .values({
      id,
      number,
      page,
      cause_key: `conversation/${number}:dispatch:${page}`,
      urgency: 'low',
      summary: `Normal: nobody has taken it in 1 h #${number}`,
      causes: JSON.stringify([{ key: `conversation/${number}:dispatch:${page}`, kind: 'dispatch', at: api.clock.now, urgency: 'low', reason: 'breached' }]),
      opened_at: new Date(api.clock.now),
      acknowledged_by: null,
      bundled_into: null,
    })
    .execute();
  await api.db
    .insertInto('page_attempts')
    .values({
      page_id: id,
      ring: 1,
      target: 'inbox',
      method: 'inbox',
      level: 1,
      dedup_key: `conversation/${number}:dispatch:${page}`,
      urgency: 'low',
      due_at: new Date(api.clock.now),
      decided_at: new Date(api.clock.now),
      sent_at: new Date(api.clock.now + 40),
      outcome: 'sent',
      error: null,
      bundle: null,
    })
    .execute();
  return id;
}
