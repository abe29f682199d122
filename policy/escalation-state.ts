import type { Acknowledgement, Ringing } from './effects';
import type { OnCallLevel, PolicySnapshot } from './snapshot';
import type { PageCause, Reason } from './state';
import type { Kind, Priority, Urgency } from './words';

/** How an escalation begins: the page's conversation, its first cause and the ladder to climb. Times are milliseconds. */
export interface EscalationStart {
  readonly number: number;
  /** Counts the pages of the conversation, from 1. */
  readonly page: number;
  readonly kind: Kind;
  readonly priority: Priority;
  readonly plan: string;
  readonly urgency: Urgency;
  readonly cause: PageCause;
  readonly policy: { readonly onCall: PolicySnapshot['onCall']; readonly demo?: boolean };
  /** When the consequence was due that opened the page. */
  readonly openedAt: number;
  /** Somebody has acknowledged its cause already, as part of another page: it rings for what comes later only. */
  readonly acknowledged?: Acknowledgement;
}

/** A cause with what has become of it. */
export interface HeldCause extends PageCause {
  /** An acknowledgement given before this instant does not cover it. */
  readonly since: number;
  readonly acknowledged: boolean;
  readonly overAt?: number;
  readonly overReason?: Reason;
}

/** How a ring or an update ended: `failed` after all retries, `empty` when nobody is on call, `cancelled` by a newer decision. */
export type AttemptOutcome = 'sent' | 'skipped' | 'empty' | 'failed' | 'cancelled';

/** Where a page goes: a provider, or the built-in page inbox. */
export type PageMethod = 'pagerduty' | 'inbox';

/** The one call to the paging activities that is under way. */
export interface CallInFlight {
  readonly type: 'ring' | 'update' | 'acknowledge' | 'resolve';
  /** Number of the call; its end names it. */
  readonly call: number;
  readonly key: string;
  /** The revision that travels with it, to be written on the way. */
  readonly revision: number;
  readonly cancelled: boolean;
}

/** The next call to make as soon as none is under way. */
export type WantedCall =
  { readonly type: 'ring' | 'update'; readonly dueAt: number; readonly decidedAt: number } | { readonly type: 'acknowledge' } | { readonly type: 'resolve' };

/** Everything that an escalation remembers. */
export interface EscalationState {
  readonly start: EscalationStart;
  readonly urgency: Urgency;
  readonly causes: readonly HeldCause[];
  /** Rung that was rung last, from 1. */
  readonly level: number;
  /** Climb of the ladder, from 1; `repeat + 1` is the fallback. */
  readonly round: number;
  /** When the next ring or repeat is due; null while nobody has to be rung. */
  readonly nextAt: number | null;
  /** The last ring got through; until then the next one is aloud, whatever the pace. */
  readonly heard: boolean;
  /** Rings and updates decided so far, with those of an earlier run that is known of: the number of the last one. */
  readonly rings: number;
  /** Calls of every kind, so that a late end of an earlier one is recognised. */
  readonly calls: number;
  readonly call: CallInFlight | null;
  readonly wanted: WantedCall | null;
  /** Key of the incident that is open; more than one only after rings without an answer, of which one at most is open. */
  readonly openKeys: readonly string[];
  /** Key that was tried without an answer: perhaps open. The next ring uses it again. */
  readonly triedKey: string | null;
  /** How the last ring got through. */
  readonly method: PageMethod | null;
  readonly acknowledgement: Acknowledgement | null;
  readonly overAt: number | null;
  /** The last `nextLevel` signals that were followed, so that a repeated one acts once. */
  readonly followed: readonly string[];
  /** Goes up with everything that the page's record shows; begins at the start's time, so that a rebuilt page's records are newer. */
  readonly revision: number;
  /** The newest revision that the database is known to have. */
  readonly recorded: number;
  readonly recording: number | null;
}

/** What can happen to an escalation. Times are milliseconds. */
export type EscalationEvent =
  /** `priority` is the conversation's now: a page whose request has become urgent says so, and is no longer collected. */
  | ({ readonly type: 'addCause'; readonly cause: PageCause; readonly urgency: Urgency; readonly priority?: Priority } & Ringing)
  | { readonly type: 'causeOver'; readonly key: string; readonly reason: Reason; readonly at: number }
  | { readonly type: 'nextLevel'; readonly id?: string; readonly key: string; readonly reason: Reason; readonly at: number }
  | { readonly type: 'acknowledged'; readonly by: string; readonly at: number }
  /** The timer fired. */
  | { readonly type: 'due' }
  /** A ring or an update has ended; `recorded` when the page's record was written on the way. */
  | {
      readonly type: 'attempted';
      readonly call: number;
      readonly outcome: AttemptOutcome;
      readonly method: PageMethod | null;
      /** Key of the incident that is open now, if it is another than was asked for. */
      readonly dedupKey?: string;
      /** The number that the ring was given, if an earlier run of the page had used up its own. */
      readonly ring?: number;
      readonly recorded: boolean;
    }
  /** The provider has been told of an acknowledgement or the end, or never will be. */
  | { readonly type: 'told'; readonly call: number; readonly outcome: 'done' | 'failed' | 'cancelled'; readonly recorded: boolean }
  /** The database has this revision. */
  | { readonly type: 'recorded'; readonly revision: number }
  /** The database says that an earlier run of this page came to its end. */
  | { readonly type: 'overBefore'; readonly at: number };

/** What has to be done because of an event. At most one of the first three is under way at a time. */
export type EscalationEffect =
  | {
      readonly type: 'attempt';
      readonly call: number;
      readonly ring: number;
      /** `ring` sounds; `update` adds to the open incident silently. */
      readonly mode: 'ring' | 'update';
      readonly level: number;
      /** The rungs to ring: one, or all of them in the fallback. */
      readonly levels: readonly OnCallLevel[];
      readonly dedupKey: string;
      readonly replaces: readonly string[];
      readonly causes: readonly PageCause[];
      /** An acknowledgement given before this instant does not stop the ring. */
      readonly since: number;
      readonly dueAt: number;
      readonly decidedAt: number;
    }
  /** Keys: the incident that is open, and one that perhaps is. */
  | { readonly type: 'acknowledgeIncident' | 'resolveIncident'; readonly call: number; readonly dedupKeys: readonly string[] }
  /** The call under way is out of date: stop its retries and wait for its end. */
  | { readonly type: 'cancelCall'; readonly call: number }
  /** Write the page's record, beside everything else. */
  | { readonly type: 'record'; readonly revision: number };

/** What `applyEscalation` answers. */
export interface EscalationStep {
  readonly state: EscalationState;
  readonly effects: readonly EscalationEffect[];
}

/** A page is over when all of its causes are; acknowledged while none of the open ones waits for somebody. */
export function escalationStatus(state: Pick<EscalationState, 'causes'>): 'paging' | 'acknowledged' | 'over' {
  const open = openCauses(state);
  if (open.length === 0) return 'over';
  return open.every((cause) => cause.acknowledged) ? 'acknowledged' : 'paging';
}

/** The causes that are not over, first come first. */
export function openCauses(state: Pick<EscalationState, 'causes'>): readonly HeldCause[] {
  return state.causes.filter((cause) => cause.overAt === undefined);
}

/** An acknowledgement from this instant on covers every cause that waits for one; null when none does. */
export function waitingSince(state: Pick<EscalationState, 'causes'>): number | null {
  const waiting = openCauses(state).filter((cause) => !cause.acknowledged);
  return waiting.length === 0 ? null : Math.max(...waiting.map((cause) => cause.since));
}

/** When the escalation has to wake up by itself, in milliseconds; null when it waits for a signal only. */
export function nextInstant(state: EscalationState): number | null {
  return state.nextAt;
}

/** Nothing is left to do: the incident is resolved, the database knows, the workflow may end. */
export function isFinished(state: EscalationState): boolean {
  return escalationStatus(state) === 'over' && state.call === null && state.wanted === null && state.recording === null && state.recorded >= state.revision;
}
