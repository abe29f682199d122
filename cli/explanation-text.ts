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
  say(`  ${styled('bold', page.id)} ${page.summary}`);
  say(`    opened ${time(page.openedAt)}, ${page.urgency === 'high' ? 'high urgency: it rings aloud' : 'low urgency: it rings quietly'}`);
  for (const cause of page.causes) {
    say(`    because ${causeSentence(cause, time)}`);
    if (cause.overAt !== null) say(`      ${styled('dim', `no longer since ${time(cause.overAt)}: ${reasonWords(cause.overReason ?? 'over')}`)}`);
  }
  for (const attempt of page.attempts) say(`    ${attemptSentence(attempt, time)}`);
  say(`    ${endSentence(page, time)}`);
}

function causeSentence({ kind, reason, dueAt }: PageExplained['causes'][number], time: (at: string) => string): string {
  const what = promiseWords(kind);
  const when = time(dueAt);
  switch (reason) {
    case 'threshold':
      return `a promise was in danger: "${what}" was still unkept ${when}`;
    case 'breached':
      return `a promise was broken: "${what}" was due ${when}`;
    case 'outOfHours':
      return `it came while the office was closed, ${when}: on-call is told of such requests at once`;
    case 'lateOnTriage':
      return `with its new priority "${what}" was late already, ${when}`;
    case 'newChat':
      return `a new chat began ${when}`;
    case 'voicemail':
      return `a voicemail came in ${when}`;
    case 'undelivered':
      return `an answer could not be delivered, ${when}`;
    case 'raised':
      return `it has become more urgent, ${when}`;
    case 'productionDown':
      return `the customer said that production is down, ${when}`;
    case 'asked':
      return `somebody asked on-call for help, ${when}`;
    default:
      return `of "${what}", ${reasonWords(reason)}, ${when}`;
  }
}

const TARGETS: Readonly<Record<string, string>> = { inbox: 'the built-in page inbox', pagerduty: 'PagerDuty' };

function attemptSentence(attempt: PageExplained['attempts'][number], time: (at: string) => string): string {
  const { target, level, ring, dueAt, sentAt, sentLateMs, outcome, error, together } = attempt;
  const whom = `${TARGETS[target] ?? target} (level ${level}, ring ${ring})`;
  const others = together ? ', together with other pages' : '';
  if (sentAt !== null) return `rang ${whom} ${time(sentAt)}, ${lateWords(sentLateMs ?? 0)}${others}`;
  if (outcome === null) return `is ringing ${whom}, due ${time(dueAt)}${others}`;
  return `did not ring ${whom}, due ${time(dueAt)}: ${error ?? reasonWords(outcome)}`;
}

/** How late something was, in words: `0.3 s late`, `2 d 1 h late`. */
function lateWords(ms: number): string {
  if (ms < 100) return 'on time';
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s late`;
  const minutes = Math.round(ms / 60_000);
  const parts = [
    [Math.floor(minutes / 1_440), 'd'],
    [Math.floor(minutes / 60) % 24, 'h'],
    [minutes % 60, 'm'],
  ].filter(([count]) => count !== 0);
  return `${parts
    .slice(0, 2)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ')} late`;
}

function endSentence({ acknowledged, overAt, state }: PageExplained, time: (at: string) => string): string {
  const taken = acknowledged === null ? 'nobody acknowledged it' : `${acknowledged.by} acknowledged it ${time(acknowledged.at)}`;
  if (overAt !== null) return `${taken}; it was over ${time(overAt)}`;
  return state === 'paging'
    ? `${styled('yellow', 'it still rings')}: ${acknowledged === null ? 'nobody has acknowledged it yet' : `${taken}, and a later reason rings again`}`
    : `${taken}; it is silent until something else comes due`;
}
