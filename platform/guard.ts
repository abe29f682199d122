/**
 * `holdfast guard`: waits until `npm start` is gone, then ends the servers that it had booted and could not stop any more
 * because it was killed at once (SIGKILL, out of memory). Our own processes notice that by themselves, and are ended when one
 * of them does not get done; PostgreSQL and Temporal do not. What it must end stands in running.json of the data folder. Arguments: that folder, the pid of the start.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { endProcess, sendSignal, waitUntilGone } from './processes';
import { isSameProcess, readRunning } from './running';

/** Our own processes close their connections in this time, so that the servers go last. */
const OTHERS_FIRST_MS = 3_000;
/** By then each of them has closed, or has given up closing by itself; see cli/foreground.ts. */
const OTHERS_WITHIN_MS = 10_000;

async function endServers(dataDir: string, owner: number): Promise<void> {
  const left = readRunning(dataDir);
  // Nothing is written down after a start that stopped in good order; another start has ended its predecessor's servers itself.
  if (left === null || left.pid !== owner) return;
  const parts = left.parts.filter(isSameProcess);
  const partsGone = waitUntilGone(
    parts.map(({ pid }) => pid),
    OTHERS_WITHIN_MS,
  );
  await sleep(OTHERS_FIRST_MS);
  for (const server of left.servers) {
    if (!isSameProcess(server)) continue;
    await endProcess(server.pid, [
      { signal: server.signal, waitMs: 5_000 },
      { signal: 'SIGKILL', waitMs: 1_000 },
    ]);
  }
  if (await partsGone) return;
  for (const part of parts) if (isSameProcess(part)) sendSignal(part.pid, 'SIGKILL');
}

function main(dataDir: string, owner: number): void {
  process.title = 'holdfast guard';
  // A signal to everyone is meant for those who have work to finish; the guard goes when they are gone.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  // The pipe ends exactly when its other end is gone, in whatever way.
  process.stdin.resume().once('close', () => void endServers(dataDir, owner));
}

main(process.argv[2] ?? '', Number(process.argv[3]));
