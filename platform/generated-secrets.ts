import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatKeys, generateKey, parseKeys } from '../config/keys';
import { HoldfastError } from '../messages/errors';
import { folderError } from './data-folder';

/** The signing keys of this data folder as `HOLDFAST_SIGNING_KEYS` writes them; made once, readable by the owner only. Without them every reply address ever mailed would be void. */
export function signingKeysOf(dataDir: string): string {
  const file = join(dataDir, 'signing-keys');
  const keys = readOrCreate(dataDir, file, () => formatKeys([generateKey()]));
  if (parseKeys(keys) !== null) return keys;
  throw new HoldfastError('E_ENVIRONMENT', `${file} does not hold signing keys.`, {
    fix: 'Restore it from a backup. Without it, move it away: new keys are made, and answers to mails sent so far open new conversations.',
  });
}

/** The admin token of this data folder; made once, readable by the owner only. */
export function adminTokenOf(dataDir: string): string {
  return readOrCreate(dataDir, join(dataDir, 'admin-token'), () => randomBytes(24).toString('base64url'));
}

/** The secret of this data folder that signs and verifies a customer's identity; made once, readable by the owner only. */
export function dashboardSecretOf(dataDir: string): string {
  return readOrCreate(dataDir, join(dataDir, 'dashboard-secret'), () => randomBytes(32).toString('base64url'));
}

function readOrCreate(dataDir: string, file: string, generate: () => string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw folderError(dataDir, error as NodeJS.ErrnoException);
  }
  const value = generate();
  try {
    writeFileSync(`${file}.new`, `${value}\n`, { mode: 0o600, flush: true });
    renameSync(`${file}.new`, file);
  } catch (error) {
    throw folderError(dataDir, error as NodeJS.ErrnoException);
  }
  return value;
}
