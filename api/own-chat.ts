import { chatMessages, ownerOfAttachment } from '../db/chat-messages';
import type { Database } from '../db/connection';
import { ownConversation, type OwnConversation } from '../db/own-conversations';
import { chatSummaries, type ChatSummaryRecord } from '../db/chat-summaries';
import { HoldfastError } from '../messages/errors';
import { planShown } from '../intake/form';
import type { ChatAuthor } from '../intake/open-chat';
import type { Actor, Visitor } from './auth/actor';
import type { AdmittedVisitor } from './auth/admit-visitor';
import type { Target } from './auth/authorize';
import { chatSummaryAnswer, isUnansweredChat, promisedTo } from './chat-answers';
import { noSuchConversation } from './commands';
import type { ApiContext } from './context';
import { expectationAnswer } from './expectation';
import { InvalidRequest } from './problem';
import type { Caller } from './route';
import { isAttachmentId } from './schemas/attachment';

/** For routes with `{number}`: whether it is the visitor's own conversation. */
export async function ownChat({ number }: Readonly<Record<string, string>>, actor: Actor, context: ApiContext): Promise<Target> {
  if (actor.kind !== 'visitor') return {};
  return { visitor: /^[1-9]\d{0,14}$/.test(number ?? '') && (await ownConversation(context.db, actor, Number(number))) !== null };
}

/** For routes about the visitor's own token. */
export function ownToken(_params: unknown, actor: Actor): Target {
  return { visitor: actor.kind === 'visitor' };
}

/** For routes with an attachment's `{id}`: whether it belongs to a message that the visitor sees, or is an upload of theirs. */
export async function ownAttachment({ id }: Readonly<Record<string, string>>, actor: Actor, context: ApiContext): Promise<Target> {
  if (actor.kind !== 'visitor') return {};
  return { visitor: id !== undefined && (await seesAttachment(context.db, actor, id)) };
}

/** Whether a visitor may read a file. */
export async function seesAttachment(db: Database, visitor: Visitor, id: string): Promise<boolean> {
  if (!isAttachmentId(id)) return false;
  const owner = await ownerOfAttachment(db, id);
  if (owner === null) return false;
  if (owner.message === null) return owner.visitorId === visitor.id;
  const own = await ownConversation(db, visitor, owner.message.number);
  if (own === null) return false;
  return (await chatMessages(db, visitor.contactId, own.parts, { limit: 1, ids: [owner.message.id] })).length > 0;
}

/** The visitor who asks, on a route that the rule opens to visitors alone. */
export function visitorOf({ actor }: Caller): Visitor {
  if (actor.kind !== 'visitor') throw new Error('The route’s rule lets only visitors in.');
  return actor;
}

/** As whom a conversation is read: as the visitor who asks, or, for an agent, as its requester. Errors: E_NOT_FOUND. */
export async function readerOf(db: Database, { actor }: Caller, number: number): Promise<Visitor> {
  if (actor.kind === 'visitor') return actor;
  const row = await db.selectFrom('conversations').select('requester_id').where('number', '=', number).executeTakeFirst();
  if (row === undefined) throw noSuchConversation(number);
  return { kind: 'visitor', id: '', contactId: row.requester_id, proof: 'code', identity: '' };
}

/** The visitor's own conversation with the parts of its thread that they see. Errors: E_NOT_FOUND, also when it stopped being theirs a moment ago. */
export async function mustOwn(db: Database, visitor: Visitor, number: number): Promise<OwnConversation> {
  const own = await ownConversation(db, visitor, number);
  if (own === null) throw new HoldfastError('E_NOT_FOUND', 'There is no such thing, or it is not yours to see.');
  return own;
}

/** Words or at least a file. Errors: E_INVALID. */
export function mustSay({ body, attachments = [] }: { readonly body: string; readonly attachments?: readonly string[] | undefined }): void {
  if (body === '' && attachments.length === 0) throw new InvalidRequest([{ path: 'body.body', message: 'must not be empty without a file' }]);
}

/** A visitor as the author of a chat. */
export function authorOf({ visitor, contact }: Pick<AdmittedVisitor, 'visitor' | 'contact'>): ChatAuthor {
  const { proof, identity, locale, timeZone, organizationId, clusters, websites } = visitor;
  return { contact, proof, identity, locale, timeZone, organizationId, clusters, websites };
}

/** The visitor's conversations as the widget lists them, newest first. */
export async function summariesFor(context: ApiContext, db: Database, visitor: Visitor, page: { limit: number; number?: number }) {
  const records = await chatSummaries(db, visitor, page);
  return withExpectation(context, db, visitor, records);
}

async function withExpectation(context: ApiContext, db: Database, visitor: Visitor, records: readonly ChatSummaryRecord[]) {
  const expectation = records.some(isUnansweredChat) ? await expectationFor(context, db, visitor) : null;
  const [policy, now] = [context.policy(), context.now()];
  return records.map((record) => chatSummaryAnswer(record, promisedTo(visitor, record, policy, now), expectation));
}

/** What this visitor can expect: by their own plan once they have proven who they are, else what holds on every plan. */
export async function expectationFor(context: ApiContext, db: Database, visitor: Visitor | null) {
  const proven = visitor === null || visitor.proof === 'claimed' ? null : { contactId: visitor.contactId, organizationId: null };
  return expectationAnswer(context, db, { plan: await planShown(db, context.policy(), proven) });
}
