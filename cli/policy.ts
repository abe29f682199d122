import { Option } from 'commander';
import type { Command } from 'commander';
import { DateTime } from 'luxon';
import { readEnvironment } from '../config/environment';
import { EXIT } from '../config/exit-codes';
import { HoldfastError } from '../messages/errors';
import { dayAndTime } from '../policy/arithmetic';
import { PolicyFileError } from '../policy/document';
import { explainRequest } from '../policy/explain';
import { policyHints } from '../policy/hints';
import { officeOpensAt } from '../policy/promises';
import { loadPolicy } from '../policy/resolve';
import { policyJsonSchema } from '../policy/schema';
import { KINDS, PRIORITIES } from '../policy/words';
import type { Kind, Priority } from '../policy/words';
import { say, sayJson, styled } from './output';

/** `holdfast policy check|explain|schema`: reads a policy file as the desk would, and tells what it promises. */
export function register(program: Command): void {
  const policy = program
    .command('policy')
    .summary('check a policy file, or ask what it promises')
    .description('Checks a policy file, or tells what it promises for a request, with the arithmetic.')
    .addHelpText(
      'before',
      `Examples:
  npx holdfast policy check my-policy.yaml
  npx holdfast policy explain --at 2026-03-27T18:30:00Z --priority normal --plan standard
`,
    );
  policy
    .command('check')
    .argument('<file>', 'the policy file')
    .summary('check a policy file: every line to change, at once')
    .description('Checks a policy file and names every line to change. Ends with 1 when there is one.')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'before',
      `Examples:
  npx holdfast policy check my-policy.yaml
  npx holdfast policy check my-policy.yaml --json
`,
    )
    .action(check);
  policy
    .command('explain')
    .summary('what a request would be promised, and why')
    .description('Tells what a request would be promised: each due time with its arithmetic, and when someone is told or paged.')
    .option('--at <time>', "when it is received, ISO 8601; without an offset in the policy's zone (default: now)")
    .addOption(new Option('--priority <priority>', 'its priority').choices(PRIORITIES).default('normal'))
    .option('--plan <plan>', "the customer's plan (default: the policy's first)")
    .addOption(new Option('--kind <kind>', 'ticket or chat').choices(KINDS).default('ticket'))
    .option('--policy <file>', 'the policy file (default: HOLDFAST_POLICY, else the handbook)')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'before',
      `Examples:
  npx holdfast policy explain --at 2026-03-27T18:30:00Z --priority normal --plan standard
  npx holdfast policy explain --at 2026-03-28T10:00 --priority urgent --plan enterprise --kind chat
  npx holdfast policy explain --policy my-policy.yaml --json
`,
    )
    .action(explain);
  policy
    .command('schema')
    .summary('print the JSON Schema of a policy file, for editors')
    .description('Prints the JSON Schema of a policy file. The same lies in policy/handbook.schema.json.')
    .addHelpText('before', `Example:\n  npx holdfast policy schema > policy.schema.json\n`)
    .action(() => sayJson(policyJsonSchema()));
}

async function check(file: string, { json = false }: { json?: boolean }): Promise<void> {
  try {
    const snapshot = await loadPolicy(file);
    const hints = policyHints(snapshot);
    if (json) {
      sayJson({ file, ok: true, version: snapshot.version, hash: snapshot.hash, problems: [], hints });
      return;
    }
    say(`${styled('green', '✓')} ${file} is a policy that Holdfast can keep: ${snapshot.version} (${snapshot.hash})`);
    for (const hint of hints) say(`${styled('yellow', '!')} ${hint}`);
  } catch (error) {
    if (!(error instanceof PolicyFileError)) throw error;
    process.exitCode = EXIT.failed;
    if (json) {
      sayJson({ file, ok: false, code: error.code, problems: error.problems, hints: [] });
      return;
    }
    for (const { line, column, key, message } of error.problems) {
      say(`${styled('bold', `${error.file}:${line}:${column}`)} ${key === '' ? '' : `${styled('red', key)}: `}${message}`);
    }
    say(`\n${styled('red', '✗')} ${error.code}: ${error.problems.length === 1 ? '1 thing' : `${error.problems.length} things`} to change in ${error.file}`);
  }
}

interface ExplainOptions {
  readonly at?: string;
  readonly priority: Priority;
  readonly plan?: string;
  readonly kind: Kind;
  readonly policy?: string;
  readonly json?: boolean;
}

async function explain({ at, priority, plan: wanted, kind, policy: file, json = false }: ExplainOptions): Promise<void> {
  const path = file ?? readEnvironment(process.env).HOLDFAST_POLICY;
  // Resolved for the years around the request, so that other years can be asked about too.
  const snapshot = await loadPolicy(path, timeOf(at, 'UTC').toMillis());
  const receivedAt = timeOf(at, snapshot.timezone).toMillis();
  const plan = wanted ?? snapshot.defaultPlan;
  if (!Object.hasOwn(snapshot.plans, plan)) {
    throw new HoldfastError('E_USAGE', `The policy ${snapshot.version} has no plan "${plan}".`, {
      fix: `Write --plan with one of: ${Object.keys(snapshot.plans).join(', ')}.`,
    });
  }
  const explained = explainRequest(snapshot, { receivedAt, kind, priority, plan });
  if (json) {
    sayJson({
      policy: snapshot.version,
      receivedAt: iso(receivedAt),
      kind,
      priority,
      plan,
      officeOpen: explained.officeOpen,
      promises: explained.promises.map((promise) => ({ ...promise, dueAt: iso(promise.dueAt), noticeAt: iso(promise.noticeAt), pageAt: iso(promise.pageAt) })),
    });
    return;
  }
  const time = (instant: number): string => dayAndTime(snapshot, instant);
  say(`Policy ${snapshot.version}: ${priority} ${kind}, plan ${plan}, received ${time(receivedAt)} (${snapshot.timezone}).`);
  if (explained.officeOpen) say('The office is open.');
  else say(`The office is closed until ${time(officeOpensAt(snapshot, receivedAt))}${snapshot.outOfHours.page ? '; on-call is paged at once' : ''}.`);
  for (const promise of explained.promises) {
    say();
    say(`${styled('bold', promise.kind.padEnd(14))} due ${styled('bold', time(promise.dueAt))}`);
    say(`${' '.repeat(14)} ${promise.arithmetic}`);
    const then = [
      ...(promise.noticeAt === null ? [] : [`notice ${time(promise.noticeAt)}`]),
      ...(promise.pageAt === null ? [] : [`page ${time(promise.pageAt)}`]),
    ];
    if (then.length > 0) say(`${' '.repeat(14)} ${styled('dim', `unless met: ${then.join(', ')}`)}`);
  }
}

function timeOf(at: string | undefined, zone: string): DateTime {
  if (at === undefined) return DateTime.now();
  const time = DateTime.fromISO(at, { zone });
  if (time.isValid) return time;
  throw new HoldfastError('E_USAGE', `"${at}" is not a time.`, { fix: 'Write --at as ISO 8601, such as 2026-03-27T18:30:00Z or 2026-03-27T18:30.' });
}

function iso(at: number): string;
function iso(at: number | null): string | null;
function iso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
