import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** Hands on every line that a child process writes to these streams; empty ones are left out. */
export function readLines(streams: readonly (Readable | null)[], onLine: (line: string) => void): void {
  for (const stream of streams) {
    if (stream === null) continue;
    createInterface({ input: stream, crlfDelay: Infinity }).on('line', (line) => {
      if (line.trim() !== '') onLine(line);
    });
  }
}
