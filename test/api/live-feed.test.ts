import { setTimeout as sleep } from 'node:timers/promises';
import { LiveFeed } from '../../api/live/feed';
import { createLogger } from '../../config/log';
import type { LiveChange } from '../../db/live-events';
import { beginListening } from '../../db/live-listeners';
import { agentSays } from './live-desk';
import { addTicket, openTestApi, type TestApi } from './test-api';

let desk: TestApi;
beforeAll(async () => {
  desk = await openTestApi();
});
afterAll(() => desk.close());

test('changes that could not be handed on, because the database was away just then, are handed on again and none is lost', async () => {
  const taken: LiveChange[] = [];
  let failures = 2;
  const nothing = () => undefined;
  const feed = new LiveFeed(
    { url: desk.databaseUrl, db: desk.db, log: createLogger('api', { write: nothing }) },
    {
      wanted: () => true,
      back: () => Promise.resolve(),
      changes: (changes) => {
        failures -= 1;
        if (failures >= 0) return Promise.reject(new Error('the database is away'));
        taken.push(...changes);
        return Promise.resolve();
      },
      passing: nothing,
      access: nothing,
      gap: nothing,
    },
  );
  await beginListening(desk.db, 'one', new Date());
  await feed.start();
  try {
    const number = await addTicket(desk);
    const said = await agentSays(desk, number, 'Hello?');
    const isTold = () => taken.some(({ kind, ref }) => kind === 'message' && ref === said);
    for (let tries = 0; tries < 400 && !isTold(); tries += 1) await sleep(50);
    expect(isTold()).toBe(true);
    const ids = taken.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    expect(taken.some(({ kind, number: about }) => kind === 'state' && about === number)).toBe(true);
  } finally {
    await feed.close();
  }
});
