/**
 * The entry point of a desk under crashes: `node desk-entry.js api` or `worker`. It installs the crash points, which ask the test that
 * started it, and then runs the program's own main function. The shipped entry point installs nothing.
 */
import { installCrashPoints, type CrashPoint } from '../../config/crash-points';
import type { CrashOrder, CrashReport } from './crash-orders';

/** An error as the network's, so that the program takes it for what it is meant to be. */
class ConnectionBroke extends Error {
  readonly code = 'ECONNRESET';
}

let armed: ReadonlySet<CrashPoint> = new Set();
const reached = new Set<CrashPoint>();
const waiting = new Map<number, (what: 'goOn' | 'fail') => void>();
let hits = 0;

const tell = (report: CrashReport): void => void process.send?.(report);

process.on('message', (order: CrashOrder) => {
  if (order.type === 'crash:arm') armed = new Set(order.points);
  else waiting.get(order.hit)?.(order.do);
});

installCrashPoints(async (point, subject) => {
  if (!reached.has(point)) {
    reached.add(point);
    tell({ type: 'crash:reached', point });
  }
  if (!armed.has(point)) return;
  const hit = (hits += 1);
  const what = await new Promise<'goOn' | 'fail'>((resolve) => {
    waiting.set(hit, resolve);
    tell({ type: 'crash:hit', hit, point, subject: String(subject) });
  });
  waiting.delete(hit);
  if (what === 'fail') throw new ConnectionBroke(`The connection broke at ${point}.`);
});

// Nobody outlives the test that directs it.
process.on('disconnect', () => process.exit(1));

void import('../../cli/main.js');
