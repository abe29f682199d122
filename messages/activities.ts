import type { Carried } from './conversation';
import type { AttemptOutcome, PageMethod } from '../policy/escalation-state';
import type { OnCallLevel, PolicySnapshot } from '../policy/snapshot';
import type { MailEffect, NoticeEffect } from '../policy/effects';
import type { InboundEvent } from '../policy/events';
import type { PresenceFound, PresencePolicy } from '../policy/presence';
import type { PageCause } from '../policy/state';
import type { Kind, Priority, Urgency } from '../policy/words';

/** The activities that workflows call, by name; `activities/` implements them, `workflows/` proxies them. */

/** Input of {@link RecordActivities.project}: everything that lists and screens show of a conversation, guarded by its revision. */
export interface Projection {
  readonly number: number;
  readonly carried: Carried;
}

/**
 * Whether an activity has projected what comes of its own outcome, in the transaction that wrote the outcome down: `now`, or not; `before`
 * says that an earlier attempt has told it in the timeline, and the conversation may have moved on since.
 */
export type OutcomeProjected = 'now' | 'before' | 'not';

/** Input of {@link RecordActivities.checkPresence}: a look at a chat, at an instant in milliseconds, with what its policy says. */
export interface PresenceLook extends PresencePolicy {
  readonly number: number;
  readonly at: number;
  /** What the conversation knows to have been said; all that is written down when absent. */
  readonly messages?: readonly string[];
}

/** Database work; retried without end. */
export interface RecordActivities {
  /** Writes state, promises and timeline in one transaction `WHERE revision < $n`; a repeat changes nothing. */
  project(input: Projection): Promise<void>;
  /** Inbound events with `after < seq <= upTo`, at most 200, in order. */
  readEvents(input: { number: number; after: number; upTo: number }): Promise<InboundEvent[]>;
  /** An immutable snapshot by its hash; E_NOT_FOUND (not retried) when there is none. */
  loadPolicy(input: { hash: string }): Promise<PolicySnapshot>;
  /** Closes the conversation if `last_seq = cursor`, and projects that; false when something unread came in. */
  claimClose(input: { number: number; cursor: number; at: number; before: Carried }): Promise<{ closed: boolean; projected: OutcomeProjected }>;
  /** Chat: whether the customer has seen what agents wrote; `gone` has claimed what is unseen. A repeat answers what it claimed. */
  checkPresence(input: PresenceLook): Promise<PresenceFound>;
  /** Writes a page's state (opened, causes, level, over); idempotent by page id and `revision`. */
  recordPage(input: PageRecord): Promise<void>;
  /** What the database knows of a page: an acknowledgement whose signal was lost, or that it is over (for all of these causes). */
  readPage(input: {
    number: number;
    page: number;
    causes: readonly string[];
  }): Promise<{ acknowledgedAt: number | null; acknowledgedBy: string | null; over: boolean }>;
  /** Adds the record of an attempt that could not be written when it was made. */
  recordAttempt(input: PageAttemptRecord): Promise<void>;
}

/** A page as the database holds it. Times are milliseconds. */
export interface PageRecord {
  readonly number: number;
  readonly page: number;
  readonly revision: number;
  readonly state: 'paging' | 'acknowledged' | 'over';
  readonly urgency: Urgency;
  /** The conversation's priority and plan when the page was opened; its summary names them. */
  readonly priority: Priority;
  readonly plan: string;
  readonly demo?: boolean;
  readonly openedAt: number;
  readonly overAt: number | null;
  /** An acknowledgement given before this instant no longer holds, because something came due later. */
  readonly since: number;
  readonly acknowledgement: { readonly by: string; readonly at: number } | null;
  readonly level: number;
  readonly round: number;
  readonly causes: readonly (PageCause & { readonly overAt?: number; readonly overReason?: string })[];
  readonly nextRingAt: number | null;
}

/** One attempt to ring one target by one method. Times are milliseconds. */
export interface PageAttemptRecord {
  readonly number: number;
  readonly page: number;
  readonly ring: number;
  readonly level: number;
  readonly target: string;
  readonly method: 'pagerduty' | 'inbox';
  readonly dedupKey: string;
  readonly causes: readonly string[];
  readonly dueAt: number;
  readonly decidedAt: number;
  readonly sentAt: number | null;
  readonly outcome: 'sent' | 'failed' | 'skipped';
  readonly error: string | null;
  readonly urgency: Urgency;
  /** Dedup key of the common message that it went out with. */
  readonly bundle?: string;
}

/** Input of a page attempt: one ring or one silent update, to every target of the named rungs. */
export interface PageAttempt {
  readonly number: number;
  readonly page: number;
  /** Counts the rings and updates of this run of the page, from 1; a repeat of the same one is one incident. */
  readonly ring: number;
  readonly level: number;
  /** The rungs to ring; their targets are looked up when the page fires. */
  readonly levels: readonly OnCallLevel[];
  readonly kind: Kind;
  readonly priority: Priority;
  readonly plan: string;
  readonly urgency: Urgency;
  readonly causes: readonly PageCause[];
  /** Key of the open incident; `<first cause>` or `<first cause>:<ring>`. */
  readonly dedupKey: string;
  /** Incidents to resolve first, so that the new one is heard. */
  readonly replaces: readonly string[];
  /** `ring` sounds; `update` adds to the open incident silently. */
  readonly mode: 'ring' | 'update';
  /** An acknowledgement given before this instant does not stop the ring. */
  readonly since: number;
  /** When this ring was due. */
  readonly dueAt: number;
  /** When the workflow decided to ring: the attempt's time, which tests can move. */
  readonly decidedAt: number;
  readonly collectMs: number;
  readonly demo?: boolean;
  /** The page as it is now; written on the way when the database answers in time. */
  readonly record: PageRecord;
}

/** How a page attempt ended. */
export interface PageAttemptAnswer {
  readonly outcome: Extract<AttemptOutcome, 'sent' | 'skipped' | 'empty'>;
  readonly method: PageMethod | null;
  /** Key of the incident that is open now, when it is another than was asked for: the common one of a bundle, or because of `ring`. */
  readonly dedupKey?: string;
  /** The number of the ring, when an earlier run of the page had used up the one that was asked for. */
  readonly ring?: number;
  /** The page's record was written; else `recordPage` has to write it. */
  readonly recorded: boolean;
  /** Attempts that could not be written; `recordAttempt` has to. */
  readonly unrecorded: readonly PageAttemptRecord[];
  /** Whether the database could be asked for an acknowledgement before sending; else `readPage` has to ask. */
  readonly asked: boolean;
  /** Why it was skipped. */
  readonly acknowledged?: { readonly by: string; readonly at: number };
  readonly overAt?: number;
}

/** Input of telling the provider of an acknowledgement or of the end. */
export interface IncidentCall {
  readonly number: number;
  readonly page: number;
  readonly dedupKeys: readonly string[];
  /** The page as it is now; written on the way when the database answers in time. */
  readonly record: PageRecord;
}

/** Pages; an attempt that got through to nobody for good throws ApplicationFailure `MethodFailed`, with its records as details. */
export interface PagingActivities {
  /** Rings every target of the rungs; `skipped` when an acknowledgement was read just before, `empty` when nobody is on call. */
  attemptPage(input: PageAttempt): Promise<PageAttemptAnswer>;
  /** Tells the provider that the incidents are owned. */
  acknowledgeIncident(input: IncidentCall): Promise<{ recorded: boolean }>;
  /** Resolves the incidents. */
  resolveIncident(input: IncidentCall): Promise<{ recorded: boolean }>;
}

/** Mail out; SMTP 5xx is `refused`, anything else is retried. */
export interface MailActivities {
  /**
   * Sends one mail to one recipient exactly as its intent row says (byte-identical on repeat). With the conversation as it was `before`,
   * a mail that was taken is projected as delivered along with its own record.
   */
  sendMail(input: {
    number: number;
    effect: MailEffect;
    before?: Carried;
  }): Promise<{ outcome: 'sent' | 'refused' | 'withdrawn'; at: number; projected?: OutcomeProjected }>;
}

/** Notices to staff. */
export interface NoticeActivities {
  /**
   * Writes the built-in inbox's row and, when configured, posts to Slack; once per key. `priority` comes from the conversation
   * itself: the database may not know yet that it has become urgent.
   */
  sendNotice(input: { number: number; priority: Priority; effect: NoticeEffect }): Promise<void>;
}
