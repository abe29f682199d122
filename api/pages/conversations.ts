import { listAgents } from '../../db/agents';
import { chatOf } from '../../db/chats';
import { followUpsOf, getConversation, listConversations, listTimeline, mergedParts, type ConversationRecord } from '../../db/conversations';
import { listMessages } from '../../db/messages';
import { listParticipants, type ParticipantRecord } from '../../db/participants';
import { presenceOf } from '../../db/presence';
import { listProposals, type Proposal } from '../../db/proposals';
import { HoldfastError } from '../../messages/errors';
import type { Agent } from '../auth/actor';
import { may } from '../auth/authorize';
import { noSuchConversation } from '../commands';
import type { ApiContext } from '../context';
import { statusOf } from '../problem';
import { pageRoute, type PageAnswer, type PageRequest, type PageRoute } from '../route';
import { tellPromises, type PromiseTold } from '../routes/answers';
import { waitForRevision } from '../routes/conversations';
import { actForm, carryOutAct } from './conversation-acts';
import { mergeForm, peopleActs, quickActs, unmergeButton, writingActs, type Draft } from './conversation-forms';
import { readForm } from './form';
import { html, layout } from './layout';
import type { Html } from './html';
import { messageList } from './thread';
import { fromNow, moment } from './time';
import { timelineSentence } from './timeline-sentence';
import { chip, priorityChip, promiseWords, reasonWords } from './words';

const SHOWN = 200;

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
                            >${row.kind === 'chat' && chip('chat')} ${dueChip(row, now)} ${priorityChip(row.priority)} ${chip(reasonWords(row.status))}
                            ${row.demo && chip('demo')}</span
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
      const { context } = request;
      const number = numberOf(request);
      const act = readForm(request.request, actForm);
      try {
        const { status, body } = await carryOutAct(request, number, act);
        if (status === 202) return { redirect: `/conversations/${number}?did=queued` };
        await waitForRevision(context.db, number, (body as { revision: number }).revision);
        return { redirect: `/conversations/${number}?did=done` };
      } catch (error) {
        if (!(error instanceof HoldfastError) || error.code === 'E_NOT_FOUND') throw error;
        return show(request, { error: error.message, status: statusOf(error.code), ...('body' in act ? { draft: act } : {}) });
      }
    },
  }),
];

function numberOf({ params }: PageRequest): number {
  const text = params['number'] ?? '';
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new HoldfastError('E_NOT_FOUND', 'There is no such conversation.');
  return Number(text);
}

interface Shown {
  readonly error?: string;
  readonly status?: number;
  readonly draft?: Draft;
}

async function show(request: PageRequest, shown: Shown): Promise<PageAnswer> {
  const { context, actor } = request;
  const { db } = context;
  const number = numberOf(request);
  const now = context.now();
  const zone = context.policy().timezone;
  const record = await getConversation(db, number);
  if (record === null) throw noSuchConversation(number);
  const [promises, messages, timeline, agents, people, proposals, parts, followUps, chat] = await Promise.all([
    tellPromises(db, number, now),
    listMessages(db, number, { limit: SHOWN, newest: true }),
    listTimeline(db, number, { after: null, limit: 1_000 }),
    listAgents(db, { after: null, limit: 1_000 }),
    listParticipants(db, number),
    listProposals(db, number),
    mergedParts(db, number),
    followUpsOf(db, number),
    chatChips(context, number),
  ]);
  const productionDown = timeline.some(({ type }) => type === 'customer.productionDown');
  const names = {
    agent: (id: string) => agents.find((agent) => agent.id === id)?.name ?? id,
    time: (at: number) => momentWords(at, zone),
  };
  const did = request.request.query['did'];
  const mayAct = may(actor, 'conversation.act');
  const canAct = mayAct && record.status !== 'closed' && record.mergedInto === null;
  return {
    status: shown.status ?? 200,
    html: layout({
      title: `#${number} ${record.subject}`,
      actor,
      here: '/conversations',
      body: html`<h1><span class="number">#${number}</span> ${record.subject}</h1>
        <p class="chips">
          ${chip(record.kind)} ${dueChip(record, now)} ${priorityChip(record.priority)} ${chip(reasonWords(record.status))} ${chip(record.plan)}
          ${record.demo && chip('demo')} ${record.flags.map((flag) => chip(reasonWords(flag), 'warn'))}
          ${productionDown && chip('production is down, the customer says', 'bad')} ${chat}
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
        ${canAct && quickActs(record, (actor as Agent).id)}
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
        ${mayAct && record.mergedInto !== null && record.status !== 'closed' && unmergeButton(number)} ${canAct && writingActs(record, shown.draft)}
        ${
          canAct &&
          html`<section aria-labelledby="people">
            <h2 id="people">Who is here</h2>
            ${peopleActs(record, people, proposals)} ${mergeForm(record)}
          </section>`
        }
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

const PRESENCE = { here: ['the customer is here', 'good'], away: ['the customer has just left', 'warn'], gone: ['the customer is away', 'plain'] } as const;

/** What is to be known of a chat before one writes: whether anybody is there to read it. Nothing for what is no chat. */
async function chatChips({ db, policy, now }: ApiContext, number: number): Promise<Html | null> {
  if ((await chatOf(db, number)) === null) return null;
  const presence = await presenceOf(db, [number], { at: now(), goneAfterMs: policy().chats.customerGoneAfterMs });
  const [words, tone] = PRESENCE[presence.get(number)?.state ?? 'gone'];
  return chip(words, tone);
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
