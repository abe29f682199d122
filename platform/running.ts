import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { HoldfastError } from '../messages/errors';
import { findProcess } from './processes';

const FILE = 'running.json';

const running = z.object({
  pid: z.number(),
  /** When that process started, as {@link findProcess} says: a pid alone does not name a process. */
  startedAt: z.string(),
  /** Where people reach it. */
  url: z.string(),
  databaseUrl: z.string().optional(),
  temporalAddress: z.string().optional(),
  temporalNamespace: z.string().optional(),
  temporalUi: z.string().optional(),
  smtp: z.string().optional(),
  mailCatcher: z.string().optional(),
  /** Where each worker tells its metrics. */
  workerMetrics: z.array(z.string()).optional(),
  /** Our own processes, which end by themselves when we are killed; the guard sees to it that they do. */
  parts: z.array(z.object({ pid: z.number(), startedAt: z.string() })).default([]),
  /** The servers that do not notice by themselves when we are killed, in the order in which to end them; see guard.ts. */
  servers: z.array(z.object({ pid: z.number(), startedAt: z.string(), signal: z.enum(['SIGTERM', 'SIGINT']) })).default([]),
});

/** What a running `npm start` tells other commands on the same data folder: its process and where its parts are. Absent parts are not up yet. */
export type Running = z.infer<typeof running>;

/** The one `npm start` that uses a data folder. */
export interface DataFolderLock {
  /** Adds what other commands can use by now. */
  tell(facts: Partial<Running>): void;
  release(): void;
}

/** Who runs on this data folder; null when nobody does, whatever a killed one left behind. */
export function findRunning(dataDir: string): Running | null {
  const left = readRunning(dataDir);
  return left !== null && isSameProcess(left) ? left : null;
}

/** Takes a data folder for this process; throws `E_ALREADY_RUNNING` when another living one has it. The file is for its owner only (0600): it tells how to reach the database. */
export async function lockDataFolder(dataDir: string, url: string): Promise<DataFolderLock> {
  refuse(findRunning(dataDir), dataDir);
  const file = join(dataDir, FILE);
  let told: Running = { ...describeProcess(process.pid), url, parts: [], servers: [] };
  write(file, told);
  // Two that start in the same instant may both have found the folder free; whoever wrote last has it.
  await sleep(50);
  const now = findRunning(dataDir);
  if (now?.pid !== process.pid) refuse(now, dataDir);
  return {
    tell(facts) {
      told = { ...told, ...facts };
      write(file, told);
    },
    release: () => rmSync(file, { force: true }),
  };
}

function write(file: string, content: Running): void {
  const next = `${file}.${process.pid}`;
  writeFileSync(next, JSON.stringify(content, null, 2), { mode: 0o600 });
  renameSync(next, file);
}

/** What names a process for good. */
export function describeProcess(pid: number): { pid: number; startedAt: string } {
  return { pid, startedAt: findProcess(pid)?.startedAt ?? '' };
}

/** Whether the process that was described still runs, and not another one under its number. */
export function isSameProcess({ pid, startedAt }: { pid: number; startedAt: string }): boolean {
  const found = findProcess(pid);
  return found !== undefined && !found.zombie && found.startedAt === startedAt;
}

/** What the last `npm start` on this folder told, whether or not it still runs; null when there is nothing. */
export function readRunning(dataDir: string): Running | null {
  let content: string;
  try {
    content = readFileSync(join(dataDir, FILE), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw error;
  }
  try {
    return running.parse(JSON.parse(content));
  } catch (error) {
    // Half a file is what a full disk or a crash leaves behind; nobody who lives writes one.
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    throw error;
  }
}

function refuse(other: Running | null, dataDir: string): void {
  if (other === null) return;
  throw new HoldfastError('E_ALREADY_RUNNING', `Holdfast already runs on ${dataDir}: process ${other.pid}, ${other.url}`, {
    fix: `Use that one, stop it first (Ctrl-C there, or: kill -INT ${other.pid}), or give this one a folder of its own with HOLDFAST_DATA, and its own PORT and SMTP_LISTEN.`,
  });
}
