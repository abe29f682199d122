import type { PageCause } from '../policy/state';
import type { Priority } from '../policy/words';

/** Longest text of a page: what a telephone shows of a push message, and half of an SMS. */
export const PAGE_TEXT_LENGTH = 100;

/** What a page's text names besides its causes; a database that does not answer leaves it empty. */
export interface PageFacts {
  readonly website: string | null;
  readonly cluster: string | null;
  /** Promised time by the cause's key, in milliseconds. */
  readonly lengthMs: Readonly<Record<string, number>>;
}

/** What is known without a database. */
export const NO_FACTS: PageFacts = { website: null, cluster: null, lengthMs: {} };

const NAME: Readonly<Record<Priority, string>> = { urgent: 'Urgent', high: 'High', normal: 'Normal', low: 'Low' };

/**
 * The text that rings, at most 100 characters: `Urgent acme.com on c042: no reply in 30 m [enterprise] #1042`. Names no
 * person; the number stands at the end and is never cut.
 */
export function pageText(
  page: { readonly number: number; readonly priority: Priority; readonly plan: string; readonly demo?: boolean; readonly causes: readonly PageCause[] },
  facts: PageFacts,
): string {
  const cause = page.causes.find((one) => one.urgency === 'high') ?? page.causes[0];
  const what = cause === undefined ? 'a page' : whatHappened(cause, facts.lengthMs[cause.key]);
  const tail = `: ${what} [${oneLine(page.plan, 20)}] #${page.number}`;
  const head = `${page.demo === true ? 'Demo: ' : ''}${NAME[page.priority]}`;
  const where = whereAt(facts);
  return `${head}${oneLine(where, Math.max(0, PAGE_TEXT_LENGTH - head.length - tail.length))}${tail}`;
}

function whereAt({ website, cluster }: PageFacts): string {
  return `${website === null ? '' : ` ${website}`}${cluster === null ? '' : ` on ${cluster}`}`;
}

/** What happened, from the cause's kind and reason. */
function whatHappened(cause: PageCause, lengthMs: number | undefined): string {
  const within = lengthMs === undefined ? '' : ` in ${inWords(lengthMs)}`;
  switch (cause.kind) {
    case 'firstResponse':
      return lengthMs === undefined ? 'no reply yet' : `no reply${within}`;
    case 'nextResponse':
      return `wrote again, no answer${within}`;
    case 'dispatch':
      return `nobody has taken it${within}`;
    case 'chatResponse':
      return cause.reason === 'breached' ? `chat not answered${within}` : 'a new chat';
    case 'feedback':
      return cause.reason === 'breached' ? 'customer was told nothing' : 'new while the office is closed';
    case 'update':
      return 'the promised update is late';
    case 'undelivered':
      return 'our answer was not delivered';
    case 'missedCall':
      return 'missed call';
    case 'voicemail':
      return 'a new voicemail';
    case 'raised':
      return cause.reason === 'merged' ? 'another page has joined' : 'it has become more urgent';
    default:
      return cause.kind satisfies never;
  }
}

/** `90 s`, `30 m`, `4 h`, `1 h 30 m`; open time, as it was promised. */
function inWords(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 2) return `${Math.round(ms / 1000)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours === 0) return `${minutes} m`;
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} m`;
}

/** Names of hosts and plans come from outside: one line, no control characters, cut with an ellipsis. */
function oneLine(text: string, length: number): string {
  const clean = text.replace(/\p{C}+/gu, ' ').replace(/ +/g, ' ');
  return clean.length <= length ? clean : `${clean.slice(0, Math.max(0, length - 1))}…`;
}

/** The text of one message for several pages, at most 100 characters: `3 pages wait: #1042 #1043 #1044`. */
export function bundleText(numbers: readonly number[]): string {
  const head = numbers.length === 1 ? '1 page waits:' : `${numbers.length} pages wait:`;
  for (let shown = numbers.length; shown > 0; shown -= 1) {
    const rest = numbers.length - shown;
    const text = `${head} ${numbers
      .slice(0, shown)
      .map((number) => `#${number}`)
      .join(' ')}${rest === 0 ? '' : ` and ${rest} more`}`;
    if (text.length <= PAGE_TEXT_LENGTH) return text;
  }
  return head;
}
