import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CRASH_POINTS, crashPoint } from '../../config/crash-points';

const root = resolve(__dirname, '..', '..');
const PROGRAM = ['policy', 'messages', 'workflows', 'intake', 'activities', 'db', 'api', 'workers', 'config', 'platform', 'cli', 'bench'];

const sources = PROGRAM.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && join(folder, file) !== join('config', 'crash-points.ts'))
    .map((file) => ({ file: join(folder, file), text: readFileSync(join(root, folder, file), 'utf8') })),
);

test('each crash point of the list stands at one place of the program', () => {
  const used = sources.flatMap(({ text }) => [...text.matchAll(/crashPoint\(\s*'([^']+)'/g)].map(([, name]) => name));
  expect([...used].sort()).toEqual([...CRASH_POINTS].sort());
});

test('nothing in the program installs anything there: only an entry point of a test can', () => {
  expect(sources.filter(({ text }) => text.includes('installCrashPoints')).map(({ file }) => file)).toEqual([]);
  expect(crashPoint('mail:taken', 1)).toBeUndefined();
});
