import { applyEscalation, beginEscalation } from '../../policy/escalation';
import {
  escalationStatus,
  type AttemptOutcome,
  type EscalationEffect,
  type EscalationEvent,
  type EscalationStart,
  type EscalationState,
  type EscalationStep,
} from '../../policy/escalation-state';
import type { OnCallLevel } from '../../policy/snapshot';
import type { PageCause } from '../../policy/state';

export const MINUTE_MS = 60_000;
export const OPENED_AT = Date.UTC(2026, 2, 28, 2, 0);

export const ROTAS: readonly OnCallLevel[] = [
  { rota: 'primary', acknowledgeWithinMs: 5 * MINUTE_MS },
  { rota: 'secondary', acknowledgeWithinMs: 5 * MINUTE_MS },
];
export const PROVIDER: readonly OnCallLevel[] = [{ via: 'pagerduty', acknowledgeWithinMs: 5 * MINUTE_MS }];

/** A cause of conversation 1042, due `minute` minutes after the page was opened. */
export function cause(key: string, minute = 0, changes: Partial<PageCause> = {}): PageCause {
  return {
    key: `conversation/1042:${key}`,
    kind: 'firstResponse',
    at: OPENED_AT + minute * MINUTE_MS,
    urgency: 'high',
    reason: 'threshold',
    ...changes,
  };
}

/** A page of an urgent enterprise ticket under the handbook's ladder. */
export function start(changes: Partial<EscalationStart> = {}): EscalationStart {
  return {
    number: 1042,
    page: 1,
    kind: 'ticket',
    priority: 'urgent',
    plan: 'enterprise',
    urgency: 'high',
    cause: cause('firstResponse:1'),
    policy: { onCall: { levels: ROTAS, repeat: 3, collectMs: 10_000, fallback: { everyMs: 15 * MINUTE_MS } } },
    openedAt: OPENED_AT,
    ...changes,
  };
}

type Attempt = Extract<EscalationEffect, { type: 'attempt' }>;

/** One thing that somebody outside has noticed. */
export type Happening = { readonly at: number } & (
  { readonly type: 'ring' | 'update'; readonly level: number; readonly levels: number; readonly key: string } | { readonly type: 'acknowledge' | 'resolve' }
);

/**
 * An escalation with a provider that answers when it is told to: it keeps incidents by key as PagerDuty does (a trigger on
 * an open key is silent) and fails as soon as two of them are open.
 */
export class EscalationModel {
  state: EscalationState;
  now: number;
  readonly happened: Happening[] = [];
  readonly incidents = new Set<string>();
  private underWay: Exclude<EscalationEffect, { type: 'record' | 'cancelCall' }> | null = null;
  private cancelled = false;

  constructor(startWith: EscalationStart, now = OPENED_AT) {
    this.now = now;
    const step = beginEscalation(startWith, now);
    this.state = step.state;
    this.take(step);
  }

  get status(): 'paging' | 'acknowledged' | 'over' {
    return escalationStatus(this.state);
  }

  get busy(): 'attempt' | 'told' | null {
    if (this.underWay === null) return null;
    return this.underWay.type === 'attempt' ? 'attempt' : 'told';
  }

  /** Minutes since the page was opened. */
  get minute(): number {
    return (this.now - OPENED_AT) / MINUTE_MS;
  }

  /** Rings so far as `minute:level`, `minute:all` in the fallback. */
  get rings(): string[] {
    return this.happened.flatMap((one) => (one.type === 'ring' ? [`${(one.at - OPENED_AT) / MINUTE_MS}:${one.levels > 1 ? 'all' : one.level}`] : []));
  }

  apply(event: EscalationEvent): EscalationStep {
    const step = applyEscalation(this.state, event, this.now);
    this.state = step.state;
    this.take(step);
    return step;
  }

  /**
   * Ends the call under way: `reached` says whether the provider acted on it, whatever the workflow hears; with `key` the ring went out
   * under that one, together with others or under another number, `ring`, because of an earlier run.
   */
  finish(outcome: AttemptOutcome, reached = outcome === 'sent', key?: string, ring?: number): void {
    const effect = this.underWay;
    if (effect === null) throw new Error('Nothing is under way.');
    this.underWay = null;
    if (effect.type === 'attempt') {
      if (reached) this.trigger(effect, key);
      const method = outcome === 'sent' ? 'pagerduty' : null;
      const other = { ...(key !== undefined && { dedupKey: key }), ...(ring !== undefined && { ring }) };
      this.apply({ type: 'attempted', call: effect.call, outcome, method, recorded: true, ...other });
      return;
    }
    if (reached || outcome === 'sent') {
      if (effect.type === 'resolveIncident') effect.dedupKeys.forEach((key) => this.incidents.delete(key));
      this.happened.push({ at: this.now, type: effect.type === 'resolveIncident' ? 'resolve' : 'acknowledge' });
    }
    this.apply({ type: 'told', call: effect.call, outcome: outcome === 'cancelled' ? 'cancelled' : 'done', recorded: true });
  }

  /** Finishes everything under way with success. */
  settle(): void {
    while (this.underWay !== null) this.finish(this.cancelled ? 'cancelled' : 'sent');
  }

  /** Lets time pass to a minute after the opening; every call succeeds at once. */
  until(minute: number): void {
    this.settle();
    const end = OPENED_AT + minute * MINUTE_MS;
    while (this.state.nextAt !== null && this.state.nextAt <= end) {
      this.now = this.state.nextAt;
      this.apply({ type: 'due' });
      this.settle();
    }
    this.now = end;
  }

  private take(step: EscalationStep): void {
    for (const effect of step.effects) {
      if (effect.type === 'cancelCall') {
        if (this.underWay?.call !== effect.call) throw new Error('A call was cancelled that is not under way.');
        this.cancelled = true;
      } else if (effect.type === 'record') {
        this.state = applyEscalation(this.state, { type: 'recorded', revision: effect.revision }, this.now).state;
      } else {
        if (this.underWay !== null) throw new Error('Two calls are under way.');
        if (effect.type === 'attempt' && this.status === 'over') throw new Error('A page that is over rings.');
        this.underWay = effect;
        this.cancelled = false;
      }
    }
  }

  private trigger(effect: Attempt, dedupKey = effect.dedupKey): void {
    for (const key of effect.replaces) if (key !== dedupKey) this.incidents.delete(key);
    const isNew = !this.incidents.has(dedupKey);
    this.incidents.add(dedupKey);
    if (this.incidents.size > 1) throw new Error(`Two incidents are open: ${[...this.incidents].join(', ')}`);
    this.happened.push({
      at: this.now,
      type: isNew ? 'ring' : 'update',
      level: effect.level,
      levels: effect.levels.length,
      key: dedupKey,
    });
  }
}
