import { ApplicationFailure } from '@temporalio/common';
import type {
  IncidentCall,
  PageAttempt,
  PageAttemptAnswer,
  PageAttemptRecord,
  PageRecord,
  PagingActivities,
  RecordActivities,
} from '../../messages/activities';

type Outcome = 'sent' | 'empty' | 'refused' | 'unavailable' | 'skipped';

/**
 * The other side of an escalation in tests that move time: keeps incidents by key as PagerDuty does, remembers what it was given, and
 * notes as unexpected what must never be: a second open incident, a ring that makes no sound, a ring after the end.
 */
export class EscalationProvider {
  readonly attempts: PageAttempt[] = [];
  readonly told: string[] = [];
  readonly records: PageRecord[] = [];
  readonly recordedAttempts: PageAttemptRecord[] = [];
  readonly unexpected: string[] = [];
  readonly open = new Set<string>();
  reads = 0;
  /** Whether the database answers while a page goes out. */
  databaseAnswers = true;
  /** What the database knows of the page. */
  known: { acknowledgedAt: number | null; acknowledgedBy: string | null; over: boolean } = { acknowledgedAt: null, acknowledgedBy: null, over: false };
  /** Rings of an earlier run that the database knows of. */
  earlierRings = 0;
  outcomeOf: (attempt: PageAttempt) => Outcome = () => 'sent';
  private ended = false;

  /** The activities as plain functions, as a worker takes them. */
  get activities(): PagingActivities & Pick<RecordActivities, 'recordPage' | 'readPage' | 'recordAttempt'> {
    return {
      attemptPage: (input) => this.attempt(input),
      acknowledgeIncident: (input) => this.tell('acknowledge', input),
      resolveIncident: (input) => this.tell('resolve', input),
      recordPage: (record) => this.write(record),
      readPage: () => {
        this.reads += 1;
        return Promise.resolve(this.known);
      },
      recordAttempt: (attempt) => {
        this.recordedAttempts.push(attempt);
        return Promise.resolve();
      },
    };
  }

  /** Rings so far as `minute:level`, counted from `since` (milliseconds). */
  rings(since: number): string[] {
    return this.attempts
      .filter((attempt) => attempt.mode === 'ring')
      .map((attempt) => `${Math.round((attempt.dueAt - since) / 60_000)}:${attempt.levels.length > 1 ? 'all' : attempt.level}`);
  }

  private attempt(given: PageAttempt): Promise<PageAttemptAnswer> {
    this.attempts.push(given);
    const ring = given.ring <= this.earlierRings ? this.earlierRings + 1 : undefined;
    const input = ring === undefined ? given : { ...given, ring, dedupKey: `${given.dedupKey}:${ring}` };
    if (this.ended) this.unexpected.push(`ring ${input.ring} came after the end`);
    const outcome = this.outcomeOf(input);
    const asked = this.databaseAnswers;
    switch (outcome) {
      case 'sent': {
        for (const key of input.replaces) this.open.delete(key);
        if (input.mode === 'ring' && this.open.has(input.dedupKey)) this.unexpected.push(`ring ${input.ring} made no sound: ${input.dedupKey} is open`);
        if (input.mode === 'update' && !this.open.has(input.dedupKey)) this.unexpected.push(`update ${input.ring} would ring: ${input.dedupKey} is not open`);
        this.open.add(input.dedupKey);
        if (this.open.size > 1) this.unexpected.push(`two incidents are open: ${[...this.open].join(' and ')}`);
        if (asked) this.records.push(input.record);
        return Promise.resolve({
          outcome,
          method: 'pagerduty',
          recorded: asked,
          unrecorded: [],
          asked,
          ...(ring !== undefined && { ring, dedupKey: input.dedupKey }),
        });
      }
      case 'empty':
        return Promise.resolve({ outcome, method: null, recorded: true, unrecorded: [], asked });
      case 'skipped': {
        const { acknowledgedAt: at, acknowledgedBy: by } = this.known;
        if (at === null || by === null) throw new Error('Nobody has acknowledged the page.');
        return Promise.resolve({ outcome, method: null, recorded: false, unrecorded: [], asked, acknowledged: { by, at } });
      }
      case 'refused':
        return Promise.reject(ApplicationFailure.nonRetryable('refused', 'MethodFailed', [failedRecord(input)]));
      case 'unavailable':
        return Promise.reject(ApplicationFailure.create({ type: 'E_PROVIDER_UNAVAILABLE', message: 'unavailable', details: [[failedRecord(input)]] }));
      default:
        return outcome satisfies never;
    }
  }

  private tell(what: 'acknowledge' | 'resolve', input: IncidentCall): Promise<{ recorded: boolean }> {
    this.told.push(what);
    this.records.push(input.record);
    if (what === 'resolve') {
      for (const key of input.dedupKeys) this.open.delete(key);
      this.ended = true;
    }
    return Promise.resolve({ recorded: true });
  }

  private write(record: PageRecord): Promise<void> {
    // As the database does: an older record, which may come later, changes nothing.
    if (record.revision > (this.records.at(-1)?.revision ?? 0)) this.records.push(record);
    return Promise.resolve();
  }
}

function failedRecord(input: PageAttempt): PageAttemptRecord {
  const { number, page, ring, level, dedupKey, urgency, dueAt, decidedAt } = input;
  return {
    number,
    page,
    ring,
    level,
    dedupKey,
    urgency,
    dueAt,
    decidedAt,
    target: 'pagerduty',
    method: 'pagerduty',
    causes: [],
    sentAt: null,
    outcome: 'failed',
    error: 'x',
  };
}
