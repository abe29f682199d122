import { tellTime } from '../mail/told-time';
import type { NoticeEffect } from '../../policy/effects';
import type { Kind, Priority, PromiseKind } from '../../policy/words';

/** What a notice says of its conversation; nothing personal. */
export interface NoticeFacts {
  readonly number: number;
  readonly kind: Kind;
  readonly priority: Priority;
  readonly plan: string;
  readonly cluster: readonly string[];
  /** The desk's zone, in which the time is told. */
  readonly zone: string;
}

const PROMISE: Readonly<Record<PromiseKind, string>> = {
  dispatch: 'somebody takes it',
  firstResponse: 'the first reply',
  nextResponse: 'the next reply',
  chatResponse: 'a reply in the chat',
  feedback: 'a word to the customer',
  update: 'the promised update',
};

/** The notice in one sentence: `#1042 (high, c042, enterprise): the first reply was due on Monday, 30 March, 12:00 (…) and is late.` */
export function noticeSentence(effect: NoticeEffect, facts: NoticeFacts): string {
  const about = [facts.priority, ...facts.cluster.slice(0, 1), facts.plan].join(', ');
  return `#${facts.number} (${about}): ${whatHappened(effect, facts)}`;
}

function whatHappened(effect: NoticeEffect, facts: NoticeFacts): string {
  const promise = effect.promise === undefined ? 'an answer' : PROMISE[effect.promise];
  const time = effect.dueAt === undefined ? 'soon' : `on ${tellTime(effect.dueAt, facts.zone, 'en').text}`;
  switch (effect.notice) {
    case 'newChat':
      return 'a new chat has begun.';
    case 'threshold':
      return `${promise} is due ${time}.`;
    case 'breached':
      return effect.dueAt === undefined ? `${promise} is late.` : `${promise} was due ${time} and is late.`;
    case 'halfTime':
      return `half of the time is over; ${promise} is due ${time}.`;
    case 'customerWrote':
      return 'the customer has written.';
    case 'productionDown':
      return 'the customer says that production is down.';
    case 'agentSilent':
      return 'the customer in the chat has heard nothing for a while.';
    case 'undelivered':
      return 'our answer has not reached the customer: please call, or use another address.';
    default:
      return effect.notice satisfies never;
  }
}
