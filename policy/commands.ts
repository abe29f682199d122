import { moveWith, say, send, take, undo } from './answers';
import { copiesOf } from './chat-copies';
import { copied } from './copied';
import { answered, cancel, isAboutToBeKept, isToldTo, meet } from './keeping';
import { merge, unmerge } from './merge';
import { ringNextLevel, stopRingingFor } from './page';
import { participants, requester } from './people';
import { setPriority } from './priority';
import { businessDuration, countPromise, countUpdate, officeOpen, officeOpensAt } from './promises';
import { checkScheduled, scheduled } from './scheduled';
import { assign, endAsSpam, isOpenStatus, jitter, moveTo, solve, wantAssignee } from './status';
import type { Command, CommandEvent } from './events';
import type { ConversationState, PromiseRecord, PromiseSeed, Refusal } from './state';
import { isUnmet, type Turn } from './turn';
import { urgencyOf } from './urgency';

/** When an agent who says "be right back" without a time means to be back. */
export const BACK_SOON_MS = 10 * 60_000;
/** When on-call who says "working on it now" without a time will write again. */
export const WORKING_UPDATE_MS = 60 * 60_000;

type Carry<Type extends Command['type']> = Extract<Command, { type: Type }>;

/** Whether a command can be carried out now; null when it can. Pure and without effect: also the Update's validator. */
export function check(state: ConversationState, event: CommandEvent, now: number): Refusal | null {
  const { command } = event;
  const elsewhere = checkMerge(state, command);
  if (elsewhere) return elsewhere;
  if (event.notAfter !== undefined && now > event.notAfter) {
    return { code: 'E_TOO_LATE', message: 'This came too late to be carried out. Look at the conversation and do it again if it is still right.' };
  }
  if (state.status === 'closed' && command.type !== 'note') {
    return { code: 'E_CONVERSATION_CLOSED', message: `#${state.number} is closed. Write in a new conversation that is linked to it.` };
  }
  switch (command.type) {
    case 'assign':
      return command.agent !== null && command.away && !command.force
        ? { code: 'E_AGENT_AWAY', message: 'This agent is away. Choose another, or send "force": true.' }
        : null;
    case 'beRightBack':
      if (goesNowhere(command)) return NO_PUBLIC_CHANNEL;
      return state.beRightBack && command.backAt === undefined
        ? { code: 'E_NEW_TIME_WANTED', message: 'The customer has been told "be right back" already. Tell them a time: send "backAt".' }
        : checkTime('backAt', command.backAt, event.at);
    case 'undoReply': {
      const reply = state.outgoing.find((candidate) => candidate.messageId === command.messageId);
      const isCopied = copiesOf(state).some(({ messageId }) => messageId === command.messageId);
      return (!reply || reply.released) && !isCopied ? { code: 'E_NOTHING_TO_UNDO', message: 'This answer has left already, or was never given.' } : null;
    }
    case 'convert':
      if (state.kind === 'ticket') return { code: 'E_ALREADY_A_TICKET', message: `#${state.number} is a ticket already.` };
      return checkOpen(state) ?? checkTime('updateBy', command.updateBy, event.at);
    case 'closingQuestion':
      return goesNowhere(command) ? NO_PUBLIC_CHANNEL : checkOpen(state);
    case 'feedback':
      if (goesNowhere({ delivery: state.kind === 'chat' ? 'chat' : 'mail', recipients: command.recipients })) return NO_PUBLIC_CHANNEL;
      if (command.word === 'whenOpen') return checkOpen(state) ?? checkWhenOpen(state, command, event.at);
      return checkOpen(state) ?? checkTime('updateBy', command.updateBy, event.at);
    case 'escalate':
      return state.page === null ? { code: 'E_NO_OPEN_PAGE', message: `#${state.number} has no open page.` } : null;
    case 'scheduled':
      return checkScheduled(state, command);
    case 'reply':
      return goesNowhere(command) ? NO_PUBLIC_CHANNEL : checkTime('updateBy', command.updateBy, event.at);
    case 'note':
    case 'call':
    case 'priority':
    case 'copied':
    case 'status':
    case 'tags':
    case 'snooze':
    case 'spam':
    case 'participants':
    case 'requester':
    case 'merge':
    case 'unmerge':
      return null;
    default:
      return command satisfies never;
  }
}

/** What has become a part of another conversation is done there; here only what had been begun before can be taken back. */
function checkMerge({ number, status, merged, mergedInto }: ConversationState, { type, ...command }: Command): Refusal | null {
  if (type === 'merge' && 'into' in command && command.into === number) {
    return { code: 'E_BAD_COMMAND', message: `#${number} cannot be merged into itself. Name another conversation.` };
  }
  if (mergedInto === null || merged === undefined) {
    return type === 'unmerge' ? { code: 'E_NOT_MERGED', message: `#${number} is not a part of another conversation.` } : null;
  }
  if (type === 'note') return null;
  if (status === 'closed' && type === 'unmerge') {
    return {
      code: 'E_CONVERSATION_CLOSED',
      message: `#${number} has been a part of #${mergedInto} for more than a day, and is closed. Write in #${mergedInto}.`,
    };
  }
  if (type === 'unmerge' || type === 'undoReply') return null;
  return { code: 'E_MERGED', message: `#${number} is a part of #${mergedInto} now. Do it there, or undo the merge first.` };
}

const NO_PUBLIC_CHANNEL: Refusal = {
  code: 'E_NO_PUBLIC_CHANNEL',
  message: 'Nobody in this conversation can be reached in writing. Call the customer and log the call instead.',
};

function goesNowhere(words: { delivery: 'mail' | 'chat'; recipients: readonly string[] }): boolean {
  return words.delivery === 'mail' && words.recipients.length === 0;
}

function checkOpen(state: ConversationState): Refusal | null {
  if (isOpenStatus(state.status)) return null;
  return { code: 'E_NOT_OPEN', message: `#${state.number} is ${state.status}. Open it first.` };
}

function checkTime(name: string, time: number | undefined, now: number): Refusal | null {
  return time !== undefined && time <= now ? { code: 'E_BAD_COMMAND', message: `"${name}" lies in the past. Send a time to come.` } : null;
}

/** "When the office opens" is a lie when an answer is due before, and tells the time that has been promised already and no other. */
function checkWhenOpen(state: ConversationState, { updateBy }: Carry<'feedback'>, at: number): Refusal | null {
  if (updateBy !== undefined) {
    return { code: 'E_BAD_COMMAND', message: '"When the office opens" tells no other time. Leave "updateBy" out, or say it in your own words.' };
  }
  const policy = state.policies[state.policy];
  if (!policy || officeOpen(policy, at)) {
    return { code: 'E_BAD_COMMAND', message: 'The office is open. Answer, or say that you are working on it.' };
  }
  const opensAt = officeOpensAt(policy, at);
  return state.promises.some((promise) => isAnswerOwed(promise) && promise.dueAt < opensAt)
    ? { code: 'E_OFFICE_OPENS_LATER', message: 'An answer is due before the office opens. Answer, or say that you are working on it.' }
    : null;
}

function isAnswerOwed(promise: PromiseRecord): boolean {
  return isUnmet(promise) && (promise.kind === 'firstResponse' || promise.kind === 'nextResponse');
}

/** Carries a command out that `check` has let pass. */
export function carryOut(turn: Turn, event: CommandEvent): void {
  const { command, at, by } = event;
  switch (command.type) {
    case 'reply':
      return reply(turn, command, at, by);
    case 'undoReply':
      return undo(turn, command.messageId, at, by);
    case 'note':
      return turn.tell(at, 'note', { message: command.messageId, by });
    case 'call':
      return call(turn, command, at, by);
    case 'beRightBack':
      return beRightBack(turn, command, at, by);
    case 'closingQuestion':
      return closingQuestion(turn, command, at, by);
    case 'assign':
      return assign(turn, command.agent, at, by);
    case 'priority':
      return setPriority(turn, command.priority, command.since, at, by);
    case 'copied':
      return copied(turn, command, at, by);
    case 'status':
      return command.status === 'solved' ? solve(turn, at, by) : moveTo(turn, command.status, at, by);
    case 'tags':
      return tag(turn, command, at, by);
    case 'snooze':
      turn.state.snoozedUntil = command.until;
      return turn.tell(at, 'snooze', { until: command.until, by });
    case 'convert':
      return convert(turn, command, at, by);
    case 'spam':
      return endAsSpam(turn, at);
    case 'feedback':
      return feedback(turn, command, at, by);
    case 'escalate':
      return escalate(turn, at, by);
    case 'scheduled':
      return scheduled(turn, command, at, by);
    case 'participants':
      return participants(turn, command.contacts, at, by);
    case 'requester':
      return requester(turn, command, at, by);
    case 'merge':
      return merge(turn, command.into, at, by);
    case 'unmerge':
      return unmerge(turn, command.answeredAt, at, by);
    default:
      command satisfies never;
  }
}

function reply(turn: Turn, command: Carry<'reply'>, at: number, by: string): void {
  const { messageId, status, updateBy } = command;
  say(turn, { ...command, mail: 'reply', facts: { updateBy: updateBy ?? null } }, at, by);
  if (updateBy !== undefined) turn.start(countUpdate(at, updateBy));
  if (status === undefined) return;
  if (status === 'solved') solve(turn, at, by);
  else moveTo(turn, status, at, by);
  moveWith(turn, messageId);
}

function call(turn: Turn, command: Carry<'call'>, at: number, by: string): void {
  turn.tell(at, 'call', { message: command.messageId, outcome: command.outcome, by });
  if (command.outcome === 'noAnswer') return;
  take(turn, at, by);
  answered(turn, at, command.messageId, at);
}

function beRightBack(turn: Turn, command: Carry<'beRightBack'>, at: number, by: string): void {
  const updateBy = command.backAt ?? at + BACK_SOON_MS;
  say(turn, { ...command, mail: 'beRightBack', facts: { updateBy } }, at, by);
  turn.state.beRightBack = true;
  turn.start(countUpdate(at, updateBy));
}

function closingQuestion(turn: Turn, command: Carry<'closingQuestion'>, at: number, by: string): void {
  const { state, policy } = turn;
  say(turn, { ...command, mail: 'closingQuestion' }, at, by);
  moveTo(turn, 'pending', at, 'closingQuestion');
  moveWith(turn, command.messageId);
  // Who was waited for already is asked anew.
  if (state.rules >= 3) state.pendingSince = at;
  state.closingAsked = true;
  state.remindAt = null;
  state.solveAt = businessDuration(policy, policy.tickets.closingSilence, at) + jitter(state.number);
}

function tag(turn: Turn, command: Carry<'tags'>, at: number, by: string): void {
  const { tags, cluster, website } = command;
  turn.state.labels = { tags, cluster, website };
  turn.tell(at, 'tags', { tags, cluster, website, by });
}

/**
 * A chat becomes a ticket in place: same number, same thread, and what was promised goes on. The agent's own words about it answer the
 * customer, so that the time of the answer itself is an update from then on.
 */
function convert(turn: Turn, command: Carry<'convert'>, at: number, by: string): void {
  const { state, policy } = turn;
  const { messageId, recipients } = command;
  state.kind = 'ticket';
  state.silenceAt = null;
  turn.tell(at, 'converted', { keep: command.keep, by });
  for (const promise of turn.unmet('chatResponse')) cancel(turn, promise, at, 'converted');
  if (command.priority !== undefined) setPriority(turn, command.priority, undefined, at, by);
  assign(turn, command.keep ? (state.assignee ?? by) : null, at, by);
  wantAssignee(turn, at);
  const first = turn.unmet('firstResponse').find((promise) => !isAboutToBeKept(state, promise));
  const owed = first?.dueAt;
  const dueAt = messageId === undefined ? owed : undefined;
  const stillOwed = owed !== undefined && owed > at ? owed : undefined;
  const updateBy = command.updateBy ?? (dueAt === undefined ? (stillOwed ?? answerTime(turn, at)?.dueAt) : undefined);
  if (updateBy !== undefined) turn.start(countUpdate(at, updateBy));
  const facts = { updateBy: updateBy ?? null, dueAt: first !== undefined && isToldTo(first) ? (dueAt ?? null) : null };
  if (messageId !== undefined) {
    const delivery = recipients.length === 0 ? 'chat' : 'mail';
    return send(turn, { messageId, delivery, recipients, mail: 'converted', facts }, at, at + policy.undoSendMs, by);
  }
  if (!state.noAutoMail) for (const recipient of recipients) turn.mail('converted', recipient, at, facts);
}

function answerTime(turn: Turn, since: number): PromiseSeed | null {
  const { plan, priority } = turn.state;
  return countPromise(turn.policy, { kind: 'firstResponse', plan, priority, since });
}

/** On-call's one tap reaches the customer; it is given when it is said, and an answer counts when it has arrived. */
function feedback(turn: Turn, command: Carry<'feedback'>, at: number, by: string): void {
  const { state, policy } = turn;
  const { messageId, recipients, word } = command;
  turn.tell(at, 'feedback', { word, message: messageId, by });
  for (const promise of turn.unmet('feedback')) meet(turn, promise, at, messageId);
  stopRingingFor(turn, ['voicemail'], 'feedbackGiven');
  if (word === 'workingOnIt') {
    assign(turn, by, at, by);
    take(turn, at, by);
  }
  const updateBy = command.updateBy ?? (word === 'workingOnIt' ? at + WORKING_UPDATE_MS : null);
  const owed = turn.unmet('firstResponse', 'nextResponse')[0];
  const dueAt = owed !== undefined && isToldTo(owed) ? owed.dueAt : null;
  const facts = { word, updateBy, dueAt, opensAt: officeOpensAt(policy, at), ...(command.typed && { typed: true }) };
  // On-call is not made to wait: without undo-send.
  const delivery = command.delivery ?? (state.kind === 'chat' && recipients.length === 0 ? 'chat' : 'mail');
  const gone = command.gone && { gone: command.gone };
  send(turn, { messageId, delivery, recipients, ...gone, mail: 'feedback', facts, counts: word !== 'whenOpen' }, at, at, by);
  if (updateBy !== null) turn.start(countUpdate(at, updateBy));
}

function escalate(turn: Turn, at: number, by: string): void {
  const [cause] = turn.state.page?.causes ?? [];
  if (cause) ringNextLevel(turn, { ...cause, at, reason: 'asked', urgency: urgencyOf(turn.state) });
  turn.tell(at, 'page.escalated', { by });
}
