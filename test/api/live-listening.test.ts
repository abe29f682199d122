import { setTimeout as sleep } from 'node:timers/promises';
import { Listening } from '../../api/live/listening';
import { createLogger } from '../../config/log';
import { liveRange } from '../../db/live-events';
import { beginListening, endListening, LISTENED_FOR_MS, pruneListeners } from '../../db/live-listeners';
import { beat } from '../../db/presence-tabs';
import { agentSays, openLiveScene, startLiveApi, TestSocket, type LiveScene, type TestVisitor } from './live-desk';
import { addTicket, type TestApi } from './test-api';

let scene: LiveScene;
let desk: TestApi;
let ada: TestVisitor;
beforeAll(async () => {
  scene = await openLiveScene();
  ({ desk, ada } = scene);
});
afterAll(() => scene.close());
beforeEach(() => desk.db.deleteFrom('live_listeners').execute());

const written = async () => (await desk.db.selectFrom('live_events').select('id').execute()).length;
const listeners = async () => (await desk.db.selectFrom('live_listeners').select('api').orderBy('api').execute()).map(({ api }) => api);

describe('while nobody listens', () => {
  test('nothing is written; from the first one on everything is, and older cursors learn of the gap', async () => {
    const api = await startLiveApi(desk, { instance: 'one' });
    const number = await addTicket(desk);
    const before = await written();
    await agentSays(desk, number, 'Heard by nobody.');
    expect(await written()).toBe(before);
    expect(await listeners()).toEqual([]);
    const { last } = await liveRange(desk.db);
    const socket = await TestSocket.on(api, ada.token, number, { after: String(last) });
    expect(socket.frames.some(({ type }) => type === 'reset')).toBe(true);
    expect(await listeners()).toEqual(['one']);
    const id = await agentSays(desk, number, 'Heard.');
    await socket.event('message', ({ message }) => (message as { id: string }).id === id);
    // A second one changes nothing for those who are there.
    const other = await startLiveApi(desk, { instance: 'two' });
    const late = await TestSocket.on(other, ada.token, number, { after: String((await liveRange(desk.db)).last) });
    expect(late.frames.some(({ type }) => type === 'reset')).toBe(false);
    expect(await listeners()).toEqual(['one', 'two']);
    await socket.end();
    await late.end();
    await api.stop();
    await other.stop();
  });

  test('whoever begins to listen while others write either reads a change or is told of it', async () => {
    const number = await addTicket(desk);
    for (let round = 0; round < 10; round += 1) {
      await desk.db.deleteFrom('live_listeners').execute();
      const said: Promise<string>[] = [];
      const writing = (async () => {
        for (let index = 0; index < 8; index += 1) {
          said.push(agentSays(desk, number, `Word ${index}.`));
          await sleep(2);
        }
      })();
      await sleep(round);
      const { last } = await beginListening(desk.db, 'one', new Date());
      const read = new Set((await desk.db.selectFrom('messages').select('id').where('number', '=', number).execute()).map(({ id }) => id));
      await writing;
      const ids = await Promise.all(said);
      const told = new Set(
        (await desk.db.selectFrom('live_events').select('ref').where('id', '>', last).where('kind', '=', 'message').execute()).map(({ ref }) => ref),
      );
      expect(ids.filter((id) => !read.has(id) && !told.has(id))).toEqual([]);
    }
  });
});

describe('when the last one has gone', () => {
  const listening = (anybody: () => boolean, begun: number[] = []) =>
    new Listening(
      { db: desk.db, api: 'one', log: createLogger('api', { write: () => undefined }), now: () => desk.clock.now },
      anybody,
      (last) => void begun.push(last),
    );
  const until = async (expected: readonly string[]) => {
    for (let tries = 0; tries < 200 && (await listeners()).join() !== expected.join(); tries += 1) await sleep(25);
    expect(await listeners()).toEqual(expected);
  };
  afterEach(() => jest.useRealTimers());
  const fakeTimers = () => jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'Date', 'performance'] });

  test('it is written down for ten more minutes, for those who come back', async () => {
    let here = true;
    const ours = listening(() => here);
    await ours.begin();
    here = false;
    fakeTimers();
    ours.leave();
    jest.advanceTimersByTime(LISTENED_FOR_MS - 1);
    await ours.begin();
    here = true;
    jest.advanceTimersByTime(LISTENED_FOR_MS);
    jest.useRealTimers();
    await until(['one']);
    here = false;
    fakeTimers();
    ours.leave();
    jest.advanceTimersByTime(LISTENED_FOR_MS);
    jest.useRealTimers();
    await until([]);
    expect(ours.on).toBe(false);
  });

  test('after an outage it goes on where it was, unless somebody has counted it as gone', async () => {
    const begun: number[] = [];
    const ours = listening(() => true, begun);
    await ours.renew();
    expect(begun).toEqual([]);
    await ours.begin();
    await ours.renew();
    expect(begun).toHaveLength(1);
    await endListening(desk.db, 'one');
    await ours.renew();
    expect(begun).toHaveLength(2);
    expect(begun[1]).toBeGreaterThan(begun[0] ?? Infinity);
  });

  test('an api that was killed is forgotten after ten minutes of silence', async () => {
    const now = desk.clock.now;
    const tabs = { tabs: [], at: new Date(now) };
    for (const api of ['alive', 'killed']) {
      await beginListening(desk.db, api, new Date(now));
      await beat(desk.db, { id: api, startedAt: new Date(now) }, tabs);
    }
    await beat(desk.db, { id: 'alive', startedAt: new Date(now) }, { tabs: [], at: new Date(now + LISTENED_FOR_MS) });
    await pruneListeners(desk.db, new Date(now + LISTENED_FOR_MS));
    expect(await listeners()).toEqual(['alive', 'killed']);
    await pruneListeners(desk.db, new Date(now + LISTENED_FOR_MS + 1));
    expect(await listeners()).toEqual(['alive']);
  });
});
