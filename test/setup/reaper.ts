import { spawn, type ChildProcessByStdio } from 'node:child_process';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** Ends what a test run started, however the run ends; see reaper-process.cjs. */
export class Reaper {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #leftBehind: string[] = [];

  constructor(runId: string) {
    const env = { ...process.env };
    // The reaper must not find itself.
    delete env['HOLDFAST_TEST_RUN'];
    this.#child = spawn(process.execPath, [path.join(__dirname, 'reaper-process.cjs'), runId], { detached: true, stdio: ['pipe', 'pipe', 'ignore'], env });
    this.#child.stdout.on('data', (chunk: Buffer) => this.#leftBehind.push(...chunk.toString('utf8').split('\n').filter(Boolean)));
    this.#child.unref();
  }

  /** Ends this process when the run is over. */
  endProcess(pid: number, signal: NodeJS.Signals): void {
    this.#child.stdin.write(`process ${pid} ${signal}\n`);
  }

  /** Removes this folder when the run is over. */
  removeFolder(folder: string): void {
    this.#child.stdin.write(`folder ${folder}\n`);
  }

  /** Ends everything now and answers with the command lines of processes that tests had left behind. */
  async finish(): Promise<readonly string[]> {
    const closed = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.ref();
    this.#child.stdin.end();
    await closed;
    return this.#leftBehind;
  }
}
