import type { PromiseKind } from './words';

/** Key of a promise, the same for workflow, watchdog and rebuild: `conversation/1042:firstResponse:1`. */
export function promiseKey(number: number, kind: PromiseKind, cycle: number): string {
  return `conversation/${number}:${kind}:${cycle}`;
}
