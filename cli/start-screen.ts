import type { Screen } from '../platform/stack';
import { say, styled } from './output';

const MARKS = { plain: '·', good: '✓', bad: '!' } as const;
const STYLES = { plain: 'dim', good: 'green', bad: 'yellow' } as const;
const ERASE_LINE = '\r\u001b[2K';

/** What `npm start` shows while it boots and while it runs: a line for each step with the time it took, then what happens. */
export class TerminalScreen implements Screen {
  #pending: string | null = null;
  #booted = false;

  async step<Result>(what: string, run: () => Promise<Result>): Promise<Result> {
    const since = performance.now();
    this.#show(`  … ${what}`);
    try {
      const result = await run();
      const tookS = ((performance.now() - since) / 1000).toFixed(1);
      this.#line(`  ${styled('green', '✓')} ${what.padEnd(20)} ${styled('dim', `${tookS} s`)}`);
      return result;
    } catch (error) {
      this.#line(`  ${styled('red', '✗')} ${what}`);
      throw error;
    }
  }

  note(line: string, kind: 'plain' | 'good' | 'bad'): void {
    const time = this.#booted ? `${styled('dim', new Date().toTimeString().slice(0, 8))} ` : '  ';
    const pending = this.#pending;
    this.#line(`${time}${styled(STYLES[kind], `${MARKS[kind]} ${line}`)}`);
    if (pending !== null) this.#show(pending);
  }

  /** From now on notes carry the time of day. */
  booted(): void {
    this.#booted = true;
  }

  /** A step under way, where the line can be taken back; elsewhere only finished steps are shown. */
  #show(text: string): void {
    if (!process.stdout.isTTY) return;
    process.stdout.write(`${ERASE_LINE}${text}`);
    this.#pending = text;
  }

  #line(text: string): void {
    if (this.#pending !== null) process.stdout.write(ERASE_LINE);
    this.#pending = null;
    say(text);
  }
}
