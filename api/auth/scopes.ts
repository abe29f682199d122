import type { Action } from './authorize';

/** What the scopes that change something let through. */
const CHANGES = {
  'tickets:create': ['ticket.create', 'attachment.upload'],
  'conversations:write': ['conversation.act', 'ticket.create', 'attachment.upload', 'command.read'],
  'pages:act': ['page.act', 'page.read'],
  'contacts:write': ['contact.write', 'contact.read'],
} as const satisfies Record<string, readonly Action[]>;

/** What a token can be narrowed to; it never allows more than its agent's role. */
export type Scope = 'all' | 'read' | keyof typeof CHANGES;

/** Every scope that a token can have. */
export const SCOPES: readonly [Scope, ...Scope[]] = ['all', 'read', ...(Object.keys(CHANGES) as (keyof typeof CHANGES)[])];

/** What leads further than reading: the links in caught mails act as the customer. */
const NOT_ONLY_READ: readonly Action[] = ['mail.read'];

/** Whether one of these scopes lets an action through; what no scope names needs `all`. Whoever is signed in may sign out. */
export function scopesAllow(scopes: readonly Scope[], action: Action): boolean {
  return action === 'session.close' || scopes.some((scope) => allows(scope, action));
}

function allows(scope: Scope, action: Action): boolean {
  switch (scope) {
    case 'all':
      return true;
    case 'read':
      return (action.endsWith('.read') || action === 'policy.explain') && !NOT_ONLY_READ.includes(action);
    default:
      return (CHANGES[scope] as readonly Action[]).includes(action);
  }
}

/** Those of a stored token's words that are scopes; what only another program knows allows nothing. */
export function knownScopes(words: readonly string[]): Scope[] {
  return SCOPES.filter((scope) => words.includes(scope));
}
