import { IANAZone } from 'luxon';
import { listConversations, queuePlace } from '../../db/conversations';
import * as directory from '../../db/directory';
import type { Database } from '../../db/connection';
import { HoldfastError } from '../../messages/errors';
import { STATUSES } from '../../policy/words';
import type { ApiContext } from '../context';
import { InvalidRequest } from '../problem';
import { apiRoute, type ApiRoute } from '../route';
import { conversationRow } from '../schemas/conversation';
import { decodeCursor, DEFAULT_LIMIT, encodeCursor, listOf, listQuery, pageOf, placeInstant, placeText } from '../schemas/list';
import { z } from '../schemas/openapi-zod';
import { emailAddress, line, phoneNumber, rfc3339, text, time } from '../schemas/text';
import { conversationRowAnswers, rowFacts } from './row-answers';

const idParams = z.strictObject({ id: text(100) });
const place = z.tuple([placeText]);
const queuePosition = z.tuple([placeInstant.nullable(), z.number().int()]);
const names = z.array(line(255).toLowerCase()).max(200);

const organization = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    plan: z.string(),
    domains: z.array(z.string()),
    clusters: z.array(z.string()),
    websites: z.array(z.string()),
    createdAt: time,
  })
  .openapi('Organization');
const organizationChange = z
  .strictObject({ name: line(200).optional(), plan: line(50).optional(), domains: names.optional(), clusters: names.optional(), websites: names.optional() })
  .openapi('OrganizationChange');
const organizationBody = z.strictObject({ ...organizationChange.shape, name: line(200) }).openapi('NewOrganization');

const contact = z
  .strictObject({
    id: z.string(),
    organizationId: z.string().nullable(),
    name: z.string().nullable(),
    email: z.string().nullable(),
    phone: z.string().nullable(),
    zone: z.string().nullable(),
    locale: z.enum(['de', 'en']).nullable(),
    createdAt: time,
  })
  .openapi('Contact');
const contactChange = z
  .strictObject({
    organizationId: line(100).nullable().optional(),
    name: line(200).nullable().optional(),
    email: emailAddress.nullable().optional(),
    phone: phoneNumber.nullable().optional(),
    zone: line(64)
      .refine((zone) => IANAZone.isValidZone(zone), 'must be a time zone such as Europe/Berlin')
      .nullable()
      .optional(),
    locale: z
      .enum(['de', 'en'])
      .nullable()
      .optional()
      .openapi({ description: 'The language that they are written to in; null for the one that they write in.' }),
  })
  .openapi('ContactChange');
const contactBody = z
  .strictObject(contactChange.shape)
  .refine((body) => (body.email ?? null) !== null || (body.phone ?? null) !== null, 'needs an email or a phone')
  .openapi('NewContact');

/** Customer companies and people. */
export const directoryRoutes: readonly ApiRoute[] = [
  apiRoute({
    method: 'get',
    path: '/organizations',
    action: 'organization.read',
    tag: 'Directory',
    summary: 'Customer companies',
    query: listQuery.extend({ q: line(200).optional() }),
    answers: { 200: { about: 'A page of organizations.', schema: listOf(organization) } },
    problems: ['E_BAD_CURSOR'],
    async handle({ db, query }) {
      const limit = query.limit ?? DEFAULT_LIMIT;
      const after = decodeCursor(query.cursor, 'organizations', place);
      const rows = await directory.listOrganizations(db, { q: query.q, after: after?.[0] ?? null, limit: limit + 1 });
      return { status: 200, body: pageOf(rows, limit, withTime, (last) => encodeCursor('organizations', [last.id])) };
    },
  }),
  apiRoute({
    method: 'post',
    path: '/organizations',
    action: 'organization.write',
    tag: 'Directory',
    summary: 'Add an organization',
    body: organizationBody,
    answers: { 201: { about: 'The new organization.', schema: organization } },
    async handle({ context, db, body }) {
      requireKnownPlan(context, body.plan);
      const added = await directory.addOrganization(db, { ...body, at: new Date(context.now()) });
      return { status: 201, body: withTime(added), headers: { Location: `/api/v1/organizations/${added.id}` } };
    },
  }),
  apiRoute({
    method: 'get',
    path: '/organizations/{id}',
    action: 'organization.read',
    tag: 'Directory',
    summary: 'One organization',
    params: idParams,
    answers: { 200: { about: 'The organization.', schema: organization } },
    problems: ['E_NOT_FOUND'],
    async handle({ db, params }) {
      return { status: 200, body: withTime(found(await directory.getOrganization(db, params.id), 'organization')) };
    },
  }),
  apiRoute({
    method: 'patch',
    path: '/organizations/{id}',
    action: 'organization.write',
    tag: 'Directory',
    summary: 'Change an organization; promises that run keep their times',
    params: idParams,
    body: organizationChange,
    answers: { 200: { about: 'The organization as changed.', schema: organization } },
    problems: ['E_NOT_FOUND'],
    async handle({ context, db, params, body }) {
      requireKnownPlan(context, body.plan);
      return { status: 200, body: withTime(found(await directory.changeOrganization(db, params.id, body), 'organization')) };
    },
  }),
  apiRoute({
    method: 'get',
    path: '/contacts',
    action: 'contact.read',
    tag: 'Directory',
    summary: 'People of customers',
    query: listQuery.extend({ q: line(200).optional(), organization: line(100).optional() }),
    answers: { 200: { about: 'A page of contacts.', schema: listOf(contact) } },
    problems: ['E_BAD_CURSOR'],
    async handle({ db, query }) {
      const limit = query.limit ?? DEFAULT_LIMIT;
      const after = decodeCursor(query.cursor, 'contacts', place);
      const rows = await directory.listContacts(db, { q: query.q, organization: query.organization, after: after?.[0] ?? null, limit: limit + 1 });
      return { status: 200, body: pageOf(rows, limit, withTime, (last) => encodeCursor('contacts', [last.id])) };
    },
  }),
  apiRoute({
    method: 'post',
    path: '/contacts',
    action: 'contact.write',
    tag: 'Directory',
    summary: 'Add a contact',
    body: contactBody,
    answers: { 201: { about: 'The new contact.', schema: contact } },
    async handle({ context, db, body }) {
      await requireFree(db, body);
      const added = await directory.addContact(db, { ...body, at: new Date(context.now()) });
      return { status: 201, body: withTime(added), headers: { Location: `/api/v1/contacts/${added.id}` } };
    },
  }),
  apiRoute({
    method: 'get',
    path: '/contacts/{id}',
    action: 'contact.read',
    tag: 'Directory',
    summary: 'One contact',
    params: idParams,
    answers: { 200: { about: 'The contact.', schema: contact } },
    problems: ['E_NOT_FOUND'],
    async handle({ db, params }) {
      return { status: 200, body: withTime(found(await directory.getContact(db, params.id), 'contact')) };
    },
  }),
  apiRoute({
    method: 'patch',
    path: '/contacts/{id}',
    action: 'contact.write',
    tag: 'Directory',
    summary: 'Change a contact',
    params: idParams,
    body: contactChange,
    answers: { 200: { about: 'The contact as changed.', schema: contact } },
    problems: ['E_NOT_FOUND'],
    async handle({ db, params, body }) {
      await requireFree(db, body, params.id);
      return { status: 200, body: withTime(found(await directory.changeContact(db, params.id, body), 'contact')) };
    },
  }),
  apiRoute({
    method: 'get',
    path: '/contacts/{id}/conversations',
    action: 'conversation.read',
    tag: 'Directory',
    summary: 'Every conversation that somebody is in, closed ones too, latest first',
    params: idParams,
    query: listQuery,
    answers: { 200: { about: 'A page of conversations.', schema: listOf(conversationRow) } },
    problems: ['E_NOT_FOUND', 'E_BAD_CURSOR'],
    async handle({ context, db, actor, params, query }) {
      found(await directory.getContact(db, params.id), 'contact');
      const limit = query.limit ?? DEFAULT_LIMIT;
      const rows = await listConversations(
        db,
        { participant: params.id, status: STATUSES, snoozedAt: null },
        { sort: 'latest', after: decodeCursor(query.cursor, 'latest', queuePosition), limit: limit + 1 },
      );
      const { items, ...next } = pageOf(
        rows,
        limit,
        (row) => row,
        (last) => encodeCursor('latest', queuePlace(last, 'latest')),
      );
      return { status: 200, body: { items: await conversationRowAnswers(db, items, rowFacts(context), actor.id), ...next } };
    },
  }),
];

function withTime<Item extends { readonly createdAt: Date }>(record: Item) {
  return { ...record, createdAt: rfc3339(record.createdAt) };
}

function found<Item>(record: Item | null, what: string): Item {
  if (record === null) throw new HoldfastError('E_NOT_FOUND', `There is no such ${what}.`);
  return record;
}

/** A plan that the policy does not know would promise by another one. */
function requireKnownPlan(context: ApiContext, plan: string | undefined): void {
  const plans = Object.keys(context.policy().plans);
  if (plan !== undefined && !plans.includes(plan))
    throw new InvalidRequest([{ path: 'body.plan', message: `must be one of the policy's plans: ${plans.join(', ')}` }]);
}

async function requireFree(db: Database, body: z.output<typeof contactChange>, except?: string): Promise<void> {
  const taken = await directory.contactTakenBy(db, body, except);
  if (taken !== null) throw new InvalidRequest([{ path: `body.${taken}`, message: 'belongs to another contact' }]);
  if (typeof body.organizationId === 'string' && (await directory.getOrganization(db, body.organizationId)) === null) {
    throw new InvalidRequest([{ path: 'body.organizationId', message: 'is not the id of an organization' }]);
  }
}
