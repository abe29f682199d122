import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { testServer } from '../setup/test-servers';
import { STORIES } from './stories';

const FOLDER = join(__dirname, 'histories');
const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));

beforeAll(() => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
});

/** Conversations that began under older code must be able to go on: the workflows of today lead to the same steps. */
test('every recorded history replays with the workflows as they are now', async () => {
  const recorded = files.map((file) => ({ file, ...(JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as { workflowId: string; history: unknown }) }));
  const results: Record<string, string> = {};
  const replays = Worker.runReplayHistories({ workflowBundle: { codePath: testServer('workflowBundle') } }, recorded);
  let index = 0;
  for await (const { error } of replays) {
    results[recorded[index]?.file ?? ''] = error === undefined ? 'replays' : error.message;
    index += 1;
  }
  expect(results).toEqual(Object.fromEntries(files.map((file) => [file, 'replays'])));
}, 120_000);

test('every story has been recorded, and nothing else', () => {
  expect(new Set(files.map((file) => file.split('.')[0]))).toEqual(new Set(Object.keys(STORIES)));
  expect(files.length).toBeLessThanOrEqual(200);
});
