import { randomUUID } from 'node:crypto';
import { listAgents } from '../../db/agents';
import { followUpsOf, getConversation, listConversations, listTimeline, mergedParts, type ConversationRecord } from '../../db/conversations';
import { listMessages } from '../../db/messages';
import { listParticipants, type ParticipantRecord } from '../../db/participants';
import { listProposals, type Proposal } from '../../db/proposals';
import { newId } from '../../db/new-id';
import { HoldfastError } from '../../messages/errors';
import type { Agent } from '../auth/actor';
import { may } from '../auth/authorize';
import { noSuchConversation, runCommand, type CommandRequest } from '../commands';
import { statusOf } from '../problem';
import { mustNotHaveMoved, outgoing } from '../replies';
import { requestHash } from '../request-hash';
import { pageRoute, type PageAnswer, type PageRequest, type PageRoute } from '../route';
import { tellPromises, type PromiseTold } from '../routes/answers';
import { waitForRevision } from '../routes/conversations';
import { z } from '../schemas/openapi-zod';
import { text } from '../schemas/text';
import { readForm } from './form';
import { html, layout } from './layout';
import type { Html } from './html';
import { messageList } from './thread';
import { fromNow, moment } from './time';
import { timelineSentence } from './timeline-sentence';
import { chip, priorityChip, promiseWords, reasonWords } from './words';

const SHOWN = 200;

const actForm = z.discriminatedUnion('act', [
  z.strictObject({ act: z.literal('reply'), key: text(64), body: text(100_000), seenUpTo: z.coerce.number().int().min(0).optional() }),
  z.strictObject({ act: z.literal('note'), key: text(64), body: text(100_000) }),
  z.strictObject({ act: z.literal('assignToMe'), key: text(64) }),
  z.strictObject({ act: z.literal('solve'), key: text(64) }),
]);
type Act = z.output<typeof actForm>;

/** The queue and one conversation: enough to work a ticket by hand. */
export const conversationPages: readonly PageRoute[] = [
  pageRoute({
    method: 'get',
    path: '/conversations',
    action: 'conversation.read',
    async handle({ context, actor }) {
      const now = context.now();
      const zone = context.policy().timezone;
      const rows = await listConversations(context.db, { snoozedAt: new Date(now) }, { sort: 'due', after: null, limit: SHOWN });
      return {
        html: layout({
          title: 'Conversations',
          actor,
          here: '/conversations',
          body: html`<h1>Conversations</h1>
            ${
              rows.length === 0
                ? html`<p class="empty">The queue is empty. A mail to our address opens a ticket, and it appears here at once.</p>`
                : html`<ul class="rows">
                    ${rows.map(
                      (row) =>
                        html`<li>
                          <a href="/conversations/${row.number}"><span class="number">#${row.number}</span> ${row.subject}</a>
                          <span class="chips"
                            >${dueChip(row, now)} ${priorityChip(row.priority)} ${chip(reasonWords(row.status))} ${row.demo && chip('demo')}</span
                          >
                          <span class="quiet"
                            >${row.requesterName ?? row.requesterEmail ?? row.requesterPhone ?? 'Someone'}${row.organizationName !== null && html`, ${row.organizationName}`}
                            · ${row.assigneeName ?? 'nobody has it'} · ${moment(row.lastMessageAt, zone)}</span
                          >
                        </li>`,
                    )}
                  </ul>`
            }`,
        }),
      };
    },
  }),
  pageRoute({
    method: 'get',
    path: '/conversations/{number}',
    action: 'conversation.read',
    handle: (request) => show(request, {}),
  }),
  pageRoute({
    method: 'post',
    path: '/conversations/{number}',
    action: 'conversation.act',
    async handle(request) {
      const { context, actor } = request;
      const number = numberOf(request);
      const act = readForm(request.request, actForm);
      try {
        // The form's own key: sending it twice acts once.
        const outcome = await runCommand(context, {
          number,
          actor: actor as Agent,
          idempotency: { key: act.key, requestHash: requestHash(number, act) },
          make: commandOf(act, number, actor as Agent),
          notLate: act.act === 'assignToMe' || act.act === 'solve',
        });
        if (outcome.state === 'done') await waitForRevision(context.db, number, outcome.answer.revision);
        return { redirect: `/conversations/${number}?did=${outcome.state}` };
      } catch (error) {
        if (!(error instanceof HoldfastError) || error.code === 'E_NOT_FOUND') throw error;
        return show(request, { error: error.message, status: statusOf(error.code), ...('body' in act ? { draft: act } : {}) });
      }
    },
  }),
];

function commandOf(act: Act, number: number, actor: Agent): CommandRequest['make'] {
  switch (act.act) {
    case 'reply':
      return async (db) => {
        if (act.seenUpTo !== undefined) await mustNotHaveMoved(db, number, act.seenUpTo);
        const { message, delivery, recipients } = await outgoing(db, number, act.body);
        return { message, command: { type: 'reply', messageId: message.id, delivery, recipients } };
      };
    case 'note':
      return () => {
        const id = newId('m');
        return Promise.resolve({
          message: { id, direction: 'note', channel: 'api', body: act.body, state: 'shown' },
          command: { type: 'note', messageId: id },
        });
      };
    case 'assignToMe':
      return () => Promise.resolve({ command: { type: 'assign', agent: actor.id, away: false, force: false } });
    case 'solve':
      return () => Promise.resolve({ command: { type: 'status', status: 'solved' } });
    default:
      return act satisfies never;
  }
}

function numberOf({ params }: PageRequest): number {
  const text = params['number'] ?? '';
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new HoldfastError('E_NOT_FOUND', 'There is no such conversation.');
  return Number(text);
}

interface Shown {
  readonly error?: string;
  readonly status?: number;
  readonly draft?: Extract<Act, { body: string }>;
}

async function show(request: PageRequest, shown: Shown): Promise<PageAnswer> {
  const { context, actor } = request;
  const { db } = context;
  const number = numberOf(request);
  const now = context.now();
  const zone = context.policy().timezone;
  const record = await getConversation(db, number);
  if (record === null) throw noSuchConversation(number);
  const [promises, messages, timeline, agents, people, proposals, parts, followUps] = await Promise.all([
    tellPromises(db, number, now),
    listMessages(db, number, { limit: SHOWN, newest: true }),
    listTimeline(db, number, { after: null, limit: 1_000 }),
    listAgents(db, { after: null, limit: 1_000 }),
    listParticipants(db, number),
    listProposals(db, number),
    mergedParts(db, number),
    followUpsOf(db, number),
  ]);
  const names = {
    agent: (id: string) => agents.find((agent) => agent.id === id)?.name ?? id,
    time: (at: number) => momentWords(at, zone),
  };
  const did = request.request.query['did'];
  const canAct = may(actor, 'conversation.act') && record.status !== 'closed' && record.mergedInto === null;
  return {
    status: shown.status ?? 200,
    html: layout({
      title: `#${number} ${record.subject}`,
      actor,
      here: '/conversations',
      body: html`<h1><span class="number">#${number}</span> ${record.subject}</h1>
        <p class="chips">
          ${dueChip(record, now)} ${priorityChip(record.priority)} ${chip(reasonWords(record.status))} ${chip(record.plan)} ${record.demo && chip('demo')}
          ${record.flags.map((flag) => chip(reasonWords(flag), 'warn'))}
        </p>
        ${shown.error !== undefined && html`<p class="error" role="alert">${shown.error}</p>`}
        ${did === 'done' && html`<p class="good" role="status">Done.</p>`}
        ${did === 'queued' && html`<p class="good" role="status">Kept: it happens as soon as the conversation answers.</p>`}
        <dl class="facts">
          <dt>Customer</dt>
          <dd>
            ${record.requesterName ?? ''}
            ${record.requesterEmail ?? record.requesterPhone ?? ''}${record.organizationName !== null && html`, ${record.organizationName}`}
          </dd>
          ${personFacts(people, proposals)} ${linkFacts('Part of', record.mergedInto === null ? [] : [record.mergedInto])} ${linkFacts('With', parts)}
          ${linkFacts('Follows', record.linkedFrom === null ? [] : [record.linkedFrom])} ${linkFacts('Followed by', followUps)}
          <dt>Assigned to</dt>
          <dd>${record.assigneeName ?? 'nobody'}</dd>
          ${
            [...record.cluster, ...record.website].length > 0 &&
            html`<dt>About</dt>
              <dd>${[...record.cluster, ...record.website].join(', ')}</dd>`
          }
          ${
            record.tags.length > 0 &&
            html`<dt>Tags</dt>
              <dd>${record.tags.join(', ')}</dd>`
          }
        </dl>
        ${canAct && html`<div class="acts">${record.assignee !== (actor as Agent).id && oneButton(number, 'assignToMe', 'Assign to me')} ${record.status !== 'solved' && oneButton(number, 'solve', 'Solve')}</div>`}
        <section aria-labelledby="promises">
          <h2 id="promises">Promises</h2>
          ${
            promises.length === 0
              ? html`<p class="empty">Nothing was promised.</p>`
              : html`<ul class="rows">
                  ${promises.map((promise) => promiseRow(promise, now, zone))}
                </ul>`
          }
        </section>
        <section aria-labelledby="thread">
          <h2 id="thread">Thread</h2>
          ${messageList(messages, zone, number)}
        </section>
        ${record.mergedInto !== null && html`<p>This is a part of ${link(record.mergedInto)} now: what comes goes there, and is answered there.</p>`}
        ${canAct && html`${writeForm(record, 'reply', shown.draft)} ${writeForm(record, 'note', shown.draft)}`}
        <section aria-labelledby="timeline">
          <h2 id="timeline">What happened, and why</h2>
          ${
            timeline.length === 0
              ? html`<p class="empty">Nothing yet.</p>`
              : html`<ol class="rows">
                  ${timeline.map((entry) => html`<li>${timelineSentence(entry.type, entry.data, names)} <span class="quiet">${moment(entry.at, zone)}</span></li>`)}
                </ol>`
          }
        </section>`,
    }),
  };
}

function link(number: number): Html {
  return html`<a href="/conversations/${number}">#${number}</a>`;
}

function linkFacts(name: string, numbers: readonly number[]): Html | null {
  if (numbers.length === 0) return null;
  return html`<dt>${name}</dt>
    <dd>${numbers.map((number) => html`${link(number)} `)}</dd>`;
}

/** Who else is in the thread, and whom its mails propose. */
function personFacts(people: readonly ParticipantRecord[], proposals: readonly Proposal[]): Html {
  const others = people.filter(({ role }) => role !== 'requester');
  return html`${
    others.length > 0 &&
    html`<dt>Also here</dt>
      <dd>
        ${others.map(({ name, email, phone, role }) => html`${name ?? email ?? phone ?? 'Someone'} ${role === 'thirdParty' && chip('only shown, not written to', 'warn')}<br />`)}
      </dd>`
  }
  ${
    proposals.length > 0 &&
    html`<dt>Named</dt>
      <dd>
        ${proposals.map(({ name, email, role }) => html`${name ?? ''} ${email} ${chip(role === 'requester' ? 'may be who asked' : 'in To or Cc')}<br />`)}
      </dd>`
  }`;
}

function momentWords(at: number, zone: string): string {
  return new Intl.DateTimeFormat('en-GB', { timeZone: zone, weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }).format(at);
}

function dueChip(record: ConversationRecord, now: number): Html | null {
  if (record.nextDueAt === null) return null;
  const due = record.nextDueAt.getTime();
  return due <= now
    ? chip(`overdue since ${fromNow(due, now)}`.replace(' ago', ''), 'bad')
    : chip(`due ${fromNow(due, now)}`, due - now < 300_000 ? 'warn' : 'plain');
}

function promiseRow({ promise, paused, arithmetic }: PromiseTold, now: number, zone: string): Html {
  return html`<li>
    ${promiseWords(promise.kind)} ${promiseChip(promise, paused, now)} <span class="quiet">${moment(promise.dueAt, zone)}</span>
    <p class="quiet">${arithmetic}</p>
  </li>`;
}

function promiseChip(promise: PromiseTold['promise'], paused: boolean, now: number): Html {
  switch (promise.state) {
    case 'met':
      return chip('kept', 'good');
    case 'cancelled':
      return chip(`no longer owed: ${reasonWords(promise.reason ?? 'cancelled')}`);
    case 'breached':
      return chip(promise.metAt === null ? `broken ${fromNow(promise.breachedAt ?? promise.dueAt, now)}` : 'broken, kept later', 'bad');
    case 'running':
      return paused
        ? chip(`paused, due ${fromNow(promise.dueAt, now)}`)
        : chip(`due ${fromNow(promise.dueAt, now)}`, promise.dueAt.getTime() - now < 300_000 ? 'warn' : 'plain');
    default:
      return promise.state satisfies never;
  }
}

function oneButton(number: number, act: 'assignToMe' | 'solve', words: string): Html {
  return html`<form method="post" action="/conversations/${number}">
    <input type="hidden" name="act" value="${act}" /><input type="hidden" name="key" value="${randomUUID()}" /><button class="second">${words}</button>
  </form>`;
}

function writeForm({ number, lastSeq }: ConversationRecord, act: 'reply' | 'note', draft: Shown['draft']): Html {
  const [heading, button] = act === 'reply' ? ['Answer the customer', 'Send'] : ['Internal note', 'Keep the note'];
  const field = `${act}-body`;
  const form = html`<form method="post" action="/conversations/${number}" class="${act}">
    <input type="hidden" name="act" value="${act}" /><input type="hidden" name="key" value="${randomUUID()}" />
    ${act === 'reply' && html`<input type="hidden" name="seenUpTo" value="${lastSeq}" />`}
    <label for="${field}">${heading}</label>
    <textarea id="${field}" name="body" rows="6" required>${draft?.act === act ? draft.body : ''}</textarea>
    <button ${act === 'note' && html`class="second"`}>${button}</button>
  </form>`;
  return act === 'reply'
    ? form
    : html`<details ${draft?.act === 'note' && html`open`}>
        <summary>Write an internal note</summary>
        ${form}
      </details>`;
}
