import { HoldfastError } from '../../messages/errors';
import { ROLES, type Role } from '../../policy/words';
import type { Actor } from './actor';
import { scopesAllow } from './scopes';

/** Everything that can be done here, with the least role that may do it; `anyone` needs no sign-in, `customer` is for visitors alone. */
export const ACTIONS = {
  'public.read': 'anyone',
  /** The signed token in the path is the permission. */
  'link.follow': 'anyone',
  /** A token even on this machine: behind a proxy everybody comes from there. */
  'metrics.read': 'viewer',
  'session.open': 'anyone',
  'session.close': 'viewer',
  'conversation.read': 'viewer',
  'conversation.act': 'agent',
  'ticket.create': 'agent',
  'attachment.upload': 'agent',
  'page.read': 'viewer',
  'page.act': 'agent',
  'notice.read': 'viewer',
  'suspended.read': 'viewer',
  'suspended.act': 'agent',
  'blockedSender.read': 'viewer',
  'blockedSender.write': 'agent',
  'policy.explain': 'viewer',
  'demo.begin': 'admin',
  'command.read': 'viewer',
  'contact.read': 'viewer',
  'contact.write': 'agent',
  'organization.read': 'viewer',
  'organization.write': 'lead',
  'agent.read': 'viewer',
  'agent.write': 'admin',
  /** One's own, or everyone's for an admin. */
  'agent.tokens': 'viewer',
  /** One's own, or everyone's for a lead. */
  'agent.availability': 'viewer',
  /** One's own, or everyone's for an admin. */
  'agent.avatar': 'viewer',
  'team.read': 'viewer',
  'team.write': 'lead',
  'cannedReply.read': 'viewer',
  /** One's own. */
  'cannedReply.write': 'agent',
  /** Everybody's. */
  'cannedReply.share': 'lead',
  'scheduled.read': 'viewer',
  /** Caught mails carry links that act as the customer. */
  'mail.read': 'agent',
  /** The contact form and a customer's own pages: what is theirs alone needs their cookie; how often is limited. */
  'help.use': 'anyone',
  /** To begin one, or to come back; how often is limited. */
  'chat.open': 'anyone',
  /** Agents read it as the conversation that it is; the customer whose it is reads it too. */
  'chat.read': 'viewer',
  'chat.write': 'customer',
  'chat.present': 'customer',
  /** Which conversations somebody hears of is a rule of its own for each: `conversation.read`, or that it is theirs. */
  'live.read': 'viewer',
  /** What a visitor does with their own token. */
  'visitor.own': 'customer',
  /** Files of a conversation, for agents; a customer's own, for them. */
  'attachment.read': 'viewer',
} as const satisfies Record<string, Role | 'anyone' | 'customer'>;

/** One of the keys of {@link ACTIONS}. */
export type Action = keyof typeof ACTIONS;

/** What an action is done to, as far as a rule asks for it. */
export interface Target {
  /** The agent whom it belongs to. */
  readonly agentId?: string;
  /** It is this visitor's own: theirs to see as far as customers see anything. */
  readonly visitor?: boolean;
}

/** From which role on someone may do to others what everyone may do to themselves. */
const TO_OTHERS: Partial<Record<Action, Role>> = { 'agent.tokens': 'admin', 'agent.availability': 'lead', 'agent.avatar': 'admin' };

const atLeast = (role: Role, needed: Role) => ROLES.indexOf(role) >= ROLES.indexOf(needed);

/** What customers may do, each to what is their own. */
export const OF_VISITORS: ReadonlySet<Action> = new Set(['chat.read', 'chat.write', 'chat.present', 'visitor.own', 'attachment.read', 'live.read']);

/**
 * The one rule of access: returns when the actor may do this, throws otherwise.
 * Errors: E_UNAUTHENTICATED for nobody, E_FORBIDDEN when the role or the token's scope does not reach, E_NOT_FOUND for what belongs to someone
 * else, which looks like what is not there.
 */
export function authorize(actor: Actor, action: Action, target: Target = {}): void {
  const needed = ACTIONS[action];
  if (needed === 'anyone') return;
  if (actor.kind === 'nobody') {
    throw new HoldfastError('E_UNAUTHENTICATED', 'Send a valid token as "Authorization: Bearer …", or sign in.');
  }
  if (actor.kind === 'visitor') {
    if (!OF_VISITORS.has(action)) throw new HoldfastError('E_FORBIDDEN', 'A visitor token is for its owner’s own chats. Agents have tokens of their own.');
    if (target.visitor !== true) throw notYours();
    return;
  }
  if (needed === 'customer') throw new HoldfastError('E_FORBIDDEN', 'Only the customer can do this, with their visitor token.');
  if (!atLeast(actor.role, needed)) {
    throw new HoldfastError('E_FORBIDDEN', `Your role is ${actor.role}; this needs at least ${needed}. Ask an admin.`);
  }
  if (!scopesAllow(actor.scopes, action)) {
    throw new HoldfastError('E_FORBIDDEN', `This token may be used for ${actor.scopes.join(', ') || 'nothing'} only. Use one with a wider scope.`);
  }
  const toOthers = TO_OTHERS[action];
  if (toOthers !== undefined && target.agentId !== actor.id && !atLeast(actor.role, toOthers)) {
    throw notYours();
  }
}

function notYours(): HoldfastError {
  return new HoldfastError('E_NOT_FOUND', 'There is no such thing, or it is not yours to see.');
}

/** Whether the actor may do this, for pages that offer only what is allowed. */
export function may(actor: Actor, action: Action): boolean {
  const needed = ACTIONS[action];
  return needed === 'anyone' || (actor.kind === 'agent' && needed !== 'customer' && atLeast(actor.role, needed) && scopesAllow(actor.scopes, action));
}
