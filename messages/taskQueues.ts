import { PRIORITIES, type Priority } from '../policy/words';

/** Conversations that are not urgent. */
export const CONVERSATIONS = 'holdfast';
/** Escalations, and conversations that are urgent: never behind a flood of ordinary work. */
export const URGENT = 'holdfast-urgent';
/** Pages to providers and to the built-in page inbox. */
export const PAGING = 'holdfast-paging';
/** Mail out. */
export const MAIL = 'holdfast-mail';
/** The database, and notices. */
export const RECORDS = 'holdfast-records';

/** Queue of a conversation's workflow; chosen at the start and, on a change of priority, by continue-as-new. */
export function conversationQueue(priority: Priority): string {
  return priority === 'urgent' ? URGENT : CONVERSATIONS;
}

/**
 * Order of the tasks that wait in one queue, 1 first: when a thousand promises fall due at once, the urgent ones are looked at
 * first. A workflow keeps it for life, and its activities inherit it.
 */
export function taskPriority(priority: Priority): { priorityKey: number } {
  return { priorityKey: PRIORITIES.indexOf(priority) + 1 };
}
