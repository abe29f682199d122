import type { MailEffect, MailKind } from './effects';
import type { PolicySnapshot } from './snapshot';
import type { Channel, Kind, Priority, PromiseKind, PromiseState, Status, Urgency } from './words';

/**
 * The number of the rules that `apply` follows; a conversation keeps the one it started with until it continues as new.
 * 2: a higher priority also reaches the promises that a merged conversation had, for the day that the merge is undone.
 * 3: what is broken does not swallow what a merge brings that is still to come; words that reach no customer answer none; what was kept in time
 *    and heard of late is kept; "production down" is always told; the closing question counts from when it was asked; a question that came back
 *    waits for nobody.
 */
export const RULES = 3;

/** Why an event, a cancellation or a consequence happened; a code, never a person's words. */
export type Reason = string;

/** One obligation of one conversation. All times are milliseconds since the epoch. */
export interface PromiseRecord {
  readonly kind: PromiseKind;
  /** Counts the promises of this kind in this conversation, from 1. */
  readonly cycle: number;
  /** `conversation/<number>:<kind>:<cycle>`: the key that workflow, watchdog and rebuild compute alike. */
  readonly key: string;
  readonly state: PromiseState;
  /** From when the time is counted. */
  readonly since: number;
  readonly dueAt: number;
  /** The calendar that gave `dueAt`, or `elapsed`. */
  readonly clock: string;
  /** Time promised, measured on `clock`. */
  readonly lengthMs: number;
  /** When the desk is told, if it is. */
  readonly noticeAt: number | null;
  /** When on-call is paged, if it is; the watchdog pages on the same instant. */
  readonly pageAt: number | null;
  readonly noticed: boolean;
  readonly paged: boolean;
  readonly metAt?: number;
  /** The message or act that met it. */
  readonly metBy?: string;
  readonly breachedAt?: number;
  readonly cancelledAt?: number;
  readonly reason?: Reason;
  /** Set while `nextResponse` waits because the status is `pending`. */
  readonly paused?: { readonly at: number; readonly leftMs: number };
  /** Its due time had passed when its priority was set. */
  readonly lateOnTriage?: boolean;
  /** The earliest due time that the customer may have been told, once a lower priority has made it due later; see isToldTo in keeping.ts. */
  readonly told?: number;
  /** Its breach has moved its open page one level up. */
  readonly raised?: boolean;
  /** Hash of the policy that it was promised under. */
  readonly policy: string;
  /** What merged conversations have handed on, after its own times if it had any; the earliest of them holds. */
  readonly claims?: readonly Claim[];
  /** Recipients whose copy of what met it has not come back; one when absent. */
  readonly copies?: number;
  /** What met it was said to an open chat, and went out later with the mail of this message, because it was not seen there. */
  readonly mailedAs?: string;
  /** The customer has written in the chat since it was met: they have read there what met it, whatever becomes of a mail with it. */
  readonly isRead?: true;
}

/** The times that a promise has of its own, or of a conversation that was merged into its own. */
export interface Claim extends PromiseSeed {
  /** Number of the merged conversation; null for its own. */
  readonly from: number | null;
  /** From when an answer keeps it: an answer that was given before the merge was given to something else. */
  readonly answersFrom: number;
  readonly noticed: boolean;
  readonly paged: boolean;
  /** How loudly it rings at least. */
  readonly urgency: Urgency;
}

/** Why on-call is rung: a promise in danger or broken, or a fact such as an undelivered answer. */
export interface PageCause {
  /** A promise's key, or another computable key of the same form. */
  readonly key: string;
  readonly kind: PromiseKind | 'undelivered' | 'missedCall' | 'voicemail' | 'raised';
  /** When the consequence was due, which its lateness is measured from. */
  readonly at: number;
  readonly urgency: Urgency;
  /** Code that the page's text is made from: `outOfHours`, `voicemail`, `newChat`, `threshold`, `breached`, `lateOnTriage`, `undelivered`, `raised`, `productionDown`, `asked`, `merged`, `unmerged`. */
  readonly reason: Reason;
}

/** The one open page of a conversation, as the conversation knows it. */
export interface OpenPage {
  /** Counts the pages of this conversation, from 1. */
  readonly n: number;
  readonly urgency: Urgency;
  readonly causes: readonly PageCause[];
}

/**
 * An answer that has been given but has not left yet, or has not been accepted by every recipient's server. One to a chat whose customer has
 * gone leaves when their presence is next looked at (`releaseAt`), together with whatever else they have not seen.
 */
export interface OutgoingReply {
  readonly messageId: string;
  /** Agent id; null when a mail carries what several may have said. */
  readonly by: string | null;
  readonly saidAt: number;
  /** When undo-send ends and the mail leaves. */
  readonly releaseAt: number;
  readonly released: boolean;
  /** Undelivered by then, a first response pages. */
  readonly deliverBy: number;
  readonly undeliveredPaged: boolean;
  /** Contacts that it is mailed to. */
  readonly recipients: readonly string[];
  /** Counts as a human answer when it leaves; "when the office opens" does not. */
  readonly counts: boolean;
  readonly mail: MailKind;
  readonly facts: MailEffect['facts'];
  /** The status that came with it: undone, the conversation opens again; released, the mail about `solved` follows. */
  readonly movedTo?: Status;
  readonly bounces?: number; // recipients' copies that have come back
}

/** An answer in a chat that has not left yet by mail for the others in its thread. */
export interface ChatCopy extends Pick<OutgoingReply, 'messageId' | 'recipients' | 'mail' | 'facts' | 'movedTo'> {
  readonly by: string;
  /** When undo-send ends and it leaves; null when it leaves with what waits for the chat's customer, who has gone. */
  readonly releaseAt: number | null;
}

/** The last commands with their results, so that a repeated one acts once, also across continue-as-new. */
export interface CommandRecord {
  readonly id: string;
  readonly revision: number;
  readonly refusal?: Refusal;
}

/** A command that cannot be carried out, with what to change. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly message: string;
}

/** Codes of refusals; each is a problem `type` of the API. */
export const REFUSAL_CODES = [
  'E_CONVERSATION_CLOSED',
  'E_ALREADY_A_TICKET',
  'E_AGENT_AWAY',
  'E_TOO_LATE',
  'E_NOTHING_TO_UNDO',
  'E_NOT_OPEN',
  'E_NEW_TIME_WANTED',
  'E_NO_OPEN_PAGE',
  'E_NO_PUBLIC_CHANNEL',
  'E_OFFICE_OPENS_LATER',
  'E_MERGED',
  'E_NOT_MERGED',
  'E_BAD_COMMAND',
] as const;

/** One of {@link REFUSAL_CODES}. */
export type RefusalCode = (typeof REFUSAL_CODES)[number];

/** Everything that a conversation's workflow remembers. Carries ids only: words and personal data stay in the database. */
export interface ConversationState {
  readonly rules: number;
  readonly number: number;
  readonly kind: Kind;
  readonly channel: Channel;
  readonly initiatedBy: 'customer' | 'agent';
  readonly plan: string;
  readonly priority: Priority;
  readonly status: Status;
  /** Agent id. */
  readonly assignee: string | null;
  readonly everAssigned: boolean;
  /** When the first human public answer left, if one did. */
  readonly answeredAt: number | null;
  readonly receivedAt: number;
  /** Contacts in the thread who are written to, requester first. */
  readonly participants: readonly string[];
  /** No automatic mail goes to this thread (it was opened by a list or another machine). */
  readonly noAutoMail: boolean;
  /** `notice` for addresses whose out-of-hours mail pages nobody. */
  readonly outOfHours: 'page' | 'notice';
  readonly promises: readonly PromiseRecord[];
  /** A promise has been breached, though it may be too long ago to stand in `promises`. */
  readonly everBreached: boolean;
  /** The last inbound `seq` that was applied. */
  readonly cursor: number;
  readonly commands: readonly CommandRecord[];
  /** Goes up by one with every event that changed anything. */
  readonly revision: number;
  /** Numbers the effects, so that each has a key that is never used twice. */
  readonly effects: number;
  readonly page: OpenPage | null;
  readonly pages: number;
  readonly outgoing: readonly OutgoingReply[];
  readonly copies?: readonly ChatCopy[];
  readonly snoozedUntil: number | null;
  /** Customer's first message that nobody has answered yet. */
  readonly unansweredSince: number | null;
  readonly lastCustomerAt: number | null;
  readonly lastAgentAt: number | null;
  /** When the desk was last told by a notice that somebody wrote. */
  readonly wroteNoticeAt?: number;
  readonly solvedAt: number | null;
  /** Until then a slight message ("thanks, bye!") pages nobody. */
  readonly graceUntil: number | null;
  /** `pending` since; reminders and solving after silence count from it. */
  readonly pendingSince: number | null;
  /** The message whose question is waited for an answer to. */
  readonly pendingBy?: string | null;
  readonly remindAt: number | null;
  readonly solveAt: number | null;
  /** The customer has been asked whether there is anything else, and has not answered. */
  readonly closingAsked: boolean;
  readonly closeAt: number | null;
  /** When the customer is asked how it went, since it was solved. */
  readonly rateAt: number | null;
  /** They have been asked, or have said so unasked: there is one question, once. */
  readonly rating?: 'asked' | 'given';
  /** Breaches in a row of `update` promises. */
  readonly updatesMissed: number;
  /** The customer has been told "be right back" and has had no word since. */
  readonly beRightBack: boolean;
  /** Chat: when to look whether the customer has seen what agents wrote, or has gone. */
  readonly unseenCheckAt: number | null;
  /** Chat: ids of what agents have said there, until it is known to be seen or mailed; absent in chats that began before that was kept. */
  readonly said?: readonly string[];
  /** It has ended as spam. */
  readonly spam?: true;
  /** Chat: an agent who took part has been silent since then; nudged when the time is over. */
  readonly silenceAt: number | null;
  /** Number of the conversation that it is a part of now. */
  readonly mergedInto: number | null;
  /** What undoing that needs. */
  readonly merged?: Merged;
  /** The conversations that have become a part of this one, as long as that can be undone. */
  readonly merges?: readonly MergedIn[];
  /** Tags as last set by an agent; null while those of the way in stand. */
  readonly labels: { readonly tags: readonly string[]; readonly cluster: readonly string[]; readonly website: readonly string[] } | null;
  /** The current policy's hash; key into `policies`. */
  readonly policy: string;
  /** The current policy and those that running promises were made under. */
  readonly policies: Readonly<Record<string, PolicySnapshot>>;
}

/** A merged conversation's memory of what it was. */
export interface Merged {
  readonly at: number;
  readonly status: Status;
  /** What was owed then. */
  readonly promises: readonly PromiseRecord[];
  /** Why its page was open, beside its promises. */
  readonly causes: readonly PageCause[];
  /** An answer given before the merge has arrived since. */
  readonly answered?: { readonly at: number; readonly saidAt: number; readonly by: string };
  /** The customer's first message that came for it all the same. */
  readonly wroteAt?: number;
}

/** What a conversation remembers of one that was merged into it. */
export interface MergedIn {
  readonly from: number;
  readonly at: number;
  /** Contacts who have come with it. */
  readonly joined: readonly string[];
  /** {@link ConversationState.unansweredSince} before. */
  readonly unansweredSince: number | null;
}

/** A promise as resolve counted it when the request arrived; adopted as it is, never counted again. */
export interface PromiseSeed {
  readonly kind: PromiseKind;
  readonly since: number;
  readonly dueAt: number;
  readonly clock: string;
  readonly lengthMs: number;
  readonly noticeAt: number | null;
  readonly pageAt: number | null;
}

/** How a conversation begins: what the way in decided, with the promises that it counted. */
export interface ConversationStart {
  readonly rules: number;
  readonly number: number;
  readonly kind: Kind;
  readonly channel: Channel;
  readonly initiatedBy: 'customer' | 'agent';
  readonly plan: string;
  readonly priority: Priority;
  readonly assignee: string | null;
  readonly receivedAt: number;
  readonly participants: readonly string[];
  readonly noAutoMail: boolean;
  /** Whether a receipt goes out (budgets and loops are the way in's to judge). */
  readonly receipt: boolean;
  readonly outOfHours: 'page' | 'notice';
  readonly promises: readonly PromiseSeed[];
  /** The opening message is inbound `seq` 1. */
  readonly messageId: string;
}
