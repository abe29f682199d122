import type { NewFile } from '../db/attachments';
import type { Database } from '../db/connection';
import { contactById } from '../db/contacts';
import { policyOfDemoConversation } from '../db/demo-addresses';
import { inTransaction } from '../db/in-transaction';
import { organizationById, organizationOfDomain } from '../db/organizations';
import { lockThread } from '../db/threads';
import { HoldfastError } from '../messages/errors';
import { answerDue } from '../policy/shown-times';
import type { PolicySnapshot } from '../policy/snapshot';
import type { Priority } from '../policy/words';
import { createFollowUp, createTicket, type CreatedTicket } from './create-ticket';
import { joinTyped } from './join-typed';
import { takesPart } from './link-act';
import { domainOf } from './mail-address';
import { planOf } from './open-conversation';
import { cleanText } from './parse/clean-text';

/** Somebody whose signature or mailbox has proven who they are. */
export interface ProvenContact {
  readonly contactId: string;
  /** The organization that a signed identity names, if any. */
  readonly organizationId: string | null;
}

/** A request as the contact form has it; texts as they were typed. */
export interface FormRequest {
  readonly email: string;
  readonly name: string | null;
  readonly subject: string;
  readonly body: string;
  readonly priority: Priority;
  /** One name, or null for "none of them", which is an answer too; left out when nobody asked. */
  readonly cluster?: string | null;
  readonly website?: string | null;
  readonly files: readonly NewFile[];
}

/**
 * When a request that is sent at `at` (milliseconds) is answered on a plan, as its workflow will keep it; null when the policy's calendars never
 * open. Without a plan: the latest of all plans, so that nobody is told a time that their own would not keep (with the handbook's policy that is
 * the standard plan's).
 */
export function answerBy(policy: PolicySnapshot, asked: { readonly plan: string | null; readonly priority: Priority; readonly at: number }): number | null {
  try {
    return answerDue(policy, { plan: asked.plan, priority: asked.priority, since: asked.at });
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'E_CALENDAR_NEVER_OPENS' || code === 'E_OUT_OF_RANGE') return null;
    throw error;
  }
}

/** The plan whose times somebody is shown before they send: their own once they have proven who they are, nobody's otherwise. */
export async function planShown(db: Database, policy: PolicySnapshot, proven: ProvenContact | null): Promise<string | null> {
  if (proven === null) return null;
  const contact = await contactById(db, proven.contactId);
  const id = proven.organizationId ?? contact?.organizationId ?? null;
  if (id !== null) return planOf(policy, await organizationById(db, id));
  const email = contact?.email ?? null;
  return planOf(policy, email === null ? null : await organizationOfDomain(db, domainOf(email)));
}

/**
 * Accepts and resolves a request of the contact form in one transaction (the caller's, if `db` is one). What is only typed proves nothing:
 * its receipt repeats none of its words. Errors: E_INVALID, as createTicket.
 */
export async function createFormTicket(
  db: Database,
  policy: PolicySnapshot,
  request: FormRequest,
  { now, proven }: { readonly now: number; readonly proven: ProvenContact | null },
): Promise<CreatedTicket> {
  const { email, name, subject, body, priority, cluster, website, files } = request;
  return inTransaction(db, async (trx) => {
    const created = await createTicket(
      trx,
      policy,
      {
        requester: { email, ...(name === null ? {} : { name }) },
        subject,
        body,
        priority,
        ...(typeof cluster === 'string' && { cluster }),
        ...(typeof website === 'string' && { website }),
      },
      { now, actor: null, channel: 'form', files, proven: proven !== null, organizationId: proven?.organizationId ?? null },
    );
    // Who says "none" is not corrected by what their text mentions.
    if (cluster === null) await trx.updateTable('conversations').set({ cluster: [] }).where('number', '=', created.number).execute();
    if (website === null) await trx.updateTable('conversations').set({ website: [] }).where('number', '=', created.number).execute();
    return created;
  });
}

/** An answer on a customer's own page; the caller has checked that the conversation is theirs. */
export interface FormAnswer {
  readonly number: number;
  readonly contactId: string;
  readonly words: string;
  readonly files: readonly NewFile[];
  /** They have signed in; whoever only holds a mailed link has proven nothing. */
  readonly proven: boolean;
}

/**
 * Adds an answer to its conversation, as an answer by mail would be: durable once this resolves. What has been merged leads to its target if
 * they take part there; what is closed goes on in a new conversation that refers to it. Answers the number where it is. `at` in milliseconds.
 * Errors: E_NOT_FOUND for a contact who takes no part (any more), E_INVALID for no words.
 */
export async function answerByForm(db: Database, policy: PolicySnapshot, answer: FormAnswer, at: number): Promise<{ number: number }> {
  const text = cleanText(answer.words);
  if (text.trim() === '') throw new HoldfastError('E_INVALID', 'There is nothing to send.', { fix: 'Write something.' });
  return inTransaction(db, async (trx) => {
    const named = await lockThread(trx, answer.number);
    const target = named === null || named.mergedInto === null ? named : await lockThread(trx, named.mergedInto);
    const contact = await contactById(trx, answer.contactId);
    if (target === null || contact === null || !(await takesPart(trx, target.number, contact.id))) throw gone();
    if (target.status === 'closed') return continueClosed(trx, policy, { ...answer, words: text }, target.number, at);
    await joinTyped(trx, policy, { ...answer, contact }, target, at);
    return { number: target.number };
  });
}

async function continueClosed(db: Database, policy: PolicySnapshot, answer: FormAnswer, number: number, at: number): Promise<{ number: number }> {
  const contact = await contactById(db, answer.contactId);
  const before = await db
    .selectFrom('conversations')
    .select(['subject', 'cluster', 'website', 'tags', 'organization_id'])
    .where('number', '=', number)
    .executeTakeFirst();
  if (contact === null || before === undefined) throw gone();
  const { subject, cluster, website, tags, organization_id: organizationId } = before;
  const created = await createFollowUp(
    db,
    // What follows a demonstration is one: under the desk's own policy it would ring real people.
    (await policyOfDemoConversation(db, number)) ?? policy,
    { number, contact, cluster, website, tags },
    { subject, body: answer.words },
    { now: at, actor: null, channel: 'form', files: answer.files, proven: answer.proven, organizationId },
  );
  return { number: created.number };
}

function gone(): HoldfastError {
  return new HoldfastError('E_NOT_FOUND', 'This request is not here any more. Just write to us again.');
}
