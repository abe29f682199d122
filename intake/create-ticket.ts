import { crashPoint } from '../config/crash-points';
import type { Transaction } from 'kysely';
import type { NewFile } from '../db/attachments';
import type { Database } from '../db/connection';
import { inTransaction } from '../db/in-transaction';
import { insertInbox, markResolved, notifyRelay } from '../db/inbox';
import { findOrCreateContact, isKnownContact, type Contact, type PersonGiven } from '../db/contacts';
import type { Schema } from '../db/schema';
import { HoldfastError } from '../messages/errors';
import { officeOpen } from '../policy/promises';
import type { PolicySnapshot } from '../policy/snapshot';
import { PRIORITIES, type Channel, type Priority } from '../policy/words';
import { mailAddress } from './mail-address';
import { openConversation } from './open-conversation';
import { cleanText, oneLine } from './parse/clean-text';

/** What `POST /tickets` takes. */
export interface TicketRequest {
  /** At least an e-mail address or a phone number such as `+4930123456`. */
  readonly requester: { readonly email?: string; readonly phone?: string; readonly name?: string };
  readonly subject: string;
  readonly body: string;
  readonly priority?: Priority;
  readonly website?: string;
  readonly cluster?: string;
  readonly initiatedBy?: 'customer' | 'agent';
}

/** A conversation that a new one follows, with what it hands on. */
export interface Followed {
  readonly number: number;
  readonly contact: Contact;
  readonly cluster: readonly string[];
  readonly website: readonly string[];
  readonly tags: readonly string[];
}

/** When the request came (milliseconds), by which channel, and which agent's token it came with, if any. */
export interface TicketContext {
  readonly now: number;
  readonly actor: { readonly agent: string } | null;
  readonly channel?: Channel;
  /** What came with it. */
  readonly files?: readonly NewFile[];
  /** Whether the requester has proven to be who they say; staff and their programs answer for whom they name. */
  readonly proven?: boolean;
  /** The organization that a signed identity names. */
  readonly organizationId?: string | null;
}

/** The number and what was promised, as the receipt and the workflow will have it. Times are milliseconds. */
export interface CreatedTicket {
  readonly number: number;
  readonly promises: readonly { readonly kind: string; readonly dueAt: number }[];
  readonly office: 'open' | 'closed';
}

const SUBJECT_LENGTH = 500;
const BODY_LENGTH = 500_000;

/**
 * Accepts and resolves a request in one transaction (the caller's, if `db` is one), on the same path as mail after parsing.
 * Errors: E_INVALID that says what to change, also for an agent's words to somebody who has no address.
 */
export async function createTicket(db: Database, policy: PolicySnapshot, request: TicketRequest, context: TicketContext): Promise<CreatedTicket> {
  const ticket = checked(request, context);
  const receivedAt = new Date(context.now);
  return inTransaction(db, async (trx) => {
    const inboxId = await insertInbox(trx, {
      channel: ticket.channel,
      receivedAt,
      raw: Buffer.from(JSON.stringify(request)),
      envelope: context.actor === null ? {} : { agent: context.actor.agent },
      urgent: false,
    });
    const { contact, existed } = await findOrCreateContact(trx, ticket.requester, receivedAt);
    // Whoever staff enter is known; others as in any mail.
    const known = context.actor !== null || context.proven === true || (existed && (await isKnownContact(trx, contact)));
    return open(trx, policy, { inboxId, ticket, contact, known, chosen: request.priority, follows: null }, context);
  });
}

/**
 * Opens a conversation that follows another one (closed or not) and is linked to it: of its requester, with its systems and tags.
 * Errors: as {@link createTicket}.
 */
export async function createFollowUp(
  db: Database,
  policy: PolicySnapshot,
  follows: Followed,
  request: Omit<TicketRequest, 'requester' | 'website' | 'cluster'>,
  context: TicketContext,
): Promise<CreatedTicket> {
  const words = checkedWords(request, context);
  return inTransaction(db, async (trx) => {
    const inboxId = await insertInbox(trx, {
      channel: words.channel,
      receivedAt: new Date(context.now),
      raw: Buffer.from(JSON.stringify({ ...request, follows: follows.number })),
      envelope: context.actor === null ? {} : { agent: context.actor.agent },
      urgent: false,
    });
    const ticket = { ...words, website: null, cluster: null };
    return open(trx, policy, { inboxId, ticket, contact: follows.contact, known: true, chosen: request.priority, follows }, context);
  });
}

async function open(
  trx: Transaction<Schema>,
  policy: PolicySnapshot,
  facts: {
    readonly inboxId: number;
    readonly ticket: CheckedWords & { readonly website: string | null; readonly cluster: string | null };
    readonly contact: Contact;
    readonly known: boolean;
    readonly chosen: Priority | undefined;
    readonly follows: Followed | null;
  },
  context: TicketContext,
): Promise<CreatedTicket> {
  const { inboxId, ticket, contact, known, chosen, follows } = facts;
  mustBeReachable(ticket.initiatedBy, contact.email);
  const opened = await openConversation(trx, policy, {
    channel: ticket.channel,
    receivedAt: context.now,
    inboxId,
    contact,
    known,
    subject: ticket.subject,
    text: ticket.body,
    html: null,
    files: context.files ?? [],
    addresses: [],
    copied: [],
    mailId: null,
    inReplyTo: null,
    authenticated: context.proven ?? true,
    organizationId: context.organizationId ?? null,
    machine: false,
    noAutoMail: false,
    hint: null,
    initiatedBy: ticket.initiatedBy,
    // An agent who begins a conversation has it.
    agent: ticket.initiatedBy === 'agent' ? (context.actor?.agent ?? null) : null,
    linkedFrom: follows?.number ?? null,
    flags: follows === null ? [] : ['followUp'],
    ...(chosen !== undefined && { chosen }),
    given: { cluster: ticket.cluster, website: ticket.website },
  });
  if (follows !== null) await takeOver(trx, opened.number, follows);
  await markResolved(trx, inboxId, { number: opened.number, at: new Date(context.now) });
  await notifyRelay(trx, opened.number);
  await crashPoint('ticket:written', contact.email ?? opened.number);
  return {
    number: opened.number,
    promises: opened.promises.map(({ kind, dueAt }) => ({ kind, dueAt })),
    office: officeOpen(policy, context.now) ? ('open' as const) : ('closed' as const),
  };
}

/** What an agent has said of the earlier conversation's systems counts, beside what the new one names itself. */
async function takeOver(trx: Transaction<Schema>, number: number, { cluster, website, tags }: Followed): Promise<void> {
  const own = await trx.selectFrom('conversations').select(['cluster', 'website', 'tags']).where('number', '=', number).executeTakeFirstOrThrow();
  const both = (one: readonly string[], other: readonly string[]) => [...new Set([...one, ...other])];
  await trx
    .updateTable('conversations')
    .set({ cluster: both(cluster, own.cluster), website: both(website, own.website), tags: both(tags, own.tags) })
    .where('number', '=', number)
    .execute();
}

interface CheckedWords {
  readonly subject: string;
  readonly body: string;
  readonly initiatedBy: 'customer' | 'agent';
  readonly channel: Channel;
}

interface CheckedTicket extends CheckedWords {
  readonly requester: PersonGiven;
  readonly website: string | null;
  readonly cluster: string | null;
}

function checked(request: TicketRequest, context: TicketContext): CheckedTicket {
  const given = request.requester as TicketRequest['requester'] | undefined;
  const email = given?.email === undefined ? null : mailAddress(given.email);
  const phone = given?.phone === undefined ? null : given.phone.replace(/[\s()/-]/g, '');
  if (given?.email !== undefined && email === null) {
    throw invalid('The e-mail address of the requester is not one.', 'Give requester.email as name@example.org.');
  }
  if (phone !== null && !/^\+[1-9]\d{5,14}$/.test(phone)) {
    throw invalid('The phone number of the requester is not one.', 'Give requester.phone with its country code, as +4930123456.');
  }
  if (email === null && phone === null) {
    throw invalid('The requester is missing.', 'Give requester.email or requester.phone, so that somebody can be answered.');
  }
  return {
    ...checkedWords(request, context),
    requester: { email, phone, name: oneLine(given?.name ?? '').slice(0, 200) || null },
    website: oneLine(request.website ?? '').toLowerCase() || null,
    cluster: oneLine(request.cluster ?? '').toLowerCase() || null,
  };
}

function checkedWords(request: Pick<TicketRequest, 'subject' | 'body' | 'priority' | 'initiatedBy'>, context: TicketContext): CheckedWords {
  const subject = oneLine(request.subject);
  if (subject === '') throw invalid('The subject is missing.', 'Give a subject of one line.');
  if (subject.length > SUBJECT_LENGTH) throw invalid('The subject is too long.', `Give a subject of at most ${SUBJECT_LENGTH} characters.`);
  const body = cleanText(request.body);
  if (body.trim() === '') throw invalid('The body is missing.', 'Say in the body what it is about.');
  if (body.length > BODY_LENGTH) throw invalid('The body is too long.', `Give a body of at most ${BODY_LENGTH} characters, the rest as a file.`);
  if (request.priority !== undefined && !PRIORITIES.includes(request.priority)) {
    throw invalid(`There is no priority "${oneLine(String(request.priority))}".`, `Choose one of ${PRIORITIES.join(', ')}.`);
  }
  if (request.initiatedBy === 'agent' && context.actor === null) {
    throw invalid('Only an agent can begin a conversation as an agent.', 'Leave initiatedBy out.');
  }
  return { subject, body, initiatedBy: request.initiatedBy ?? 'customer', channel: context.channel ?? 'api' };
}

/** What an agent begins leaves as a mail at once. */
function mustBeReachable(initiatedBy: 'customer' | 'agent', email: string | null): void {
  if (initiatedBy === 'customer' || email !== null) return;
  throw invalid('Nobody can be written to: the requester has no e-mail address.', 'Give requester.email, or leave initiatedBy out and log the call.');
}

function invalid(message: string, fix: string): HoldfastError {
  return new HoldfastError('E_INVALID', message, { fix });
}
