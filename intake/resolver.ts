import { sql, type Transaction } from 'kysely';
import { crashPoint } from '../config/crash-points';
import type { Logger } from '../config/log';
import type { Database } from '../db/connection';
import { INBOX_CHANNEL, lockNextMail, noteFailure, type WaitingRow } from '../db/inbox';
import { gaveWay, inTransaction } from '../db/in-transaction';
import { writeNotice } from '../db/notices';
import { currentPolicy } from '../db/policies';
import type { Schema } from '../db/schema';
import type { SigningKeys } from '../messages/addresses';
import { isOutage } from './outage';
import { createMailParser } from './parse/mail-parser';
import type { ParsedMail } from './parse/parsed-mail';
import { resolveMail, type Resolved } from './resolve';
import { shownOf } from './suspended-shown';
import { startSenderChecks } from './sender-checks';
import { verdictOf, type SenderChecks } from './verdict';
import { codeOf, startWokenLoop } from './woken-loop';

const SWEEP_MS = 2_000;
/** One lane for everyday mail, and one for what is slow to read. More would leave less of the processor, in a flood, for the pages that are due. */
const LANES = 2;
const SLOW_LANE = 1;
/** More than these are not kept in mind as slow; what is forgotten shows itself again. */
const SLOW_AT_MOST = 1_000;
const ATTEMPTS = 8;
/** A mail whose sender nobody could check in that time goes on as "none". */
const UNJUDGED_MS = 20_000;
const ATTEMPTS_IN_OUTAGE = 60;
const RETRY_FROM_MS = 1_000;
const RETRY_UP_TO_MS = 60_000;

/** What the resolver needs; `now` in milliseconds, the clock by default. */
export interface ResolverOptions {
  readonly db: Database;
  readonly url: string;
  readonly keys: SigningKeys;
  readonly domain: string;
  readonly log: Logger;
  readonly now?: () => number;
  /** How senders are checked; not at all, unless said otherwise. */
  readonly checks?: SenderChecks;
}

/**
 * Resolves accepted mail as it comes, urgent mail first, until closed. Any number of processes may do so at once. A mail that takes long to
 * read is left to a lane and a thread of its own, so that others wait a second behind it at most.
 */
export function startResolver(options: ResolverOptions): { close(): Promise<void> } {
  const { db, url, keys, domain, log, now = Date.now, checks = { by: 'off' } } = options;
  const parser = createMailParser();
  /** Starts its thread with the first slow mail: most desks never have one. */
  const patientParser = createMailParser();
  const slow = new Set<number>();
  /** Since when this resolver can look at what waits, milliseconds; null from a failure on until it looks again. */
  let looksSince: number | null = null;

  /** Mail that waited since before then goes on unjudged; what was accepted while nobody could look (an outage, a deploy) is given the same time as any. */
  const judgedBefore = (): number => {
    looksSince ??= now();
    return now() - looksSince < UNJUDGED_MS ? 0 : now() - UNJUDGED_MS;
  };

  const resolveNext = async (isSlowLane: boolean): Promise<boolean> => {
    if (isSlowLane && slow.size === 0) return false;
    const which = isSlowLane ? { only: [...slow] } : { without: [...slow] };
    const found = await inTransaction(db, async (trx): Promise<{ id: number; resolved: Resolved | null } | null> => {
      const row = await lockNextMail(trx, now(), checks.by === 'dns' ? judgedBefore() : undefined, which);
      if (row === null) return null;
      await crashPoint('resolve:locked', row.id);
      const readMail = isSlowLane ? await patientParser.read(row.raw) : await parser.readQuickly(row.raw);
      if (readMail === null) {
        if (slow.size >= SLOW_AT_MOST) slow.clear();
        slow.add(row.id);
        return { id: row.id, resolved: null };
      }
      const policy = await currentPolicy(trx);
      // Back to here if it fails: the row stays locked until it is noted, so nobody tries the same at the same time.
      await sql`SAVEPOINT untouched`.execute(trx);
      try {
        // What has to ask the world was judged before, without a lock.
        const verdict = checks.by === 'dns' ? row.verdict : await verdictOf(checks, row, log);
        const resolved = await resolveMail(trx, { policy, keys, domain: domain.toLowerCase() }, { ...row, verdict }, readMail, now());
        await crashPoint('resolve:placed', row.id);
        return { id: row.id, resolved };
      } catch (error) {
        // Somebody else stood in its way: it is no fault of the mail's.
        if (gaveWay(error)) throw error;
        // When the database itself is away this fails too: the row stays as it was, and the loop waits.
        await sql`ROLLBACK TO SAVEPOINT untouched`.execute(trx);
        await giveAnotherTry(trx, row, readMail.mail, error);
        return { id: row.id, resolved: null };
      }
    });
    if (found === null) {
      // Those that were slow are somebody else's by now, or resolved, or wait for another try.
      if (isSlowLane) slow.clear();
      return false;
    }
    if (isSlowLane) slow.delete(found.id);
    else if (slow.has(found.id)) loop.wake();
    // Only now is it committed.
    await crashPoint('resolve:committed', found.id);
    if (found.resolved !== null) log.info({ inbox: found.id, ...found.resolved }, 'mail resolved');
    return true;
  };

  /** Not the database's fault, so it may be this mail's: others go first, and in the end agents see it. What looks like an outage is given an hour. */
  const giveAnotherTry = async (trx: Transaction<Schema>, { id, attempts, receivedAt }: WaitingRow, mail: ParsedMail, error: unknown): Promise<void> => {
    const last = attempts + 1 >= (isOutage(error) ? ATTEMPTS_IN_OUTAGE : ATTEMPTS);
    log.error({ inbox: id, attempt: attempts + 1, code: codeOf(error) }, last ? 'mail could not be resolved; agents see it' : 'mail could not be resolved yet');
    const message = error instanceof Error ? `${codeOf(error)}: ${error.message}` : String(error);
    const retryAt = new Date(now() + Math.min(RETRY_FROM_MS * 2 ** attempts, RETRY_UP_TO_MS));
    await noteFailure(trx, id, { error: message.replaceAll('\0', '').slice(0, 500), retryAt: last ? null : retryAt, shown: shownOf(mail) });
    if (!last) return;
    // It has no conversation and no promise, so somebody has to be told.
    await writeNotice(trx, {
      key: `ops:inbox:${id}`,
      number: null,
      kind: 'ops',
      text: `A mail could not be turned into a conversation, and nobody was told when they will hear from us. It is kept as it came: inbox row ${id}.`,
      toAgent: null,
      dueAt: receivedAt,
      at: new Date(now()),
    });
  };

  const judging = checks.by === 'dns' ? startSenderChecks({ db, url, checks, log }) : null;
  const loop = startWokenLoop({
    name: 'resolve',
    url,
    channel: INBOX_CHANNEL,
    sweepMs: SWEEP_MS,
    lanes: LANES,
    log,
    work: (lane) =>
      resolveNext(lane === SLOW_LANE).catch((error: unknown) => {
        looksSince = null;
        throw error;
      }),
  });
  return {
    async close() {
      await Promise.all([loop.close(), judging?.close()]);
      await Promise.all([parser.close(), patientParser.close()]);
    },
  };
}
