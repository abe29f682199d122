import { SCHEDULED } from '../policy/scheduled';
import { CHANNELS, PRIORITIES, PROMISE_KINDS, URGENCIES } from '../policy/words';
import type { CommandEvent, CommandType, InboundEvent } from '../policy/events';

/** Small checks of what reaches a workflow; the full ones (zod) run where a message is made. */

/** Whether a value is an inbound event as relay sends it. */
export function isInboundEvent(value: unknown): value is InboundEvent {
  if (!isRecord(value) || !Number.isSafeInteger(value['seq']) || Number(value['seq']) < 1 || !isInstant(value['at']) || !isText(value['policy'])) return false;
  switch (value['type']) {
    case 'customerAct':
      return isDeed(value);
    case 'message':
      return (
        isText(value['messageId']) &&
        isOneOf(value['author'], ['customer', 'thirdParty', 'agent']) &&
        isOneOf(value['channel'], CHANNELS) &&
        typeof value['machine'] === 'boolean' &&
        typeof value['slight'] === 'boolean'
      );
    case 'merged': {
      const { from, participants, dues, urgency, causes, acknowledged } = value;
      return (
        isNumber(from) &&
        isTexts(participants) &&
        isListOf(dues, isHandedDue) &&
        isOneOf(urgency, URGENCIES) &&
        isListOf(causes, isCause) &&
        (acknowledged === null || (isRecord(acknowledged) && isText(acknowledged['by']) && isInstant(acknowledged['at'])))
      );
    }
    case 'unmerged':
      return isNumber(value['from']);
    case 'bounce':
      return isText(value['messageId']) && typeof value['hard'] === 'boolean' && (value['owed'] === undefined || isOwed(value['owed']));
    default:
      return false;
  }
}

/** Whether a value is what relay announces; its events are looked at one by one. */
export function isEventsSignal(value: unknown): value is { upTo: number; events: readonly unknown[] } {
  return isRecord(value) && Number.isSafeInteger(value.upTo) && Array.isArray(value.events);
}

/** Whether a value is a command as the API sends it; false for one that only a newer program knows. */
export function isCommandEvent(value: unknown): value is CommandEvent {
  if (!isRecord(value) || value['type'] !== 'command' || !isText(value['id']) || !isInstant(value['at']) || !isText(value['by'])) return false;
  if (value['notAfter'] !== undefined && !isInstant(value['notAfter'])) return false;
  const { command } = value;
  if (!isRecord(command)) return false;
  const { type } = command;
  return typeof type === 'string' && Object.hasOwn(COMMANDS, type) && COMMANDS[type as CommandType](command);
}

type Fields = Record<string, unknown>;

function isOwed(owed: unknown): boolean {
  return isRecord(owed) && isNumber(owed['from']) && isHandedDue(owed['due']);
}

function isDeed({ act, score, contact }: Fields): boolean {
  if (act === 'rated') return isOneOf(score, ['good', 'bad']);
  return act === 'transcript' ? isText(contact) : isOneOf(act, ['productionDown', 'thatsAll', 'proven']);
}

/** What the rules read of each command without asking whether it is there. */
const COMMANDS: Readonly<Record<CommandType, (command: Fields) => boolean>> = {
  reply: isWords,
  beRightBack: isWords,
  closingQuestion: isWords,
  undoReply: ({ messageId }) => isText(messageId),
  note: ({ messageId }) => isText(messageId),
  call: ({ messageId, outcome }) => isText(messageId) && isOneOf(outcome, ['reached', 'voicemail', 'noAnswer']),
  assign: ({ agent, away, force }) => (agent === null || isText(agent)) && typeof away === 'boolean' && typeof force === 'boolean',
  priority: ({ priority }) => isOneOf(priority, PRIORITIES),
  copied: ({ priority, outOfHours }) => isOneOf(priority, PRIORITIES) && isOneOf(outOfHours, ['page', 'notice']),
  status: ({ status }) => isOneOf(status, ['open', 'pending', 'onHold', 'solved']),
  tags: ({ tags, cluster, website }) => [tags, cluster, website].every(isTexts),
  snooze: ({ until }) => until === null || isInstant(until),
  convert: ({ keep, recipients }) => typeof keep === 'boolean' && isTexts(recipients),
  spam: () => true,
  feedback: ({ messageId, word, delivery, recipients, gone }) =>
    isText(messageId) &&
    isOneOf(word, ['workingOnIt', 'whenOpen', 'ownWords']) &&
    (delivery === undefined || isOneOf(delivery, ['mail', 'chat'])) &&
    isTexts(recipients) &&
    isGone(gone),
  escalate: () => true,
  scheduled: ({ action, do: what }) => isOneOf(action, SCHEDULED) && isOneOf(what, ['cancel', 'advance']),
  participants: ({ contacts }) => isTexts(contacts),
  requester: ({ contact, plan }) => isText(contact) && (plan === undefined || isText(plan)),
  merge: ({ into }) => isNumber(into),
  unmerge: ({ answeredAt }) => answeredAt === null || isInstant(answeredAt),
};

function isHandedDue(due: unknown): boolean {
  return (
    isRecord(due) &&
    isOneOf(due['kind'], PROMISE_KINDS) &&
    isText(due['clock']) &&
    [due['since'], due['dueAt'], due['lengthMs']].every(isInstant) &&
    [due['noticeAt'], due['pageAt']].every((at) => at === null || isInstant(at)) &&
    [due['noticed'], due['paged']].every((flag) => typeof flag === 'boolean')
  );
}

function isCause(cause: unknown): boolean {
  return isRecord(cause) && [cause['key'], cause['kind'], cause['reason']].every(isText) && isInstant(cause['at']) && isOneOf(cause['urgency'], URGENCIES);
}

function isGone(gone: unknown): boolean {
  return gone === undefined || gone === true;
}

function isWords({ messageId, delivery, recipients, gone }: Fields): boolean {
  return isText(messageId) && isOneOf(delivery, ['mail', 'chat']) && isTexts(recipients) && isGone(gone);
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A conversation's number. */
function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1;
}

function isInstant(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isText);
}

function isListOf(value: unknown, isOne: (one: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isOne);
}

function isOneOf(value: unknown, choices: readonly string[]): boolean {
  return typeof value === 'string' && choices.includes(value);
}
