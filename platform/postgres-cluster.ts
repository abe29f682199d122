import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chownSync, existsSync, lchownSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { HoldfastError } from '../messages/errors';
import { diskFull, folderError } from './data-folder';
import { asAccount, type Account } from './postgres-account';
import { listProcesses, sendSignal, waitUntilGone } from './processes';

/** The database role and the database that Holdfast uses in its own PostgreSQL. */
export const DATABASE_NAME = 'holdfast';

const PASSWORD_FILE = 'holdfast.password';

/**
 * Creates PostgreSQL's data folder, with a generated password in it, unless there is one already. It is built beside its
 * place and renamed, so that a crash half-way leaves nothing that looks finished.
 * Throws E_DISK_FULL, E_DATA_UNWRITABLE or E_POSTGRES.
 */
export function ensureCluster(options: { binaries: string; dataDir: string; account: Account | undefined }): void {
  const { binaries, dataDir, account } = options;
  if (existsSync(path.join(dataDir, 'PG_VERSION'))) {
    checkVersion(binaries, dataDir);
    if (account !== undefined && statSync(dataDir).uid !== account.uid) giveTo(account, dataDir);
    return;
  }
  // The folder is claimed by us alone: what lies here is of a start that was killed.
  for (const name of readdirSync(path.dirname(dataDir))) {
    if (name.startsWith(`${path.basename(dataDir)}.new-`)) rmSync(path.join(path.dirname(dataDir), name), { recursive: true, force: true });
  }
  const building = `${dataDir}.new-${process.pid}`;
  const passwordFile = `${building}.password`;
  const password = randomBytes(24).toString('base64url');
  try {
    mkdirSync(building, { mode: 0o700 });
    writeFileSync(passwordFile, password, { mode: 0o600 });
    if (account !== undefined) {
      chownSync(building, account.uid, account.gid);
      chownSync(passwordFile, account.uid, account.gid);
    }
    runInitdb(binaries, building, passwordFile, account, dataDir);
    const kept = path.join(building, PASSWORD_FILE);
    writeFileSync(kept, password, { mode: 0o600 });
    if (account !== undefined) chownSync(kept, account.uid, account.gid);
    renameSync(building, dataDir);
  } catch (error) {
    if (error instanceof HoldfastError) throw error;
    throw folderError(dataDir, error as NodeJS.ErrnoException);
  } finally {
    rmSync(building, { recursive: true, force: true });
    rmSync(passwordFile, { force: true });
  }
}

/** The password of this data folder's one role. Throws E_POSTGRES when it is gone. */
export function readPassword(dataDir: string): string {
  const file = path.join(dataDir, PASSWORD_FILE);
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  throw new HoldfastError('E_POSTGRES', `The password of the database is gone: ${file} does not exist.`, {
    fix: 'Restore the file from a backup, or move the folder away to begin with an empty database.',
  });
}

/** The name that PostgreSQL shows in the process list for this data folder, so that its processes can be told from others. */
export function clusterName(dataDir: string): string {
  return `holdfast-${createHash('sha256').update(path.resolve(dataDir)).digest('hex').slice(0, 12)}`;
}

/**
 * Ends what is left of a PostgreSQL on this data folder whose owner was killed: asks it to stop, then insists. Removes
 * its lock file once none of its processes runs, because after a crash the pid in it may belong to someone else by now,
 * and PostgreSQL would refuse to start. Answers whether one was found. Throws E_POSTGRES when it cannot be stopped.
 */
export async function endLeftovers(dataDir: string): Promise<boolean> {
  const name = clusterName(dataDir);
  const find = () =>
    listProcesses().filter(({ zombie, command }) => !zombie && (command.includes(`cluster_name=${name}`) || command.startsWith(`postgres: ${name}:`)));
  const found = find();
  const steps = [
    { signal: 'SIGINT', waitMs: 5_000 },
    { signal: 'SIGQUIT', waitMs: 3_000 },
    { signal: 'SIGKILL', waitMs: 3_000 },
  ] as const;
  for (const { signal, waitMs } of steps) {
    const left = find();
    if (left.length === 0) break;
    const servers = left.filter(({ command }) => command.includes(`cluster_name=${name}`));
    for (const { pid } of servers.length > 0 ? servers : left) sendSignal(pid, signal);
    await waitUntilGone(
      left.map(({ pid }) => pid),
      waitMs,
    );
  }
  const stuck = find();
  if (stuck.length > 0) {
    throw new HoldfastError('E_POSTGRES', `An earlier PostgreSQL still runs on ${dataDir} (process ${stuck.map(({ pid }) => pid).join(', ')}).`, {
      fix: 'End these processes, then start again.',
    });
  }
  rmSync(path.join(dataDir, 'postmaster.pid'), { force: true });
  return found.length > 0;
}

function runInitdb(binaries: string, building: string, passwordFile: string, account: Account | undefined, dataDir: string): void {
  const { status, stdout, stderr, error } = spawnSync(
    path.join(binaries, 'bin', 'initdb'),
    [
      `--pgdata=${building}`,
      `--username=${DATABASE_NAME}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // The same order and case rules on every machine, whatever locales it has.
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--no-instructions',
    ],
    { ...asAccount(account), env: { LC_ALL: 'C', TZ: 'UTC' }, encoding: 'utf8' },
  );
  if (error === undefined && status === 0) return;
  const output = `${stdout ?? ''}${stderr ?? ''}`;
  if (/No space left on device|File too large|Disk quota exceeded/.test(output)) throw diskFull(dataDir, 'PostgreSQL found no space left on the device');
  const reason = error?.message ?? output.trim().split('\n').slice(-3).join(' ');
  throw new HoldfastError('E_POSTGRES', `PostgreSQL could not create its data folder ${dataDir}: ${reason}`, {
    fix: 'Set HOLDFAST_DATA to another folder, or DATABASE_URL to a PostgreSQL server of yours.',
  });
}

function checkVersion(binaries: string, dataDir: string): void {
  const ofData = readFileSync(path.join(dataDir, 'PG_VERSION'), 'utf8').trim();
  const { stdout } = spawnSync(path.join(binaries, 'bin', 'postgres'), ['--version'], { encoding: 'utf8', cwd: '/' });
  const ofBinaries = /(\d+)/.exec(stdout)?.[1] ?? '';
  if (ofData === ofBinaries) return;
  throw new HoldfastError('E_POSTGRES', `The database in ${dataDir} was made by PostgreSQL ${ofData}; the installed one is ${ofBinaries}.`, {
    fix: 'Go back to the version of Holdfast that made it and move the data with pg_dump, or set HOLDFAST_DATA to a new folder.',
  });
}

/** After a change of account (say, a container image that now has one named postgres) the files belong to the new one. */
function giveTo(account: Account, file: string): void {
  lchownSync(file, account.uid, account.gid);
  if (lstatSync(file).isDirectory()) for (const name of readdirSync(file)) giveTo(account, path.join(file, name));
}
