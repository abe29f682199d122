import type { PresencePolicy } from './presence';
import type { ConversationState, PageCause, Reason, Refusal } from './state';
import type { PromiseKind, Urgency } from './words';

/** A page, a notice, a mail or the closing claim that has to happen because of an event. `key` is never used twice. */
export type Effect = PagingEffect | NoticeEffect | MailEffect | RecordEffect;

/** To the conversation's escalation. */
export type PagingEffect =
  | ({
      readonly lane: 'paging';
      readonly type: 'openPage';
      readonly key: string;
      readonly page: number;
      readonly urgency: Urgency;
      readonly cause: PageCause;
    } & Pick<Ringing, 'acknowledged'>)
  | ({
      readonly lane: 'paging';
      readonly type: 'addCause';
      readonly key: string;
      readonly page: number;
      readonly urgency: Urgency;
      readonly cause: PageCause;
    } & Ringing)
  | { readonly lane: 'paging'; readonly type: 'causeOver'; readonly key: string; readonly page: number; readonly cause: string; readonly reason: Reason }
  | { readonly lane: 'paging'; readonly type: 'nextLevel'; readonly key: string; readonly page: number; readonly cause: string; readonly reason: Reason };

/** How a further cause rings, when not as usual: silently while nobody has acknowledged the page, and again once somebody has. */
export interface Ringing {
  /** `again`: at once, acknowledged or not. `unacknowledged`: at once, but not when somebody has acknowledged the page; then it joins silently. */
  readonly ring?: 'again' | 'unacknowledged';
  /** Somebody has acknowledged this cause already, as part of another page; `at` in milliseconds. */
  readonly acknowledged?: Acknowledgement;
}

/** Who has taken a page upon themselves: an agent id, and when. */
export interface Acknowledgement {
  readonly by: string;
  readonly at: number;
}

/** Kinds of notices, each with its own sentence. */
export const NOTICE_KINDS = ['newChat', 'threshold', 'breached', 'halfTime', 'customerWrote', 'productionDown', 'agentSilent', 'undelivered'] as const;

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
export const MAIL_KINDS = [
  'receipt',
  'reply',
  'feedback',
  'solved',
  'reminder',
  'converted',
  'beRightBack',
  'closingQuestion',
  'chatUnseen',
  'csat',
  'transcript',
] as const;

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
  /** A copy of what was said in a chat, for somebody else in its thread: nothing waits for it. */
  readonly copy?: true;
  /** When it was decided: the mail's date. */
  readonly at: number;
  /** Facts that the template shows; times as milliseconds. */
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
}

/** To the database or presence rows, with an answer that comes back as an event. */
export type RecordEffect =
  | { readonly lane: 'records'; readonly type: 'claimClose'; readonly key: string; readonly cursor: number; readonly at: number }
  | ({
      readonly lane: 'records';
      readonly type: 'checkPresence';
      readonly key: string;
      readonly at: number;
      /** What the conversation knows to have been said; all that is written down when absent. */
      readonly messages?: readonly string[];
    } & PresencePolicy);

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
