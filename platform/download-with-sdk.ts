import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TemporalProgram } from './temporal-programs';

/** Without a byte for this long, there is no way through: a firewall that drops packets says nothing for minutes. */
const SILENCE_MS = 15_000;

/**
 * Lets Temporal's own SDK download the program. The SDK does so only as a part of starting a server and cannot be
 * stopped, so that happens in a process of its own, which is ended once no more bytes arrive.
 * Answers with the file. Throws an Error that says why it did not work.
 */
export async function downloadWithSdk(
  program: TemporalProgram,
  work: string,
  env: NodeJS.ProcessEnv,
  progress: (line: string) => void,
  silenceMs: number = SILENCE_MS,
): Promise<string> {
  const folder = path.join(work, 'sdk');
  mkdirSync(folder, { recursive: true });
  progress(`Downloading the ${program.title} …`);
  // A detached child leads its own group, which the server that it starts belongs to: both end together.
  const child = spawn(process.execPath, [path.join(__dirname, 'download-with-sdk-child.js'), program.sdk, folder], {
    env,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => {
    output = `${output}${chunk.toString('utf8')}`.slice(-4_000);
  });
  let code: number | null | undefined;
  const closed = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      output = error.message;
      code = null;
      resolve();
    });
    child.once('close', (exitCode) => {
      code = exitCode;
      resolve();
    });
  });

  let bytes = 0;
  let grewAt = performance.now();
  let shownAt = 0;
  while (code === undefined && performance.now() - grewAt < silenceMs) {
    await Promise.race([closed, sleep(100)]);
    const now = sizeOf(folder);
    if (now > bytes) grewAt = performance.now();
    bytes = now;
    if (bytes - shownAt >= 20_000_000) {
      shownAt = bytes;
      progress(`  ${Math.round(bytes / 1_000_000)} MB`);
    }
  }
  if (code === undefined && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  await closed;

  const file = readdirSync(folder).find((name) => !name.endsWith('.downloading'));
  if (file !== undefined) return path.join(folder, file);
  if (code === 0 || code === null || code === undefined) throw new Error(output.trim() || `no answer within ${silenceMs / 1000} s`);
  throw new Error(output.trim().split('\n')[0] ?? `exit code ${code}`);
}

function sizeOf(folder: string): number {
  return readdirSync(folder)
    .map((name) => statSync(path.join(folder, name), { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + size, 0);
}
