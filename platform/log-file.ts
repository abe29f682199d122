import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

const LARGEST_BYTES = 20 * 1024 * 1024;

/** A log file that never fills the disk: beyond 20 MB it becomes `<name>.1`, and the `<name>.1` before it goes. */
export class LogFile {
  #bytes: number;

  constructor(readonly path: string) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.#bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Adds one line. A full disk loses the line, not the program. */
  write(line: string): void {
    if (this.#bytes > LARGEST_BYTES) {
      renameSync(this.path, `${this.path}.1`);
      this.#bytes = 0;
    }
    try {
      appendFileSync(this.path, `${line}\n`, { mode: 0o600 });
      this.#bytes += line.length + 1;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOSPC' && code !== 'EFBIG' && code !== 'EDQUOT') throw error;
    }
  }
}
