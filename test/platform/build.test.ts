import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { runProgram } from '../../platform/run-program';

const root = path.resolve(__dirname, '..', '..');

let clone: string;

/** A small program with the real build script. */
beforeEach(() => {
  clone = mkdtempSync(path.join(os.tmpdir(), 'holdfast-build-'));
  mkdirSync(path.join(clone, 'scripts'));
  for (const name of ['build.cjs', 'build-web.cjs', 'run.cjs']) copyFileSync(path.join(root, 'scripts', name), path.join(clone, 'scripts', name));
  symlinkSync(path.join(root, 'node_modules'), path.join(clone, 'node_modules'));
  write('package.json', '{ "type": "commonjs" }');
  write('package-lock.json', '{}');
  write('policy/answer.ts', 'export const answer: number = 42;');
  write('policy/text.yaml', 'a: 1');
  write('policy/notes.md', '# not needed');
  write('workflows/index.ts', "export async function one(): Promise<number> { return (await import('../policy/answer.js')).answer; }");
  write(
    'cli/main.ts',
    "import { answer } from '../policy/answer';\nimport path from 'node:path';\nconsole.log(answer, path.basename(path.dirname(__dirname)).length);",
  );
});

afterEach(() => rmSync(clone, { recursive: true, force: true }));

function write(file: string, content: string): void {
  mkdirSync(path.join(clone, path.dirname(file)), { recursive: true });
  writeFileSync(path.join(clone, file), content);
}

const BUILD = `
  const { build, buildWorkflowBundle } = require('./scripts/build.cjs');
  const lines = [];
  build({ progress: (line) => lines.push(line) }).then(async ({ dir }) => {
    const bundle = process.argv[1] === 'bundle' ? await buildWorkflowBundle(dir, { progress: (line) => lines.push(line) }) : undefined;
    console.log(JSON.stringify({ dir, bundle, lines }));
  });`;

async function build(what = ''): Promise<{ dir: string; bundle?: string; lines: string[] }> {
  const { code, output } = await runProgram(process.execPath, ['-e', BUILD, what], { env: process.env, cwd: clone, timeoutMs: 25_000 });
  if (code !== 0) throw new Error(output);
  return JSON.parse(output) as Awaited<ReturnType<typeof build>>;
}

const builds = () => readdirSync(path.join(clone, '.build')).filter((name) => /^[0-9a-f]{16}$/.test(name));

describe('the build', () => {
  it('compiles what is needed, puts assets beside it, and compiles nothing the second time', async () => {
    const { dir, lines } = await build();
    expect(lines).toEqual([expect.stringContaining('Compiled 3 of 4 files')]);
    expect(readdirSync(path.join(dir, 'policy')).sort()).toEqual(['answer.js', 'text.yaml']);
    expect(await build()).toEqual({ dir, lines: [] });
  });

  it('compiles only what has changed', async () => {
    const first = await build();
    write('policy/answer.ts', 'export const answer: number = 43;');
    const second = await build();
    expect(second.dir).not.toBe(first.dir);
    expect(second.lines).toEqual([expect.stringContaining('Compiled 1 of 4 files')]);
    expect(readFileSync(path.join(second.dir, 'policy', 'answer.js'), 'utf8')).toContain('43');
    expect(readFileSync(path.join(first.dir, 'policy', 'answer.js'), 'utf8')).toContain('42');
  });

  it('done by several processes at once is one build', async () => {
    const results = await Promise.all([build('bundle'), build('bundle'), build('bundle')]);
    expect(new Set(results.map(({ dir }) => dir)).size).toBe(1);
    expect(builds()).toHaveLength(1);
    expect(readdirSync(path.join(clone, '.build')).filter((name) => name.includes('tmp'))).toEqual([]);
    expect(new Set(results.map(({ bundle }) => bundle)).size).toBe(1);
  });

  it('makes the same widget whatever NODE_ENV says', async () => {
    for (const name of ['web', 'tsconfig.json']) cpSync(path.join(root, name), path.join(clone, name), { recursive: true });
    const widgetOf = async (NODE_ENV: string): Promise<string[]> => {
      rmSync(path.join(clone, '.build'), { recursive: true, force: true });
      const script = "require('./scripts/build-web.cjs').buildWeb().then(({ dir }) => console.log(dir))";
      const { code, output } = await runProgram(process.execPath, ['-e', script], { env: { ...process.env, NODE_ENV }, cwd: clone, timeoutMs: 25_000 });
      if (code !== 0) throw new Error(output);
      // A file's name has a hash of what is in it.
      return readdirSync(path.join(output.trim(), 'assets')).sort();
    };
    expect(await widgetOf('development')).toEqual(await widgetOf('production'));
  });

  it('bundles the workflows anew only when something that they contain has changed', async () => {
    const first = await build('bundle');
    expect(first.lines).toContainEqual(expect.stringContaining('Bundled the workflows'));
    expect(readFileSync(first.bundle ?? '', 'utf8')).toContain('async function one()');
    write('cli/main.ts', 'console.log(1);');
    const second = await build('bundle');
    expect(second.lines).toEqual([expect.stringContaining('Compiled 1')]);
    expect(second.bundle).toBe(path.join(second.dir, 'workflow-bundle.js'));
    expect(existsSync(second.bundle ?? '')).toBe(true);
    write('workflows/index.ts', 'export async function two(): Promise<void> {}');
    expect((await build('bundle')).lines).toContainEqual(expect.stringContaining('Bundled the workflows'));
  });

  it('removes old builds, but none that a process runs from', async () => {
    const first = await build();
    const user = path.join(clone, '.build', 'in-use', `${path.basename(first.dir)}.${process.pid}`);
    writeFileSync(user, '');
    for (let version = 1; version <= 5; version += 1) {
      write('policy/answer.ts', `export const answer = ${version};`);
      await build();
    }
    expect(existsSync(first.dir)).toBe(true);
    expect(builds()).toHaveLength(4);
    rmSync(user);
    write('policy/answer.ts', 'export const answer = 6;');
    await build();
    expect(existsSync(first.dir)).toBe(false);
    expect(builds()).toHaveLength(3);
  });

  it('runs a module of it, and an error names the line of the source', () => {
    const run = (module: string) => spawnSync(process.execPath, ['scripts/run.cjs', module], { cwd: clone, encoding: 'utf8' });
    expect(run('cli/main')).toMatchObject({ status: 0, stdout: '42 16\n' });
    write('cli/fail.ts', '\n\nexport const text: string = JSON.parse("{");');
    expect(run('cli/fail').stderr).toContain(`${path.join(clone, 'cli', 'fail.ts')}:3`);
  });
});
