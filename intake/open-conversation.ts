import type { Transaction } from 'kysely';
import { addCommand } from '../db/commands';
import { findOrCreateContact } from '../db/contacts';
import { newId } from '../db/new-id';
import { addParticipant, insertEvent, insertMessage } from '../db/incoming-messages';
import { belongsToAnother, organizationById, organizationOfDomain, type Organization } from '../db/organizations';
import { writeProjection } from '../db/projection';
import { storePolicy } from '../db/policies';
import { receiptsSince, recordReceipt } from '../db/receipts';
import type { Schema } from '../db/schema';
import { teamNamed } from '../db/teams';
import { takeNumber } from '../db/threads';
import { begin } from '../policy/conversation';
import { firstPromises } from '../policy/promises';
import type { PolicySnapshot } from '../policy/snapshot';
import { RULES, type ConversationStart, type PromiseSeed } from '../policy/state';
import { choosePriority } from '../policy/triage';
import { systemTags, type SystemTags } from './cluster-website';
import { isFreemail } from './freemail';
import type { Opening } from './incoming';
import { domainOf } from './mail-address';
import { messageEvent } from './message-event';
import { receiptAllowed, RECEIPT_WINDOW_MS, subjectKey } from './receipt-budget';

const PARTICIPANTS = 20;

/** A new conversation with what was promised. */
export interface Opened {
  readonly number: number;
  readonly promises: readonly PromiseSeed[];
}

/**
 * Opens a conversation in the caller's transaction: number, first message, people, systems, priority and promises counted from the moment
 * of receipt, and the state that its workflow will begin with. From the commit on its promises run, whatever becomes of the workflow.
 */
export async function openConversation(trx: Transaction<Schema>, policy: PolicySnapshot, opening: Opening): Promise<Opened> {
  const { contact } = opening;
  const takenAt = opening.takenAt ?? opening.receivedAt;
  const at = new Date(takenAt);
  await storePolicy(trx, policy, at);
  const organization = await organizationOf(trx, opening);
  const systems = await systemsOf(trx, opening, organization);
  const triage = choosePriority(policy, {
    chosen: opening.chosen,
    channel: opening.channel,
    addresses: opening.addresses,
    contact: contact.email ?? undefined,
    subject: opening.subject,
    text: opening.text,
  });
  const plan = planOf(policy, organization);
  const kind = opening.kind ?? 'ticket';
  const promises = firstPromises(policy, {
    kind,
    channel: opening.channel,
    plan,
    priority: triage.priority,
    receivedAt: takenAt,
    initiatedBy: opening.initiatedBy,
    outOfHours: triage.outOfHours,
  });
  const number = await takeNumber(trx);
  const copied = organization === null ? [] : await participantsAmong(trx, opening, organization, at);
  const start: ConversationStart = {
    rules: RULES,
    number,
    kind,
    channel: opening.channel,
    initiatedBy: opening.initiatedBy,
    plan,
    priority: triage.priority,
    assignee: opening.agent,
    receivedAt: takenAt,
    participants: [contact.id, ...copied],
    noAutoMail: opening.noAutoMail,
    receipt: await giveReceipt(trx, policy, opening, number),
    outOfHours: triage.outOfHours,
    promises,
    messageId: newId('m'),
  };
  const step = begin(start, policy);
  await trx
    .insertInto('conversations')
    .values({
      number,
      kind: start.kind,
      channel: start.channel,
      initiated_by: start.initiatedBy,
      subject: opening.title ?? (opening.subject || '(no subject)'),
      status: step.state.status,
      priority: start.priority,
      priority_source: triage.source,
      plan,
      requester_id: contact.id,
      organization_id: organization?.id ?? null,
      assignee: start.assignee,
      team_id: await teamNamed(trx, triage.team),
      address: await addressOf(trx, policy, opening),
      cluster: [...systems.cluster],
      website: [...systems.website],
      tags: triage.tags,
      flags: [...opening.flags],
      policy_hash: policy.hash,
      received_at: new Date(opening.receivedAt),
      last_seq: 1,
      start: JSON.stringify(start),
      merged_into: null,
      linked_from: opening.linkedFrom,
      last_message_at: at,
      demo: policy.demo ?? false,
      created_at: at,
    })
    .execute();
  await addParticipant(trx, { number, contactId: contact.id, role: 'requester', at });
  for (const contactId of copied) await addParticipant(trx, { number, contactId, role: 'participant', at });
  await writeOpeningMessage(trx, policy, opening, start);
  await writeProjection(trx, { number, carried: { state: step.state, lanes: step.effects, timeline: step.timeline, announced: 1 } });
  return { number, promises };
}

/** The plan, if this policy still has it; else the first one it has. */
export function planOf(policy: PolicySnapshot, organization: Pick<Organization, 'plan'> | null): string {
  const plan = organization?.plan ?? 'standard';
  return Object.hasOwn(policy.plans, plan) ? plan : (Object.keys(policy.plans)[0] ?? plan);
}

/** The contact's organization; one whose domain became known after the contact's first mail is taken over now. */
async function organizationOf(trx: Transaction<Schema>, { contact, organizationId = null }: Opening): Promise<Organization | null> {
  if (organizationId !== null) return organizationById(trx, organizationId);
  if (contact.organizationId !== null) return organizationById(trx, contact.organizationId);
  if (contact.email === null) return null;
  const organization = await organizationOfDomain(trx, domainOf(contact.email));
  if (organization !== null) {
    await trx.updateTable('contacts').set({ organization_id: organization.id }).where('id', '=', contact.id).execute();
  }
  return organization;
}

/** What the request itself names counts first, unless it is another organization's; then what stands in its text. */
async function systemsOf(trx: Transaction<Schema>, { given, subject, text }: Opening, organization: Organization | null): Promise<SystemTags> {
  const found = organization === null ? { cluster: [], website: [] } : systemTags(`${subject}\n${text}`, organization);
  const own = organization?.id ?? null;
  const { cluster, website, clusters = [], websites = [] } = given;
  const named = {
    cluster: await ownOf(cluster === null ? clusters : [cluster], (name) => belongsToAnother(trx, { cluster: name }, own)),
    website: await ownOf(website === null ? websites : [website], (name) => belongsToAnother(trx, { website: name }, own)),
  };
  return { cluster: named.cluster.length > 0 ? named.cluster : found.cluster, website: named.website.length > 0 ? named.website : found.website };
}

async function ownOf(names: readonly string[], isAnothers: (name: string) => Promise<boolean>): Promise<string[]> {
  const own: string[] = [];
  for (const name of new Set(names)) if (!(await isAnothers(name))) own.push(name);
  return own;
}

/** Those named in To and Cc who belong to the requester's own organization join; nobody else does. */
async function participantsAmong(trx: Transaction<Schema>, opening: Opening, organization: Organization, at: Date): Promise<string[]> {
  const own = opening.copied.filter(
    (email) => organization.domains.includes(domainOf(email)) && !isFreemail(domainOf(email)) && email !== opening.contact.email,
  );
  const ids: string[] = [];
  // In one order everywhere, so that two transactions never wait for each other.
  for (const email of [...new Set(own)].sort().slice(0, PARTICIPANTS)) {
    const { contact } = await findOrCreateContact(trx, { email, phone: null, name: null }, at);
    ids.push(contact.id);
  }
  return ids;
}

async function giveReceipt(trx: Transaction<Schema>, policy: PolicySnapshot, opening: Opening, number: number): Promise<boolean> {
  const { contact, receivedAt, takenAt = receivedAt } = opening;
  // Whose domain says "refuse such mail" may never have written it.
  if (
    opening.verdict === 'reject' ||
    opening.noReceipt === true ||
    !policy.receipt ||
    opening.noAutoMail ||
    opening.initiatedBy === 'agent' ||
    contact.email === null
  )
    return false;
  const earlier = await receiptsSince(trx, contact.id, new Date(takenAt - RECEIPT_WINDOW_MS));
  const key = subjectKey(opening.subject);
  if (!receiptAllowed(takenAt, opening.known, key, earlier)) return false;
  await recordReceipt(trx, { contactId: contact.id, number, subjectKey: key, at: new Date(takenAt) });
  return true;
}

/** The address that the customer wrote to; for an answer to an earlier conversation, that one's. */
async function addressOf(trx: Transaction<Schema>, policy: PolicySnapshot, { addresses, linkedFrom }: Opening): Promise<string | null> {
  const [address] = addresses.filter((local) => Object.hasOwn(policy.addresses, local));
  if (address !== undefined || linkedFrom === null) return address ?? null;
  const row = await trx.selectFrom('conversations').select('address').where('number', '=', linkedFrom).executeTakeFirst();
  return row?.address ?? null;
}

async function writeOpeningMessage(trx: Transaction<Schema>, policy: PolicySnapshot, opening: Opening, start: ConversationStart): Promise<void> {
  const { number, messageId } = start;
  const byAgent = opening.initiatedBy === 'agent';
  await insertMessage(trx, {
    id: messageId,
    number,
    seq: 1,
    direction: byAgent ? 'out' : 'in',
    authorKind: byAgent ? 'agent' : 'customer',
    authorId: byAgent ? opening.agent : opening.contact.id,
    channel: opening.channel,
    body: opening.text,
    fullBody: opening.fullText ?? null,
    html: opening.html,
    at: new Date(opening.receivedAt),
    state: byAgent ? 'waiting' : 'received',
    mailId: opening.mailId,
    inReplyTo: opening.inReplyTo,
    authenticated: opening.authenticated,
    verdict: opening.verdict ?? null,
    machine: opening.machine,
    hint: opening.hint,
    inboxId: opening.inboxId,
    files: opening.files,
  });
  await insertEvent(trx, number, messageEvent(policy, opening, { seq: 1, messageId, author: byAgent ? 'agent' : 'customer', agent: opening.agent }));
  if (byAgent && opening.agent !== null) await sendAsReply(trx, opening, start, opening.agent);
}

/** An agent's first words leave like every other answer: as a command, so with undo-send, and repeated until the workflow has it. */
async function sendAsReply(trx: Transaction<Schema>, opening: Opening, start: ConversationStart, agent: string): Promise<void> {
  await addCommand(trx, {
    id: `opening-${start.number}`,
    number: start.number,
    actor: agent,
    command: {
      type: 'reply',
      messageId: start.messageId,
      delivery: 'mail',
      recipients: opening.contact.email === null ? [] : [opening.contact.id],
      status: 'pending',
    },
    bodyRef: start.messageId,
    at: start.receivedAt,
    notAfter: null,
  });
}
