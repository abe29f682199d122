import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** One process of this machine, as the system describes it. */
export interface ProcessInfo {
  readonly pid: number;
  /** Ended, but not yet collected by its parent: it holds no file, port or memory any more. */
  readonly zombie: boolean;
  /** When it started, in the system's own words; together with the pid it names a process for good. */
  readonly startedAt: string;
  /** Its command line; empty where the system does not show it. */
  readonly command: string;
}

/** All processes that the system shows us. */
export function listProcesses(): ProcessInfo[] {
  if (process.platform !== 'linux') return listWithPs(['-axo', PS_COLUMNS]);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProc(Number(name)) ?? []);
}

/** The process with this pid, or undefined when there is none. */
export function findProcess(pid: number): ProcessInfo | undefined {
  return process.platform === 'linux' ? readProc(pid) : listWithPs(['-o', PS_COLUMNS, '-p', String(pid)])[0];
}

/** Whether the process still runs; a zombie does not. (`kill(pid, 0)` cannot tell.) */
export function isRunning(pid: number): boolean {
  const found = findProcess(pid);
  return found !== undefined && !found.zombie;
}

/** Waits until none of the processes runs any more; answers false when the time is over before that. */
export async function waitUntilGone(pids: readonly number[], timeoutMs: number): Promise<boolean> {
  for (let waitedMs = 0; pids.some(isRunning); waitedMs += 20) {
    if (waitedMs >= timeoutMs) return false;
    await sleep(20);
  }
  return true;
}

/** Sends a signal to a process that may have ended meanwhile. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Ends a process with one signal after the other, each given some time, and waits until it is gone. */
export async function endProcess(pid: number, steps: readonly { signal: NodeJS.Signals; waitMs: number }[]): Promise<void> {
  for (const { signal, waitMs } of steps) {
    sendSignal(pid, signal);
    if (await waitUntilGone([pid], waitMs)) return;
  }
}

function readProc(pid: number): ProcessInfo | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may hold spaces and parentheses of its own; the state is field 3, the start time field 22.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
    return { pid, zombie: fields[0] === 'Z' || fields[0] === 'X', startedAt: fields[19] ?? '', command };
  } catch (error) {
    // It ended while we read, or is hidden from us: for us there is no such process.
    if (['ENOENT', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

const PS_COLUMNS = 'pid=,state=,lstart=,command=';

function listWithPs(args: string[]): ProcessInfo[] {
  const { stdout } = spawnSync('ps', args, { encoding: 'utf8' });
  return (stdout ?? '').split('\n').flatMap((line) => {
    // "  123 S    Mon Nov 23 14:53:01 2026 /usr/bin/program arguments"
    const match = /^\s*(\d+)\s+(\S+)\s+(\S+\s+\S+\s+\d+\s+[\d:]+\s+\d+)\s+(.*)$/.exec(line);
    if (match === null) return [];
    const [, pid = '', state = '', startedAt = '', command = ''] = match;
    return [{ pid: Number(pid), zombie: state.startsWith('Z'), startedAt, command }];
  });
}
