import type { Status } from './words';

/** Where a conversation stands, in the three words of customers: in progress, waiting for you, done. */
export type PlainStatus = 'inProgress' | 'waitingForYou' | 'done';

/** What a customer is told of a status; source: docs/help.md. */
export function plainStatus(status: Status): PlainStatus {
  switch (status) {
    case 'new':
    case 'open':
    case 'onHold':
      return 'inProgress';
    case 'pending':
      return 'waitingForYou';
    case 'solved':
    case 'closed':
      return 'done';
    default:
      return status satisfies never;
  }
}
