import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { migrateToLatest } from '../../db/migrate';
import { startPostgres, type RunningPostgres } from '../../platform/postgres';
import { SECONDS } from '../end-to-end/policies';
import { inTheEnd } from '../kit/desk-under-test';
import { findLastingViolations } from '../kit/invariants';
import { openCrashDesk } from './crash-desk';
import { again, solve } from './patience';

/** What an outage of PostgreSQL did to a desk. Times in milliseconds. */
export interface OutageFigures {
  readonly outageMs: number;
  /** Tries to bring a mail while it was gone, by the answer of the mail listener. */
  readonly answers: Readonly<Record<string, number>>;
  /** Mails that were accepted, all in all. */
  readonly accepted: number;
  /** From the return until the first mail was accepted, and until the first new conversation's receipt had arrived. */
  readonly firstAcceptedMs: number;
  readonly firstReceiptMs: number;
  /** How late the page was that became due while it was gone. */
  readonly pageLateMs: number;
  /** What does not hold afterwards; restarts of our own processes among it. */
  readonly violations: readonly string[];
}

const SENDERS = 12;
const DISPATCH_MS = 3_000;
const SETTLED_MS = 20_000;

/**
 * PostgreSQL is killed and stays away while customers' mail servers go on bringing mail, each again and again until it is taken; then it
 * comes back, and nobody restarts anything else.
 */
export async function outageStory(outageMs: number): Promise<OutageFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-outage-'));
  // Under root, PostgreSQL runs as another account, which must be able to pass through.
  chmodSync(folder, 0o755);
  const start = (port?: number) => startPostgres({ dataDir: join(folder, 'postgres'), log: () => undefined, ...(port !== undefined && { port }) });
  let postgres: RunningPostgres = await start();
  try {
    await migrateToLatest(postgres.url);
    const crashDesk = await openCrashDesk({ policy: SECONDS, providers: true, databaseUrl: postgres.url });
    try {
      const { desk } = crashDesk;
      const { pagerduty, db, sink, temporal } = desk.parts;
      if (pagerduty === undefined) throw new Error('This desk has providers.');
      const accepted: string[] = [];
      const early = desk.customer('Early', 'early@acme.example');
      await early.writes('support@example.test', 'Before', 'I came before.', { messageId: '<early@acme.example>' });
      const writtenAt = Date.now();
      accepted.push('early@acme.example');
      await early.receives(1);

      process.kill(postgres.pid, 'SIGKILL');
      await postgres.exited;
      const goneAt = Date.now();
      const away = { now: true };
      const answers: Record<string, number> = {};
      const acceptedAt: number[] = [];
      const customers = Array.from({ length: SENDERS }, (_, index) => desk.customer(`Sender ${index}`, `s${index}@acme.example`));
      const sending = Promise.all(
        customers.map(async (customer, index) => {
          const same = { messageId: `<s${index}@acme.example>`, date: new Date() };
          // Each begins at another moment of the outage.
          await sleep((index * outageMs) / SENDERS);
          for (;;) {
            const answer = await customer.writes('support@example.test', `Mail ${index}`, 'Is anybody there?', same).then(
              () => '250',
              (error: unknown) => String((error as { responseCode?: number }).responseCode ?? (error as Error).message),
            );
            if (away.now) answers[answer] = (answers[answer] ?? 0) + 1;
            if (answer === '250') {
              accepted.push(`s${index}@acme.example`);
              acceptedAt.push(Date.now());
              return;
            }
            await sleep(500);
          }
        }),
      );
      // Half an answer to the sender would show as a lost mail; a page needs no database.
      const ringsOnTime = inTheEnd('the page rings without a database', () => pagerduty.incidents().length > 0, outageMs);
      await ringsOnTime;
      const pageLateMs = (pagerduty.incidents()[0]?.openedAt ?? Infinity) - (writtenAt + DISPATCH_MS);

      await sleep(Math.max(0, goneAt + outageMs - Date.now()));
      away.now = false;
      postgres = await start(postgres.port);
      const backAt = Date.now();
      const receiptAt = Promise.any(customers.map((customer) => customer.receives(1, 60_000).then(() => Date.now())));
      await sending;
      const firstReceiptMs = (await receiptAt) - backAt;

      await Promise.all(customers.map((customer) => customer.receives(1, 60_000)));
      const conversations = await again('the conversations can be read', () => db.selectFrom('conversations').select('number').execute());
      for (const { number } of conversations) await solve(desk, number);
      const evidence = { db, temporal, sink, pagerduty, accepted, settledMs: SETTLED_MS };
      const violations = await findLastingViolations(evidence, 2 * SETTLED_MS);
      return {
        outageMs,
        answers,
        accepted: accepted.length,
        firstAcceptedMs: Math.max(0, Math.min(...acceptedAt) - backAt),
        firstReceiptMs,
        pageLateMs,
        violations: [...violations, ...crashDesk.ownEnds().map((end) => `A process ended by itself: ${end}.`)],
      };
    } finally {
      await crashDesk.close();
    }
  } finally {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
