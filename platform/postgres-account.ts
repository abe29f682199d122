import { spawnSync } from 'node:child_process';
import { HoldfastError } from '../messages/errors';

/** An unprivileged account of the system. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Accounts that may run PostgreSQL for root, the best first. */
const CANDIDATES = ['postgres', 'nobody'];

/**
 * The account that PostgreSQL runs as when we are root, because PostgreSQL refuses to run as root; undefined when we
 * are not root and it simply runs as we do. Throws E_POSTGRES_ACCOUNT when root has no such account.
 */
export function postgresAccount(candidates: readonly string[] = CANDIDATES): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of candidates) {
    const uid = idOf('-u', name);
    const gid = idOf('-g', name);
    if (uid !== undefined && gid !== undefined && uid !== 0) return { name, uid, gid };
  }
  throw new HoldfastError('E_POSTGRES_ACCOUNT', `PostgreSQL does not run as root, and there is no account named ${candidates.join(' or ')}.`, {
    fix: 'Add one (useradd --system postgres), start Holdfast as an ordinary user, or set DATABASE_URL to a PostgreSQL server of yours.',
  });
}

/** Whether the account can enter this folder; without an account, whether we can. */
export function canEnter(account: Account | undefined, folder: string): boolean {
  const { status } = spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { ...asAccount(account), stdio: 'ignore' });
  return status === 0;
}

/** What `spawn` needs to run a program as the account: from `/`, because the account may not see our working folder. */
export function asAccount(account: Account | undefined): { cwd: string; uid?: number; gid?: number } {
  return account === undefined ? { cwd: '/' } : { cwd: '/', uid: account.uid, gid: account.gid };
}

function idOf(flag: '-u' | '-g', name: string): number | undefined {
  const { status, stdout } = spawnSync('id', [flag, name], { encoding: 'utf8' });
  return status === 0 && /^\d+\s*$/.test(stdout) ? Number(stdout) : undefined;
}
