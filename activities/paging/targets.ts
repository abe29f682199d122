import type { OnCallLevel } from '../../policy/snapshot';
import type { PageMethod } from '../../policy/escalation-state';

/** Where a page goes, and why there. */
export interface PageTarget {
  readonly target: string;
  readonly method: PageMethod;
}

/**
 * Who is behind these rungs of the ladder, each target once: PagerDuty when a routing key is configured, else the built-in page
 * inbox. A demonstration's pages go to the built-in inbox only: it never rings a real person. No rungs, no targets.
 */
export function targetsOf(levels: readonly OnCallLevel[], { hasPagerDuty, demo }: { hasPagerDuty: boolean; demo: boolean }): PageTarget[] {
  if (levels.length === 0) return [];
  return hasPagerDuty && !demo ? [{ target: 'pagerduty', method: 'pagerduty' }] : [{ target: 'inbox', method: 'inbox' }];
}
