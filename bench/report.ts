import { execFileSync } from 'node:child_process';
import { cpus, loadavg, platform, release, totalmem } from 'node:os';
import type { StepCost } from './cost';
import type { Lateness } from './lateness';
import type { Spread } from './statistics';
import type { Crowd } from './crowd';
import type { Flood } from './flood';
import type { Hostile } from './hostile';
import type { Live } from './live';
import type { Memory } from './memory';
import type { SearchFigures } from './search';
import type { Throughput } from './throughput';

/** Where and with what a bench ran, without which its figures mean nothing. */
export interface MachineFacts {
  readonly date: string;
  readonly system: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  /** Runnable processes when it began: others who wanted the same cores. */
  readonly load: number;
  readonly node: string;
  readonly temporal: string;
  readonly postgres: string;
}

/** All that a bench measured; what it left out is absent. */
export interface Report {
  readonly machine: MachineFacts;
  readonly cost?: readonly StepCost[];
  readonly lateness?: readonly Lateness[];
  readonly throughput?: Throughput;
  readonly flood?: Flood;
  readonly crowd?: Crowd;
  readonly search?: SearchFigures;
  readonly hostile?: Hostile;
  readonly live?: Live;
}

/** The facts of this machine; `cli` is the path of the Temporal program. */
export function machineFacts(cli: string, postgres: string): MachineFacts {
  return {
    date: new Date().toISOString(),
    system: `${platform()} ${release()}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    node: process.version,
    temporal: execFileSync(cli, ['--version'], { encoding: 'utf8' }).trim(),
    postgres,
  };
}

/** Whether everything that has a budget stays within it. */
export function allWithin({ cost = [], lateness = [], flood, search, hostile, live }: Report): boolean {
  if (search !== undefined && search.tookMs.p95 > search.budgetMs) return false;
  return [
    ...cost,
    ...lateness,
    ...(flood === undefined ? [] : [flood]),
    ...(hostile === undefined ? [] : [hostile]),
    ...(live === undefined ? [] : [live]),
  ].every(({ within }) => within);
}

/** The report as text, a table for each part. */
export function reportText(report: Report): string {
  const { machine, cost, lateness, throughput, flood, crowd, search, hostile, live } = report;
  const parts = [
    `${machine.date} · ${machine.cores} cores (${machine.cpu}), ${machine.memoryGb} GB, load ${machine.load} · ${machine.system} · Node ${machine.node}\n${machine.temporal} · PostgreSQL ${machine.postgres}`,
  ];
  if (cost !== undefined) {
    parts.push(
      `What a conversation costs (Actions as the server counts them; averages)\n${table(
        ['story', 'step', 'Actions', 'budget', '', 'events', 'bytes', 'of which'],
        cost.map((row) => [
          row.story,
          row.step,
          decimal(row.actions),
          row.budget === null ? '–' : String(row.budget),
          mark(row),
          decimal(row.events),
          row.bytes.toFixed(0),
          byType(row),
        ]),
      )}`,
    );
  }
  if (lateness !== undefined) {
    parts.push(
      `How late pages are (milliseconds; the first page of each ticket)\n${table(
        ['tickets due', 'within', 'priority', 'decided p50', 'p99', 'max', 'recorded p50', 'p99', 'max', 'sent p50', 'p99', 'max', 'budget p99', ''],
        lateness.map((row) => [
          String(row.tickets),
          `${row.spreadOverMs / 1000} s`,
          row.priority,
          ...[row.decided, row.recorded, row.sent].flatMap(({ p50, p99, max }) => [p50, p99, max].map((value) => value.toFixed(0))),
          row.budgetMs.sent === null ? '–' : `${row.budgetMs.recorded} / ${row.budgetMs.sent}`,
          row.missing === 0 ? mark(row) : `OVER: ${row.missing} missing`,
        ]),
      )}`,
    );
  }
  if (throughput !== undefined) {
    const { conversations, acceptedPerSecond, acceptedOfKnownPerSecond, armedPerSecond, bareStartsPerSecond, ratio } = throughput;
    parts.push(
      `How fast conversations are armed\n${table(
        ['conversations', 'accepted/s', 'of known contacts', 'armed/s', 'bare starts/s', 'armed per bare start'],
        [
          [
            String(conversations),
            acceptedPerSecond.toFixed(0),
            acceptedOfKnownPerSecond.toFixed(0),
            armedPerSecond.toFixed(0),
            bareStartsPerSecond.toFixed(0),
            ratio.toFixed(2),
          ],
        ],
      )}`,
    );
  }
  if (flood !== undefined) {
    parts.push(
      `A flood of mail (milliseconds; urgent pages from the later of their due time and the end of resolving)\n${table(
        ['mails', 'urgent', 'accepted/s', 'resolved/s', 'armed/s', 'urgent sent p50', 'p99', 'max', 'GET /conversations p50', 'p99', 'max', ''],
        [
          [
            ...[flood.mails, flood.urgent].map(String),
            ...[flood.acceptedPerSecond, flood.resolvedPerSecond, flood.armedPerSecond].map((value) => value.toFixed(0)),
            ...milliseconds(flood.urgentSent),
            ...milliseconds(flood.api),
            flood.missing === 0 ? mark(flood) : `OVER: ${flood.missing} missing`,
          ],
        ],
      )}\n${memoryText(flood.memory)}`,
    );
  }
  if (crowd !== undefined) {
    parts.push(
      `Many open conversations (milliseconds)\n${table(
        ['open', 'armed/s', 'GET /conversations p50', 'p99', 'max', 'POST …/notes p50', 'p99', 'max'],
        [[String(crowd.conversations), crowd.armedPerSecond.toFixed(0), ...milliseconds(crowd.queue), ...milliseconds(crowd.note)]],
      )}\n${memoryText(crowd.before, 'before')}\n${memoryText(crowd.after, 'after')}`,
    );
  }
  if (search !== undefined) {
    const { tookMs, byKind, messages, conversations, writeMs, budgetMs } = search;
    const row = (what: string, took: SearchFigures['tookMs']): string[] => [what, ...[took.p50, took.p95, took.p99, took.max].map((value) => value.toFixed(1))];
    const within = tookMs.p95 <= budgetMs;
    parts.push(
      `Search in ${messages} messages of ${conversations} conversations (milliseconds; a message takes ${writeMs.toFixed(2)} ms more to be written)\n${table(
        ['what is looked for', 'p50', 'p95', 'p99', 'max', 'budget p95', ''],
        [...Object.entries(byKind).map(([kind, took]) => row(kind, took)), [...row('all', tookMs), String(budgetMs), mark({ within })]],
      )}`,
    );
  }
  if (hostile !== undefined) {
    const { mails, conversations, suspended, copies, failed, resolvedPerSecond, api } = hostile;
    parts.push(
      `Damaged mail (milliseconds)\n${table(
        ['mails', 'conversations', 'suspended', 'copies', 'unreadable', 'resolved/s', 'GET /conversations p50', 'p99', 'max', ''],
        [[...[mails, conversations, suspended, copies, failed].map(String), resolvedPerSecond.toFixed(0), ...milliseconds(api), mark(hostile)]],
      )}`,
    );
  }
  if (live !== undefined) {
    const { chats, messages, perSecond, sentToShown, answered, before, idle, budgetMs, idleBudget } = live;
    const row = (what: string, took: Live['answered']): string[] => [what, ...[took.p50, took.p95, took.p99, took.max].map((value) => value.toFixed(0))];
    parts.push(
      `${chats} open chats, ${messages} messages of agents, ${perSecond} a second (milliseconds)\n${table(
        ['', 'p50', 'p95', 'p99', 'max', 'budget p95', ''],
        [
          [...row('sent → on the customer’s screen', sentToShown), String(budgetMs), mark({ within: sentToShown.p95 <= budgetMs })],
          row('sent → answered', answered),
        ],
      )}\n${table(
        ['a minute in which nobody writes', 'transactions', 'requests', 'Actions', 'budget', ''],
        [
          ['without chats', ...[before.transactions, before.requests, before.actions].map(String)],
          [
            `with ${chats} open chats`,
            ...[idle.transactions, idle.requests, idle.actions].map(String),
            `+${idleBudget}`,
            mark({ within: idle.transactions - before.transactions <= idleBudget && idle.requests <= before.requests }),
          ],
        ],
      )}`,
    );
  }
  return `${parts.join('\n\n')}\n`;
}

function milliseconds({ p50, p99, max }: Spread): string[] {
  return [p50, p99, max].map((value) => value.toFixed(0));
}

function memoryText(memory: readonly Memory[], when = 'after'): string {
  return `  memory ${when}: ${memory.map(({ process, residentMb }) => `${process} ${residentMb.toFixed(0)} MB`).join(' · ')}`;
}

function mark({ budget, within }: { budget?: number | null; within: boolean }): string {
  if (budget === null) return '';
  return within ? 'ok' : 'OVER';
}

function decimal(value: number): string {
  return value.toFixed(Number.isInteger(value) ? 0 : 1);
}

/** `StartTimer 1, ScheduleActivityTask 2`, without the server's prefixes. */
function byType({ byType: counts }: StepCost): string {
  return Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([type, count]) => `${type.replace(/^(command|grpc|message)_/, '').replace('WorkflowExecution', '')} ${decimal(count)}`)
    .join(', ');
}

/** Columns padded to their widest cell. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(head), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)].map((text) => `  ${text}`).join('\n');
}
