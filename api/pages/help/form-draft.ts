import { organizationById } from '../../../db/organizations';
import { contactById } from '../../../db/contacts';
import type { FormRequest } from '../../../intake/form';
import { mailAddress } from '../../../intake/mail-address';
import type { PostedForm } from '../../multipart';
import { UNSTORABLE } from '../../unstorable';
import { PRIORITIES, type Priority } from '../../../policy/words';
import type { HelpView } from './frame';
import type { HelpVisitor } from './session';

/** What stands in the form's fields, as it was typed. */
export interface FormDraft {
  readonly email: string;
  readonly name: string;
  readonly subject: string;
  readonly body: string;
  readonly priority: string;
  readonly cluster: string;
  readonly website: string;
}

/** The systems that somebody may choose from; null where we know of none and they may type one. */
export interface Systems {
  readonly clusters: readonly string[] | null;
  readonly websites: readonly string[] | null;
}

/** The choice that stands for "none of these": no system has this name. */
export const NONE = '-';

const SUBJECT_LENGTH = 500;
const BODY_LENGTH = 100_000;
const NAME_LENGTH = 200;
const SYSTEM_LENGTH = 253;

/** The systems of a proven customer: those that the identity names, else their organization's. */
export async function systemsOf(view: HelpView): Promise<Systems> {
  const { visitor, context } = view;
  if (visitor === null) return { clusters: null, websites: null };
  if (visitor.proof === 'signed') return known(visitor.clusters, visitor.websites);
  const contact = await contactById(context.db, visitor.contactId);
  const organization = contact === null || contact.organizationId === null ? null : await organizationById(context.db, contact.organizationId);
  return organization === null ? { clusters: null, websites: null } : known(organization.clusters, organization.websites);
}

function known(clusters: readonly string[], websites: readonly string[]): Systems {
  return { clusters: clusters.length === 0 ? null : clusters, websites: websites.length === 0 ? null : websites };
}

/** An empty form: with what the signed identity tells, the only system if there is one, and the policy's usual priority. */
export function emptyDraft(view: HelpView, systems: Systems): FormDraft {
  const only = (names: readonly string[] | null) => (names?.length === 1 ? (names[0] ?? '') : '');
  return {
    email: view.visitor?.email ?? '',
    name: view.visitor?.name ?? '',
    subject: '',
    body: '',
    priority: view.context.policy().defaultPriority,
    cluster: only(systems.clusters),
    website: only(systems.websites),
  };
}

/** What was typed; who is signed in is who they are, whatever the form says. */
export function draftOf(fields: ReadonlyMap<string, string>, visitor: HelpVisitor | null): FormDraft {
  const typed = (name: string) => (fields.get(name) ?? '').replace(/\r\n?/g, '\n');
  return {
    email: visitor?.email ?? typed('email').trim(),
    name: typed('name').trim(),
    subject: typed('subject').trim(),
    body: typed('body'),
    priority: typed('priority'),
    cluster: typed('cluster').trim(),
    website: typed('website').trim(),
  };
}

const NOT_ONE_LINE = /[\u0000-\u001f]/;

/** What to change before it can be sent, by field, in the reader's words. */
export function problemsOf({ words }: HelpView, draft: FormDraft, systems: Systems, posted: Pick<PostedForm, 'leftOut'>): Map<string, string> {
  const say = words.errors;
  const problems = new Map<string, string>();
  const email = mailAddress(draft.email);
  if (email === null || email.length > 254) problems.set('email', say.email);
  if (draft.name.length > NAME_LENGTH || NOT_ONE_LINE.test(draft.name)) problems.set('name', say.name);
  if (draft.subject === '') problems.set('subject', say.subject);
  else if (draft.subject.length > SUBJECT_LENGTH || NOT_ONE_LINE.test(draft.subject)) problems.set('subject', say.subjectLong);
  if (draft.body.trim() === '') problems.set('body', say.body);
  else if (draft.body.length > BODY_LENGTH) problems.set('body', say.bodyLong);
  if (!isPriority(draft.priority)) problems.set('priority', say.priority);
  if (!isChoice(draft.cluster, systems.clusters)) problems.set('cluster', say.cluster);
  if (!isChoice(draft.website, systems.websites)) problems.set('website', say.website);
  if (posted.leftOut === 'tooMany') problems.set('files', say.tooMany);
  if (posted.leftOut === 'tooLarge') problems.set('files', say.tooLarge);
  for (const field of ['name', 'subject', 'body', 'cluster', 'website'] as const) if (UNSTORABLE.test(draft[field])) problems.set(field, say.characters);
  return problems;
}

/** The request that a draft without problems is. */
export function requestOf(draft: FormDraft, files: PostedForm['files']): FormRequest {
  return {
    email: mailAddress(draft.email) ?? draft.email,
    name: draft.name === '' ? null : draft.name,
    subject: draft.subject,
    body: draft.body,
    priority: isPriority(draft.priority) ? draft.priority : 'normal',
    ...chosen('cluster', draft.cluster),
    ...chosen('website', draft.website),
    files,
  };
}

function chosen(field: 'cluster' | 'website', value: string): Partial<Pick<FormRequest, 'cluster' | 'website'>> {
  return value === '' ? {} : { [field]: value === NONE ? null : value };
}

function isChoice(value: string, names: readonly string[] | null): boolean {
  if (value === '' || value === NONE) return true;
  return names === null ? value.length <= SYSTEM_LENGTH && !/[\s\p{Cc}]/u.test(value) : names.includes(value);
}

function isPriority(value: string): value is Priority {
  return (PRIORITIES as readonly string[]).includes(value);
}
