import type { Role } from '../../policy/words';
import type { Scope } from './scopes';

/** A member of staff who makes a request. */
export interface Agent {
  readonly kind: 'agent';
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** What their token may be used for, within the role. */
  readonly scopes: readonly Scope[];
  /** When their token ends, milliseconds; null when it lasts until it is revoked. */
  readonly endsAt: number | null;
  /** Signed in with a cookie, so that mutations must prove where they come from. */
  readonly session: boolean;
}

/** A customer with a visitor token: who they are, and how we know. */
export interface Visitor {
  readonly kind: 'visitor';
  readonly id: string;
  readonly contactId: string;
  /** `signed` by the host's dashboard, `code` brought back from their mailbox, or only `claimed`. */
  readonly proof: 'signed' | 'code' | 'claimed';
  /** Whose one open chat is theirs, as in the table `chats`. */
  readonly identity: string;
}

/** Someone who has not said who they are. */
export interface Nobody {
  readonly kind: 'nobody';
}

/** Whoever makes a request. */
export type Actor = Agent | Visitor | Nobody;

/** The actor without a token or session. */
export const NOBODY: Nobody = { kind: 'nobody' };
