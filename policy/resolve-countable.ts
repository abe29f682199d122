import { PolicyError } from './errors';
import { businessDuration, countPromise } from './promises';
import type { PromiseRequest } from './promises';
import type { Finding } from './schema-checks';
import type { PolicySnapshot } from './snapshot';
import { PRIORITIES } from './words';
import type { Priority } from './words';

/** A policy is good for this long: what is promised then must still be due within the years that are resolved. */
const GOOD_FOR_MS = 5 * 366 * 24 * 60 * 60 * 1000;

/** The times of a policy that could never come due, because their calendar hardly opens or they are years long. */
export function checkCountable(snapshot: PolicySnapshot, now: number): Finding[] {
  const since = now + GOOD_FOR_MS;
  const plans = Object.keys(snapshot.plans);
  const { firstResponse, nextResponse } = snapshot.tickets;
  const promise = (path: Finding['path'], kind: PromiseRequest['kind'], priority: Priority = 'normal'): Finding[] =>
    plans.flatMap((plan) => findingOf(path, () => countPromise(snapshot, { kind, plan, priority, since })));
  const wait = (key: 'closeSolvedAfter' | 'closingSilence' | 'remindPendingAfter' | 'solvePendingAfter'): Finding[] => {
    const duration = snapshot.tickets[key];
    return duration === null ? [] : findingOf(['tickets', key], () => businessDuration(snapshot, duration, since));
  };
  const findings = [
    ...promise(['tickets', 'dispatch', 'within'], 'dispatch'),
    ...PRIORITIES.flatMap((priority) => promise(['tickets', 'firstResponse', priority], 'firstResponse', priority)),
    // Where it is the same duration, one finding is enough.
    ...PRIORITIES.filter((priority) => nextResponse?.[priority] !== firstResponse[priority]).flatMap((priority) =>
      promise(['tickets', 'nextResponse', priority], 'nextResponse', priority),
    ),
    ...promise(['chats', 'response'], 'chatResponse'),
    ...wait('closeSolvedAfter'),
    ...wait('closingSilence'),
    ...wait('remindPendingAfter'),
    ...wait('solvePendingAfter'),
  ];
  return [...new Map(findings.map((finding) => [finding.path.join('.'), finding])).values()];
}

function findingOf(path: Finding['path'], count: () => unknown): Finding[] {
  try {
    count();
    return [];
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return [{ path, message: `this time would never come, or only years from now: make it shorter, or open its calendar more often (${error.message})` }];
  }
}
