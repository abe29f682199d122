import type { CrashPoint } from '../../config/crash-points';

/** What the test tells a process of its desk. */
export type CrashOrder =
  /** From now on the process asks what to do at these points, and only there. */
  | { readonly type: 'crash:arm'; readonly points: readonly CrashPoint[] }
  /** The answer to a question: go on, or fail as if a connection had broken. */
  | { readonly type: 'crash:answer'; readonly hit: number; readonly do: 'goOn' | 'fail' };

/** What a process of the desk tells the test. */
export type CrashReport =
  /** It has come by this point for the first time. */
  | { readonly type: 'crash:reached'; readonly point: CrashPoint }
  /** It stands at an armed point, with this conversation, and waits for an answer. */
  | { readonly type: 'crash:hit'; readonly hit: number; readonly point: CrashPoint; readonly subject: string };
