import { ApplicationFailure } from '@temporalio/common';
import { crashPoint } from '../../config/crash-points';
import type { Logger } from '../../config/log';
import type { Database } from '../../db/connection';
import { incidentsLeft } from '../../db/incidents-left';
import { writeNotice } from '../../db/notices';
import { bundleOf, forgetBundle, isBundleKey, leaveBundle } from '../../db/page-bundles';
import { prepareAttempt, writeAttempt, writePageRecord } from '../../db/page-records';
import type { IncidentCall, PageAttempt, PageAttemptAnswer, PageAttemptRecord, PagingActivities } from '../../messages/activities';
import { pageId } from '../../messages/ids';
import { TEMPORALS_MEMORY, type EarlierTries } from './earlier-tries';
import { Gate } from './gate';
import { inTime } from './in-time';
import { PagerDuty, PagerDutyError, type PagerDutyOptions } from './pagerduty';
import { attemptRecord, mayWait, Ringer, type Asked, type RingResult } from './ringer';
import { targetsOf, type PageTarget } from './targets';
import { TokenBucket } from './token-bucket';

/** What pages need. Without `pagerduty` they go to the built-in inbox. */
export interface PagingActivitiesOptions {
  readonly db: Database;
  readonly pagerduty?: PagerDutyOptions;
  /** No slash at its end; a page's link is `<publicUrl>/pages/<id>`. */
  readonly publicUrl: string;
  readonly log: Logger;
  /** The process's clock, in milliseconds: for the instants of claims and sending, never for what is decided. */
  readonly clock?: () => number;
  /** How long a page waits for the database before it goes out without it, perhaps once more than others know of; half a second, unless a test must not depend on how busy its machine is. */
  readonly askMs?: number;
  /** What earlier tries of an attempt have left; Temporal's memory, unless a test calls without it. */
  readonly tries?: EarlierTries;
}

const ASK_MS = 500;
/** The built-in inbox is the database, so there is nothing to go out without it. */
const ASK_INBOX_MS = 4_000;
/** Looks at the database at a time, so that a flood of pages does not make each of them look too slow. Urgent ones pass by. */
const LOOKS = 8;
const TURN_MS = 700;
/** What a provider may take: with its turn and the looks at the database before and after, an attempt stays within its 5 s. */
const SEND_MS = 2_900;
const RECORD_MS = 500;

/**
 * Pages. A page needs no database: its dedup key makes a repeated call the same incident. The database is asked for an
 * acknowledgement just before, for half a second; in doubt the page goes out.
 */
export function createPagingActivities(options: PagingActivitiesOptions): PagingActivities {
  const { db, log, clock = Date.now, askMs = ASK_MS, tries = TEMPORALS_MEMORY } = options;
  const pagerduty = options.pagerduty === undefined ? null : new PagerDuty(options.pagerduty);
  const gate = new Gate(LOOKS);
  const bucket =
    options.pagerduty === undefined
      ? null
      : new TokenBucket({ db, routingKey: options.pagerduty.routingKey, clock, log, ...(options.askMs !== undefined && { askMs: options.askMs }) });
  const ringer = new Ringer({ db, pagerduty, publicUrl: options.publicUrl, clock, bucket, sendMs: SEND_MS });

  /** Best effort: false when the database did not take it in time; the workflow's own record follows. */
  async function inPassing(what: string, write: Promise<unknown>): Promise<boolean> {
    const note = (error: unknown) => log.warn({ what, reason: String(error) }, 'The database did not take a page’s record in passing');
    try {
      await inTime(RECORD_MS, write, note);
      return true;
    } catch (error) {
      note(error);
      return false;
    }
  }

  async function ask(input: PageAttempt, targets: readonly PageTarget[], withinMs: number): Promise<Asked | null> {
    const note = (error: unknown) => log.warn({ page: input.page, number: input.number, reason: String(error) }, 'A page goes out unasked');
    const work = async (): Promise<Asked> => {
      const ground = await prepareAttempt(db, input, withinMs);
      await crashPoint('page:prepared', input.number);
      const needless = ground.acknowledged !== null || ground.overAt !== null;
      return { ground, decisions: needless ? [] : await ringer.decide(input, targets) };
    };
    try {
      return await inTime(withinMs, work(), note);
    } catch (error) {
      note(error);
      return null;
    }
  }

  /** A page that may wait for others also waits its turn. */
  async function inTurn(look: () => Promise<Asked | null>): Promise<Asked | null> {
    const turn = await gate.pass(TURN_MS, look);
    if (turn === null) throw ApplicationFailure.create({ type: 'Collecting', message: 'Waits, because many pages ring at once.', nextRetryDelay: 1_000 });
    return turn.done;
  }

  async function record(list: readonly PageAttemptRecord[]): Promise<PageAttemptRecord[]> {
    const done = await Promise.all(list.map((one) => inPassing('attempt', writeAttempt(db, one))));
    return list.filter((_one, index) => done[index] !== true);
  }

  async function nobody(input: PageAttempt): Promise<PageAttemptAnswer> {
    const target: PageTarget = { target: `level ${input.level}`, method: 'inbox' };
    const error = `Nobody is on call at level ${input.level}.`;
    const recorded = await inPassing('page', writePageRecord(db, input.record));
    const unrecorded = await record([attemptRecord(input, target, { outcome: 'failed', error, dedupKey: input.dedupKey, sentAt: null })]);
    return { outcome: 'empty', method: null, recorded, unrecorded, asked: true };
  }

  /** Ops hear once a day that the provider does not take our pages for good. */
  async function tellOps(input: PageAttempt, failure: PagerDutyError): Promise<void> {
    const at = new Date(input.decidedAt);
    await inPassing(
      'notice',
      writeNotice(db, {
        key: `ops:pagerduty:${at.toISOString().slice(0, 10)}`,
        number: null,
        kind: 'ops',
        text: `${failure.message}. Pages are only in the built-in inbox until this is mended: check PAGERDUTY_ROUTING_KEY.`,
        toAgent: null,
        dueAt: at,
        at,
      }),
    );
  }

  async function fail(input: PageAttempt, results: readonly RingResult[], records: readonly PageAttemptRecord[]): Promise<never> {
    const failures = results.map((result) => result.failure).filter((failure) => failure !== undefined);
    const permanent = failures.find((failure) => failure.permanent);
    if (permanent !== undefined) await tellOps(input, permanent);
    const waits = failures.map((failure) => failure.retryAfterMs).filter((wait) => wait !== null);
    throw ApplicationFailure.create({
      type: failures.every((failure) => failure.permanent) ? 'MethodFailed' : 'E_PROVIDER_UNAVAILABLE',
      nonRetryable: failures.every((failure) => failure.permanent),
      message: failures.map((failure) => failure.message).join('; '),
      details: [records],
      ...(waits.length > 0 && { nextRetryDelay: Math.max(...waits) }),
    });
  }

  /** What may be open for a page and its escalation does not know of. */
  async function incidentsUnknown(input: IncidentCall): Promise<string[]> {
    const id = pageId(input.number, input.page);
    // Somebody took the page while it waited to ring together with others, and they have rung for it too.
    const bundle = await bundleOf(db, id);
    // An earlier run of the page rang, and this one has not taken its place.
    const left = await incidentsLeft(db, id);
    return [...left, ...(bundle === null ? [] : [bundle])].filter((key) => !input.dedupKeys.includes(key));
  }

  async function tell(input: IncidentCall, call: (key: string, signal: AbortSignal) => Promise<void>): Promise<{ recorded: boolean }> {
    const recorded = inPassing('page', writePageRecord(db, input.record));
    try {
      // A demonstration's page was never told to a provider.
      if (input.record.demo !== true) {
        for (const key of input.dedupKeys) await call(key, AbortSignal.timeout(SEND_MS));
        if (pagerduty !== null) {
          for (const key of await incidentsUnknown(input)) await call(key, AbortSignal.timeout(SEND_MS));
        }
        await crashPoint('incident:told', input.number);
      }
    } catch (error) {
      await recorded;
      if (!(error instanceof PagerDutyError)) throw error;
      throw ApplicationFailure.create({
        type: error.permanent ? 'E_PROVIDER_REFUSED' : 'E_PROVIDER_UNAVAILABLE',
        nonRetryable: error.permanent,
        message: error.message,
        ...(error.retryAfterMs !== null && { nextRetryDelay: error.retryAfterMs }),
      });
    }
    return { recorded: await recorded };
  }

  return {
    async attemptPage(input) {
      const targets = targetsOf(input.levels, { hasPagerDuty: pagerduty !== null, demo: input.demo === true });
      if (targets.length === 0) return nobody(input);
      const isInbox = targets.every((target) => target.method === 'inbox');
      const look = () => ask(input, targets, isInbox ? ASK_INBOX_MS : askMs);
      const asked = input.priority === 'urgent' ? await look() : await inTurn(look);
      if (asked === null && isInbox) {
        throw ApplicationFailure.create({ type: 'E_UNAVAILABLE', message: 'The built-in page inbox cannot be written for now.' });
      }
      const acknowledged = asked?.ground.acknowledged ?? null;
      const overAt = asked?.ground.overAt ?? null;
      if (acknowledged !== null || overAt !== null) {
        const skipped = { outcome: 'skipped', error: null, dedupKey: input.dedupKey, sentAt: null } as const;
        return {
          outcome: 'skipped',
          method: null,
          recorded: false,
          unrecorded: await record(targets.map((target) => attemptRecord(input, target, skipped))),
          asked: true,
          ...(acknowledged !== null && { acknowledged }),
          ...(overAt !== null && { overAt }),
        };
      }
      // If the database never hears of it, a later try may join others under their key; the page's own incident is resolved then.
      const rangAlone = !isInbox && mayWait(input) && tries.rangAlone();
      if (rangAlone || (asked === null && mayWait(input))) tries.ringsAlone();
      const results = await Promise.all(targets.map((target, index) => ringer.ring(input, target, asked, { index, rangAlone })));
      const waiting = results.find((result) => result.outcome === 'waiting');
      if (waiting !== undefined) {
        throw ApplicationFailure.create({ type: 'Collecting', message: waiting.error ?? 'Waits its turn.', nextRetryDelay: waiting.waitMs ?? 1_000 });
      }
      const records = results.map((result) => attemptRecord(result.attempt, result.target, result));
      const unrecorded = await record(records);
      await crashPoint('page:recorded', input.number);
      const sent = results.find((result) => result.outcome === 'sent');
      if (sent === undefined) return fail(input, results, records);
      return {
        outcome: 'sent',
        method: sent.target.method,
        ...(sent.dedupKey !== input.dedupKey && { dedupKey: sent.dedupKey }),
        ...(sent.attempt.ring !== input.ring && { ring: sent.attempt.ring }),
        recorded: asked !== null,
        unrecorded,
        asked: asked !== null,
      };
    },

    acknowledgeIncident: (input) => tell(input, async (key, signal) => pagerduty?.acknowledge(key, signal)),

    resolveIncident: (input) =>
      tell(input, async (key, signal) => {
        const id = pageId(input.number, input.page);
        if (isBundleKey(key) && !(await leaveBundle(db, key, id))) return;
        await pagerduty?.resolve(key, signal);
        if (isBundleKey(key)) await forgetBundle(db, key, id);
      }),
  };
}
