import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { checkDataDir, defaultDataDir, folderError, SYSTEM_DATA } from '../../platform/data-folder';

const asRoot = process.getuid?.() === 0;

let home: string;

beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'holdfast-data-'));
  chmodSync(home, 0o755);
});

afterEach(() => rmSync(home, { recursive: true, force: true }));

describe('the data folder', () => {
  it('lies in the clone', () => {
    expect(defaultDataDir(home)).toEqual({ dir: path.join(home, '.holdfast') });
  });

  it('is created, and nothing is left of the trial', () => {
    const dir = path.join(home, 'deep', 'data');
    checkDataDir(dir);
    expect(statSync(dir).mode & 0o777).toBe(0o711);
    expect(readdirSync(dir)).toEqual([]);
  });

  it('that is a file cannot be used', () => {
    const dir = path.join(home, 'file');
    writeFileSync(dir, '');
    expect(() => checkDataDir(dir)).toThrow(expect.objectContaining({ code: 'E_DATA_UNWRITABLE', fix: expect.stringContaining('HOLDFAST_DATA') }));
  });

  it('on a full disk is an error of its own', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    expect(folderError(home, full)).toMatchObject({ code: 'E_DISK_FULL', message: expect.stringContaining(home) });
  });
});

if (asRoot) {
  describe('as root, in a clone that the account of PostgreSQL cannot enter', () => {
    beforeEach(() => chmodSync(home, 0o700));

    it('lies where the account can reach it, the same each time, and says so', () => {
      const first = defaultDataDir(home);
      expect(path.dirname(first.dir)).toBe(SYSTEM_DATA);
      expect(first.note).toContain(first.dir);
      expect(defaultDataDir(home)).toEqual(first);
      const other = path.join(home, 'other');
      mkdirSync(other);
      expect(defaultDataDir(other).dir).not.toBe(first.dir);
      expect(existsSync(first.dir)).toBe(false);
    });

    it('set by hand inside of it is an error', () => {
      expect(() => checkDataDir(path.join(home, 'data'))).toThrow(expect.objectContaining({ code: 'E_DATA_UNREACHABLE' }));
      expect(() => checkDataDir(path.join(home, 'data'), false)).not.toThrow();
    });
  });
} else {
  describe('without rights', () => {
    it('cannot be used', () => {
      chmodSync(home, 0o555);
      expect(() => checkDataDir(path.join(home, 'data'))).toThrow(expect.objectContaining({ code: 'E_DATA_UNWRITABLE' }));
      chmodSync(home, 0o755);
    });
  });
}
