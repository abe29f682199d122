import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { apply, begin } from '../../policy/conversation';
import { readPolicyDocument } from '../../policy/document';
import { resolvePolicy } from '../../policy/resolve';
import type { PolicySnapshot } from '../../policy/snapshot';
import { handbook } from './kit/policies';
import { startOf } from './kit/story';
import { at } from './kit/times';

const FILE = path.join(__dirname, '..', '..', 'policy', 'demo.yaml');

let demo: PolicySnapshot;
beforeAll(async () => {
  const document = readPolicyDocument(await readFile(FILE, 'utf8'), FILE);
  demo = await resolvePolicy(document, { now: at('Mon 00:00'), baseFolder: path.dirname(FILE), demo: true });
});

test('the demonstration’s policy is marked, and breaks its promises within a minute at any hour', () => {
  expect(demo.demo).toBe(true);
  for (const received of ['Mon 10:00', 'Sun 03:00']) {
    const start = startOf(demo, { at: received, priority: 'urgent' });
    expect(
      start.promises.map(({ kind, dueAt, noticeAt, pageAt }) => [
        kind,
        ...[dueAt, noticeAt, pageAt].map((time) => (time === null ? null : time - at(received))),
      ]),
    ).toEqual([
      ['dispatch', 12_000, null, 12_000],
      ['firstResponse', 20_000, 5_000, 10_000],
    ]);
  }
});

test('a demonstration stays under its own policy, whatever the desk’s is: it would ring real people', async () => {
  const office = await handbook();
  const { state } = begin(startOf(demo, { at: 'Mon 10:00' }), demo);
  const after = apply(state, { type: 'policy', snapshot: office }, at('Mon 10:00')).state;
  expect([after.policy, Object.keys(after.policies)]).toEqual([demo.hash, [demo.hash]]);
});

test('every other conversation takes a new policy, also a demonstration’s', async () => {
  const office = await handbook();
  const { state } = begin(startOf(office, { at: 'Mon 10:00' }), office);
  expect(apply(state, { type: 'policy', snapshot: demo }, at('Mon 10:00')).state.policy).toBe(demo.hash);
});
