import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { OpsFacts } from '../messages/conversation';
import { SEARCH_ATTRIBUTES } from '../messages/searchAttributes';
import { nextInstant } from '../policy/consequences';
import type { ConversationState, PromiseRecord } from '../policy/state';
import { isUnmet } from '../policy/turn';
import { nextDueAt } from '../policy/view';
import type { Kind, Priority, Status } from '../policy/words';

/** What the search attributes say; `dueAt` in milliseconds. */
interface Values {
  readonly kind: Kind;
  readonly status: Status;
  readonly priority: Priority;
  readonly plan: string;
  readonly assignee: string | null;
  readonly cluster: string[];
  readonly website: string[];
  readonly dueAt: number | null;
  readonly breached: boolean;
}

/** What ops see on a conversation's page in the Temporal UI and filter lists by; no names, no words of customers. */
export class OpsView {
  private shown: Values | undefined;
  private details = '';

  constructor(private readonly facts: OpsFacts) {}

  /** Remembers what the start set, so that the first step writes only what differs. */
  startedWith(state: ConversationState): void {
    this.shown = this.valuesOf(state);
  }

  /**
   * Shows the state; one upsert at most, and only on change. A due time that has merely become later or void is no reason for one: it is
   * corrected before it could stand there in the past, so that nothing due is ever missed in a list.
   */
  show(state: ConversationState): void {
    this.write(state, ({ dueAt: before, ...others }, { dueAt, ...othersNow }) => {
      const sooner = dueAt !== null && (before === null || dueAt < before);
      return sooner || JSON.stringify(others) !== JSON.stringify(othersNow);
    });
  }

  /** The due time that is shown, milliseconds. */
  get shownDueAt(): number | null {
    return this.shown?.dueAt ?? null;
  }

  /** Shows the due time as it is. */
  correct(state: ConversationState): void {
    this.write(state, (before, now) => before.dueAt !== now.dueAt);
  }

  private write(state: ConversationState, isWorth: (before: Values, now: Values) => boolean): void {
    const values = this.valuesOf(state);
    const before = this.shown;
    if (before !== undefined && isWorth(before, values)) {
      const changed = (key: keyof Values): boolean => JSON.stringify(before[key]) !== JSON.stringify(values[key]);
      this.shown = values;
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

  private valuesOf(state: ConversationState): Values {
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
    ...(state.mergedInto === null ? [] : [`A part of #${state.mergedInto} now.`]),
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
