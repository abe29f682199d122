import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { OpsFacts } from '../messages/conversation';
import { SEARCH_ATTRIBUTES } from '../messages/searchAttributes';
import { nextInstant } from '../policy/consequences';
import type { ConversationState, PromiseRecord } from '../policy/state';
import { isUnmet } from '../policy/turn';
import { nextDueAt } from '../policy/view';

/** What ops see on a conversation's page in the Temporal UI and filter lists by; no names, no words of customers. */
export class OpsView {
  private attributes = '';
  private details = '';

  constructor(private readonly facts: OpsFacts) {}

  /** Remembers what the start set, so that the first step writes only what differs. */
  startedWith(state: ConversationState): void {
    this.attributes = JSON.stringify(this.valuesOf(state));
  }

  /** Shows the state; one upsert at most, and only on change. */
  show(state: ConversationState): void {
    const values = this.valuesOf(state);
    const attributes = JSON.stringify(values);
    if (attributes !== this.attributes) {
      const before = this.attributes === '' ? {} : (JSON.parse(this.attributes) as Partial<Record<keyof typeof values, unknown>>);
      const changed = <Key extends keyof typeof values>(key: Key): boolean => JSON.stringify(before[key]) !== JSON.stringify(values[key]);
      this.attributes = attributes;
      upsertSearchAttributes([
        ...(changed('kind') ? [{ key: SEARCH_ATTRIBUTES.kind, value: values.kind }] : []),
        ...(changed('status') ? [{ key: SEARCH_ATTRIBUTES.status, value: values.status }] : []),
        ...(changed('priority') ? [{ key: SEARCH_ATTRIBUTES.priority, value: values.priority }] : []),
        ...(changed('plan') ? [{ key: SEARCH_ATTRIBUTES.plan, value: values.plan }] : []),
        ...(changed('assignee') ? [{ key: SEARCH_ATTRIBUTES.assignee, value: values.assignee }] : []),
        ...(changed('cluster') ? [{ key: SEARCH_ATTRIBUTES.cluster, value: values.cluster }] : []),
        ...(changed('website') ? [{ key: SEARCH_ATTRIBUTES.website, value: values.website }] : []),
        ...(changed('dueAt') ? [{ key: SEARCH_ATTRIBUTES.dueAt, value: values.dueAt === null ? null : new Date(values.dueAt) }] : []),
        ...(changed('breached') ? [{ key: SEARCH_ATTRIBUTES.breached, value: values.breached }] : []),
      ]);
    }
    const details = detailsOf(state);
    if (details !== this.details) {
      this.details = details;
      setCurrentDetails(details);
    }
  }

  private valuesOf(state: ConversationState) {
    return {
      kind: state.kind,
      status: state.status,
      priority: state.priority,
      plan: state.plan,
      assignee: state.assignee,
      cluster: [...(state.labels?.cluster ?? this.facts.cluster)],
      website: [...(state.labels?.website ?? this.facts.website)],
      dueAt: nextDueAt(state),
      breached: state.everBreached,
    };
  }
}

/** The live table of promises, in Markdown, times in UTC. */
function detailsOf(state: ConversationState): string {
  const next = nextInstant(state);
  return [
    `**#${state.number}** ${state.kind} · ${state.priority} · ${state.plan} · ${state.status} · ${
      state.assignee === null ? 'nobody has taken it' : `taken by ${state.assignee}`
    }`,
    '',
    row('promise', 'clock', 'due', 'state', 'then'),
    '| --- | --- | --- | --- | --- |',
    ...state.promises.map((promise) => row(`${promise.kind} ${promise.cycle}`, promise.clock, utc(promise.dueAt), stateOf(promise), thenOf(promise))),
    '',
    state.page === null
      ? 'No page is open.'
      : `Page ${state.page.n} is open (${state.page.urgency}): ${state.page.causes.map((cause) => cause.key).join(', ')}`,
    next === null ? 'Waits for people only.' : `Wakes up at ${utc(next.at)}: ${next.what}.`,
  ].join('\n');
}

/** The UI draws tables without any space between their cells, so each cell brings its own. */
function row(...cells: string[]): string {
  return `| ${cells.map((cell) => `\u00a0${cell}\u00a0`).join(' | ')} |`;
}

function stateOf(promise: PromiseRecord): string {
  if (promise.paused) return 'paused';
  if (promise.metAt !== undefined) return `${promise.state === 'breached' ? 'breached, met' : 'met'} ${utc(promise.metAt)}`;
  return promise.reason === undefined ? promise.state : `${promise.state} (${promise.reason})`;
}

function thenOf(promise: PromiseRecord): string {
  if (!isUnmet(promise)) return '';
  if (promise.pageAt === null) return promise.noticeAt === null ? '' : 'notice';
  return promise.paged ? 'next level' : `page ${utc(promise.pageAt)}`;
}

function utc(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
