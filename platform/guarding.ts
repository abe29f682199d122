import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** The process that ends PostgreSQL and Temporal should we be killed at once; see guard.ts. */
export interface Guard {
  /** Lets it go; resolves when it is gone. */
  stop(): Promise<void>;
}

/** Starts the guard of this process and this data folder, and another one should it be killed. */
export function startGuard(dataDir: string): Guard {
  let stopping = false;
  let guard = start();

  function start() {
    const child = spawn(process.execPath, [join(__dirname, 'guard.js'), dataDir, String(process.pid)], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    child.once('exit', () => {
      if (!stopping) setTimeout(() => (guard = start()), 1_000).unref();
    });
    return child;
  }

  return {
    async stop() {
      stopping = true;
      if (guard.exitCode !== null || guard.signalCode !== null) return;
      const gone = once(guard, 'exit');
      guard.stdin.end();
      await gone;
    },
  };
}
