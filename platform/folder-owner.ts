import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { HoldfastError } from '../messages/errors';
import { folderError } from './data-folder';
import { findProcess } from './processes';

/**
 * Writes down that this process runs the server whose data lie in a folder.
 * A server that outlived its owner (killed at once, so it could not stop it) may be ended by the next start;
 * one whose owner still runs may not: then this throws E_ALREADY_RUNNING. Throws E_DATA_UNWRITABLE or E_DISK_FULL when
 * the file cannot be written.
 *
 * @param file where the owner is written down, beside the folder
 */
export function claimFolder(file: string, folder: string): void {
  const owner = readOwner(file);
  const running = owner === undefined ? undefined : findProcess(owner.pid);
  if (owner !== undefined && running !== undefined && !running.zombie && running.startedAt === owner.startedAt && owner.pid !== process.pid) {
    throw new HoldfastError('E_ALREADY_RUNNING', `Process ${owner.pid} already runs a server on ${folder}.`, {
      fix: `Stop that Holdfast first (Ctrl-C, or: kill -INT ${owner.pid}), or give this one a data folder of its own with HOLDFAST_DATA.`,
    });
  }
  const startedAt = findProcess(process.pid)?.startedAt ?? '';
  try {
    writeFileSync(file, JSON.stringify({ pid: process.pid, startedAt }), { mode: 0o644 });
  } catch (error) {
    throw folderError(path.dirname(file), error as NodeJS.ErrnoException);
  }
}

/** Forgets the owner, after its server has stopped. */
export function releaseFolder(file: string): void {
  rmSync(file, { force: true });
}

function readOwner(file: string): { pid: number; startedAt: string } | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  // A process that was killed while it wrote leaves half a file: that owner does not run any more.
  const match = /^\{"pid":(\d+),"startedAt":"([^"]*)"\}$/.exec(text);
  return match === null ? undefined : { pid: Number(match[1]), startedAt: match[2] ?? '' };
}
