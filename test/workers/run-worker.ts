import { createInterface } from 'node:readline';
import { readEnvironment, requireVariables } from '../../config/environment';
import { runWorker } from '../../workers/main';

/**
 * A process of its own that runs one worker, says `ready`, closes it when a line comes, and then has to end by itself: whatever the worker
 * left open would keep it alive. Nothing here ends it.
 */
async function main(): Promise<void> {
  const environment = requireVariables(readEnvironment(process.env), ['DATABASE_URL', 'SMTP_URL', 'HOLDFAST_SIGNING_KEYS']);
  const worker = await runWorker(environment);
  const lines = createInterface({ input: process.stdin });
  process.stdout.write('ready\n');
  await new Promise((resolve) => lines.once('line', resolve));
  lines.close();
  process.stdin.destroy();
  await worker.close();
  process.stdout.write('closed\n');
}

main().catch((error: unknown) => {
  process.stdout.write(`failed: ${String(error)}\n`);
  process.exitCode = 1;
});
