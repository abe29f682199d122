import { resolve } from 'node:path';
import type { Environment } from '../config/environment';
import { defaultDataDir } from '../platform/data-folder';

/** The clone that this program was built from: it runs in `.build/<hash>/cli` there. */
export const CLONE = resolve(__dirname, '..', '..', '..');

/** The data folder: HOLDFAST_DATA, or what suits this clone and this account; `note` says so where that is unusual. */
export function dataFolderOf({ HOLDFAST_DATA }: Environment): { dir: string; note?: string } {
  return HOLDFAST_DATA === undefined ? defaultDataDir(CLONE) : { dir: resolve(HOLDFAST_DATA) };
}
