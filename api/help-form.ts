import { blockOf } from '../db/blocked-senders';
import type { Database } from '../db/connection';
import { isOurRecipient } from '../intake/accept';
import { answerBy, createFormTicket, type FormRequest, type ProvenContact } from '../intake/form';
import { signLink, type Link } from '../messages/addresses';
import { HoldfastError } from '../messages/errors';
import type { ApiContext } from './context';

/** A request that has been taken in, as whoever sent it may see it. Times are milliseconds. */
export interface FiledRequest {
  readonly number: number;
  readonly promises: readonly { readonly kind: string; readonly dueAt: number }[];
  /** When its first answer comes; null when nothing is promised. */
  readonly answerBy: number | null;
  readonly office: 'open' | 'closed';
  /** What the status link that they are given lets them see. */
  readonly link: Link;
}

/**
 * Takes a request of the contact form in. Whoever has proven nothing is told the times that hold for everybody, which are never earlier than what is
 * kept: whether an address has another one is told to that address alone, in its receipt. Errors: as createFormTicket; E_INVALID for an address
 * of the desk itself, E_FORBIDDEN for one that is blocked.
 */
export async function fileRequest(context: ApiContext, db: Database, request: FormRequest, proven: ProvenContact | null): Promise<FiledRequest> {
  await mustBeWelcome(context, db, request.email);
  const now = context.now();
  const policy = context.policy();
  const { number, promises, office } = await createFormTicket(db, policy, request, { now, proven });
  const shown =
    proven !== null
      ? (promises.find(({ kind }) => kind === 'firstResponse')?.dueAt ?? null)
      : answerBy(policy, { plan: null, priority: request.priority, at: now });
  const { requester_id: contact } = await db.selectFrom('conversations').select('requester_id').where('number', '=', number).executeTakeFirstOrThrow();
  return {
    number,
    promises: promises.map(({ kind, dueAt }) => ({ kind, dueAt: kind === 'firstResponse' ? (shown ?? dueAt) : dueAt })),
    answerBy: shown,
    office,
    link: { purpose: proven === null ? 'filed' : 'status', number, contact },
  };
}

/** The path of the page that a link leads to. */
export function pathOfLink({ signingKeys }: Pick<ApiContext, 'signingKeys'>, link: Link): string {
  return `/l/${signLink(signingKeys, link)}`;
}

async function mustBeWelcome(context: ApiContext, db: Database, email: string): Promise<void> {
  if (isOurRecipient(context.policy(), context.environment.MAIL_DOMAIN, email)) {
    throw new HoldfastError('E_INVALID', 'This is an address of this desk.', { fix: 'Give your own.' });
  }
  if ((await blockOf(db, email)) !== null) {
    throw new HoldfastError('E_FORBIDDEN', 'We cannot take messages from this address here.', { fix: 'Write us an e-mail instead.' });
  }
}
