import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { transformSync } from '@swc/core';
import WebSocket from 'ws';
import { connectLive, type LiveConnection, type LiveEvent, type LiveOptions, type LiveState, type SocketClass } from '../../web/live/connection';
import { agentSays, openLiveScene, startLiveApi, TestSocket, type LiveApi, type LiveScene, type TestVisitor } from './live-desk';
import { addTicket, type TestApi } from './test-api';

let scene: LiveScene;
let desk: TestApi;
let ada: TestVisitor;
beforeAll(async () => {
  scene = await openLiveScene();
  ({ desk, ada } = scene);
});
afterAll(async () => {
  for (const { connection } of open) connection.close();
  await scene.close();
});

interface Connected {
  readonly connection: LiveConnection;
  readonly events: LiveEvent[];
  readonly states: LiveState[];
  readonly resets: unknown[];
  readonly refused: unknown[];
  /** Where it connects to from now on. */
  to: LiveApi;
  token: string;
}
const open: Connected[] = [];

/** The client as the widget uses it; `blocked` stands for a proxy that lets no WebSocket through. */
function connect(to: LiveApi, given: Partial<LiveOptions> & { blocked?: boolean; token?: never } = {}): Connected {
  const { blocked = false, ...options } = given;
  const connected = { events: [] as LiveEvent[], states: [] as LiveState[], resets: [] as unknown[], refused: [] as unknown[], to, token: ada.token };
  class Wire extends WebSocket {
    constructor(url: string, protocol: string) {
      super(url.replace(/^ws:\/\/[^/]+/, blocked ? 'ws://127.0.0.1:1' : connected.to.url.replace('http', 'ws')), protocol);
      // A browser's tells of nothing but the end.
      this.on('error', () => undefined);
    }
  }
  const connection = connectLive({
    url: 'http://of.the.test/api/v1',
    tab: 'tab-1',
    token: () => connected.token,
    onEvent: (_subject, event) => connected.events.push(event),
    onReset: (subject) => connected.resets.push(subject),
    onRefused: (subject, code) => connected.refused.push([subject, code]),
    onState: (state) => connected.states.push(state),
    firstPauseMs: 20,
    random: () => 1,
    WebSocket: Wire as unknown as SocketClass,
    fetch: (url, init) => fetch((url as string).replace(/^http:\/\/[^/]+/, connected.to.url), init),
    ...options,
  });
  const whole = Object.assign(connected, { connection });
  open.push(whole);
  return whole;
}

async function until(what: string, is: () => boolean | Promise<boolean>, withinMs = 15_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await is())) {
    if (performance.now() > deadline) throw new Error(`Not within ${withinMs / 1000} s: ${what}`);
    await sleep(10);
  }
}

const messages = ({ events }: Connected) => events.flatMap((event) => (event.kind === 'message' ? [(event['message'] as { id: string }).id] : []));
const bodiesAt = async (number: number) =>
  (await desk.db.selectFrom('chat_presence').select(['tab', 'left_at']).where('number', '=', number).execute()).map(
    ({ tab, left_at: left }) => `${tab} ${left === null ? 'here' : 'left'}`,
  );

describe.each([
  ['by WebSocket', false],
  ['by server-sent events, where WebSockets are blocked', true],
])('%s', (_name, blocked) => {
  test('it hears, says, and goes on at another process after a break, where it was', async () => {
    const [one, two] = [await startLiveApi(desk), await startLiveApi(desk)];
    const number = await addTicket(desk);
    const agent = await TestSocket.on(two, desk.agents.agent.token, number);
    const client = connect(one, { blocked });
    client.connection.subscribe(number);
    client.connection.presence(number, 'present');
    await until('it is told to read what there is', () => client.resets.length === 1);
    const first = await agentSays(desk, number, 'One.');
    await until('the message arrives', () => messages(client).includes(first));
    client.connection.seen(number, first);
    await agent.event('read', ({ by, upTo }) => by === 'customer' && upTo === first);
    await agent.event('presence', ({ state }) => state === 'here');
    client.connection.typing(number, true);
    await agent.event('typing', ({ on }) => on === true);
    client.to = two;
    await one.kill();
    desk.clock.now += 1_000;
    const missed = await agentSays(desk, number, 'Two.');
    await until('what was said meanwhile arrives', () => messages(client).includes(missed));
    const later = await agentSays(desk, number, 'Three.');
    await until('what is said now arrives', () => messages(client).includes(later));
    // The first twice: as it was said, and as it was seen.
    expect(messages(client)).toEqual([first, first, missed, later]);
    expect(client.resets).toEqual([number]);
    await until('it is there at the other process', async () => (await bodiesAt(number)).includes('tab-1 here'));
    // A second conversation, then none any more.
    const other = await addTicket(desk);
    client.connection.subscribe(other);
    await until('it listens to both', () => client.resets.includes(other));
    const there = await agentSays(desk, other, 'Here, too.');
    await until('it hears of both', () => messages(client).includes(there));
    client.connection.unsubscribe(number);
    client.connection.close();
    await until('it has left', async () => (await bodiesAt(number)).every((tab) => tab.endsWith('left')));
    expect(client.states.at(-1)).toBe('closed');
    await agent.end();
    await Promise.all([one.stop(), two.stop()]);
  });

  test('a token that is not valid any more is not tried again until there is another', async () => {
    const api = await startLiveApi(desk);
    const client = connect(api, { blocked });
    client.token = 'vt_never-given';
    client.connection.resume();
    await until('it is refused', () => client.states.includes('refused'));
    const tries = client.states.length;
    await sleep(300);
    expect(client.states).toHaveLength(tries);
    client.token = ada.token;
    client.connection.resume();
    await until('it is let in', () => client.states.at(-1) === 'open');
    client.connection.subscribe(999_999);
    await until('what is not its own is refused', () => client.refused.length === 1);
    expect(client.refused).toEqual([[999_999, 'E_NOT_FOUND']]);
    client.connection.close();
    await api.stop();
  });
});

test('what was seen while there was no connection is said when there is one', async () => {
  const number = await addTicket(desk);
  const id = await agentSays(desk, number, 'Hello.');
  const api = await startLiveApi(desk);
  const away = { ...api, url: 'http://127.0.0.1:1' };
  const client = connect(away);
  client.connection.subscribe(number);
  client.connection.seen(number, id);
  await until('it waits', () => client.states.filter((state) => state === 'waiting').length > 3);
  client.to = api;
  await until('it is said', async () => {
    const row = await desk.db.selectFrom('messages').select('seen_at').where('id', '=', id).executeTakeFirstOrThrow();
    return row.seen_at !== null;
  });
  client.connection.close();
  await api.stop();
});

test('pauses grow up to half a minute, and are not the same for all', () => {
  jest.useFakeTimers();
  try {
    const tries: number[] = [];
    class Never {
      onopen = null;
      onmessage = null;
      onclose: ((event: { code: number }) => void) | null = null;
      constructor() {
        tries.push(Date.now());
        setTimeout(() => this.onclose?.({ code: 1006 }), 0);
      }
      send(): void {}
      close(): void {}
    }
    const connection = connectLive({
      url: 'http://of.the.test/api/v1',
      tab: 'tab-1',
      token: () => null,
      onEvent: () => undefined,
      random: () => 0.5,
      WebSocket: Never,
      fetch: () => Promise.reject(new Error('no network')),
    });
    jest.advanceTimersByTime(100);
    expect(tries).toHaveLength(1);
    jest.advanceTimersByTime(800);
    expect(tries).toHaveLength(2);
    connection.close();
    jest.advanceTimersByTime(120_000);
    expect(tries).toHaveLength(2);
  } finally {
    jest.useRealTimers();
  }
});

test('it is small', () => {
  const source = readFileSync(path.resolve(__dirname, '../../web/live/connection.ts'), 'utf8');
  const { code } = transformSync(source, {
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022', minify: { compress: true, mangle: { toplevel: true } } },
    module: { type: 'es6' },
    minify: true,
  });
  expect(gzipSync(code).length).toBeLessThanOrEqual(3 * 1024);
});
