import type { ErrorCode } from '../../messages/errors';
import { messageId } from '../schemas/message-id';
import { z } from '../schemas/openapi-zod';

/** The protocol of live connections; docs/live.md tells it. One JSON object a frame. */

/** The subprotocol that clients ask for, so that a later one can be told apart. */
export const SUBPROTOCOL = 'holdfast.v1';

/** Why a connection is closed: RFC 6455, section 7.4.1, and codes of our own. */
export const CLOSE = {
  /** This process stops: come back at once, to another. */
  restart: 1012,
  /** It took in less than it was sent: come back, and go on from the cursor. */
  tooSlow: 1013,
  /** What came was not of the protocol. */
  badFrame: 4400,
  /** The token is not valid, or no longer. */
  unauthenticated: 4401,
  /** It did not say hello in time. */
  noHello: 4408,
  /** Too many frames, or too many connections. */
  tooMany: 4429,
} as const;

/** One of the codes of {@link CLOSE}. */
export type CloseCode = (typeof CLOSE)[keyof typeof CLOSE];

const number = z.number().int().min(1).max(999_999_999_999_999);
/** A place in the order of changes, as a frame has told it. */
const cursor = z.string().regex(/^\d{1,15}$/);
/** What a tab calls itself, the same for as long as it is open. */
export const tabName = z.string().regex(/^[\w-]{1,64}$/, 'must be 1 to 64 letters, digits, - or _');

/** What a client that is known may say. */
export const saidFrame = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('typing'), number, on: z.boolean() }),
  z.strictObject({ type: z.literal('presence'), number, state: z.enum(['present', 'away']) }),
  z.strictObject({ type: z.literal('seen'), number, upTo: messageId }),
]);

/** What any client may send. */
export const clientFrame = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('hello'), token: z.string().min(1).max(512).optional(), tab: tabName }),
  z.strictObject({ type: z.literal('subscribe'), number: number.optional(), queue: z.literal(true).optional(), after: cursor.optional() }),
  z.strictObject({ type: z.literal('unsubscribe'), number: number.optional(), queue: z.literal(true).optional() }),
  z.strictObject({ type: z.literal('ping') }),
  ...saidFrame.options,
]);

/** A frame of {@link saidFrame}. */
export type SaidFrame = z.output<typeof saidFrame>;
/** A frame of {@link clientFrame}. */
export type ClientFrame = z.output<typeof clientFrame>;

/** Somebody who types or looks, as far as they are shown. */
export interface Shown {
  readonly name: string | null;
  readonly avatar: string | null;
  readonly agent: boolean;
}

/** What has happened, for one who listens; messages, chats and conversations are as the GET routes answer them. */
export type LiveEvent =
  | { readonly kind: 'message'; readonly message: unknown }
  | { readonly kind: 'state'; readonly chat: unknown }
  | { readonly kind: 'expectation'; readonly expectation: unknown }
  | { readonly kind: 'typing'; readonly who: Shown; readonly on: boolean }
  | { readonly kind: 'presence'; readonly state: 'here' | 'away' | 'gone'; readonly goneAt?: string }
  | { readonly kind: 'viewing'; readonly agents: readonly (Shown & { readonly id: string })[] }
  | { readonly kind: 'read'; readonly by: 'you' | 'customer'; readonly upTo: string };

/** What a subscription is about: a conversation, or the queue of all of them. */
export type Subject = { readonly number: number } | { readonly queue: true };

/** What the server sends. A `cursor` is the place that a subscription has come to; events that pass have none. */
export type ServerFrame =
  | { readonly type: 'welcome'; readonly actor: { readonly kind: 'agent' | 'visitor'; readonly id: string; readonly name?: string }; readonly cursor: string }
  | ({ readonly type: 'subscribed'; readonly cursor: string } & Subject)
  | ({ readonly type: 'refused'; readonly code: ErrorCode } & Subject)
  | ({ readonly type: 'reset' } & Subject)
  | { readonly type: 'event'; readonly number: number; readonly cursor?: string; readonly queue?: true; readonly event: LiveEvent }
  | { readonly type: 'pong' };
