import { say, styled } from './output';

/** What a line of the story is about; kept and broken promises stand out. */
export type Tone = 'plain' | 'kept' | 'broken' | 'paged';

const MARKS = { plain: '·', kept: '✓', broken: '✗', paged: '!' } as const;
const STYLES = { plain: 'dim', kept: 'green', broken: 'red', paged: 'yellow' } as const;

/** One line of the story; `at` as RFC 3339. */
export interface Told {
  readonly at: string;
  readonly what: string;
  readonly tone: Tone;
}

/** Tells a demonstration line by line as it happens, with the time of day in the zone that its mails use. */
export class DemoNarrator {
  readonly told: Told[] = [];
  readonly #silent: boolean;
  readonly #clock: Intl.DateTimeFormat;

  constructor({ silent, zone }: { silent: boolean; zone: string }) {
    this.#silent = silent;
    this.#clock = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit', second: '2-digit' });
  }

  /** Tells what happened at `at` (milliseconds). */
  tell(at: number, what: string, tone: Tone = 'plain'): void {
    this.told.push({ at: new Date(at).toISOString(), what, tone });
    if (!this.#silent) say(`  ${styled('dim', this.time(at))} ${styled(STYLES[tone], MARKS[tone])} ${tone === 'plain' ? what : styled(STYLES[tone], what)}`);
  }

  /** A heading, or a line that is no event. */
  chapter(title: string): void {
    if (this.#silent) return;
    say();
    say(styled('bold', title));
  }

  /** A name and where to look. */
  link(name: string, url: string): void {
    if (!this.#silent) say(`  ${styled('dim', name.padEnd(30))} ${url}`);
  }

  /** A sentence beside the story. */
  remark(text: string): void {
    if (!this.#silent) say(text === '' ? '' : `  ${text}`);
  }

  /** `16:02:20`, in the story's zone. */
  time(at: number): string {
    return this.#clock.format(at);
  }
}
