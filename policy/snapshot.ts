import type { Priority } from './words';

/** A length of time as the policy states it: elapsed or open milliseconds, or business days of the calendar that it is measured on. */
export type Duration = { readonly ms: number } | { readonly businessDays: number };

/** Open from the first minute to (not including) the second; minutes of the local day, 0…1440. */
export type Interval = readonly [startMinute: number, endMinute: number];

/** From this UTC second on, the zone is this many minutes ahead of UTC. */
export type ZoneTransition = readonly [fromSecond: number, offsetMinutes: number];

/** One calendar, resolved to numbers. */
export interface CalendarSnapshot {
  /** Key into {@link PolicySnapshot.zones}. */
  readonly zone: string;
  /** Open at every instant; `weekly` and `special` are empty then. */
  readonly always: boolean;
  /** Open milliseconds that make one business day. */
  readonly businessDayMs: number;
  /** Seven lists of intervals, Monday first, sorted and without overlap. */
  readonly weekly: readonly (readonly Interval[])[];
  /** Days with hours of their own (`[]` is closed all day), keyed by local date `YYYY-MM-DD`. */
  readonly special: Readonly<Record<string, readonly Interval[]>>;
}

/** A rule that reads a new request and sets its priority, tags and team; all stated conditions must hold. */
export interface TriageRule {
  readonly when: { readonly address?: string; readonly contact?: string; readonly subject?: readonly string[] };
  readonly priority: Priority;
  readonly tags?: readonly string[];
  readonly team?: string;
}

/** When a notice and a page go out, in percent of the promised open time (100 is the due time). */
export interface EscalateAt {
  readonly notice: number;
  readonly page: number;
}

/** One rung of the on-call ladder: a rota that Holdfast owns, or a provider that owns its own ladder. */
export type OnCallLevel = { readonly rota: string; readonly acknowledgeWithinMs: number } | { readonly via: 'pagerduty'; readonly acknowledgeWithinMs: number };

/** What an address that customers write to adds to a request. */
export interface AddressPolicy {
  readonly priority?: Priority;
  readonly tags?: readonly string[];
  readonly team?: string;
  readonly from?: string;
  readonly signature?: string;
  readonly outOfHours?: 'page' | 'notice';
}

/**
 * A policy resolved to plain numbers: integers, intervals, special days and each zone's UTC-offset transitions, so that
 * every due time is integer arithmetic and no upgrade of a zone database can change a promise. Immutable; named by its hash.
 */
export interface PolicySnapshot {
  /** The `version` of the policy file. */
  readonly version: string;
  /** SHA-256 (hex, first 32 characters) of the canonical JSON of everything else here. */
  readonly hash: string;
  /** Marks a policy made for a demonstration or a drill: shown wherever its conversations are shown. */
  readonly demo?: boolean;
  /** The desk's own zone, in which times are told when nobody's zone is known. */
  readonly timezone: string;
  /** First and last calendar year (UTC) that zones and special days were resolved for; nothing can be counted outside them. */
  readonly years: readonly [first: number, last: number];
  readonly zones: Readonly<Record<string, readonly ZoneTransition[]>>;
  readonly calendars: Readonly<Record<string, CalendarSnapshot>>;
  readonly plans: Readonly<Record<string, { readonly calendars: readonly string[] }>>;
  /** The first plan of the file, which stands in for an unknown one (the order of keys is not kept by every store). */
  readonly defaultPlan: string;
  readonly triage: readonly TriageRule[];
  readonly defaultPriority: Priority;
  readonly tickets: {
    readonly dispatch: { readonly within: Duration; readonly calendar: string };
    readonly firstResponse: Readonly<Record<Priority, Duration>>;
    /** `null` when switched off. */
    readonly nextResponse: Readonly<Record<Priority, Duration>> | null;
    readonly closeSolvedAfter: Duration;
    readonly closingSilence: Duration;
    readonly remindPendingAfter: Duration | null;
    readonly solvePendingAfter: Duration | null;
    /** When the customer is asked how it went, counted from the end; `null` when switched off, absent in snapshots from before there was such a question. */
    readonly askRatingAfter?: Duration | null;
  };
  readonly escalate: Readonly<Record<Priority, EscalateAt>>;
  readonly undoSendMs: number;
  readonly reopenGraceMs: number;
  readonly voicemail: { readonly joinWithinMs: number; readonly missedUnderMs: number };
  readonly chats: {
    readonly response: Duration;
    readonly calendar: string;
    readonly customerGoneAfterMs: number;
    readonly unseenAfterMs: number;
    readonly mailBatchMs: number;
    readonly agentSilenceMs: number;
    readonly closingSilenceMs: number;
    /** Urgency of the page for a new chat; `off` sends the Slack notice only. */
    readonly page: 'low' | 'high' | 'off';
  };
  readonly outOfHours: { readonly calendar: string; readonly page: boolean; readonly feedbackWithinMs: number };
  readonly onCall: {
    readonly levels: readonly OnCallLevel[];
    /** How many times the whole ladder is climbed before the fallback. */
    readonly repeat: number;
    readonly collectMs: number;
    readonly fallback: { readonly everyMs: number };
  };
  /** Keyed by the local part of the address, lower case. */
  readonly addresses: Readonly<Record<string, AddressPolicy>>;
  readonly receipt: boolean;
}
