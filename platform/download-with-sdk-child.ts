/**
 * Started by download-with-sdk.ts: has the SDK download one of its servers into a folder, starts it once and ends it.
 * `node download-with-sdk-child.js dev-server|time-skipping <folder>`
 */
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';

async function main([kind, downloadDir]: string[]): Promise<void> {
  if (downloadDir === undefined) throw new Error('which folder?');
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const server = { executable: { type: 'cached-download' as const, downloadDir } };
  const environment =
    kind === 'time-skipping' ? await TestWorkflowEnvironment.createTimeSkipping({ server }) : await TestWorkflowEnvironment.createLocal({ server });
  await environment.teardown();
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
