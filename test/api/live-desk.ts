import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import WebSocket from 'ws';
import { createApp } from '../../api/app';
import { Background } from '../../api/background';
import type { ApiContext } from '../../api/context';
import type { ServerFrame } from '../../api/live/frames';
import { Live } from '../../api/live/live';
import { serveSockets } from '../../api/live/sockets';
import { createLogger } from '../../config/log';
import { closeDatabase, openDatabase, type Database } from '../../db/connection';
import { ADMIN_TOKEN, openTestApi, PUBLIC_URL, type TestApi } from './test-api';

/** An api process of the tests with live connections, on the database of a {@link TestApi}. */
export interface LiveApi {
  readonly url: string;
  readonly live: Live;
  readonly server: Server;
  readonly db: Database;
  /** Stops as a process that is asked to. */
  stop(): Promise<void>;
  /** Ends as a process that is killed: nobody is told, and nothing is written. */
  kill(): Promise<void>;
}

/** Starts one more api process on the same database; its clock is the desk's. */
export async function startLiveApi(desk: TestApi, given: { embedOrigins?: readonly string[]; instance?: string } = {}): Promise<LiveApi> {
  const db = openDatabase(desk.databaseUrl, { max: 5 });
  const log = createLogger('api', { write: (line: string) => void desk.logged.push(line) });
  const background = new Background(log);
  const context: ApiContext = {
    db,
    policy: () => desk.policy,
    environment: {
      HOLDFAST_PUBLIC_URL: PUBLIC_URL,
      HOLDFAST_ADMIN_TOKEN: ADMIN_TOKEN,
      MAIL_DOMAIN: 'example.test',
      DASHBOARD_JWT_SECRET: undefined,
      HOLDFAST_EMBED_ORIGINS: given.embedOrigins ?? [],
    },
    signingKeys: desk.keys,
    log,
    background,
    now: () => desk.clock.now,
    readiness: () => Promise.resolve(desk.readiness),
    rateLimits: { credential: 0, anonymous: 0, wrongToken: 0, signIn: 0 },
  };
  const live = new Live(context, desk.databaseUrl, given.instance);
  const app = createApp({ ...context, live });
  const server = createServer(app);
  const sockets = serveSockets(server, app, context, live);
  await live.start();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const end = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
    await background.settled();
  };
  let ended: Promise<void> | null = null;
  const onlyOnce = (act: () => Promise<void>) => () => (ended ??= act());
  const api: LiveApi = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    live,
    server,
    db,
    stop: onlyOnce(async () => {
      await live.close();
      await sockets.close();
      await end();
      await closeDatabase(db);
    }),
    kill: onlyOnce(async () => {
      // What it would still like to write does not arrive.
      await closeDatabase(db);
      await live.close();
      await sockets.close();
      await end();
    }),
  };
  running.add(api);
  return api;
}

const running = new Set<LiveApi>();

/** Stops every api that still runs, for the end of a file. */
export async function stopLiveApis(): Promise<void> {
  await Promise.all([...running].map((api) => api.stop()));
}

/** A desk for live connections, and a customer of it; its api processes are started by the tests. */
export interface LiveScene {
  readonly desk: TestApi;
  readonly ada: TestVisitor;
  /** Stops every api that still runs, and closes the desk. */
  close(): Promise<void>;
}

/** Opens it; call `close` in `afterAll`. */
export async function openLiveScene(): Promise<LiveScene> {
  const desk = await openTestApi();
  return {
    desk,
    ada: await addVisitor(desk, 'ada@example.org'),
    async close() {
      await stopLiveApis();
      await desk.close();
    },
  };
}

/** A visitor of the tests: whoever holds the token. */
export interface TestVisitor {
  readonly id: string;
  readonly contactId: string;
  readonly token: string;
}

/** Adds a visitor token for the contact with this address, who is added too if there is none. */
export async function addVisitor(desk: TestApi, email: string, given: { proof?: 'signed' | 'code' | 'claimed'; expiresAt?: Date } = {}): Promise<TestVisitor> {
  const known = await desk.db.selectFrom('contacts').select('id').where('email', '=', email).executeTakeFirst();
  const contactId = known?.id ?? `c${randomUUID()}`;
  if (known === undefined) {
    await desk.db
      .insertInto('contacts')
      .values({
        id: contactId,
        organization_id: null,
        name: email.split('@')[0] ?? email,
        email,
        phone: null,
        zone: null,
        created_at: new Date(desk.clock.now),
      })
      .execute();
  }
  const token = `vt_${randomBytes(32).toString('base64url')}`;
  const id = `v${randomUUID()}`;
  await desk.db
    .insertInto('visitors')
    .values({
      id,
      contact_id: contactId,
      proof: given.proof ?? 'signed',
      identity: given.proof === 'claimed' ? `visitor:${id}` : `contact:${contactId}`,
      token_hash: createHash('sha256').update(token).digest(),
      created_at: new Date(desk.clock.now),
      last_used_at: new Date(desk.clock.now),
      expires_at: given.expiresAt ?? new Date(desk.clock.now + 86_400_000),
    })
    .execute();
  return { id, contactId, token };
}

/** Writes a message of an agent in a chat, with the command that says so, as the API does. */
export async function agentSays(
  desk: TestApi,
  number: number,
  body: string,
  given: { db?: Database; direction?: 'out' | 'note'; at?: number } = {},
): Promise<string> {
  const id = `m${randomUUID()}`;
  const at = new Date(given.at ?? desk.clock.now);
  const { direction = 'out' } = given;
  await (given.db ?? desk.db).transaction().execute(async (trx) => {
    await trx
      .insertInto('messages')
      .values({
        id,
        number,
        seq: null,
        direction,
        author_kind: 'agent',
        author_id: desk.agents.agent.id,
        channel: 'chat',
        body,
        full_body: null,
        html: null,
        at,
        state: direction === 'note' ? 'shown' : 'sent',
        mail_id: null,
        in_reply_to: null,
        authenticated: true,
        hint: null,
        inbox_id: null,
      })
      .execute();
    await trx
      .insertInto('commands')
      .values({
        id: `cmd${randomUUID()}`,
        number,
        actor: desk.agents.agent.id,
        type: 'reply',
        command: JSON.stringify({ type: 'reply', messageId: id, delivery: 'chat' }),
        body_ref: id,
        at,
        not_after: null,
        state: 'done',
      })
      .execute();
  });
  return id;
}

type Frame = ServerFrame & { readonly [field: string]: unknown };

/** A live connection of the tests by WebSocket. */
export class TestSocket {
  readonly frames: Frame[] = [];
  closed: number | null = null;
  #wakers: (() => void)[] = [];

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => {
      this.frames.push(JSON.parse(data.toString()) as Frame);
      this.#wake();
    });
    socket.on('close', (code) => {
      this.closed = code;
      this.#wake();
    });
    socket.on('error', () => undefined);
  }

  /** Opens one, without a word. Rejects when it is refused. */
  static async open(api: Pick<LiveApi, 'url'>, headers: Record<string, string> = {}): Promise<TestSocket> {
    const socket = new WebSocket(`${api.url.replace('http', 'ws')}/api/v1/live`, ['holdfast.v1'], { headers });
    const opened = new TestSocket(socket);
    await once(socket, 'open');
    return opened;
  }

  /** Opens one and says hello; resolves when it is welcome. */
  static async hello(api: Pick<LiveApi, 'url'>, token: string, tab: string = randomUUID()): Promise<TestSocket> {
    const socket = await TestSocket.open(api);
    socket.say({ type: 'hello', token, tab });
    await socket.frame(({ type }) => type === 'welcome');
    return socket;
  }

  /** Opens one and subscribes. */
  static async on(api: Pick<LiveApi, 'url'>, token: string, number: number, given: { after?: string; tab?: string } = {}): Promise<TestSocket> {
    const socket = await TestSocket.hello(api, token, given.tab);
    socket.say({ type: 'subscribe', number, ...(given.after === undefined ? {} : { after: given.after }) });
    await socket.frame(({ type }) => type === 'subscribed');
    return socket;
  }

  say(frame: object | string): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  /** The first frame that matches, also one that came already. */
  async frame(matches: (frame: Frame) => boolean, withinMs = 10_000): Promise<Frame> {
    const until = performance.now() + withinMs;
    for (;;) {
      const found = this.frames.find(matches);
      if (found !== undefined) return found;
      const leftMs = until - performance.now();
      if (leftMs <= 0 || this.closed !== null) throw new Error(`No such frame; closed: ${this.closed}; there is ${JSON.stringify(this.frames)}`);
      await this.#woken(leftMs);
    }
  }

  /** The first event of a kind that matches. */
  async event(kind: string, matches: (event: Record<string, unknown>) => boolean = () => true, withinMs?: number): Promise<Record<string, unknown>> {
    const of = (frame: Frame) => (frame.type === 'event' ? (frame.event as Record<string, unknown>) : null);
    const frame = await this.frame((candidate) => of(candidate)?.['kind'] === kind && matches(of(candidate) ?? {}), withinMs);
    return of(frame) ?? {};
  }

  /** Resolves with the code that it was closed with. */
  async closedWith(withinMs = 10_000): Promise<number> {
    const until = performance.now() + withinMs;
    while (this.closed === null) {
      if (performance.now() > until) throw new Error('The connection is still open.');
      await this.#woken(until - performance.now());
    }
    return this.closed;
  }

  /** Asks and waits for the answer, so that everything before it is there. */
  async settled(): Promise<void> {
    const before = this.frames.filter(({ type }) => type === 'pong').length;
    this.say({ type: 'ping' });
    const until = performance.now() + 10_000;
    while (this.frames.filter(({ type }) => type === 'pong').length === before) {
      if (performance.now() > until || this.closed !== null) throw new Error('It does not answer.');
      await this.#woken(until - performance.now());
    }
  }

  /** Ends it as a closed window does. */
  async end(): Promise<void> {
    this.socket.terminate();
    await this.closedWith();
  }

  #wake(): void {
    const wakers = this.#wakers;
    this.#wakers = [];
    for (const wake of wakers) wake();
  }

  async #woken(withinMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#wakers.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
