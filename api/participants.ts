import type { Transaction } from 'kysely';
import { addCommand } from '../db/commands';
import type { Database } from '../db/connection';
import { agentByEmail, contactById, findOrCreateContact } from '../db/contacts';
import { inTransaction } from '../db/in-transaction';
import { newId } from '../db/new-id';
import { organizationById } from '../db/organizations';
import { contactsWrittenTo, listParticipants, removeParticipants, setParticipant, type ParticipantRecord, type ParticipantRole } from '../db/participants';
import { currentPolicy } from '../db/policies';
import { listProposals, removeProposals, type Proposal } from '../db/proposals';
import type { Schema } from '../db/schema';
import { lockThread } from '../db/threads';
import { systemTags } from '../intake/cluster-website';
import { planOf } from '../intake/open-conversation';
import { HoldfastError } from '../messages/errors';
import type { Command } from '../policy/events';
import { noSuchConversation } from './commands';
import { InvalidRequest } from './problem';

/** Somebody as a request names them: by their record, or by their address (lower case). */
export type PersonNamed = { readonly contact: string } | { readonly email: string; readonly name?: string | undefined };

/** The command that tells a conversation who is written to. */
export type WrittenTo = Extract<Command, { type: 'participants' }>;

/** Puts somebody among those who are written to; one who is already stays. Errors: E_NOT_FOUND, E_CONVERSATION_CLOSED, E_INVALID. */
export async function addPerson(trx: Transaction<Schema>, number: number, person: PersonNamed, at: Date): Promise<WrittenTo> {
  await lockOpen(trx, number);
  const contact = await contactNamed(trx, person, at);
  const present = (await listParticipants(trx, number)).find(({ id }) => id === contact.id);
  if (present?.role !== 'requester') await setParticipant(trx, { number, contactId: contact.id, role: 'participant', at });
  if (contact.email !== null) await removeProposals(trx, number, contact.email);
  return writtenTo(trx, number);
}

/**
 * Gives a person of the thread, or one who was proposed, another role: a `participant` is written to from now on, a `thirdParty` is only
 * shown. Errors: as {@link addPerson}; E_INVALID for the requester, who is changed by naming another.
 */
export async function changeRole(
  trx: Transaction<Schema>,
  number: number,
  id: string,
  role: Exclude<ParticipantRole, 'requester'>,
  at: Date,
): Promise<WrittenTo> {
  await lockOpen(trx, number);
  const person = await participantOrProposal(trx, number, id);
  if (person.proposal) {
    const { contact } = await findOrCreateContact(trx, { email: person.of.email, phone: null, name: person.of.name }, at);
    await setParticipant(trx, { number, contactId: contact.id, role, at });
    await removeProposals(trx, number, person.of.email);
  } else {
    notTheRequester(person.of);
    await setParticipant(trx, { number, contactId: id, role, at });
  }
  return writtenTo(trx, number);
}

/** Takes a person out of the thread; what they wrote stays, and nothing is written to them any more. Errors: as {@link changeRole}. */
export async function removePerson(trx: Transaction<Schema>, number: number, id: string): Promise<WrittenTo> {
  await lockOpen(trx, number);
  const person = await participantOrProposal(trx, number, id);
  if (person.proposal) {
    await removeProposals(trx, number, person.of.email);
  } else {
    notTheRequester(person.of);
    await removeParticipants(trx, number, [id]);
  }
  return writtenTo(trx, number);
}

/**
 * Makes somebody the requester. The one before stays in the thread only when both are of one organization: a mail is answered to a
 * colleague, but never to another customer. An agent who had forwarded a mail leaves too. Errors: as {@link addPerson}.
 */
export async function changeRequester(
  trx: Transaction<Schema>,
  number: number,
  person: PersonNamed,
  facts: { at: number; actor: string; keepPrevious: boolean | undefined },
): Promise<Command> {
  await lockOpen(trx, number);
  const at = new Date(facts.at);
  const contact = await contactNamed(trx, person, at);
  const people = await listParticipants(trx, number);
  const before = people.find(({ role }) => role === 'requester');
  const organization = contact.organizationId === null ? null : await organizationById(trx, contact.organizationId);
  const command: Command = { type: 'requester', contact: contact.id, plan: planOf(await currentPolicy(trx), organization) };
  if (contact.email !== null) await removeProposals(trx, number, contact.email);
  if (before === undefined || before.id === contact.id) return command;
  const stays = facts.keepPrevious ?? ((await sameOrganization(trx, before.id, contact.id)) && !(await isAgent(trx, before.email)));
  await setParticipant(trx, { number, contactId: contact.id, role: 'requester', at });
  if (stays) await setParticipant(trx, { number, contactId: before.id, role: 'participant', at });
  else await removeParticipants(trx, number, [before.id]);
  await trx.updateTable('conversations').set({ requester_id: contact.id, organization_id: contact.organizationId }).where('number', '=', number).execute();
  if (contact.organizationId !== null) await tagSystems(trx, number, contact.organizationId);
  if (!stays) {
    // The thread is another customer's now: who belongs to the one before is shown, and written to only if an agent says so again.
    for (const { id, role } of people) {
      if (role !== 'participant' || id === contact.id || (await sameOrganization(trx, id, contact.id))) continue;
      await setParticipant(trx, { number, contactId: id, role: 'thirdParty', at });
    }
    // The rules keep the requester before among those who are written to; this follows, and takes them out.
    const following = await writtenTo(trx, number);
    await addCommand(trx, { id: newId('cmd'), number, actor: facts.actor, command: following, bodyRef: null, at: facts.at + 1, notAfter: null });
  }
  return command;
}

/**
 * Two who change the list at once, or a mail whose author joins meanwhile: Updates may arrive in another order than their rows were written.
 * Whoever sees afterwards that the rows say something else than what was sent sends what they say.
 */
export async function sendIfChanged(db: Database, number: number, sent: readonly string[], facts: { at: number; actor: string }): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    const thread = await lockThread(trx, number);
    const command = await writtenTo(trx, number);
    if (thread === null || thread.status === 'closed' || command.contacts.join() === sent.join()) return false;
    return addCommand(trx, { id: newId('cmd'), number, actor: facts.actor, command, bodyRef: null, at: facts.at, notAfter: null });
  });
}

/** A forwarded mail came from nobody's organization: what it is about is found now, unless somebody has said so. */
async function tagSystems(trx: Transaction<Schema>, number: number, organizationId: string): Promise<void> {
  const row = await trx
    .selectFrom('conversations as c')
    .innerJoin('messages as m', 'm.number', 'c.number')
    .select((eb) => ['c.subject', 'c.cluster', 'c.website', eb.fn.coalesce('m.full_body', 'm.body').as('text')])
    .where('c.number', '=', number)
    .orderBy('m.at')
    .orderBy('m.id')
    .limit(1)
    .executeTakeFirst();
  const organization = await organizationById(trx, organizationId);
  if (row === undefined || organization === null || row.cluster.length + row.website.length > 0) return;
  const { cluster, website } = systemTags(`${row.subject}\n${row.text}`, organization);
  await trx
    .updateTable('conversations')
    .set({ cluster: [...cluster], website: [...website] })
    .where('number', '=', number)
    .execute();
}

async function lockOpen(trx: Transaction<Schema>, number: number): Promise<void> {
  const thread = await lockThread(trx, number);
  if (thread === null) throw noSuchConversation(number);
  if (thread.status === 'closed') {
    throw new HoldfastError('E_CONVERSATION_CLOSED', `Conversation #${number} is closed, so nothing can be done in it any more.`);
  }
}

async function contactNamed(trx: Transaction<Schema>, person: PersonNamed, at: Date) {
  if ('email' in person) return (await findOrCreateContact(trx, { email: person.email, phone: null, name: person.name ?? null }, at)).contact;
  const contact = await contactById(trx, person.contact);
  if (contact === null) throw new InvalidRequest([{ path: 'body.contact', message: 'is not a contact of this desk' }]);
  return contact;
}

type Found = { readonly proposal: true; readonly of: Proposal } | { readonly proposal: false; readonly of: ParticipantRecord };

async function participantOrProposal(trx: Transaction<Schema>, number: number, id: string): Promise<Found> {
  const participant = (await listParticipants(trx, number)).find((person) => person.id === id);
  if (participant !== undefined) return { proposal: false, of: participant };
  const proposal = (await listProposals(trx, number)).find((person) => person.id === id);
  if (proposal !== undefined) return { proposal: true, of: proposal };
  throw new HoldfastError('E_NOT_FOUND', `Nobody with this id is in conversation #${number}, or is proposed for it.`);
}

function notTheRequester({ role }: ParticipantRecord): void {
  if (role === 'requester') throw new InvalidRequest([{ path: 'path.id', message: 'is the requester; name another with PUT …/requester first' }]);
}

/** In the order of the rows, which are locked with their conversation: whoever changes the list next reads this one. */
async function writtenTo(trx: Transaction<Schema>, number: number): Promise<WrittenTo> {
  return { type: 'participants', contacts: await contactsWrittenTo(trx, number) };
}

async function sameOrganization(trx: Transaction<Schema>, one: string, other: string): Promise<boolean> {
  const rows = await trx.selectFrom('contacts').select('organization_id').where('id', 'in', [one, other]).execute();
  const [first, second] = rows.map((row) => row.organization_id);
  return first !== null && first === second;
}

async function isAgent(trx: Transaction<Schema>, email: string | null): Promise<boolean> {
  return email !== null && (await agentByEmail(trx, email)) !== null;
}
