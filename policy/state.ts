import type { PolicySnapshot } from './snapshot';
import type { Channel, Kind, Priority, PromiseKind, PromiseState, Status, Urgency } from './words';

/** The number of the rules that `apply` follows; a conversation keeps the one it started with until it continues as new. */
export const RULES = 1;

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
  /** Its breach has moved its open page one level up. */
  readonly raised?: boolean;
  /** Hash of the policy that it was promised under. */
  readonly policy: string;
}

/** Why on-call is rung: a promise in danger or broken, or a fact such as an undelivered answer. */
export interface PageCause {
  /** A promise's key, or another computable key of the same form. */
  readonly key: string;
  readonly kind: PromiseKind | 'undelivered' | 'missedCall' | 'manual';
  /** When the consequence was due, which its lateness is measured from. */
  readonly at: number;
  readonly urgency: Urgency;
  /** Code that the page's text is made from: `outOfHours`, `voicemail`, `newChat`, `threshold`, `breached`, `lateOnTriage`, `undelivered`, `raised`, `asked`. */
  readonly reason: Reason;
}

/** The one open page of a conversation, as the conversation knows it. */
export interface OpenPage {
  /** Counts the pages of this conversation, from 1. */
  readonly n: number;
  readonly urgency: Urgency;
  readonly causes: readonly PageCause[];
}

/** An answer that has been given but has not left yet, or has not been accepted by every recipient's server. */
export interface OutgoingReply {
  readonly messageId: string;
  readonly by: string;
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
  readonly snoozedUntil: number | null;
  /** Customer's first message that nobody has answered yet. */
  readonly unansweredSince: number | null;
  readonly lastCustomerAt: number | null;
  readonly lastAgentAt: number | null;
  readonly solvedAt: number | null;
  /** Until then a slight message ("thanks, bye!") pages nobody. */
  readonly graceUntil: number | null;
  /** `pending` since; reminders and solving after silence count from it. */
  readonly pendingSince: number | null;
  readonly remindAt: number | null;
  readonly solveAt: number | null;
  /** The customer has been asked whether there is anything else, and has not answered. */
  readonly closingAsked: boolean;
  readonly closeAt: number | null;
  /** Breaches in a row of `update` promises. */
  readonly updatesMissed: number;
  /** The customer has been told "be right back" and has had no word since. */
  readonly beRightBack: boolean;
  /** Chat: when to ask whether the customer has seen what agents wrote. */
  readonly unseenCheckAt: number | null;
  /** Chat: an agent who took part has been silent since then; nudged when the time is over. */
  readonly silenceAt: number | null;
  readonly mergedInto: number | null;
  /** Tags as last set by an agent; null while those of the way in stand. */
  readonly labels: { readonly tags: readonly string[]; readonly cluster: readonly string[]; readonly website: readonly string[] } | null;
  /** The current policy's hash; key into `policies`. */
  readonly policy: string;
  /** The current policy and those that running promises were made under. */
  readonly policies: Readonly<Record<string, PolicySnapshot>>;
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

/** An inbound message, without its words. */
export interface MessageEvent {
  readonly type: 'message';
  /** Dense per conversation, from 1. */
  readonly seq: number;
  readonly at: number;
  readonly messageId: string;
  readonly author: 'customer' | 'thirdParty' | 'agent';
  /** Agent id when an authenticated agent wrote by mail. */
  readonly agent?: string;
  readonly channel: Channel;
  /** A machine wrote it: stored and shown, no effect on status or promises. */
  readonly machine: boolean;
  /** At most 100 characters and no triage words: "thanks, bye!". */
  readonly slight: boolean;
  /** A triage rule's priority, if its words are in it. */
  readonly triage?: Priority;
  /** Contact to add to those written to. */
  readonly joins?: string;
  /** Hash of the policy in force when it came. */
  readonly policy: string;
}

/** A customer's own act on their thread, by a signed link or in the widget. */
export interface CustomerActEvent {
  readonly type: 'customerAct';
  readonly seq: number;
  readonly at: number;
  readonly act: 'productionDown' | 'thatsAll';
  readonly policy: string;
}

/** What comes in by `seq`. */
export type InboundEvent = MessageEvent | CustomerActEvent;

/** What an agent, on-call or an admin asks of a conversation; validated before it is applied. */
export type Command =
  | {
      readonly type: 'reply';
      readonly messageId: string;
      /** `mail` leaves after undo-send; `chat` is in front of the customer at once. */
      readonly delivery: 'mail' | 'chat';
      readonly recipients: readonly string[];
      /** Status to go to with the answer. */
      readonly status?: 'open' | 'pending' | 'onHold' | 'solved';
      /** "Update by …": a promise told to the customer. */
      readonly updateBy?: number;
    }
  | { readonly type: 'undoReply'; readonly messageId: string }
  | { readonly type: 'note'; readonly messageId: string }
  | { readonly type: 'call'; readonly messageId: string; readonly outcome: 'reached' | 'voicemail' | 'noAnswer' }
  | {
      readonly type: 'beRightBack';
      readonly messageId: string;
      readonly delivery: 'mail' | 'chat';
      readonly recipients: readonly string[];
      readonly backAt?: number;
    }
  | { readonly type: 'closingQuestion'; readonly messageId: string; readonly delivery: 'mail' | 'chat'; readonly recipients: readonly string[] }
  | { readonly type: 'assign'; readonly agent: string | null; readonly away: boolean; readonly force: boolean }
  | { readonly type: 'priority'; readonly priority: Priority; readonly since?: 'received' | 'now' }
  | { readonly type: 'status'; readonly status: 'open' | 'pending' | 'onHold' | 'solved' }
  | { readonly type: 'tags'; readonly tags: readonly string[]; readonly cluster: readonly string[]; readonly website: readonly string[] }
  | { readonly type: 'snooze'; readonly until: number | null }
  | {
      readonly type: 'convert';
      readonly priority?: Priority;
      readonly keep: boolean;
      readonly updateBy?: number;
      readonly messageId?: string;
      readonly recipients: readonly string[];
    }
  | { readonly type: 'spam' }
  | {
      readonly type: 'feedback';
      readonly messageId: string;
      readonly word: 'workingOnIt' | 'whenOpen' | 'ownWords';
      readonly recipients: readonly string[];
      readonly updateBy?: number;
    }
  | { readonly type: 'escalate' };

/** The name of each command. */
export type CommandType = Command['type'];

/** A command with who gave it and until when it may be applied. */
export interface CommandEvent {
  readonly type: 'command';
  readonly id: string;
  readonly at: number;
  /** Agent id. */
  readonly by: string;
  readonly notAfter?: number;
  readonly command: Command;
  readonly policy?: string;
}

/** All that can happen to a conversation. */
export type ConversationEvent =
  | InboundEvent
  | CommandEvent
  /** The timer fired: everything due by `now` has its consequence. */
  | { readonly type: 'due' }
  /** A recipient's mail server accepted an answer. */
  | { readonly type: 'delivered'; readonly messageId: string; readonly at: number }
  /** An answer came back, or no server would take it. */
  | { readonly type: 'bounced'; readonly messageId: string; readonly at: number; readonly hard: boolean }
  /** What a look at the chat's presence rows found. */
  | { readonly type: 'presence'; readonly at: number; readonly found: 'seen' | 'present' | 'gone'; readonly claimed: readonly string[] }
  /** The database agreed that nothing is unread, and closed the conversation. */
  | { readonly type: 'closed'; readonly at: number }
  /** Something unread came in first, or the database was not ready: ask again later. */
  | { readonly type: 'notClosed'; readonly at: number }
  /** A new policy was loaded; it counts for new promises. */
  | { readonly type: 'policy'; readonly snapshot: PolicySnapshot }
  /** Continue-as-new or `holdfast upgrade` brings newer rules. */
  | { readonly type: 'rules'; readonly rules: number };

/** A page, a notice, a mail or the closing claim that has to happen because of an event. `key` is never used twice. */
export type Effect = PagingEffect | NoticeEffect | MailEffect | RecordEffect;

/** To the conversation's escalation. */
export type PagingEffect =
  | { readonly lane: 'paging'; readonly type: 'openPage'; readonly key: string; readonly page: number; readonly urgency: Urgency; readonly cause: PageCause }
  | { readonly lane: 'paging'; readonly type: 'addCause'; readonly key: string; readonly page: number; readonly urgency: Urgency; readonly cause: PageCause }
  | { readonly lane: 'paging'; readonly type: 'causeOver'; readonly key: string; readonly page: number; readonly cause: string; readonly reason: Reason }
  | { readonly lane: 'paging'; readonly type: 'nextLevel'; readonly key: string; readonly page: number; readonly cause: string; readonly reason: Reason };

/** Kinds of notices, each with its own sentence. */
export const NOTICE_KINDS = ['newChat', 'threshold', 'breached', 'halfTime', 'customerWrote', 'agentSilent', 'undelivered', 'refused'] as const;
/** One of {@link NOTICE_KINDS}. */
export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** To staff, who need not acknowledge it. */
export interface NoticeEffect {
  readonly lane: 'notices';
  readonly type: 'notice';
  readonly key: string;
  readonly notice: NoticeKind;
  readonly promise?: PromiseKind;
  readonly dueAt?: number;
  /** When it was due. */
  readonly at: number;
  /** Agent id; everyone when absent. */
  readonly to?: string;
}

/** Kinds of mails, each with its own template. */
export const MAIL_KINDS = ['receipt', 'reply', 'feedback', 'solved', 'reminder', 'converted', 'beRightBack', 'closingQuestion', 'chatUnseen'] as const;
/** One of {@link MAIL_KINDS}. */
export type MailKind = (typeof MAIL_KINDS)[number];

/** To one recipient. */
export interface MailEffect {
  readonly lane: 'mail';
  readonly type: 'mail';
  readonly key: string;
  readonly mail: MailKind;
  /** Contact id. */
  readonly recipient: string;
  /** The message whose words it carries, if any. */
  readonly messageId?: string;
  /** When it was decided: the mail's date. */
  readonly at: number;
  /** Facts that the template shows; times as milliseconds. */
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
}

/** To the database or presence rows, with an answer that comes back as an event. */
export type RecordEffect =
  | { readonly lane: 'records'; readonly type: 'claimClose'; readonly key: string; readonly cursor: number; readonly at: number }
  | { readonly lane: 'records'; readonly type: 'checkPresence'; readonly key: string; readonly at: number };

/** One line of "everything that happened and why". */
export interface TimelineEntry {
  readonly at: number;
  /** A code such as `promise.breached`; the reader's language makes the sentence. */
  readonly type: string;
  readonly data: Readonly<Record<string, string | number | boolean | null | readonly string[]>>;
}

/** What `apply` answers. */
export interface Step {
  readonly state: ConversationState;
  readonly effects: readonly Effect[];
  readonly timeline: readonly TimelineEntry[];
  /** Set when the event was a command that was refused; the state then differs in nothing but its command ids. */
  readonly refusal?: Refusal;
}
