import { crashPoint } from '../../config/crash-points';
import type { Database } from '../../db/connection';
import { decideBundle, forgetBundle, isBundleKey, leaveBundle, markBundleSent, type BundleDecision } from '../../db/page-bundles';
import { claimAttempt, type PageGround } from '../../db/page-records';
import { bundleText, NO_FACTS, pageText } from '../../db/page-text';
import type { PageAttempt, PageAttemptRecord } from '../../messages/activities';
import { pageId } from '../../messages/ids';
import { PagerDutyError, type IncidentText, type PagerDuty } from './pagerduty';
import type { PageTarget } from './targets';
import type { TokenBucket } from './token-bucket';

/** What the database said before a ring: its ground, and per target what to do. */
export interface Asked {
  readonly ground: PageGround;
  readonly decisions: readonly Decided[];
}

type Decision = BundleDecision | { readonly do: 'sentBefore' };

/** What to do for one target, and the attempt as it goes out there. */
interface Decided {
  readonly attempt: PageAttempt;
  readonly decision: Decision;
}

/** What became of one target. */
export interface RingResult {
  readonly target: PageTarget;
  /** As it went out: under another number and key than it was given, when an earlier run of the page has used up those. */
  readonly attempt: PageAttempt;
  readonly outcome: 'sent' | 'failed' | 'waiting';
  readonly dedupKey: string;
  readonly sentAt: number | null;
  readonly error: string | null;
  readonly bundle?: string;
  readonly failure?: PagerDutyError;
  /** How long to wait before the next try. */
  readonly waitMs?: number;
}

interface RingerOptions {
  readonly db: Database;
  readonly pagerduty: PagerDuty | null;
  readonly publicUrl: string;
  readonly clock: () => number;
  /** Absent where no provider counts calls. */
  readonly bucket: TokenBucket | null;
  readonly sendMs: number;
}

/** Rings one target once: by itself, together with others, or not at all when it has been rung before. */
export class Ringer {
  constructor(private readonly options: RingerOptions) {}

  /** Claims the attempt for each target and decides whether it goes out alone. */
  async decide(input: PageAttempt, targets: readonly PageTarget[]): Promise<Decided[]> {
    const { db, clock } = this.options;
    const decided: Decided[] = [];
    for (const target of targets) {
      const { attempt, sentBefore } = await claimAttempt(db, input, target, clock());
      await crashPoint('page:claimed', input.number);
      if (target.method === 'pagerduty' && mayWait(input)) decided.push({ attempt, decision: await decideBundle(db, attempt, target, clock()) });
      else decided.push({ attempt, decision: { do: sentBefore ? 'sentBefore' : 'alone' } });
    }
    return decided;
  }

  /** Rings; never throws for what a provider does. Unasked (`null`) it rings alone. */
  async ring(input: PageAttempt, target: PageTarget, asked: Asked | null, { index, rangAlone }: { index: number; rangAlone: boolean }): Promise<RingResult> {
    const own = rangAlone ? [input.dedupKey] : [];
    const { attempt, decision }: Decided = asked?.decisions[index] ?? { attempt: input, decision: { do: 'alone' } };
    const sent = { target, attempt, outcome: 'sent', dedupKey: attempt.dedupKey, sentAt: this.options.clock(), error: null } as const;
    switch (decision.do) {
      case 'sentBefore':
        return sent;
      case 'rungAlready':
        return this.joinRung(attempt, target, asked?.ground ?? null, { bundle: decision.bundle, own });
      case 'wait':
        return { ...sent, outcome: 'waiting', sentAt: null, error: 'Waits to ring together with others.', waitMs: Math.max(1, decision.at - sent.sentAt) };
      case 'alone':
      case 'ringTogether':
        return target.method === 'inbox' ? sent : this.call(attempt, target, asked?.ground ?? null, { decision, own });
      default:
        return decision satisfies never;
    }
  }

  private async call(
    input: PageAttempt,
    target: PageTarget,
    ground: PageGround | null,
    { decision, own }: { decision: Extract<Decision, { do: 'alone' | 'ringTogether' }>; own: readonly string[] },
  ): Promise<RingResult> {
    const { pagerduty, bucket, clock, sendMs, db } = this.options;
    if (pagerduty === null) throw new Error('No PagerDuty is configured.');
    const together = decision.do === 'ringTogether' ? decision : null;
    const dedupKey = together?.bundle ?? input.dedupKey;
    const result = { target, attempt: input, dedupKey, sentAt: null, error: null, ...(together !== null && { bundle: together.bundle }) } as const;
    // A silent repeat of a common incident would replace its text by that of one page.
    if (input.mode === 'update' && isBundleKey(dedupKey)) return { ...result, outcome: 'sent', sentAt: clock() };
    const waitMs = (await bucket?.take(input.replaces.filter((key) => key !== dedupKey).length + 1, input.priority === 'urgent')) ?? 0;
    if (waitMs > 0) return { ...result, outcome: 'waiting', error: 'Waits, because the provider takes only so many calls a minute.', waitMs };
    const signal = AbortSignal.timeout(sendMs);
    try {
      await this.resolveReplaced(pagerduty, input, ground, { dedupKey, own, signal });
      await pagerduty.trigger(dedupKey, this.textOf(input, ground, together?.numbers ?? null), signal);
    } catch (error) {
      if (!(error instanceof PagerDutyError)) throw error;
      return { ...result, outcome: 'failed', error: error.message, failure: error };
    }
    await crashPoint('page:told', input.number);
    const sentAt = clock();
    if (together !== null) await markBundleSent(db, together.bundle, together.pages, sentAt);
    if (together !== null) await crashPoint('page:bundleNoted', input.number);
    return { ...result, outcome: 'sent', sentAt };
  }

  /** Another page has rung for this one: what rang for it before is over. */
  private async joinRung(
    input: PageAttempt,
    target: PageTarget,
    ground: PageGround | null,
    { bundle, own }: { bundle: string; own: readonly string[] },
  ): Promise<RingResult> {
    const { pagerduty, clock, sendMs } = this.options;
    const result = { target, attempt: input, dedupKey: bundle, bundle, error: null } as const;
    try {
      if (pagerduty !== null) await this.resolveReplaced(pagerduty, input, ground, { dedupKey: bundle, own, signal: AbortSignal.timeout(sendMs) });
    } catch (error) {
      if (!(error instanceof PagerDutyError)) throw error;
      return { ...result, outcome: 'failed', sentAt: null, error: error.message, failure: error };
    }
    return { ...result, outcome: 'sent', sentAt: clock() };
  }

  /** Resolves what a ring takes the place of, so that a page has one open incident: also a common one that its escalation never heard of. */
  private async resolveReplaced(
    pagerduty: PagerDuty,
    input: PageAttempt,
    ground: PageGround | null,
    { dedupKey, own, signal }: { dedupKey: string; own: readonly string[]; signal: AbortSignal },
  ): Promise<void> {
    const common = input.mode === 'ring' && typeof ground?.bundle === 'string' ? [ground.bundle] : [];
    for (const key of new Set([...input.replaces, ...own, ...common])) {
      if (key === dedupKey || !(await this.mayResolve(input, key, ground))) continue;
      await pagerduty.resolve(key, signal);
      if (isBundleKey(key)) await forgetBundle(this.options.db, key, pageId(input.number, input.page));
    }
  }

  /** A common incident is resolved with the last page in it; unasked it stays, because others may still ring by it. */
  private async mayResolve(input: PageAttempt, key: string, ground: PageGround | null): Promise<boolean> {
    if (!isBundleKey(key)) return true;
    return ground !== null && leaveBundle(this.options.db, key, pageId(input.number, input.page));
  }

  private textOf(input: PageAttempt, ground: PageGround | null, numbers: readonly number[] | null): IncidentText {
    const { publicUrl } = this.options;
    const facts = ground?.facts ?? NO_FACTS;
    return {
      summary: numbers === null ? pageText(input, facts) : bundleText(numbers),
      urgency: input.urgency,
      link: numbers === null ? `${publicUrl}/pages/${pageId(input.number, input.page)}` : `${publicUrl}/pages`,
      at: input.decidedAt,
      plan: input.plan,
      cluster: numbers === null ? facts.cluster : null,
      causes: input.causes,
      details:
        numbers === null
          ? {
              conversation: `#${input.number}`,
              kind: input.kind,
              priority: input.priority,
              plan: input.plan,
              level: input.level,
              causes: input.causes.map((cause) => `${cause.kind} ${cause.reason}, due ${new Date(cause.at).toISOString()}`).join('; '),
            }
          : { conversations: numbers.map((number) => `#${number}`).join(' ') },
    };
  }
}

/** The record of an attempt, as the database holds it. */
export function attemptRecord(
  input: PageAttempt,
  target: PageTarget,
  result: { outcome: 'sent' | 'failed' | 'skipped' | 'waiting'; error: string | null; dedupKey: string; sentAt: number | null; bundle?: string },
): PageAttemptRecord {
  return {
    number: input.number,
    page: input.page,
    ring: input.ring,
    level: input.level,
    target: target.target,
    method: target.method,
    dedupKey: result.dedupKey,
    causes: input.causes.map((cause) => cause.key),
    urgency: input.urgency,
    dueAt: input.dueAt,
    decidedAt: input.decidedAt,
    sentAt: result.sentAt,
    outcome: result.outcome === 'waiting' ? 'failed' : result.outcome,
    error: result.error,
    ...(result.bundle !== undefined && { bundle: result.bundle }),
  };
}

/** Urgent pages ring by themselves; so does every silent update. */
export function mayWait(input: PageAttempt): boolean {
  return input.mode === 'ring' && input.priority !== 'urgent' && input.collectMs > 0;
}
