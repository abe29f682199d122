import type { Command } from 'commander';
import { readEnvironment } from '../config/environment';
import { EXIT } from '../config/exit-codes';
import { checksFor, examine } from '../platform/checks';
import type { Finding } from '../platform/checks';
import { findRunning } from '../platform/running';
import { CLONE, dataFolderOf } from './data-folder';
import { say, sayJson, styled } from './output';

const MARKS = {
  ok: ['green', '✓'],
  warn: ['yellow', '!'],
  fail: ['red', '✗'],
} as const;

/** `holdfast doctor`: checks this machine and its settings, whether or not `npm start` runs; each finding comes with its fix. */
export function register(program: Command): void {
  program
    .command('doctor')
    .summary('check this machine and its settings, each finding with its fix')
    .description('Checks this machine and its settings, whether or not npm start runs. Ends with 1 when a check fails.')
    .option('--json', 'print the findings as JSON')
    .addHelpText(
      'before',
      `Examples:
  npx holdfast doctor
  npx holdfast doctor --json
`,
    )
    .action(doctor);
}

async function doctor({ json = false }: { json?: boolean }): Promise<void> {
  const environment = readEnvironment(process.env);
  const { dir: dataDir } = dataFolderOf(environment);
  const findings: (Finding & { name: string })[] = [];
  for (const check of checksFor({ clone: CLONE, environment, dataDir, running: findRunning(dataDir) })) {
    const finding = { name: check.name, ...(await examine(check)) };
    findings.push(finding);
    if (!json) print(finding);
  }
  const worst = findings.some(({ status }) => status === 'fail') ? 'fail' : findings.some(({ status }) => status === 'warn') ? 'warn' : 'ok';
  if (json) sayJson({ status: worst, checks: findings });
  else say(`\n${CLOSING[worst]}`);
  process.exitCode = worst === 'fail' ? EXIT.failed : EXIT.done;
}

const CLOSING = {
  ok: 'All is well.',
  warn: 'Nothing stands in the way.',
  fail: 'Holdfast needs help: see the lines marked ✗.',
} as const;

function print(finding: Finding & { name: string }): void {
  const [style, mark] = MARKS[finding.status];
  say(`${styled(style, mark)} ${styled('bold', finding.name.padEnd(14))} ${finding.says}`);
  if (finding.status !== 'ok') say(`  ${' '.repeat(14)} ${styled('dim', `→ ${finding.fix}`)}`);
}
