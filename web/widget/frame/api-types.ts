/** A person as customers see them. */
export interface Face {
  readonly name: string;
  /** A picture's URL, or null: then initials. */
  readonly avatar: string | null;
}

/** What the desk says about when it will answer; all times RFC 3339. */
export interface Expectation {
  readonly office: 'open' | 'closed';
  readonly opensAt: string | null;
  readonly agents: readonly (Face & { readonly initials?: string })[];
  readonly reply: { readonly kind: 'median' | 'promise' | 'closed'; readonly ms: number | null };
  readonly queue: number;
  readonly answerBy: string | null;
}

/** Where a conversation stands, in the three words that customers know. */
export type Status = 'inProgress' | 'waitingForYou' | 'done';

/** A conversation in a customer's list. */
export interface ChatSummary {
  readonly number: number;
  readonly kind: 'chat' | 'ticket';
  readonly status: Status;
  /** Null for what began in the chat. */
  readonly subject: string | null;
  readonly answerBy: string | null;
  readonly promised: { readonly kind: string; readonly dueAt: string } | null;
  readonly assignee: Face | null;
  readonly unread: number;
  readonly lastMessageAt: string;
  readonly ticket: boolean;
  readonly closed: boolean;
  readonly rated: 'good' | 'bad' | null;
  /** "Is there anything else?" was asked, and has not been answered. */
  readonly closingAsked: boolean;
  /** Whoever answers has said that they are right back; `promised` says by when. */
  readonly beRightBack: boolean;
  readonly proof: string | null;
  readonly expectation: Expectation | null;
}

/** A file with a message. */
export interface Attachment {
  readonly id: string;
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: number;
  readonly url: string;
}

/** A message as its customer sees it. */
export interface ChatMessage {
  readonly id: string;
  readonly cursor: string;
  readonly from: 'you' | 'agent' | 'other' | 'desk';
  readonly author: Face | null;
  readonly body: string;
  readonly emojiOnly: boolean;
  readonly at: string;
  readonly state: 'received' | 'sent' | 'withdrawn';
  readonly seenAt: string | null;
  readonly mailedAt: string | null;
  readonly channel: string;
  readonly attachments: readonly Attachment[];
}

/** Who the desk takes this browser for. */
export interface Visitor {
  readonly name: string | null;
  /** Masked (`a***@x.de`) unless it has been proven. */
  readonly email: string | null;
  readonly proof: 'signed' | 'code' | 'claimed';
}

/** `POST /chat/sessions`. */
export interface Session {
  readonly visitorToken: string | null;
  readonly visitor: Visitor | null;
  readonly chats: readonly ChatSummary[];
}

/** `GET /chats/{number}/messages`: the newest, or what is before or after a message. */
export interface ThreadPage {
  readonly items: readonly ChatMessage[];
  readonly nextCursor?: string;
  readonly earlierCursor?: string;
}

/** `POST /chats`. */
export interface OpenedChat {
  readonly number: number;
  readonly visitorToken: string;
  readonly expectation: Expectation;
  readonly message: { readonly id: string };
}

/** How urgent a customer says it is. */
export type Priority = 'urgent' | 'high' | 'normal' | 'low';
