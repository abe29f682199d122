import { promiseWords, reasonWords } from '../api/pages/words';
import { DateTime } from 'luxon';
import type { Explanation, PageExplained } from './explanation';
import { say, styled } from './output';

type Promised = Explanation['conversation']['promises'][number];

/** Prints an explanation for people: promises with their arithmetic, pages with whom they rang, and what happened. */
export function sayExplanation({ conversation, policy, pages, timeline }: Explanation): void {
  const time = (at: string) => DateTime.fromISO(at, { zone: policy.timezone, locale: 'en-GB' }).toFormat('ccc d LLL HH:mm:ss');
  const { number, kind, status, priority, plan, assignee, demo } = conversation;
  const about = [kind, status, priority, plan, assignee === null ? 'nobody has taken it' : `taken by ${assignee.name}`, ...(demo ? ['a demonstration'] : [])];
  say(`${styled('bold', `#${number}`)} ${about.join(' · ')}`);
  say(styled('dim', `Policy ${policy.version} (${policy.hash}); times are ${policy.timezone}.`));

  heading('Promises');
  if (conversation.promises.length === 0) say('  Nothing was promised.');
  for (const promise of conversation.promises) sayPromise(promise, time);

  heading('Pages');
  if (pages.length === 0) say('  Nobody was paged.');
  for (const page of pages) sayPage(page, time);

  heading('What happened');
  for (const { at, sentence } of timeline) say(`  ${styled('dim', time(at))}  ${sentence}`);
}

function heading(title: string): void {
  say();
  say(styled('bold', title));
}

function sayPromise(promise: Promised, time: (at: string) => string): void {
  const { word, style } = stateOf(promise);
  const ends = [
    ...(promise.metAt === undefined ? [] : [`met ${time(promise.metAt)}`]),
    ...(promise.reason === undefined ? [] : [reasonWords(promise.reason)]),
    ...(promise.paused === true ? ['its clock stands still'] : []),
  ];
  say(`  ${promise.kind.padEnd(14)} ${styled(style, word.padEnd(10))} due ${time(promise.dueAt)}${ends.length === 0 ? '' : `; ${ends.join('; ')}`}`);
  say(`  ${''.padEnd(14)} ${styled('dim', promise.arithmetic)}`);
}

function stateOf({ state }: Promised): { word: string; style: 'green' | 'red' | 'dim' | 'yellow' } {
  switch (state) {
    case 'met':
      return { word: 'kept', style: 'green' };
    case 'breached':
      return { word: 'broken', style: 'red' };
    case 'cancelled':
      return { word: 'cancelled', style: 'dim' };
    case 'running':
      return { word: 'running', style: 'yellow' };
    default:
      return state satisfies never;
  }
}

function sayPage(page: PageExplained, time: (at: string) => string): void {
  const ends = [
    ...(page.acknowledged === null ? [] : [`acknowledged ${time(page.acknowledged.at)} by ${page.acknowledged.by}`]),
    ...(page.overAt === null ? [page.state] : [`over ${time(page.overAt)}`]),
  ];
  say(`  ${styled('bold', page.id)} ${page.summary}`);
  say(`  ${page.urgency} urgency, opened ${time(page.openedAt)}; ${ends.join('; ')}`);
  for (const cause of page.causes) {
    const over = cause.overAt === null ? '' : `; over ${time(cause.overAt)} (${reasonWords(cause.overReason ?? '')})`;
    say(`    because of ${promiseWords(cause.kind)}: ${reasonWords(cause.reason)}, due ${time(cause.dueAt)}${over}`);
  }
  for (const attempt of page.attempts) {
    const sent = attempt.sentLateMs === null ? (attempt.error ?? attempt.outcome ?? 'under way') : `sent ${attempt.sentLateMs} ms after it was due`;
    say(`    rang ${attempt.target}, level ${attempt.level}, ring ${attempt.ring}: due ${time(attempt.dueAt)}, ${sent}`);
  }
}
