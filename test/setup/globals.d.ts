import type { Reaper } from './reaper';

declare global {
  /** Handed from global-setup.ts to global-teardown.ts; test files cannot see it. */
  var holdfastReaper: Reaper | undefined;
}
