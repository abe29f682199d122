import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { listProcesses } from '../../platform/processes';
import { until } from './program';

const root = path.resolve(__dirname, '..', '..');

describe('a test run', () => {
  it.each(['SIGINT', 'SIGKILL'] as const)(
    'that ends by %s leaves no server and no folder behind',
    async (signal) => {
      const temporary = mkdtempSync(path.join(os.tmpdir(), 'holdfast-run-'));
      chmodSync(temporary, 0o711);
      const serversOfRun = () => listProcesses().filter(({ zombie, command }) => !zombie && command.includes(`-D ${temporary}/`));
      const env = { ...process.env, TMPDIR: temporary };
      const run = spawn(process.execPath, ['scripts/jest.cjs', 'test/platform/harness.test.ts'], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env });
      const ended = new Promise((resolve) => run.once('close', resolve));
      let output = '';
      run.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
      await until('the servers of the run', () => output.includes('Test servers ready'), 60_000);
      expect(serversOfRun()).toHaveLength(1);
      run.kill(signal);
      await ended;
      const dataFolders = () => readdirSync(temporary).filter((name) => name.startsWith('holdfast-test-'));
      await until('the servers and their folder are gone', () => serversOfRun().length === 0 && dataFolders().length === 0, 15_000);
      rmSync(temporary, { recursive: true, force: true });
    },
    90_000,
  );
});
