import { Context } from '@temporalio/activity';

/** A worker that hangs is noticed after 10 s without a heartbeat (heartbeatTimeout of workflows/activities.ts). */
const HEARTBEAT_EVERY_MS = 3_000;

/** Shows Temporal that we are alive while something takes its time. */
export async function whileAlive<T>(work: () => Promise<T>): Promise<T> {
  const context = Context.current();
  // The first one comes after a while: each counts as an Action, and most mails are taken at once.
  const beat = setInterval(() => context.heartbeat(), HEARTBEAT_EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
  }
}
