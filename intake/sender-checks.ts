import type { Logger } from '../config/log';
import type { Database } from '../db/connection';
import { INBOX_CHANNEL, keepVerdict, nextUnjudged } from '../db/inbox';
import { verdictOf, type SenderChecks } from './verdict';
import { startWokenLoop } from './woken-loop';

const SWEEP_MS = 2_000;
/** Name servers are slow, not busy: many can be asked at once. */
const LANES = 6;

/** What the checks need. */
export interface SenderChecksOptions {
  readonly db: Database;
  readonly url: string;
  readonly checks: SenderChecks;
  readonly log: Logger;
}

/**
 * Judges accepted mail before it is resolved, urgent mail first, until closed: without a lock or a transaction, so that slow name servers
 * hold up no other mail. Any number of processes may do so at once; the first verdict stays.
 */
export function startSenderChecks({ db, url, checks, log }: SenderChecksOptions): { close(): Promise<void> } {
  const inHand = new Set<number>();
  let turn: Promise<unknown> = Promise.resolve();

  /** One after the other, so that two lanes never take the same. */
  const take = () => {
    const taken = turn.then(async () => {
      const mail = await nextUnjudged(db, [...inHand]);
      if (mail !== null) inHand.add(mail.id);
      return mail;
    });
    turn = taken.catch(() => undefined);
    return taken;
  };

  const judgeNext = async (): Promise<boolean> => {
    const mail = await take();
    if (mail === null) return false;
    try {
      await keepVerdict(db, mail.id, await verdictOf(checks, mail, log));
    } finally {
      inHand.delete(mail.id);
    }
    return true;
  };

  return startWokenLoop({ name: 'sender checks', url, channel: INBOX_CHANNEL, sweepMs: SWEEP_MS, lanes: LANES, log, work: judgeNext });
}
