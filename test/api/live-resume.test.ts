import { isDeepStrictEqual } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { sql } from 'kysely';
import { liveRange, pruneLiveEvents } from '../../db/live-events';
import { checkPresence } from '../../db/presence';
import { agentSays, openLiveScene, startLiveApi, TestSocket, type LiveApi, type LiveScene, type TestVisitor } from './live-desk';
import { addTicket, type TestApi } from './test-api';

const seed = Number(process.env['HOLDFAST_TEST_SEED']);

let scene: LiveScene;
let desk: TestApi;
let ada: TestVisitor;
beforeAll(async () => {
  scene = await openLiveScene();
  ({ desk, ada } = scene);
});
afterAll(() => scene.close());

const messageOf = (frame: { type: string; event?: unknown }) =>
  frame.type === 'event' ? (frame.event as { message?: { id: string; from: string } }).message : undefined;
const cursorOf = (socket: TestSocket) =>
  socket.frames.filter((frame) => frame.type === 'event' || frame.type === 'subscribed').reduce<string>((last, frame) => frame['cursor'] ?? last, '0');

describe('after a broken connection', () => {
  test('it goes on from its cursor, at another process, with nothing lost and nothing twice', async () => {
    const [one, two] = [await startLiveApi(desk), await startLiveApi(desk)];
    const number = await addTicket(desk);
    const before = await TestSocket.on(one, ada.token, number);
    const first = await agentSays(desk, number, 'One.');
    await before.event('message', ({ message }) => (message as { id: string }).id === first);
    await one.kill();
    expect(await before.closedWith()).toBe(1012);
    const missed = [await agentSays(desk, number, 'Two.'), await agentSays(desk, number, 'Three.')];
    const after = await TestSocket.on(two, ada.token, number, { after: cursorOf(before) });
    const last = await agentSays(desk, number, 'Four.');
    await after.event('message', ({ message }) => (message as { id: string }).id === last);
    expect(after.frames.flatMap((frame) => messageOf(frame)?.id ?? [])).toEqual([...missed, last]);
    expect(after.frames.some(({ type }) => type === 'reset')).toBe(false);
    await after.end();
    await two.stop();
  });

  test('a cursor that is too old, or of another database, begins anew', async () => {
    const api = await startLiveApi(desk);
    const number = await addTicket(desk);
    const { last } = await liveRange(desk.db);
    await pruneLiveEvents(desk.db, new Date(Date.now() + 3_700_000));
    await agentSays(desk, number, 'Hello.');
    const socket = await TestSocket.hello(api, ada.token);
    for (const after of ['0', String(last + 1_000)]) {
      socket.frames.length = 0;
      socket.say({ type: 'subscribe', number, after });
      await socket.frame(({ type }) => type === 'subscribed');
      expect(socket.frames.slice(0, 2)).toEqual([
        { type: 'reset', number },
        { type: 'subscribed', number, cursor: String((await liveRange(desk.db)).last) },
      ]);
    }
    // Nothing was forgotten after this one.
    socket.frames.length = 0;
    socket.say({ type: 'subscribe', number, after: String(last) });
    await socket.event('message');
    expect(socket.frames.some(({ type }) => type === 'reset')).toBe(false);
    await socket.end();
    await api.stop();
  });

  test('an api that loses its database goes on where it was, and those who are connected with it', async () => {
    const api = await startLiveApi(desk);
    const number = await addTicket(desk);
    const socket = await TestSocket.on(api, ada.token, number);
    await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'holdfast live'`.execute(
      desk.db,
    );
    const id = await agentSays(desk, number, 'Said while nobody listened.');
    await socket.event('message', ({ message }) => (message as { id: string }).id === id);
    await socket.end();
    await api.stop();
  });
});

describe('under random breaks', () => {
  test('every listener ends with what the database has: nothing lost, nothing twice, each conversation in its order', async () => {
    const apis: LiveApi[] = [await startLiveApi(desk), await startLiveApi(desk)];
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            { weight: 4, arbitrary: fc.constant('say' as const) },
            fc.constantFrom('break' as const, 'together' as const, 'kill' as const, 'seen' as const),
          ),
          {
            minLength: 5,
            maxLength: 25,
          },
        ),
        fc.infiniteStream(fc.nat(1)),
        async (steps, coins) => {
          const numbers = [await addTicket(desk), await addTicket(desk)] as const;
          const coin = () => coins.next().value ?? 0;
          const said = new Map<number, string[]>(numbers.map((number) => [number, []]));
          const heard = new Map<number, Map<string, unknown>>(numbers.map((number) => [number, new Map()]));
          const cursors = new Map<number, string>();
          let at = 0;
          let socket = await TestSocket.hello(apis[at] as LiveApi, ada.token, 'one');
          const collect = () => {
            for (const frame of socket.frames) {
              const number = frame['number'] as number;
              expect(frame.type).not.toBe('reset');
              if (frame.type !== 'event' && frame.type !== 'subscribed') continue;
              const cursor = frame['cursor'];
              if (cursor !== undefined) {
                // Never back, and never the same change twice.
                if (frame.type === 'event') expect(Number(cursor)).toBeGreaterThan(Number(cursors.get(number)));
                cursors.set(number, cursor);
              }
              const message = messageOf(frame);
              // What opened the ticket was there before anybody listened; an api that lags behind tells it, too.
              if (message?.from === 'agent') heard.get(number)?.set(message.id, message);
            }
            socket.frames.length = 0;
          };
          const subscribe = async () => {
            for (const number of numbers) {
              const after = cursors.get(number);
              socket.say({ type: 'subscribe', number, ...(after === undefined ? {} : { after }) });
            }
            if (cursors.size === 0) for (const number of numbers) await socket.frame((frame) => frame.type === 'subscribed' && frame['number'] === number);
          };
          const say = async (number: number) => void said.get(number)?.push(await agentSays(desk, number, `Word ${said.get(number)?.length}.`));
          await subscribe();
          for (const step of steps) {
            const number = numbers[coin()] ?? numbers[0];
            if (step === 'say') await say(number);
            if (step === 'together') await Promise.all(numbers.flatMap((each) => [say(each), say(each)]));
            if (step === 'seen') socket.say({ type: 'seen', number, upTo: said.get(number)?.at(-1) ?? 'none' });
            if (step === 'break' || step === 'kill') {
              if (coin() === 1) await socket.settled();
              if (step === 'kill') {
                await apis[at]?.kill();
                await socket.closedWith();
                apis[at] = await startLiveApi(desk);
              } else {
                await socket.end();
              }
              collect();
              if (coin() === 1) await say(number);
              at = coin();
              socket = await TestSocket.hello(apis[at] as LiveApi, ada.token, 'one');
              await subscribe();
            }
          }
          for (const number of numbers) await say(number);
          for (const number of numbers) {
            const last = said.get(number)?.at(-1);
            await socket.frame((frame) => messageOf(frame)?.id === last);
          }
          // What was told to be seen may be on its way still.
          const now = new Map<number, unknown>();
          const until = performance.now() + 10_000;
          do {
            await socket.settled();
            collect();
            for (const number of numbers) {
              const thread = await desk.call('get', `/chats/${number}/messages?limit=100`, { as: { token: ada.token } });
              const ofDesk = (thread.body.items as { id: string; from: string }[]).filter(({ from }) => from === 'agent');
              now.set(number, Object.fromEntries(ofDesk.map((message) => [message.id, message])));
            }
            if (numbers.every((number) => isDeepStrictEqual(now.get(number), Object.fromEntries(heard.get(number) ?? [])))) break;
            await sleep(50);
          } while (performance.now() < until);
          for (const number of numbers) {
            expect(Object.fromEntries(heard.get(number) ?? [])).toEqual(now.get(number));
            expect([...(heard.get(number)?.keys() ?? [])].sort()).toEqual([...(said.get(number) ?? [])].sort());
          }
          await socket.end();
        },
      ),
      { seed, numRuns: 12, endOnFailure: true },
    );
    for (const api of apis) await api.stop();
  }, 120_000);

  test('killing an api makes nobody gone: they come back to another, or to it when it is back', async () => {
    const number = await addTicket(desk);
    const only = await startLiveApi(desk);
    const customer = await TestSocket.on(only, ada.token, number, { tab: 'one' });
    customer.say({ type: 'presence', number, state: 'present' });
    await customer.settled();
    const look = (at: number) => checkPresence(desk.db, { number, at, goneAfterMs: 60_000, unseenAfterMs: 300_000 });
    await agentSays(desk, number, 'Are you there?');
    const there = async () =>
      (await desk.db.selectFrom('chat_presence').select('tab').where('number', '=', number).where('left_at', 'is', null).execute()).length;
    const until = performance.now() + 20_000;
    while ((await there()) === 0 && performance.now() < until) await sleep(20);
    await only.kill();
    await customer.closedWith();
    const killed = desk.clock.now;
    expect(await look(killed + 200_000)).toMatchObject({ found: 'present' });
    desk.clock.now = killed + 200_000;
    const again = await startLiveApi(desk);
    expect(await look(desk.clock.now + 59_999)).toMatchObject({ found: 'present', lookAt: desk.clock.now + 60_000 });
    const back = await TestSocket.on(again, ada.token, number, { tab: 'one' });
    back.say({ type: 'presence', number, state: 'present' });
    await back.settled();
    await again.live.beat();
    desk.clock.now += 20_000;
    await again.live.beat();
    expect(await look(desk.clock.now)).toMatchObject({ found: 'present', presentAt: desk.clock.now });
    // A clean end counts from then.
    await back.end();
    const ended = performance.now() + 20_000;
    while ((await there()) > 0 && performance.now() < ended) await sleep(20);
    expect(await look(desk.clock.now + 60_000)).toMatchObject({ found: 'gone' });
    await again.stop();
  });
});
