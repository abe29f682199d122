/**
 * Every place where a crash would be the most inconvenient: after something happened and before anybody has noted it. Tests stop the
 * program there (docs/testing.md); each name must be reached by them, or the run fails. In the order of a mail's way through the desk.
 */
export const CRASH_POINTS = [
  // accept: a mail, or a ticket by the API
  'accept:read',
  'accept:written',
  'accept:committed',
  'ticket:written',
  // the first words of a chat, and those that follow
  'chat:begun',
  'chat:joined',
  // resolve
  'resolve:locked',
  'resolve:placed',
  'resolve:committed',
  // relay, and the rebuild of a lost workflow
  'relay:claimed',
  'relay:told',
  'relay:marked',
  'linked:written',
  'linked:committed',
  'reconcile:started',
  // commands and acknowledgements, and the sweeps that repeat them
  'request:carriedOut',
  'command:written',
  'command:answered',
  'command:finished',
  'commandSweep:answered',
  'merge:written',
  'unmerge:written',
  'release:taken',
  'acknowledgement:written',
  'acknowledgement:told',
  'acknowledgementSweep:told',
  // lane and activities: records
  'project:written',
  'project:committed',
  'events:read',
  'policy:loaded',
  'close:claimed',
  'presence:claimed',
  // lane and activity: notices
  'notice:written',
  'notice:posted',
  'notice:noted',
  // lane and activity: mail
  'mail:kept',
  'mail:taken',
  'mail:noted',
  'mail:projected',
  // lane and activities: paging
  'page:prepared',
  'page:claimed',
  'page:told',
  'page:bundleNoted',
  'page:recorded',
  'incident:told',
  'attempt:writing',
  'attempt:stored',
  'page:stored',
  'page:read',
] as const;

/** The name of a place where tests stop the program. */
export type CrashPoint = (typeof CRASH_POINTS)[number];

/** What happens at a crash point; `subject` tells the conversations apart, by number or by what stands for one before it has a number. */
export type CrashHandler = (point: CrashPoint, subject: string | number) => Promise<void>;

let handler: CrashHandler | null = null;

/** Marks a place. Nothing happens there unless a test has installed something: the shipped entry points never do. */
export function crashPoint(point: CrashPoint, subject: string | number): Promise<void> | undefined {
  return handler?.(point, subject);
}

/** Installs what happens at crash points, for the whole process. Only an entry point in test/ may do so, before it runs the real one. */
export function installCrashPoints(install: CrashHandler): void {
  handler = install;
}
