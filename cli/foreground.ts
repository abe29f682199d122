import { EXIT, exitCodeOf, isCoded } from '../config/exit-codes';
import type { RunningProcess } from '../config/process';
import type { PartMessage } from '../platform/node-part';
import { complain } from './output';
import { stopRequest } from './stop-request';

/** A process that cannot finish what it has in hand goes anyway. */
const CLOSE_WITHIN_MS = 9_000;

/**
 * Runs one part of Holdfast until it is asked to stop: by Ctrl-C or SIGTERM, or, under `npm start`, when that is gone.
 * It then finishes what it has in hand and ends with 0; a second signal ends it at once.
 */
export async function runInForeground(name: 'api' | 'worker' | 'catcher', open: () => Promise<RunningProcess>): Promise<void> {
  process.title = `holdfast ${name}`;
  const supervised = process.env['HOLDFAST_SUPERVISED'] === '1';
  // Whoever started us was killed before we came to life: nobody would ever end us.
  if (supervised && !process.connected) process.exit(EXIT.failed);
  const reasons: Promise<unknown>[] = [stopRequest(() => process.exit(EXIT.failed))];
  if (supervised) reasons.push(parentGone());
  let running: RunningProcess;
  try {
    running = await open();
  } catch (error) {
    if (supervised) {
      if (isCoded(error))
        await report({ type: 'failed', code: error.code, message: error.message, ...('fix' in error && error.fix !== undefined ? { fix: error.fix } : {}) });
      // What is not meant for people goes to our log, stack and all.
      else complain(error, { verbose: true });
      process.exit(exitCodeOf(error));
    }
    throw error;
  }
  if (supervised) await report({ type: 'ready' });
  await Promise.race(reasons);
  const tooLong = setTimeout(() => process.exit(EXIT.failed), CLOSE_WITHIN_MS);
  await running.close();
  clearTimeout(tooLong);
  process.exit(EXIT.done);
}

function parentGone(): Promise<void> {
  // Our output went to whoever started us; when that is gone, writing must not end us before we have closed in order.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  return new Promise((resolve) => process.once('disconnect', resolve));
}

function report(message: PartMessage): Promise<void> {
  return new Promise((resolve) => {
    // The answer does not matter: without a listener we are about to be told to stop.
    if (process.send === undefined) resolve();
    else process.send(message, undefined, {}, () => resolve());
  });
}
