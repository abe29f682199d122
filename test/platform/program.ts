import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listProcesses } from '../../platform/processes';
import type { ProcessInfo } from '../../platform/processes';

/** The clone whose program is run. */
export const CLONE = resolve(__dirname, '..', '..');

/**
 * A port that nobody uses right now, and that nobody is given by chance later: those that the system hands out to
 * outgoing connections and to "any port" begin at 32768.
 */
export async function unusedPort(): Promise<number> {
  for (;;) {
    const port = randomInt(16_000, 32_000);
    if (!(await isListening(port))) return port;
  }
}

/** Whether anybody listens there. */
export async function isListening(port: number): Promise<boolean> {
  const server = createServer();
  const free = await new Promise<boolean>((done) => {
    server.once('error', () => done(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => done(true));
  });
  if (free) await new Promise((done) => server.close(done));
  return !free;
}

/** Waits until something holds; throws what was waited for when it never does. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`Waited ${withinMs / 1000} s in vain: ${what}`);
    await sleep(50);
  }
}

/** What the kernel says of a process: its state, what it waits for and its parent. */
function stateOf(pid: number): string {
  try {
    const lines = readFileSync(`/proc/${pid}/status`, 'utf8').split('\n');
    return lines
      .filter((line) => /^(State|PPid|Threads):/.test(line))
      .join(', ')
      .replaceAll('\t', ' ');
  } catch (error) {
    return String(error);
  }
}

/** A machine of its own for one test: a data folder and ports that nobody else uses, and every process that came of it. */
export class Machine {
  readonly folder = mkdtempSync(join(tmpdir(), 'holdfast-machine-'));
  readonly dataDir = join(this.folder, 'data');
  readonly #started: ChildProcess[] = [];

  private constructor(
    readonly port: number,
    readonly smtpPort: number,
    readonly temporalPort: number,
    readonly temporalUiPort: number,
  ) {
    // Under root, PostgreSQL runs as another account, which must be able to pass through.
    chmodSync(this.folder, 0o755);
  }

  static async create(): Promise<Machine> {
    return new Machine(await unusedPort(), await unusedPort(), await unusedPort(), await unusedPort());
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** What a person would have set on this machine: nothing from the test's own environment but what programs need to run. */
  environment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^(HOLDFAST_|TEMPORAL_|DATABASE_URL|SMTP_|NODE_OPTIONS|JEST|PORT$|npm_)/.test(name) || name === 'TEMPORAL_CLI',
    );
    return {
      ...Object.fromEntries(inherited),
      NO_COLOR: '1',
      HOLDFAST_DATA: this.dataDir,
      PORT: String(this.port),
      SMTP_LISTEN: `127.0.0.1:${this.smtpPort}`,
      TEMPORAL_PORT: String(this.temporalPort),
      TEMPORAL_UI_PORT: String(this.temporalUiPort),
      ...extra,
    };
  }

  /** Starts `holdfast <command>`, the real program, as a process of its own group, as a terminal does. */
  run(command: readonly string[], options: { env?: NodeJS.ProcessEnv; program?: readonly [string, ...string[]]; cwd?: string } = {}): Run {
    const [program, ...first] = options.program ?? [process.execPath, join(CLONE, 'cli', 'holdfast.cjs')];
    const child = spawn(program, [...first, ...command], {
      cwd: options.cwd ?? CLONE,
      env: this.environment(options.env),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#started.push(child);
    return new Run(child);
  }

  /** Every living process that belongs to this machine, whoever started it. */
  processes(): ProcessInfo[] {
    return listProcesses().filter(
      ({ pid, zombie, command }) => !zombie && pid !== process.pid && (command.includes(this.folder) || environmentOf(pid).includes(this.folder)),
    );
  }

  /** Waits until none of them is left; throws with what is when the time is over. */
  async gone(withinMs: number): Promise<void> {
    await until('no process is left', () => this.processes().length === 0, withinMs).catch((cause: unknown) => {
      const left = this.processes().map(({ pid, command }) => `${pid} ${command} (${stateOf(pid)})`);
      throw new Error(`After ${withinMs / 1000} s there still are:\n${left.join('\n')}`, { cause });
    });
  }

  /** The processes with this title. */
  titled(title: string): ProcessInfo[] {
    return this.processes().filter(({ command }) => command.startsWith(title));
  }

  /** What `npm start` tells other commands. */
  told(): { pid: number; servers: { pid: number; signal: string }[]; databaseUrl: string; mailCatcher: string; temporalAddress: string } {
    return JSON.parse(readFileSync(join(this.dataDir, 'running.json'), 'utf8')) as ReturnType<Machine['told']>;
  }

  /** Ends whatever is left and removes the folder. */
  async remove(): Promise<void> {
    for (const { pid } of this.processes()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
    await this.gone(10_000);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** One run of the program. */
export class Run {
  stdout = '';
  stderr = '';
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;

  constructor(readonly child: ChildProcess) {
    child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.ended = new Promise((done) => child.once('close', (code, signal) => done({ code, signal })));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Waits for a text on the screen; fails at once when the program ends before. */
  async shows(text: string, withinMs = 90_000): Promise<void> {
    await until(
      `the screen shows "${text}"\n--- stdout\n${this.stdout}\n--- stderr\n${this.stderr}`,
      () => {
        if (this.child.exitCode !== null && !this.stdout.includes(text))
          throw new Error(`It ended with ${this.child.exitCode}.\n--- stdout\n${this.stdout}\n--- stderr\n${this.stderr}`);
        return this.stdout.includes(text);
      },
      withinMs,
    );
  }
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch (error) {
    // Ended meanwhile, or another system or account: then the command line must do.
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}

/** The names in a folder; none when there is no such folder. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
