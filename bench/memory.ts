import { execFileSync } from 'node:child_process';
import type { BenchDesk } from './desk';

/** What a process of the desk holds in memory at one moment; PostgreSQL with all of its backends, which share most of it. */
export interface Memory {
  readonly process: string;
  readonly residentMb: number;
}

/** Reads the resident memory of each process of the desk, as `ps` tells it. */
export function memoryOf(desk: BenchDesk): Memory[] {
  const rows = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,rss='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  return desk.processes.map(({ name, pid }) => {
    const own = rows.filter(([process, parent]) => process === pid || parent === pid);
    return { process: name, residentMb: own.reduce((sum, [, , kilobytes = 0]) => sum + kilobytes, 0) / 1024 };
  });
}
