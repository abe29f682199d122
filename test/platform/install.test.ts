import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const root = path.resolve(__dirname, '..', '..');

let clone: string;

/** A clone with nothing but what the script needs, and an npm that writes down how it was called. */
beforeEach(() => {
  clone = mkdtempSync(path.join(os.tmpdir(), 'holdfast-install-'));
  mkdirSync(path.join(clone, 'scripts'));
  copyFileSync(path.join(root, 'scripts', 'ensure-installed.cjs'), path.join(clone, 'scripts', 'ensure-installed.cjs'));
  writeFileSync(path.join(clone, 'package.json'), JSON.stringify({ engines: { node: '>=20.19' } }));
  writeFileSync(path.join(clone, 'package-lock.json'), '{}');
  npmThat("require('fs').mkdirSync('node_modules', { recursive: true });");
});

afterEach(() => rmSync(clone, { recursive: true, force: true }));

function npmThat(does: string): void {
  writeFileSync(path.join(clone, 'npm-cli.js'), `require('fs').appendFileSync('calls', process.argv.slice(2).join(' ') + '\\n'); ${does}`);
}

function ensureInstalled() {
  const env = { PATH: process.env['PATH'], npm_execpath: path.join(clone, 'npm-cli.js') };
  const { status, stderr } = spawnSync(process.execPath, ['scripts/ensure-installed.cjs'], { cwd: clone, env, encoding: 'utf8' });
  const calls = existsSync(path.join(clone, 'calls')) ? readFileSync(path.join(clone, 'calls'), 'utf8').trim().split('\n') : [];
  return { status, stderr, calls };
}

describe('installing by itself', () => {
  it('calls npm once, without install scripts, and again when the lock file changes', () => {
    const first = ensureInstalled();
    expect(first).toMatchObject({ status: 0, stderr: expect.stringContaining('Installing the libraries') });
    expect(first.calls).toEqual([expect.stringMatching(/^ci --ignore-scripts/)]);
    expect(ensureInstalled()).toMatchObject({ status: 0, stderr: '', calls: first.calls });
    writeFileSync(path.join(clone, 'package-lock.json'), '{ "changed": true }');
    expect(ensureInstalled().calls).toHaveLength(2);
  });

  it('that fails says so, and is tried again the next time', () => {
    npmThat('process.exit(7);');
    expect(ensureInstalled()).toMatchObject({ status: 1, stderr: expect.stringMatching(/E_INSTALL: .*exit code 7.*\n.*try again/) });
    npmThat("require('fs').mkdirSync('node_modules', { recursive: true });");
    expect(ensureInstalled()).toMatchObject({ status: 0, calls: [expect.any(String), expect.any(String)] });
  });

  it('on a Node.js that is too old names the version wanted', () => {
    writeFileSync(path.join(clone, 'package.json'), JSON.stringify({ engines: { node: '>=99.1' } }));
    expect(ensureInstalled()).toMatchObject({ status: 2, stderr: expect.stringMatching(/E_NODE_VERSION: .*99\.1 or newer/), calls: [] });
  });
});
