import type { Acknowledgement } from './effects';
import type { PresenceTold } from './presence';
import type { Scheduled } from './scheduled';
import type { PolicySnapshot } from './snapshot';
import type { PageCause, PromiseSeed } from './state';
import type { Channel, Priority, Urgency } from './words';

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

/** What a customer can do to their own thread without a word. */
export type CustomerDeed =
  | { readonly act: 'productionDown' | 'thatsAll' }
  /** They have proven that the address is theirs that was only claimed when the chat began. */
  | { readonly act: 'proven' }
  /** The one question about how it went has been answered. */
  | { readonly act: 'rated'; readonly score: 'good' | 'bad' }
  /** That contact asks for the whole thread by mail; whoever passes it on has seen that it may be theirs to read. */
  | { readonly act: 'transcript'; readonly contact: string };

/** A customer's own act on their thread, by a signed link or in the widget. */
export type CustomerActEvent = CustomerDeed & {
  readonly type: 'customerAct';
  readonly seq: number;
  readonly at: number;
  readonly policy: string;
};

/** What one obligation of a merged conversation hands on: its times as they stand, which are never counted again. */
export interface HandedDue extends PromiseSeed {
  /** The desk has been told of it. */
  readonly noticed: boolean;
  /** On-call has been rung for it. */
  readonly paged: boolean;
  /** Its breach has had its consequence beyond that. */
  readonly raised?: boolean;
}

/** What a conversation that is merged hands to its target; `handOver` in merge.ts makes it of the source's state. */
export interface HandOver {
  /** Contacts of the source, its requester first. */
  readonly participants: readonly string[];
  /** Everything that the source has not kept. */
  readonly dues: readonly HandedDue[];
  /** How loudly the source rings. */
  readonly urgency: Urgency;
  /** Why the source's page is open, beside its promises: an undelivered answer, a voicemail. */
  readonly causes: readonly PageCause[];
}

/** Another conversation has been merged into this one. */
export interface MergedEvent extends HandOver {
  readonly type: 'merged';
  readonly seq: number;
  readonly at: number;
  /** Number of the source. */
  readonly from: number;
  /** Who has acknowledged the source's open page (`pages.acknowledged_by`, `acknowledged_at`), if somebody has: it joins without a ring then. */
  readonly acknowledged: Acknowledgement | null;
  readonly policy: string;
}

/** The merge of another conversation into this one has been undone. */
export interface UnmergedEvent {
  readonly type: 'unmerged';
  readonly seq: number;
  readonly at: number;
  /** Number of the source. */
  readonly from: number;
  readonly policy: string;
}

/** One of our mails has come back (RFC 3464), found by the way in. */
export interface BounceEvent {
  readonly type: 'bounce';
  readonly seq: number;
  readonly at: number;
  /** The message whose mail it was. */
  readonly messageId: string;
  /** For good, as opposed to "delayed". */
  readonly hard: boolean;
  /** It was a copy of what was said in a chat, for somebody else in its thread. */
  readonly copy?: true;
  /** It was the first response of a conversation that has become a part of this one, and no recipient has it: it is owed here again. */
  readonly owed?: { readonly from: number; readonly due: HandedDue };
  readonly policy: string;
}

/** What comes in by `seq`. */
export type InboundEvent = MessageEvent | CustomerActEvent | MergedEvent | UnmergedEvent | BounceEvent;

/** What an agent, on-call or an admin asks of a conversation; validated before it is applied. */
export type Command =
  | {
      readonly type: 'reply';
      readonly messageId: string;
      /** `mail` leaves after undo-send; `chat` is in front of the customer at once, if they are there. */
      readonly delivery: 'mail' | 'chat';
      /** Contacts that it is mailed to; with `chat` those beside its customer. */
      readonly recipients: readonly string[];
      /** Chat: the customer has gone as it is said, so it is mailed, can be undone until then, and counts when that mail is taken. */
      readonly gone?: true;
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
      /** As for a reply. */
      readonly gone?: true;
    }
  | {
      readonly type: 'closingQuestion';
      readonly messageId: string;
      readonly delivery: 'mail' | 'chat';
      readonly recipients: readonly string[];
      /** As for a reply. */
      readonly gone?: true;
    }
  | { readonly type: 'assign'; readonly agent: string | null; readonly away: boolean; readonly force: boolean }
  | { readonly type: 'priority'; readonly priority: Priority; readonly since?: 'received' | 'now' }
  /** The first mail came to another of our addresses as well, and would have begun so there; only the desk itself says it. */
  | { readonly type: 'copied'; readonly priority: Priority; readonly outOfHours: 'page' | 'notice' }
  | { readonly type: 'status'; readonly status: 'open' | 'pending' | 'onHold' | 'solved' }
  | { readonly type: 'tags'; readonly tags: readonly string[]; readonly cluster: readonly string[]; readonly website: readonly string[] }
  | { readonly type: 'snooze'; readonly until: number | null }
  | {
      readonly type: 'convert';
      readonly priority?: Priority;
      readonly keep: boolean;
      readonly updateBy?: number;
      /** An agent's own words about it, which leave with the mail and are an answer. */
      readonly messageId?: string;
      readonly recipients: readonly string[];
    }
  | { readonly type: 'spam' }
  | {
      readonly type: 'feedback';
      readonly messageId: string;
      readonly word: 'workingOnIt' | 'whenOpen' | 'ownWords';
      /** As for a reply; without it to a chat that names nobody, else by mail. */
      readonly delivery?: 'mail' | 'chat';
      readonly recipients: readonly string[];
      readonly updateBy?: number;
      /** On-call typed the message's text; absent when it only repeats the tap for the thread. */
      readonly typed?: true;
      /** As for a reply. */
      readonly gone?: true;
    }
  | { readonly type: 'escalate' }
  /** What the conversation would do by itself after a silence is called off, or happens now. */
  | { readonly type: 'scheduled'; readonly action: Scheduled; readonly do: 'cancel' | 'advance' }
  /** Contacts who are written to, the whole list; the requester stays first and is always among them. */
  | { readonly type: 'participants'; readonly contacts: readonly string[] }
  /** Becomes the first participant; the old requester stays a participant. `plan`: that of their organization, when it is another. */
  | { readonly type: 'requester'; readonly contact: string; readonly plan?: string }
  /** To the source: it hands everything on to the conversation of that number, and idles until it is closed. */
  | { readonly type: 'merge'; readonly into: number }
  /** To the source, within 24 h. `answeredAt`: when the target has first answered in public since the merge, if it has. */
  | { readonly type: 'unmerge'; readonly answeredAt: number | null };

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
  | { readonly type: 'bounced'; readonly messageId: string; readonly at: number; readonly hard: boolean; readonly copy?: true }
  /** What a look at the chat's presence rows found. */
  | ({ readonly type: 'presence'; readonly at: number } & PresenceTold)
  /** The database agreed that nothing is unread, and closed the conversation. */
  | { readonly type: 'closed'; readonly at: number }
  /** Something unread came in first, or the database was not ready: ask again later. */
  | { readonly type: 'notClosed'; readonly at: number }
  /** A new policy was loaded; it counts for new promises. */
  | { readonly type: 'policy'; readonly snapshot: PolicySnapshot };
