import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Conversations that must be under way at a kill for it to count. */
export const CONVERSATIONS = 10;

/** What became of one seed. */
export interface SeedOutcome {
  readonly seed: number;
  /** Where the process was killed, and at which hit of that point. */
  readonly point: string;
  readonly nth: number;
  /** `api` or `worker`; `nobody` when the point was not reached that often. */
  readonly killed: string;
  /** Under way at the kill. */
  readonly conversations: number;
  /** Mails that came on its desk, if it was the last one there; else 0. */
  readonly mails: number;
  /** Of them, those that had come before. */
  readonly copies: number;
  readonly seconds: number;
  readonly violations: readonly string[];
  /** RFC 3339. */
  readonly at: string;
}

/** The outcomes of all runs so far, a line of JSON each; of a seed that was run again the last one counts. */
export class ChaosRecord {
  /** The outcomes that this run has added. */
  readonly added: SeedOutcome[] = [];
  private readonly outcomes = new Map<number, SeedOutcome>();

  constructor(readonly file: string) {
    mkdirSync(dirname(file), { recursive: true });
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
    for (const line of lines) this.keep(JSON.parse(line) as SeedOutcome);
  }

  /** Whether the seed has killed somebody in the middle of enough conversations, and nothing was lost. */
  wentWell(seed: number): boolean {
    const outcome = this.outcomes.get(seed);
    return outcome !== undefined && counts(outcome) && outcome.violations.length === 0;
  }

  add(outcome: SeedOutcome): void {
    this.added.push(outcome);
    appendFileSync(this.file, `${JSON.stringify(outcome)}\n`);
    this.keep(outcome);
  }

  all(): SeedOutcome[] {
    return [...this.outcomes.values()].sort((a, b) => a.seed - b.seed);
  }

  private keep(outcome: SeedOutcome): void {
    this.outcomes.set(outcome.seed, outcome);
  }
}

/** Whether it has killed somebody in the middle of enough conversations. */
export function counts({ killed, conversations }: SeedOutcome): boolean {
  return killed !== 'nobody' && conversations >= CONVERSATIONS;
}

/** The sum over all runs: a line for each point, and what was found. */
export function tableOf(outcomes: readonly SeedOutcome[]): string {
  const points = [...new Set(outcomes.map(({ point }) => point))].sort();
  const rows = [...points, 'all'].map((point) => {
    const those = outcomes.filter((outcome) => point === 'all' || outcome.point === point);
    const killed = those.filter(counts);
    return [
      point,
      String(killed.length),
      String(sum(killed.map(({ conversations }) => conversations))),
      String(sum(those.map(({ mails }) => mails))),
      String(sum(those.map(({ copies }) => copies))),
      String(sum(those.map(({ violations }) => violations.length))),
    ];
  });
  const table = [['point', 'kills', 'conversations', 'mails', 'copies', 'violations'], ...rows];
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = table.map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '));
  const found = outcomes.flatMap(({ seed, violations }) => violations.map((violation) => `seed ${seed}: ${violation}`));
  const mails = sum(outcomes.map((outcome) => outcome.mails));
  const share = mails === 0 ? 0 : (100 * sum(outcomes.map(({ copies }) => copies))) / mails;
  return [...lines, `Copies are ${share.toFixed(2)} % of all mails.`, ...found].join('\n');
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
