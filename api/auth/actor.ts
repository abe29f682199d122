import type { Role } from '../../policy/words';

/** A member of staff who makes a request. */
export interface Agent {
  readonly kind: 'agent';
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** Signed in with a cookie, so that mutations must prove where they come from. */
  readonly session: boolean;
}

/** Someone who has not said who they are. */
export interface Nobody {
  readonly kind: 'nobody';
}

/** Whoever makes a request. */
export type Actor = Agent | Nobody;

/** The actor without a token or session. */
export const NOBODY: Nobody = { kind: 'nobody' };
