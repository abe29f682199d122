import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import * as demo from '../../cli/demo';
import * as explain from '../../cli/explain';
import { lockDataFolder } from '../../platform/running';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'holdfast-demo-'));
  process.env['HOLDFAST_DATA'] = folder;
});
afterEach(async () => {
  delete process.env['HOLDFAST_DATA'];
  await rm(folder, { recursive: true });
});

function run(command: { register(program: Command): void }, ...args: string[]): Promise<unknown> {
  const program = new Command('holdfast').exitOverride().configureOutput({ writeErr: () => undefined });
  command.register(program);
  for (const each of program.commands) each.exitOverride();
  return program.parseAsync(args, { from: 'user' });
}

test('without a running desk the demo says how to start one', async () => {
  await expect(run(demo, 'demo')).rejects.toMatchObject({
    code: 'E_DEMO_NOT_RUNNING',
    message: `No Holdfast runs on ${folder}.`,
    fix: expect.stringContaining('npm start'),
  });
});

test('while the desk is still starting, it says to wait', async () => {
  const lock = await lockDataFolder(folder, 'http://127.0.0.1:9');
  await expect(run(demo, 'demo')).rejects.toMatchObject({ code: 'E_DEMO_NOT_RUNNING', message: expect.stringContaining('still starting') });
  lock.release();
});

test('with a mail server of one’s own it asks for an address that can be reached', async () => {
  const lock = await lockDataFolder(folder, 'http://127.0.0.1:9');
  lock.tell({ databaseUrl: 'postgres://127.0.0.1:9/none', smtp: 'smtp://127.0.0.1:9' });
  await expect(run(demo, 'demo')).rejects.toMatchObject({ code: 'E_USAGE', fix: expect.stringContaining('--customer') });
  lock.release();
});

test('explain says whom it would ask', async () => {
  await expect(run(explain, 'explain', '1042')).rejects.toMatchObject({ code: 'E_USAGE', fix: expect.stringContaining('DATABASE_URL') });
});

test('explain takes numbers only', async () => {
  await expect(run(explain, 'explain', 'ticket')).rejects.toMatchObject({ code: 'commander.invalidArgument' });
});
