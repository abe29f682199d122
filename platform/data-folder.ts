import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { HoldfastError } from '../messages/errors';
import { canEnter, postgresAccount } from './postgres-account';

/** Where root keeps what the database's account must reach when the clone is out of its reach. */
export const SYSTEM_DATA = '/var/lib/holdfast';

/** A fresh database needs about half of this, and the logs of the first busy hour the rest. */
const FREE_BYTES_NEEDED = 150 * 1024 * 1024;

const ANOTHER_FOLDER = 'Set HOLDFAST_DATA to a folder that works, for example HOLDFAST_DATA=/srv/holdfast.';

/**
 * The data folder when HOLDFAST_DATA is not set: `.holdfast` in the clone, or, as root where the account that runs
 * PostgreSQL cannot enter the clone, a folder of this clone's own under {@link SYSTEM_DATA}; `note` then says so.
 */
export function defaultDataDir(cloneDir: string): { dir: string; note?: string } {
  const inClone = path.join(cloneDir, '.holdfast');
  // Without such an account there can be no embedded PostgreSQL either; whoever starts one says so.
  if (process.getuid?.() !== 0 || !hasAccount()) return { dir: inClone };
  const account = postgresAccount();
  if (account === undefined || canEnter(account, cloneDir)) return { dir: inClone };
  const hash = createHash('sha256').update(realpathSync(cloneDir)).digest('hex').slice(0, 12);
  const dir = path.join(SYSTEM_DATA, hash);
  return { dir, note: `Data are kept in ${dir}, because the account ${account.name}, which runs PostgreSQL, cannot enter ${cloneDir}.` };
}

/**
 * Creates the data folder if need be and makes sure that it can be used. Throws E_DATA_UNWRITABLE, E_DISK_FULL, or
 * E_DATA_UNREACHABLE when the account that runs PostgreSQL for root cannot enter it.
 *
 * @param forPostgres whether an embedded PostgreSQL will keep its data there
 */
export function checkDataDir(dir: string, forPostgres = true): void {
  try {
    // Others may pass through, to reach the database's own folder; every secret in here is a file that only we can read.
    if (mkdirSync(dir, { recursive: true }) !== undefined) makeEnterable(dir);
    const trial = mkdtempSync(path.join(dir, '.trial-'));
    try {
      writeFileSync(path.join(trial, 'file'), 'x'.repeat(4096), { flush: true });
    } finally {
      rmSync(trial, { recursive: true, force: true });
    }
  } catch (cause) {
    throw folderError(dir, cause as NodeJS.ErrnoException);
  }
  const { bavail, bsize } = statfsSync(dir);
  if (bavail * bsize < FREE_BYTES_NEEDED) throw diskFull(dir, `only ${Math.floor((bavail * bsize) / 1024 / 1024)} MB are free`);
  if (!forPostgres) return;
  const account = postgresAccount();
  if (account !== undefined && !canEnter(account, dir)) {
    throw new HoldfastError('E_DATA_UNREACHABLE', `The account ${account.name}, which runs PostgreSQL because root may not, cannot enter ${dir}.`, {
      fix: `${ANOTHER_FOLDER} Or leave it unset: Holdfast then chooses a folder that works. Or let others pass through its parent folders (chmod o+x).`,
    });
  }
}

/** E_DISK_FULL or E_DATA_UNWRITABLE, whichever the system's error means for this folder. */
export function folderError(dir: string, cause: NodeJS.ErrnoException): HoldfastError {
  if (cause.code === 'ENOSPC' || cause.code === 'EDQUOT' || cause.code === 'EFBIG') return diskFull(dir, cause.message);
  return new HoldfastError('E_DATA_UNWRITABLE', `The data folder ${dir} cannot be used: ${cause.message}`, { fix: ANOTHER_FOLDER, cause });
}

/** E_DISK_FULL for this folder. */
export function diskFull(dir: string, why: string): HoldfastError {
  return new HoldfastError('E_DISK_FULL', `There is no room for the data folder ${dir}: ${why}.`, {
    fix: `Free at least ${FREE_BYTES_NEEDED / 1024 / 1024} MB there, or set HOLDFAST_DATA to a folder on another disk.`,
  });
}

function makeEnterable(dir: string): void {
  chmodSync(dir, 0o711);
  const parent = path.dirname(dir);
  if (parent === SYSTEM_DATA) chmodSync(parent, 0o755);
}

function hasAccount(): boolean {
  try {
    postgresAccount();
    return true;
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'E_POSTGRES_ACCOUNT') return false;
    throw error;
  }
}
