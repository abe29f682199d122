import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { closeDatabase, openDatabase } from '../../db/connection';
import { SECONDS } from '../end-to-end/policies';
import { DeskUnderTest } from '../kit/desk-under-test';
import { findLastingViolations, type Evidence } from '../kit/invariants';
import { ROUTING_KEY, startFakePagerDuty } from '../kit/pagerduty';
import { findUnreplayable } from '../kit/replayable';
import { seeded, shuffled } from '../kit/seeded';
import { startSmtpSink } from '../kit/smtp-sink';
import { Machine } from '../platform/program';
import { patientStory } from './patient-story';

jest.setTimeout(300_000);

beforeAll(() => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
});

const TICKETS = 14;
/** Together with those of crash-points.test.ts, 20 at most. */
const KILLS = 8;
const ADMIN_TOKEN = 'the-admin-of-this-test';
/** With everything up again, whatever was due must have happened within this time. */
const SETTLED_MS = 30_000;

const PARTS = ['api', 'worker', 'workers', 'temporal', 'postgres'] as const;
type Victim = (typeof PARTS)[number];

/** Kills a part of a running `npm start` with SIGKILL; false when it is down already. */
function kill(machine: Machine, victim: Victim, pick: <Item>(items: readonly Item[]) => Item): boolean {
  const pidsOf = (title: string) => machine.titled(title).map(({ pid }) => pid);
  const server = (index: number) =>
    machine
      .told()
      .servers.slice(index, index + 1)
      .map(({ pid }) => pid);
  const alive: Readonly<Record<Victim, () => number[]>> = {
    api: () => pidsOf('holdfast api'),
    worker: () => {
      const workers = pidsOf('holdfast worker');
      return workers.length === 0 ? [] : [pick(workers)];
    },
    workers: () => pidsOf('holdfast worker'),
    temporal: () => server(0),
    postgres: () => server(1),
  };
  const running = new Set(machine.processes().map(({ pid }) => pid));
  const pids = alive[victim]().filter((pid) => running.has(pid));
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  return pids.length > 0;
}

test('whatever is killed, whenever: no message and no page is lost, no promise forgotten, one incident per page', async () => {
  const seed = Number(process.env['HOLDFAST_TEST_SEED']);
  const random = seeded(seed);
  const machine = await Machine.create();
  const [sink, pagerduty] = await Promise.all([startSmtpSink(), startFakePagerDuty()]);
  mkdirSync(machine.dataDir, { recursive: true });
  const policy = join(machine.folder, 'policy.yaml');
  // Pages that come close together ring together, as they do in life.
  writeFileSync(policy, SECONDS.replace('collect: 0s', 'collect: 2s'));
  const start = machine.run(['start'], {
    env: {
      HOLDFAST_POLICY: policy,
      HOLDFAST_ADMIN_TOKEN: ADMIN_TOKEN,
      SMTP_URL: sink.url,
      PAGERDUTY_ROUTING_KEY: ROUTING_KEY,
      PAGERDUTY_EVENTS_URL: pagerduty.url,
    },
  });
  let ended = false;
  try {
    await start.shows('Holdfast runs.');
    const { databaseUrl, temporalAddress } = machine.told();
    const db = openDatabase(databaseUrl, { max: 4, onError: () => undefined });
    const connection = await Connection.connect({ address: temporalAddress });
    const temporal = new Client({ connection });
    const desk = new DeskUnderTest({ url: machine.url, adminToken: ADMIN_TOKEN, smtpPort: machine.smtpPort, db, temporal, sink, pagerduty });
    const accepted: string[] = [];
    try {
      const stories = Promise.all(
        Array.from({ length: TICKETS }, (_, index) =>
          patientStory(desk, desk.customer(`Customer ${index}`, `c${index}@acme.example`), {
            random: seeded(seed + index),
            accepted: (id) => accepted.push(id),
          }),
        ),
      );
      const killed: string[] = [];
      const order = shuffled(PARTS, random);
      const killing = (async () => {
        const startedAt = performance.now();
        while (killed.length < KILLS) {
          await sleep(random.between(1_500, 6_500));
          // Each part once, then any.
          const victim = order[killed.length] ?? random.oneOf(PARTS);
          if (kill(machine, victim, random.oneOf)) killed.push(`${victim} at ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
        }
      })();
      await Promise.all([stories, killing]);
      process.stdout.write(`Seed ${seed}: killed ${killed.join(', ')}.\n`);

      const evidence: Evidence = { db, temporal, sink, pagerduty, accepted, settledMs: SETTLED_MS };
      expect(await findLastingViolations(evidence, 2 * SETTLED_MS)).toEqual([]);
      expect(await findUnreplayable(temporal)).toEqual([]);

      expect(accepted).toHaveLength(2 * TICKETS);
      expect(await db.selectFrom('conversations').select('status').execute()).toEqual(Array.from({ length: TICKETS }, () => ({ status: 'solved' })));
      expect(pagerduty.open()).toEqual([]);
      const mails = await db.selectFrom('outgoing_mails').select('key').execute();
      const copies = sink.mails().length - mails.length;
      process.stdout.write(`${mails.length} mails, ${copies} copies of them; ${await latenessOf(evidence)}\n`);
      expect(mails).toHaveLength(3 * TICKETS);
    } finally {
      await connection.close();
      await closeDatabase(db);
    }
    ended = true;
    process.kill(-start.pid, 'SIGINT');
    expect(await start.ended).toEqual({ code: 0, signal: null });
  } finally {
    // What a failure is found by.
    if (!ended) process.stdout.write(`${start.stdout}\n${start.stderr}\n`);
    await machine.remove();
    await Promise.all([sink.close(), pagerduty.close()]);
  }
});

async function latenessOf({ db }: Evidence): Promise<string> {
  const attempts = await db.selectFrom('page_attempts').select(['due_at', 'sent_at']).where('ring', '=', 1).where('outcome', '=', 'sent').execute();
  const late = attempts.map((attempt) => (attempt.sent_at?.getTime() ?? 0) - attempt.due_at.getTime()).sort((a, b) => a - b);
  return `first rings late by ${late.map((ms) => (ms / 1000).toFixed(1)).join(' ')} s`;
}
