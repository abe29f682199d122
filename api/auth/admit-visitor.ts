import type { Transaction } from 'kysely';
import { blockOf } from '../../db/blocked-senders';
import { adoptClaimedChats } from '../../db/chats';
import { contactByEmail, contactById, findOrCreateContact, type Contact } from '../../db/contacts';
import { newId } from '../../db/new-id';
import { organizationById } from '../../db/organizations';
import type { Schema } from '../../db/schema';
import { insertVisitor, renewVisitor, visitorById, type Locale, type VisitorRecord } from '../../db/visitors';
import { isOurRecipient } from '../../intake/accept';
import { tellProven } from '../../intake/customer-act';
import { HoldfastError } from '../../messages/errors';
import type { ApiContext } from '../context';
import { InvalidRequest } from '../problem';
import type { Actor, Visitor } from './actor';
import { verifyIdentity, type SignedIdentity } from './identity';
import { newVisitorToken, tokenOfVisitor, VISITOR_TOKEN_MS, visitorTokenHash } from './visitor-token';

/** What somebody says of themselves in the widget. */
export interface SaysOfThemselves {
  /** The JWT of the host's dashboard. */
  readonly identity?: string | undefined;
  /** An address that they only claim. */
  readonly email?: string | undefined;
  readonly name?: string | undefined;
  readonly locale?: Locale | undefined;
  readonly timeZone?: string | undefined;
}

/** A visitor who has been let in. */
export interface AdmittedVisitor {
  readonly visitor: Omit<VisitorRecord, 'lastUsedAt'>;
  readonly contact: Contact;
  /** The bearer of their later calls. */
  readonly token: string;
}

/**
 * Lets somebody in as the visitor whom they prove or claim to be: with a signed identity, as the holder of their token, or with an address that
 * is only claimed. Null when they say nothing of themselves. Errors: as verifyIdentity; E_INVALID for an address of the desk itself; E_FORBIDDEN
 * for one that is blocked.
 */
export async function admitVisitor(trx: Transaction<Schema>, context: ApiContext, caller: Actor, says: SaysOfThemselves): Promise<AdmittedVisitor | null> {
  const known = caller.kind === 'visitor' ? caller : null;
  if (says.identity !== undefined) {
    const signed = await verifyIdentity(context.environment.DASHBOARD_JWT_SECRET, says.identity, context.now());
    return admitSigned(trx, context, known, signed, says);
  }
  const goesOn = known === null ? null : await goOn(trx, context, known, says);
  if (goesOn !== null || says.email === undefined) return goesOn;
  return admitClaimed(trx, context, says.email, says);
}

async function admitSigned(
  trx: Transaction<Schema>,
  context: ApiContext,
  known: Visitor | null,
  signed: SignedIdentity,
  says: SaysOfThemselves,
): Promise<AdmittedVisitor> {
  const contact = await contactFor(trx, context, signed.email, signed.name);
  const organization = signed.organization === null ? null : await organizationById(trx, signed.organization);
  await learn(trx, contact, signed.name, organization?.id ?? null);
  const identity = `dashboard:${signed.sub}`;
  const told = { name: signed.name, organizationId: organization?.id ?? null, clusters: signed.clusters, websites: signed.websites };
  if (known?.identity === identity && known.contactId === contact.id) {
    const same = await goOn(trx, context, known, says, told);
    if (same !== null) return same;
  }
  await adopt(trx, context, { known, contact, identity, proof: 'signed' });
  return add(trx, context, contact, says, { id: newId('v'), proof: 'signed', identity, ...told });
}

async function admitClaimed(trx: Transaction<Schema>, context: ApiContext, email: string, says: SaysOfThemselves): Promise<AdmittedVisitor> {
  if (isOurRecipient(context.policy(), context.environment.MAIL_DOMAIN, email)) {
    throw new InvalidRequest([{ path: 'body.email', message: 'is an address of this desk; give your own' }]);
  }
  if ((await blockOf(trx, email)) !== null)
    throw new HoldfastError('E_FORBIDDEN', 'We cannot take messages from this address here. Write us an e-mail instead.');
  const contact = await contactFor(trx, context, email, says.name ?? null);
  const id = newId('v');
  const nothing = { organizationId: null, clusters: [], websites: [] };
  return add(trx, context, contact, says, { id, proof: 'claimed', identity: `visitor:${id}`, name: says.name ?? null, ...nothing });
}

/** Lets in the owner of a contact's mailbox, who has brought back the code that was mailed there. */
export async function admitByCode(
  trx: Transaction<Schema>,
  context: ApiContext,
  caller: Actor,
  contact: Contact,
  says: SaysOfThemselves,
): Promise<AdmittedVisitor> {
  const identity = `contact:${contact.id}`;
  await adopt(trx, context, { known: caller.kind === 'visitor' ? caller : null, contact, identity, proof: 'code' });
  const nothing = { organizationId: null, clusters: [], websites: [] };
  return add(trx, context, contact, says, { id: newId('v'), proof: 'code', identity, name: says.name ?? null, ...nothing });
}

/** Whoever claimed an address in this browser and proves now that it is theirs has begun those chats: their conversations hear of it. */
async function adopt(
  trx: Transaction<Schema>,
  context: ApiContext,
  { known, contact, identity, proof }: { known: Visitor | null; contact: Contact; identity: string; proof: 'signed' | 'code' },
): Promise<void> {
  if (known?.proof !== 'claimed' || known.contactId !== contact.id) return;
  for (const number of await adoptClaimedChats(trx, known, { identity, proof })) await tellProven(trx, number, context.now());
}

/** The holder of a token goes on, unless they name another address than theirs. */
async function goOn(
  trx: Transaction<Schema>,
  context: ApiContext,
  known: Visitor,
  says: SaysOfThemselves,
  told: Partial<Pick<VisitorRecord, 'name' | 'organizationId' | 'clusters' | 'websites'>> = {},
): Promise<AdmittedVisitor | null> {
  const now = context.now();
  const contact = await contactById(trx, known.contactId);
  const token = await tokenOfVisitor(trx, context.signingKeys, known.id, now);
  if (contact === null || token === null || (says.email !== undefined && says.email !== contact.email)) return null;
  const { locale, timeZone } = says;
  await renewVisitor(trx, known.id, { at: new Date(now), expiresAt: new Date(now + VISITOR_TOKEN_MS[known.proof]), locale, timeZone, ...told });
  const visitor = await visitorById(trx, known.id, new Date(now));
  return visitor === null ? null : { visitor, contact, token };
}

async function add(
  trx: Transaction<Schema>,
  context: ApiContext,
  contact: Contact,
  { locale = 'en', timeZone }: SaysOfThemselves,
  given: Omit<VisitorRecord, 'contactId' | 'locale' | 'timeZone' | 'lastUsedAt'>,
): Promise<AdmittedVisitor> {
  const now = context.now();
  const token = newVisitorToken(context.signingKeys, given.id);
  const visitor = { ...given, contactId: contact.id, locale, timeZone: timeZone ?? null };
  const expiresAt = new Date(now + VISITOR_TOKEN_MS[given.proof]);
  await insertVisitor(trx, { ...visitor, tokenHash: visitorTokenHash(token), at: new Date(now), expiresAt });
  return { visitor, contact, token };
}

/** Found without a lock: whoever answers by mail at this moment holds the thread and waits for the contact. */
async function contactFor(trx: Transaction<Schema>, context: ApiContext, email: string, name: string | null): Promise<Contact> {
  const found = await contactByEmail(trx, email);
  return found ?? (await findOrCreateContact(trx, { email, phone: null, name: name || null }, new Date(context.now()))).contact;
}

/** What the host's dashboard knows of its user and we do not. */
async function learn(trx: Transaction<Schema>, contact: Contact, name: string | null, organizationId: string | null): Promise<void> {
  if (name !== null && name !== '') await trx.updateTable('contacts').set({ name }).where('id', '=', contact.id).where('name', 'is', null).execute();
  if (organizationId === null || contact.organizationId !== null) return;
  await trx.updateTable('contacts').set({ organization_id: organizationId }).where('id', '=', contact.id).where('organization_id', 'is', null).execute();
}
