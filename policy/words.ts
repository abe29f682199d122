/** The words of the desk: every name that code, API, screens and documents share. Source: docs/glossary.md. */

/** How much a request matters, worst first (handbook: "Response times"). */
export const PRIORITIES = ['urgent', 'high', 'normal', 'low'] as const;
/** One of {@link PRIORITIES}. */
export type Priority = (typeof PRIORITIES)[number];

/** What a conversation is: a ticket can be dispatched and answered later, a chat is answered live. */
export const KINDS = ['ticket', 'chat'] as const;
/** One of {@link KINDS}. */
export type Kind = (typeof KINDS)[number];

/** Where a conversation stands, in the order in which it usually moves. */
export const STATUSES = ['new', 'open', 'pending', 'onHold', 'solved', 'closed'] as const;
/** One of {@link STATUSES}. */
export type Status = (typeof STATUSES)[number];

/** How a message came or went. */
export const CHANNELS = ['email', 'chat', 'form', 'voicemail', 'call', 'sms', 'api', 'intercom', 'zendesk'] as const;
/** One of {@link CHANNELS}. */
export type Channel = (typeof CHANNELS)[number];

/** The obligations that a conversation can carry. */
export const PROMISE_KINDS = ['dispatch', 'firstResponse', 'nextResponse', 'chatResponse', 'feedback', 'update'] as const;
/** One of {@link PROMISE_KINDS}. */
export type PromiseKind = (typeof PROMISE_KINDS)[number];

/** `running` until its due time, then `breached` for ever; `met` in time; `cancelled` with a reason. */
export const PROMISE_STATES = ['running', 'met', 'breached', 'cancelled'] as const;
/** One of {@link PROMISE_STATES}. */
export type PromiseState = (typeof PROMISE_STATES)[number];

/** How loudly a page rings: `high` by voice, SMS and push; `low` by push only. */
export const URGENCIES = ['high', 'low'] as const;
/** One of {@link URGENCIES}. */
export type Urgency = (typeof URGENCIES)[number];

/** What staff may do; each role may do all that the earlier ones may. */
export const ROLES = ['viewer', 'agent', 'lead', 'admin'] as const;
/** One of {@link ROLES}. */
export type Role = (typeof ROLES)[number];

/** The situation behind each priority, in the handbook's own words; shown wherever a priority is chosen. */
export const PRIORITY_TEXT: Readonly<Record<Priority, string>> = {
  urgent: 'Production application is completely down or unusable',
  high: 'Production application is up, but is negatively impacted',
  normal: 'General support requests',
  low: 'Questions, requests and suggestions',
};
