import { adopt, giveBack, oweAgain } from './adoption';
import { bounced, delivered, release } from './answers';
import { releaseAllCopies } from './chat-copies';
import { carryOut, check } from './commands';
import { causeOf, markBreaches, takeConsequences } from './consequences';
import { takeCustomerAct, takeMessage } from './inbound';
import { ring } from './page';
import { takePresence } from './presence';
import { officeOpen, officeOpensAt } from './promises';
import type { PolicySnapshot } from './snapshot';
import { close, moveTo } from './status';
import type { Step } from './effects';
import type { ConversationEvent, InboundEvent } from './events';
import type { ConversationStart, ConversationState, PromiseRecord } from './state';
import { Turn } from './turn';

/**
 * The state machine of a conversation: the only place where anything is decided. The same function serves the workflow,
 * `policy simulate`, `explain` and the tests; it does no I/O and reads no clock.
 *
 * | event | new | open | pending | onHold | solved | closed |
 * | --- | --- | --- | --- | --- | --- | --- |
 * | message (customer) | stays | next response | → open, next response goes on | → open | → open, quiet when slight | (never arrives: a new conversation) |
 * | message (third party) | notice | notice | notice | notice | notice | |
 * | message (agent) | like a reply | like a reply | like a reply | like a reply | like a reply | |
 * | message (machine) | shown | shown | shown | shown | shown | |
 * | productionDown | urgent | urgent | → open, urgent | → open, urgent | → open, urgent | |
 * | thatsAll | → solved | → solved | → solved | → solved | stays | |
 * | rated, transcript, proven | stays | stays | stays | stays | stays | |
 * | reply, be right back | taken, → open | kept on delivery | kept on delivery | kept on delivery | → open | refused |
 * | undo | stays | stays | back → open if it came with the reply | likewise | likewise | refused |
 * | closing question | taken, → pending | → pending | stays | → pending | refused | refused |
 * | call | taken, → open | kept | kept | kept | kept | refused |
 * | feedback | → open when it is being worked on | kept | kept | kept | refused | refused |
 * | assign | → open, dispatch met | dispatch met | dispatch met | dispatch met | stays | refused |
 * | unassign | dispatch from now | dispatch from now | dispatch from now | dispatch from now | stays | refused |
 * | priority | counted anew | counted anew | counted anew | counted anew | stays | refused |
 * | status | as asked | as asked | as asked | as asked | as asked | refused |
 * | convert (chat) | kept: → open | ticket | ticket | ticket | refused | refused |
 * | spam | → solved, closing | → solved, closing | → solved, closing | → solved, closing | closing | refused |
 * | tags, snooze, escalate, participants, requester | stays | stays | stays | stays | stays | refused |
 * | merge | → solved, closing in a day | likewise | likewise | likewise | likewise | refused |
 * | unmerge | refused | refused | refused | refused | → what it was, when it is merged | refused |
 * | merged (another has been merged into it) | stays | stays | → open if an answer is owed | likewise | likewise | |
 * | unmerged (that has been undone) | stays | stays | stays | stays | stays | |
 * | scheduled (what silence brings) | refused | refused | called off, or now | refused | called off, or now | refused |
 * | note | stays | stays | stays | stays | stays | stays |
 * | delivered | kept | kept | kept | kept | kept | stays |
 * | bounced, bounce | runs again, if nobody has it | likewise | likewise | likewise | → open when it was to be kept by that answer | notice |
 * | presence | there: what waits counts; gone: mails; else looks again | likewise | likewise; → solved when they have been gone for long since the closing question | likewise | likewise | mails |
 * | due | consequences | consequences | + reminder, → solved | consequences | asks how it went, once; closing claim | |
 * | closed | | | | | → closed | stays |
 * | notClosed | | | | | claimed again | |
 * | policy, rules | for what comes | for what comes | for what comes | for what comes | for what comes | stays |
 *
 * Out of office hours a customer's message to a conversation is forwarded to on-call when it is urgent, high or a triage rule says so; a
 * voicemail that joins always is, and rings in office hours too, unless somebody has acknowledged the page. What is merged is `solved` and
 * refuses everything but a note, an undo of what was said before, and the undo of the merge.
 *
 * Every event first marks what was due by its own time as breached, then does what it does, and ends with the consequences of
 * everything that is due by now. So what passed while all was down has its true times, and nobody is rung for what has been kept.
 */
export function apply(before: ConversationState, event: ConversationEvent, now: number): Step {
  const turn = new Turn(before, now);
  const { state } = turn;
  switch (event.type) {
    case 'message':
    case 'customerAct':
    case 'merged':
    case 'unmerged':
    case 'bounce':
      if (event.seq <= state.cursor) return turn.step();
      if (state.status === 'closed') throw new Error(`Event ${event.seq} came to #${state.number}, which is closed.`);
      if (event.seq !== state.cursor + 1) {
        throw new Error(`Event ${event.seq} of #${state.number} came after ${state.cursor}: one was left out.`);
      }
      markBreaches(turn, Math.min(event.at, now));
      takeInbound(turn, event);
      break;
    case 'command': {
      if (state.commands.some((known) => known.id === event.id)) return turn.step();
      const refusal = check(state, event, now);
      turn.remember(event.id, refusal ?? undefined);
      if (refusal) {
        turn.tell(now, 'command.refused', { command: event.command.type, code: refusal.code, by: event.by });
        return turn.step(refusal);
      }
      markBreaches(turn, Math.min(event.at, now));
      carryOut(turn, event);
      break;
    }
    case 'due':
      break;
    case 'delivered':
      markBreaches(turn, Math.min(event.at, now));
      delivered(turn, event.messageId, event.at);
      break;
    case 'bounced':
      bounced(turn, event);
      break;
    case 'presence':
      markBreaches(turn, Math.min(event.at, now));
      takePresence(turn, event, event.at);
      break;
    case 'closed':
      // What was said while the closing was claimed leaves now: nothing happens here any more.
      for (const reply of state.outgoing) if (!reply.released) release(turn, reply);
      releaseAllCopies(turn, event.at);
      close(turn, event.at);
      break;
    case 'notClosed':
      if (state.status === 'solved') state.closeAt ??= now + CLOSE_AGAIN_MS;
      break;
    case 'policy':
      // A demonstration stays one: under the desk's own policy it would ring real people.
      if (turn.policy.demo === true && event.snapshot.demo !== true) break;
      state.policies = { ...state.policies, [event.snapshot.hash]: event.snapshot };
      state.policy = event.snapshot.hash;
      break;
    default:
      event satisfies never;
  }
  takeConsequences(turn);
  return turn.step();
}

function takeInbound(turn: Turn, event: InboundEvent): void {
  turn.state.cursor = event.seq;
  switch (event.type) {
    case 'message':
      return takeMessage(turn, event);
    case 'customerAct':
      return takeCustomerAct(turn, event);
    case 'merged':
      return adopt(turn, event);
    case 'unmerged':
      return giveBack(turn, event);
    case 'bounce':
      bounced(turn, event);
      if (event.owed) oweAgain(turn, event.owed, event.at);
      return;
    default:
      event satisfies never;
  }
}

/** How long until the closing is claimed again after something unread came in. */
const CLOSE_AGAIN_MS = 60_000;

/**
 * The first turn: adopts the promises that were counted when the request came, opens the page of the night or of a new chat,
 * and writes the receipt. Resolve stores its outcome, and the workflow begins with the very same.
 */
export function begin(start: ConversationStart, policy: PolicySnapshot): Step {
  const at = start.receivedAt;
  const turn = new Turn(emptyState(start, policy), at);
  turn.tell(at, 'conversation.started', {
    kind: start.kind,
    channel: start.channel,
    priority: start.priority,
    plan: start.plan,
    policy: policy.hash,
    office: officeOpen(policy, at) ? 'open' : 'closed',
  });
  const promises = start.promises.map((seed) => turn.start(seed));
  if (start.initiatedBy === 'agent') moveTo(turn, 'pending', at, 'agentStarted');
  openFirstPage(turn, promises, at);
  if (start.initiatedBy === 'customer') tellDesk(turn, promises, at);
  sendReceipt(turn, start, promises);
  takeConsequences(turn);
  return turn.step();
}

/** Out of hours on-call hears at once; in office hours of a new chat and a voicemail. */
function openFirstPage(turn: Turn, promises: readonly PromiseRecord[], at: number): void {
  const { state, policy } = turn;
  const of = (kind: PromiseRecord['kind']): PromiseRecord | undefined => promises.find((promise) => promise.kind === kind);
  const feedback = of('feedback');
  const chat = of('chatResponse');
  const first = of('firstResponse');
  if (feedback) {
    const promise = turn.change(feedback, { paged: true });
    ring(turn, causeOf(turn, promise, at, 'outOfHours'));
  } else if (state.channel === 'voicemail' && first) {
    const promise = turn.change(first, { paged: true });
    ring(turn, causeOf(turn, promise, at, 'voicemail'));
  } else if (chat && policy.chats.page !== 'off' && officeOpen(policy, at)) {
    const promise = turn.change(chat, { paged: true });
    const cause = causeOf(turn, promise, at, 'newChat');
    ring(turn, policy.chats.page === 'high' ? { ...cause, urgency: 'high' } : cause);
  }
}

/** A new chat is always said; anything else that comes in the night and is forwarded to nobody, too. */
function tellDesk(turn: Turn, promises: readonly PromiseRecord[], at: number): void {
  if (turn.state.kind === 'chat') return turn.notice('newChat', at);
  const forwarded = promises.some((promise) => promise.kind === 'feedback');
  if (!forwarded && !officeOpen(turn.policy, at)) turn.notice('customerWrote', at);
}

function sendReceipt(turn: Turn, start: ConversationStart, promises: readonly PromiseRecord[]): void {
  const { state, policy } = turn;
  const [requester] = state.participants;
  const first = promises.find((promise) => promise.kind === 'firstResponse');
  if (!start.receipt || !policy.receipt || state.noAutoMail || requester === undefined || !first) return;
  const at = start.receivedAt;
  const open = officeOpen(policy, at);
  turn.mail(
    'receipt',
    requester,
    at,
    {
      dueAt: first.dueAt,
      officeOpen: open,
      opensAt: open ? null : officeOpensAt(policy, at),
      onCallTold: promises.some((promise) => promise.kind === 'feedback'),
      priority: state.priority,
    },
    { messageId: start.messageId },
  );
}

function emptyState(start: ConversationStart, policy: PolicySnapshot): ConversationState {
  return {
    rules: start.rules,
    number: start.number,
    kind: start.kind,
    channel: start.channel,
    initiatedBy: start.initiatedBy,
    plan: start.plan,
    priority: start.priority,
    status: 'new',
    assignee: start.assignee,
    everAssigned: start.assignee !== null,
    answeredAt: null,
    receivedAt: start.receivedAt,
    participants: start.participants,
    noAutoMail: start.noAutoMail,
    outOfHours: start.outOfHours,
    promises: [],
    everBreached: false,
    cursor: 1,
    commands: [],
    revision: 0,
    effects: 0,
    page: null,
    pages: 0,
    outgoing: [],
    snoozedUntil: null,
    unansweredSince: start.initiatedBy === 'customer' ? start.receivedAt : null,
    lastCustomerAt: start.initiatedBy === 'customer' ? start.receivedAt : null,
    lastAgentAt: start.initiatedBy === 'agent' ? start.receivedAt : null,
    solvedAt: null,
    graceUntil: null,
    pendingSince: null,
    remindAt: null,
    solveAt: null,
    closingAsked: false,
    closeAt: null,
    rateAt: null,
    updatesMissed: 0,
    beRightBack: false,
    unseenCheckAt: null,
    ...(start.kind === 'chat' && { said: [] }),
    silenceAt: null,
    mergedInto: null,
    labels: null,
    policy: policy.hash,
    policies: { [policy.hash]: policy },
  };
}
