import fc from 'fast-check';
import { waitsInChat } from '../../../policy/looks';
import { SCHEDULED } from '../../../policy/scheduled';
import { PRIORITIES, PROMISE_KINDS, type PromiseKind } from '../../../policy/words';
import type { PolicySnapshot } from '../../../policy/snapshot';
import type { Command, ConversationEvent, CustomerDeed, MessageEvent } from '../../../policy/events';
import type { ConversationState } from '../../../policy/state';
import { at, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from './times';
import type { Opening } from './story';

/** What an act needs to know to become an event that could really come now. */
export interface Surroundings {
  readonly state: ConversationState;
  /** When it happened, at most now. */
  readonly at: number;
  /** A name that nothing else has. */
  readonly id: string;
  /** Messages that left by mail, ours and agents', with the receipt's words: for deliveries and bounces. */
  readonly mailed: readonly string[];
  readonly claimed: boolean;
  readonly looking: boolean;
  readonly policies: readonly PolicySnapshot[];
}

/** Something that happens, a while after the last. */
export interface Act {
  readonly waitMs: number;
  /** How late its turn comes; what was due meanwhile has not happened then. */
  readonly lateMs: number;
  readonly name: string;
  /** Null when it cannot happen now. */
  readonly event: (here: Surroundings) => ConversationEvent | null;
}

const agent = fc.constantFrom('a1', 'a2');
const priority = fc.constantFrom(...PRIORITIES);
const pick = fc.nat({ max: 1_000 });
const aheadMs = fc.constantFrom(10 * SECOND_MS, 5 * MINUTE_MS, HOUR_MS, DAY_MS);

const command = (make: (here: Surroundings) => Command) => (by: string) => (here: Surroundings) =>
  ({ type: 'command', id: here.id, at: here.at, by, command: make(here) }) as const;

const message =
  (more: Partial<MessageEvent>) =>
  (here: Surroundings): ConversationEvent | null =>
    here.state.status === 'closed'
      ? null
      : {
          type: 'message',
          seq: here.state.cursor + 1,
          at: here.at,
          messageId: here.id,
          author: 'customer',
          channel: 'email',
          machine: false,
          slight: false,
          policy: here.state.policy,
          ...more,
        };

const words = (here: Surroundings, mail: boolean, two: boolean, gone = false) => ({
  messageId: here.id,
  delivery: mail || here.state.kind === 'ticket' ? ('mail' as const) : ('chat' as const),
  recipients: mail || here.state.kind === 'ticket' ? (two ? ['c1', 'c2'] : ['c1']) : [],
  ...(gone && !mail && here.state.kind === 'chat' && { gone }),
});

/** What waits in a chat for a look that finds its customer gone. */
const waiting = ({ outgoing }: ConversationState): string[] => outgoing.filter(waitsInChat).map(({ messageId }) => messageId);

/** What another conversation may hand on: a promise of each kind, old or new, as its rules would have left it. */
const handed = fc.uniqueArray(
  fc.record({
    kind: fc.constantFrom(...PROMISE_KINDS),
    age: fc.integer({ min: 1, max: 2 * DAY_MS }),
    lengthMs: fc.integer({ min: 10 * MINUTE_MS, max: 2 * DAY_MS }),
  }),
  { selector: ({ kind }) => kind, maxLength: 4 },
);

const merged =
  (dues: readonly { kind: PromiseKind; age: number; lengthMs: number }[]) =>
  ({ state, at: when }: Surroundings): ConversationEvent | null =>
    state.status === 'closed' || state.merges?.some(({ from }) => from === 59)
      ? null
      : {
          type: 'merged',
          seq: state.cursor + 1,
          at: when,
          from: 59,
          participants: ['c1', 'c9'],
          dues: dues.map(({ kind, age, lengthMs }) => {
            const since = when - age;
            const dueAt = since + lengthMs;
            const noticeAt = kind === 'update' ? since + lengthMs / 2 : dueAt;
            const pageAt = kind === 'update' || kind === 'nextResponse' ? null : dueAt;
            const past = dueAt <= when;
            return {
              kind,
              since,
              dueAt,
              clock: 'elapsed',
              lengthMs,
              noticeAt,
              pageAt,
              noticed: noticeAt <= when,
              paged: past && pageAt !== null,
              raised: past,
            };
          }),
          urgency: 'high',
          causes: [],
          acknowledged: null,
          policy: state.policy,
        };

type Deed = Pick<Act, 'name' | 'event'>;
const deed = (name: string, event: Act['event']): Deed => ({ name, event });

const spoken = fc
  .record({
    by: agent,
    mail: fc.boolean(),
    two: fc.boolean(),
    gone: fc.boolean(),
    status: fc.constantFrom(undefined, undefined, 'open' as const, 'pending' as const, 'onHold' as const, 'solved' as const),
    ahead: fc.option(aheadMs, { freq: 3, nil: undefined }),
  })
  .map(({ by, mail, two, gone, status, ahead }) =>
    deed('reply', (here) =>
      command(() => ({
        type: 'reply',
        ...words(here, mail, two, gone),
        ...(status && { status }),
        ...(ahead !== undefined && { updateBy: here.at + ahead }),
      }))(by)(here),
    ),
  );

const simple = (name: string, make: (here: Surroundings) => Command): fc.Arbitrary<Deed> => agent.map((by) => deed(name, command(make)(by)));

const deeds: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 8, arbitrary: fc.constant(deed('customer', message({}))) },
  { weight: 3, arbitrary: fc.constant(deed('slight', message({ slight: true }))) },
  { weight: 1, arbitrary: fc.constant(deed('triage words', message({ triage: 'urgent' }))) },
  { weight: 2, arbitrary: fc.constant(deed('machine', message({ machine: true }))) },
  { weight: 1, arbitrary: fc.constant(deed('voicemail', message({ channel: 'voicemail' }))) },
  { weight: 1, arbitrary: fc.constant(deed('third party', message({ author: 'thirdParty' }))) },
  { weight: 1, arbitrary: fc.constant(deed('agent by mail', message({ author: 'agent', agent: 'a3' }))) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom<CustomerDeed>(
        { act: 'productionDown' },
        { act: 'thatsAll' },
        { act: 'thatsAll' },
        { act: 'rated', score: 'good' },
        { act: 'proven' },
        { act: 'transcript', contact: 'c1' },
      )
      .map((what) =>
        deed(what.act, ({ state, at: when }) =>
          state.status === 'closed' ? null : { type: 'customerAct', seq: state.cursor + 1, at: when, ...what, policy: state.policy },
        ),
      ),
  },
  { weight: 8, arbitrary: spoken },
  {
    weight: 8,
    arbitrary: pick.map((which) =>
      deed('delivered', ({ mailed, at: when }) => {
        const messageId = mailed[mailed.length - 1 - (which % 4)];
        return messageId === undefined ? null : { type: 'delivered', messageId, at: when };
      }),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.record({ which: pick, hard: fc.boolean() }).map(({ which, hard }) =>
      deed('bounced', ({ mailed, at: when }) => {
        const messageId = mailed[which % Math.max(1, mailed.length)];
        return messageId === undefined ? null : { type: 'bounced', messageId, at: when, hard };
      }),
    ),
  },
  {
    weight: 3,
    arbitrary: simple('undo', ({ state }) => ({ type: 'undoReply', messageId: state.outgoing.at(-1)?.messageId ?? 'none' })),
  },
  { weight: 2, arbitrary: simple('note', ({ id }) => ({ type: 'note', messageId: id })) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('reached' as const, 'voicemail' as const, 'noAnswer' as const)
      .chain((outcome) => simple('call', ({ id }) => ({ type: 'call', messageId: id, outcome }))),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.option(aheadMs, { nil: undefined }), fc.boolean()).chain(([ahead, gone]) =>
      simple('be right back', (here) => ({
        type: 'beRightBack',
        ...words(here, false, false, gone),
        ...(ahead !== undefined && { backAt: here.at + ahead }),
      })),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.boolean().chain((gone) => simple('closing question', (here) => ({ type: 'closingQuestion', ...words(here, false, false, gone) }))),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({ to: fc.constantFrom('a1', 'a2', null), away: fc.boolean(), force: fc.boolean() })
      .chain(({ to, away, force }) => simple('assign', () => ({ type: 'assign', agent: to, away, force }))),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({ to: priority, since: fc.constantFrom(undefined, 'received' as const, 'now' as const) })
      .chain(({ to, since }) => simple('priority', () => ({ type: 'priority', priority: to, ...(since && { since }) }))),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ to: priority, outOfHours: fc.constantFrom('page' as const, 'notice' as const) })
      .chain(({ to, outOfHours }) => simple('copied', () => ({ type: 'copied', priority: to, outOfHours }))),
  },
  {
    weight: 4,
    arbitrary: fc
      .constantFrom('open' as const, 'pending' as const, 'onHold' as const, 'solved' as const)
      .chain((status) => simple(`status ${status}`, () => ({ type: 'status', status }))),
  },
  { weight: 1, arbitrary: simple('tags', () => ({ type: 'tags', tags: ['t'], cluster: ['c'], website: [] })) },
  { weight: 1, arbitrary: aheadMs.chain((ahead) => simple('snooze', (here) => ({ type: 'snooze', until: here.at + ahead }))) },
  {
    weight: 2,
    arbitrary: fc
      .record({ keep: fc.boolean(), to: fc.option(priority, { nil: undefined }) })
      .chain(({ keep, to }) => simple('convert', () => ({ type: 'convert', keep, recipients: ['c1'], ...(to && { priority: to }) }))),
  },
  { weight: 1, arbitrary: simple('spam', () => ({ type: 'spam' })) },
  {
    weight: 4,
    arbitrary: fc
      .constantFrom('workingOnIt' as const, 'whenOpen' as const, 'ownWords' as const)
      .chain((word) => simple('feedback', ({ id, state }) => ({ type: 'feedback', messageId: id, word, recipients: state.kind === 'chat' ? [] : ['c1'] }))),
  },
  { weight: 1, arbitrary: simple('escalate', () => ({ type: 'escalate' })) },
  {
    weight: 2,
    arbitrary: fc
      .record({ action: fc.constantFrom(...SCHEDULED), do: fc.constantFrom('cancel' as const, 'advance' as const) })
      .chain((planned) => simple('scheduled', () => ({ type: 'scheduled', ...planned }))),
  },
  {
    weight: 1,
    arbitrary: fc.subarray(['c1', 'c2', 'c3']).chain((contacts) => simple('participants', () => ({ type: 'participants', contacts }))),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ contact: fc.constantFrom('c1', 'c2'), plan: fc.constantFrom(undefined, 'standard', 'enterprise') })
      .chain(({ contact, plan }) => simple('requester', () => ({ type: 'requester', contact, ...(plan && { plan }) }))),
  },
  { weight: 1, arbitrary: simple('merge', () => ({ type: 'merge', into: 61 })) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(null, 1, 0.5).chain((part) =>
      simple('unmerge', ({ state, at: when }) => ({
        type: 'unmerge',
        answeredAt: part === null || !state.merged ? null : Math.round(state.merged.at + (when - state.merged.at) * part),
      })),
    ),
  },
  { weight: 3, arbitrary: handed.map((dues) => deed('merged', merged(dues))) },
  {
    weight: 2,
    arbitrary: fc.constant(
      deed('unmerged', ({ state, at: when }) =>
        state.status === 'closed' ? null : { type: 'unmerged', seq: state.cursor + 1, at: when, from: 59, policy: state.policy },
      ),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.record({ which: pick, hard: fc.boolean() }).map(({ which, hard }) =>
      deed('bounce', ({ state, mailed, at: when }) => {
        const messageId = mailed[which % Math.max(1, mailed.length)];
        if (messageId === undefined || state.status === 'closed') return null;
        return { type: 'bounce', seq: state.cursor + 1, at: when, messageId, hard, policy: state.policy };
      }),
    ),
  },
  {
    weight: 5,
    arbitrary: fc.record({ found: fc.constantFrom('seen' as const, 'present' as const, 'gone' as const), full: fc.nat({ max: 5 }) }).map(({ found, full }) =>
      deed('presence', ({ looking, at: when, id, state }) => {
        if (!looking) return null;
        // An address that may not have any more mails is claimed nothing for.
        const unseen = full === 0 ? [] : [...(waiting(state).length === 0 ? [id] : []), ...waiting(state)];
        return { type: 'presence', at: when, found, claimed: found === 'gone' ? unseen : [], presentAt: found === 'gone' ? null : when };
      }),
    ),
  },
  { weight: 3, arbitrary: fc.constant(deed('closed', ({ claimed, at: when }) => (claimed ? { type: 'closed', at: when } : null))) },
  { weight: 2, arbitrary: fc.constant(deed('not closed', ({ claimed, at: when }) => (claimed ? { type: 'notClosed', at: when } : null))) },
  {
    weight: 1,
    arbitrary: pick.map((which) =>
      deed('policy', ({ policies }) => {
        const snapshot = policies[which % policies.length];
        return snapshot ? { type: 'policy', snapshot } : null;
      }),
    ),
  },
);

/** Waits that meet undo-send, thresholds, nights, weekends and silence. */
const waitMs = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 20 * SECOND_MS }) },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 30 * MINUTE_MS }) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 8 * HOUR_MS }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 4 * DAY_MS }) },
);

/** Anything that can happen. */
export const act: fc.Arbitrary<Act> = fc
  .record({ what: deeds, waitMs, late: fc.option(fc.integer({ min: 0, max: 100 }), { freq: 4, nil: 0 }) })
  .map(({ what, waitMs: wait, late }) => ({ ...what, waitMs: wait, lateMs: Math.floor((wait * late) / 100), toString: () => `${what.name} after ${wait} ms` }));

/** Any beginning, in any hour of the week. */
export const opening: fc.Arbitrary<Opening> = fc.record({
  at: fc.integer({ min: 0, max: 7 * 24 * 60 - 1 }).map((minutes) => at('Mon 00:00') + minutes * MINUTE_MS),
  kind: fc.constantFrom('ticket' as const, 'chat' as const),
  plan: fc.constantFrom('standard', 'enterprise'),
  priority,
  outOfHours: fc.constantFrom('page' as const, 'page' as const, 'notice' as const),
});
