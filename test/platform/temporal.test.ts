import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { isRunning, listProcesses } from '../../platform/processes';
import { startTemporal, type RunningTemporal, type TemporalOptions } from '../../platform/temporal';
import { ensureNamespace, registerSearchAttributes } from '../../platform/temporal-setup';
import { freshNamespace } from '../setup/temporal';
import { testServer } from '../setup/test-servers';
import { unusedPort } from './program';

let home: string;
let running: RunningTemporal[];

beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'holdfast-temporal-'));
  running = [];
});

afterEach(async () => {
  for (const temporal of running) await temporal.stop();
  rmSync(home, { recursive: true, force: true });
});

const dbFile = () => path.join(home, 'temporal.db');

async function start(options: Partial<TemporalOptions> = {}): Promise<RunningTemporal> {
  const temporal = await startTemporal({ cli: testServer('temporalCli'), log: () => undefined, ...options });
  running.push(temporal);
  return temporal;
}

async function withClient<Result>(temporal: RunningTemporal, use: (client: Client, connection: Connection) => Promise<Result>): Promise<Result> {
  const connection = await Connection.connect({ address: temporal.address });
  try {
    return await use(new Client({ connection }), connection);
  } finally {
    await connection.close();
  }
}

/** Temporal servers that run on this test's file. */
function serversHere(): number[] {
  return listProcesses()
    .filter(({ zombie, command }) => !zombie && command.includes(dbFile()) && command.includes('start-dev'))
    .map(({ pid }) => pid);
}

describe('the embedded Temporal server', () => {
  it('answers on this machine only, with its UI and its metrics, and stops', async () => {
    const temporal = await start();
    expect(temporal.address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect((await fetch(temporal.uiUrl)).status).toBe(200);
    expect(await (await fetch(temporal.metricsUrl)).text()).toContain('# TYPE');
    await temporal.stop();
    expect(isRunning(temporal.pid)).toBe(false);
  });

  it('keeps what it has accepted when it is killed', async () => {
    const first = await start({ dbFile: dbFile() });
    await withClient(first, (client) => client.workflow.start('none', { taskQueue: 'none', workflowId: 'kept' }));
    process.kill(first.pid, 'SIGKILL');
    expect((await first.exited).signal).toBe('SIGKILL');
    const second = await start({ dbFile: dbFile() });
    const status = await withClient(second, async (client) => (await client.workflow.getHandle('kept').describe()).status.name);
    expect(status).toBe('RUNNING');
    expect(second.notes).toEqual([]);
  });

  it('takes the ports asked for, or says which others it took', async () => {
    // Nobody is given this one by chance between its end here and the start there.
    const port = await unusedPort();
    const other = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    const moved = await start({ port });
    expect(moved.address).not.toBe(`127.0.0.1:${port}`);
    expect(moved.notes).toEqual([expect.stringContaining(`Port ${port} is taken`)]);
    await moved.stop();
    await new Promise((resolve) => other.close(resolve));
    expect((await start({ port })).address).toBe(`127.0.0.1:${port}`);
  });

  it('ends the server that a killed Holdfast has left, so that there are never two on one file', async () => {
    const script = `require(${JSON.stringify(path.join(testServer('buildDir'), 'platform', 'temporal.js'))})
      .startTemporal({ cli: ${JSON.stringify(testServer('temporalCli'))}, dbFile: ${JSON.stringify(dbFile())}, log() {} })
      .then(({ pid }) => console.log(pid))`;
    const owner = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const left = Number(await new Promise((resolve) => owner.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString('utf8')))));
    await expect(start({ dbFile: dbFile() })).rejects.toMatchObject({ code: 'E_ALREADY_RUNNING' });

    const gone = new Promise((resolve) => owner.once('close', resolve));
    owner.kill('SIGKILL');
    await gone;
    expect(isRunning(left)).toBe(true);
    const next = await start({ dbFile: dbFile() });
    expect(isRunning(left)).toBe(false);
    expect(serversHere()).toEqual([next.pid]);
    expect(next.notes).toEqual([expect.stringContaining('killed Holdfast')]);
  });

  it('shows what it says when it does not start', async () => {
    await expect(start({ dbFile: path.join(home, 'none', 'temporal.db') })).rejects.toMatchObject({
      code: 'E_DATA_UNWRITABLE',
      message: expect.stringContaining('none'),
    });
    await expect(start({ cli: path.join(home, 'none') })).rejects.toMatchObject({ code: 'E_TEMPORAL', message: expect.stringContaining('ENOENT') });
    const lines: string[] = [];
    writeFileSync(dbFile(), 'this is no database');
    await expect(start({ dbFile: dbFile(), log: (line) => lines.push(line) })).rejects.toMatchObject({
      code: 'E_TEMPORAL',
      message: expect.stringMatching(/not a database/),
    });
    expect(lines.join('\n')).toContain('not a database');
    expect(serversHere()).toEqual([]);
  });
});

describe('the namespace', () => {
  it('is created with the retention that relay relies on, and one that keeps less is corrected', async () => {
    const { connection, namespace, close } = await freshNamespace();
    const retention = async (name: string) => {
      const { config } = await connection.workflowService.describeNamespace({ namespace: name });
      return Number(config?.workflowExecutionRetentionTtl?.seconds);
    };
    expect(await retention(namespace)).toBe(30 * 86_400);
    await ensureNamespace(connection, namespace, 40);
    expect(await retention(namespace)).toBe(40 * 86_400);
    await ensureNamespace(connection, namespace);
    expect(await retention(namespace)).toBe(40 * 86_400);
    await close();
  });

  it('gets its search attributes once, also when two start at the same time', async () => {
    const { connection, namespace, close } = await freshNamespace();
    await Promise.all([registerSearchAttributes(connection, namespace), registerSearchAttributes(connection, namespace)]);
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    expect(Object.keys(customAttributes ?? {}).filter((name) => name.startsWith('Holdfast'))).toHaveLength(9);
    await close();
  });

  it('that cannot be reached is a coded error', async () => {
    const connection = Connection.lazy({ address: '127.0.0.1:1' });
    await expect(connection.withDeadline(Date.now() + 500, () => ensureNamespace(connection, 'any'))).rejects.toMatchObject({ code: 'E_TEMPORAL' });
    await connection.close();
  });
});
