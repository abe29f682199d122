import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { startPostgres, type PostgresOptions, type RunningPostgres } from '../../platform/postgres';
import { installedBinaries, runnableBinaries } from '../../platform/postgres-binaries';
import { isRunning, listProcesses } from '../../platform/processes';
import { testServer } from '../setup/test-servers';

const asRoot = process.getuid?.() === 0;

let home: string;
let running: RunningPostgres[];
/** A folder that a test has made unwritable. */
let locked: string | undefined;

/** A data folder that was made once, because making one takes a second or more. */
let seed: string;

beforeAll(async () => {
  seed = mkdtempSync(path.join(os.tmpdir(), 'holdfast-seed-'));
  chmodSync(seed, 0o711);
  const postgres = await startPostgres({ dataDir: path.join(seed, 'postgres'), log: () => undefined });
  await postgres.stop();
});

afterAll(() => rmSync(seed, { recursive: true, force: true }));

beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'holdfast-postgres-'));
  chmodSync(home, 0o711);
  running = [];
  locked = undefined;
});

afterEach(async () => {
  for (const postgres of running) await postgres.stop();
  if (locked !== undefined) chmodSync(locked, 0o755);
  rmSync(home, { recursive: true, force: true });
});

const dataDir = () => path.join(home, 'postgres');

async function start(options: Partial<PostgresOptions> = {}): Promise<RunningPostgres> {
  const postgres = await startPostgres({ dataDir: dataDir(), log: () => undefined, ...options });
  running.push(postgres);
  return postgres;
}

async function query<Row extends object>(postgres: RunningPostgres, text: string): Promise<Row[]> {
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Puts a copy of the seed in place, as a PostgreSQL that was stopped has left it. */
function useSeed(): void {
  expect(spawnSync('cp', ['-a', path.join(seed, 'postgres'), dataDir()]).status).toBe(0);
}

/** The processes of a PostgreSQL on this test's folder. */
function serversHere(): number[] {
  return listProcesses()
    .filter(({ zombie, command }) => !zombie && command.includes(`-D ${dataDir()} `))
    .map(({ pid }) => pid);
}

describe('the embedded PostgreSQL', () => {
  it('starts on an empty folder, safe on a crash and closed to others, and keeps what it was given', async () => {
    const first = await start();
    const settings = await query<{ name: string; setting: string }>(
      first,
      "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'listen_addresses', 'max_connections', 'password_encryption', 'unix_socket_directories') ORDER BY name",
    );
    expect(settings.map(({ setting }) => setting)).toEqual(['on', 'on', '127.0.0.1', '200', 'scram-sha-256', '']);
    await query(first, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();
    expect(await first.exited).toEqual({ code: 0, signal: null });
    expect(serversHere()).toEqual([]);

    const second = await start();
    expect(await query(second, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    expect(second.notes.join()).not.toContain('killed');
  });

  it('asks for the generated password, which only its account can read', async () => {
    const postgres = await start();
    expect(statSync(path.join(dataDir(), 'holdfast.password')).mode & 0o777).toBe(0o600);
    expect(statSync(dataDir()).mode & 0o777).toBe(0o700);
    const wrong = new URL(postgres.url);
    wrong.password = 'guessed';
    await expect(new Client({ connectionString: wrong.href }).connect()).rejects.toMatchObject({ code: '28P01' });
  });

  it('is there again right after its server was killed, with every committed row', async () => {
    useSeed();
    const first = await start();
    await query(first, 'CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n');
    process.kill(first.pid, 'SIGKILL');
    expect((await first.exited).signal).toBe('SIGKILL');
    const second = await start({ port: first.port });
    expect(second.port).toBe(first.port);
    expect(await query(second, 'SELECT count(*)::int AS rows FROM kept')).toEqual([{ rows: 1000 }]);
  });

  it('ends the server that a killed Holdfast has left, so that there are never two on one folder', async () => {
    useSeed();
    const script = `require(${JSON.stringify(path.join(testServer('buildDir'), 'platform', 'postgres.js'))})
      .startPostgres({ dataDir: ${JSON.stringify(dataDir())}, log() {} })
      .then(({ pid }) => console.log(pid))`;
    const owner = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const left = Number(await new Promise((resolve) => owner.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString('utf8')))));
    expect(isRunning(left)).toBe(true);
    await expect(start()).rejects.toMatchObject({ code: 'E_ALREADY_RUNNING' });
    expect(isRunning(left)).toBe(true);

    const gone = new Promise((resolve) => owner.once('close', resolve));
    owner.kill('SIGKILL');
    await gone;
    expect(isRunning(left)).toBe(true);
    const next = await start();
    expect(isRunning(left)).toBe(false);
    expect(serversHere()).toEqual([next.pid]);
    expect(next.notes).toContainEqual(expect.stringContaining('killed Holdfast'));
  });

  it('does not mistake another program with the pid of an old lock file for a server', async () => {
    useSeed();
    // After a restart of a container, pids come again: this one is ours now.
    writeFileSync(path.join(dataDir(), 'postmaster.pid'), `${process.pid}\n${dataDir()}\n1700000000\n5432\n\n127.0.0.1\n`);
    expect(await query(await start(), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('says that a port asked for is taken, and otherwise takes a free one', async () => {
    useSeed();
    const other = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    await expect(start({ port })).rejects.toMatchObject({ code: 'E_PORT_BUSY', message: expect.stringContaining(String(port)) });
    expect(serversHere()).toEqual([]);
    expect((await start()).port).not.toBe(port);
    await new Promise((resolve) => other.close(resolve));
  });

  it('names the folder when it cannot be written to', async () => {
    writeFileSync(path.join(home, 'file'), '');
    await expect(start({ dataDir: path.join(home, 'file', 'postgres') })).rejects.toMatchObject({
      code: 'E_DATA_UNWRITABLE',
      message: expect.stringContaining('file'),
    });
  });

  it('says that the disk is full when initdb says so, and leaves nothing half-made', async () => {
    const binaries = fakeBinaries('echo "initdb: error: could not write file: No space left on device" >&2; exit 1');
    await expect(start({ binariesDir: binaries })).rejects.toMatchObject({ code: 'E_DISK_FULL' });
    expect(readdirSync(home).filter((name) => name.startsWith('postgres'))).toEqual([]);
  });

  it('refuses data of another PostgreSQL version', async () => {
    useSeed();
    writeFileSync(path.join(dataDir(), 'PG_VERSION'), '14\n');
    await expect(start()).rejects.toMatchObject({ code: 'E_POSTGRES', message: expect.stringContaining('PostgreSQL 14') });
  });

  it('refuses data whose password is gone or wrong', async () => {
    useSeed();
    const file = path.join(dataDir(), 'holdfast.password');
    writeFileSync(file, 'another');
    await expect(start()).rejects.toMatchObject({ code: 'E_POSTGRES', message: expect.stringContaining('password') });
    rmSync(file);
    await expect(start()).rejects.toMatchObject({ code: 'E_POSTGRES', message: expect.stringContaining('password') });
    expect(serversHere()).toEqual([]);
  });

  it('clears away what a start that was killed in the middle had begun', async () => {
    mkdirSync(`${dataDir()}.new-1`);
    writeFileSync(`${dataDir()}.new-1.password`, 'secret');
    await start();
    expect(readdirSync(home).sort()).toEqual(['postgres', 'postgres.owner']);
  });

  it('shows what PostgreSQL says when it does not start', async () => {
    useSeed();
    const lines: string[] = [];
    const failing = start({ settings: { shared_buffers: 'nonsense' }, log: (line) => lines.push(line) });
    await expect(failing).rejects.toMatchObject({ code: 'E_POSTGRES', message: expect.stringContaining('shared_buffers') });
    expect(lines.join('\n')).toContain('shared_buffers');
    expect(existsSync(`${dataDir()}.owner`)).toBe(false);
  });
});

describe('the binaries of PostgreSQL', () => {
  it('get the links that npm leaves out when it may not run install scripts', () => {
    const native = copyWithoutLinks(path.join(home, 'package', 'native'));
    const notes: string[] = [];
    expect(runnableBinaries({ native, copies: path.join(home, 'copies'), account: undefined, notes })).toBe(native);
    expect(spawnSync(path.join(native, 'bin', 'initdb'), ['--version'], { encoding: 'utf8' }).stdout).toContain('PostgreSQL');
    expect(notes).toEqual([]);
  });

  it('are copied when the account cannot reach them, once', () => {
    const account = asRoot ? { name: 'nobody', uid: 65_534, gid: 65_534 } : undefined;
    const native = copyWithoutLinks(path.join(home, 'package', 'native'));
    // As root, a folder that only root can enter; else one that cannot be written to.
    if (asRoot) chmodSync(path.join(home, 'package'), 0o700);
    else chmodSync(path.join(native, 'lib'), 0o555);
    const copies = path.join(home, 'copies');
    const notes: string[] = [];
    locked = path.join(native, 'lib');
    const first = runnableBinaries({ native, copies, account, notes });
    expect(path.dirname(first)).toBe(copies);
    expect(notes).toEqual([expect.stringContaining(first)]);
    const madeAt = statSync(first).mtimeMs;
    expect(runnableBinaries({ native, copies, account, notes })).toBe(first);
    expect(statSync(first).mtimeMs).toBe(madeAt);
    expect(readdirSync(copies)).toHaveLength(1);
  });

  it('that do not run are an error with the way out', () => {
    const native = fakeBinaries('exit 0', 'echo "cannot execute: wrong machine" >&2; exit 126');
    expect(() => runnableBinaries({ native, copies: path.join(home, 'copies'), account: undefined, notes: [] })).toThrow(
      expect.objectContaining({ code: 'E_POSTGRES', message: expect.stringContaining('wrong machine'), fix: expect.stringContaining('DATABASE_URL') }),
    );
  });
});

if (asRoot) {
  describe('as root', () => {
    it('runs as an unprivileged account, also one that is not named postgres', async () => {
      const postgres = await start({ accounts: ['no-such-account', 'nobody'] });
      expect(statSync(dataDir()).uid).toBe(65_534);
      expect(readFileSync(`/proc/${postgres.pid}/status`, 'utf8')).toMatch(/^Uid:\s+65534\s/m);
    });

    it('gives the data to the account when that has changed', async () => {
      useSeed();
      expect(statSync(dataDir()).uid).not.toBe(1);
      expect(await query(await start({ accounts: ['daemon'] }), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
      expect(statSync(dataDir()).uid).toBe(1);
    });

    it('says when there is no such account', async () => {
      await expect(start({ accounts: ['no-such-account'] })).rejects.toMatchObject({ code: 'E_POSTGRES_ACCOUNT', fix: expect.stringContaining('useradd') });
    });

    it('says when the account cannot enter the folder', async () => {
      chmodSync(home, 0o700);
      await expect(start()).rejects.toMatchObject({ code: 'E_DATA_UNREACHABLE', fix: expect.stringContaining('HOLDFAST_DATA') });
    });
  });
}

function fakeBinaries(initdb: string, postgres = 'echo "postgres (PostgreSQL) 18.4"'): string {
  const native = path.join(home, 'fake', 'native');
  mkdirSync(path.join(native, 'bin'), { recursive: true });
  for (const [name, script] of Object.entries({ initdb, postgres })) {
    writeFileSync(path.join(native, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  return native;
}

/** As npm unpacks the package without its install script: no links. */
function copyWithoutLinks(target: string): string {
  const copy = (from: string, to: string) => {
    mkdirSync(to, { recursive: true });
    for (const entry of readdirSync(from, { withFileTypes: true })) {
      const [source, place] = [path.join(from, entry.name), path.join(to, entry.name)];
      if (entry.isDirectory()) copy(source, place);
      else if (entry.isFile() && !entry.name.endsWith('.a')) {
        writeFileSync(place, readFileSync(source), { mode: statSync(source).mode });
      }
    }
  };
  copy(installedBinaries(), target);
  return target;
}
