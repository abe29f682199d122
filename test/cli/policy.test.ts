import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { register } from '../../cli/policy';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'holdfast-policy-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** What `holdfast policy …` prints and ends with. */
interface Outcome {
  readonly out: string;
  readonly exitCode: number;
}

/** Runs the command in this process. */
async function run(...args: string[]): Promise<Outcome> {
  const printed: string[] = [];
  const collect = (chunk: string | Uint8Array): boolean => printed.push(String(chunk)) > 0;
  const write = jest.spyOn(process.stdout, 'write').mockImplementation(collect);
  const before = process.exitCode;
  process.exitCode = 0;
  try {
    const program = new Command('holdfast').exitOverride().configureOutput({ writeErr: collect });
    register(program);
    await program.parseAsync(['policy', ...args], { from: 'user' });
    return { out: printed.join(''), exitCode: Number(process.exitCode) };
  } finally {
    process.exitCode = before ?? 0;
    write.mockRestore();
  }
}

async function policyFile(text: string): Promise<string> {
  const file = path.join(folder, 'my-policy.yaml');
  await writeFile(file, text);
  return file;
}

describe('policy check', () => {
  test('a file that can be kept, with what its writer may not have meant', async () => {
    const file = await policyFile('version: ours-1');
    const { out, exitCode } = await run('check', file);
    expect(exitCode).toBe(0);
    expect(out).toContain(`✓ ${file} is a policy that Holdfast can keep: ours-1`);
    expect(out).toContain('no special days');
  });

  test('every line to change, and exit code 1', async () => {
    const file = await policyFile('version: ours-1\nrecipt: on\nundoSend: 10');
    const { out, exitCode } = await run('check', file);
    expect(exitCode).toBe(1);
    expect(out.split('\n')).toEqual([
      expect.stringContaining(`${file}:2:1 recipt: this key is not known`),
      expect.stringContaining(`${file}:3:1 undoSend: write a length of time`),
      '',
      `✗ E_POLICY_INVALID: 2 things to change in ${file}`,
      '',
    ]);
  });

  test('the same as JSON', async () => {
    const file = await policyFile('version: ours-1\nreceipt: perhaps');
    const { out, exitCode } = await run('check', file, '--json');
    expect(exitCode).toBe(1);
    expect(JSON.parse(out)).toEqual({
      file,
      ok: false,
      code: 'E_POLICY_INVALID',
      problems: [{ line: 2, column: 1, key: 'receipt', message: 'write on or off' }],
      hints: [],
    });
    const good = await run('check', await policyFile('version: ours-1'), '--json');
    expect(JSON.parse(good.out)).toMatchObject({ ok: true, version: 'ours-1', problems: [] });
  });

  test('what is not YAML, and what is not there', async () => {
    const { out, exitCode } = await run('check', await policyFile('version: [a'));
    expect(exitCode).toBe(1);
    expect(out).toContain('E_POLICY_SYNTAX: 1 thing to change');
    await expect(run('check', path.join(folder, 'none.yaml'))).rejects.toMatchObject({ code: 'E_POLICY_UNREADABLE' });
  });
});

describe('policy explain', () => {
  test('the times and their arithmetic', async () => {
    const { out, exitCode } = await run('explain', '--at', '2026-03-28T11:00:00Z', '--priority', 'normal', '--plan', 'standard');
    expect(exitCode).toBe(0);
    expect(out).toBe(`Policy handbook-1: normal ticket, plan standard, received Sat 28 Mar 12:00 (Europe/Berlin).
The office is closed until Mon 30 Mar 08:00; on-call is paged at once.

dispatch       due Mon 30 Mar 09:00
               Sat 28 Mar 12:00 + 1 h open time (Mon–Fri 08:00–20:00 Europe/Berlin): 1 h on Monday → Mon 30 Mar 09:00
               unless met: page Mon 30 Mar 09:00

firstResponse  due Mon 30 Mar 20:00
               Sat 28 Mar 12:00 + 12 h open time (Mon–Fri 08:00–20:00 Europe/Berlin): 12 h on Monday → Mon 30 Mar 20:00
               unless met: notice Mon 30 Mar 17:00, page Mon 30 Mar 20:00

feedback       due Sat 28 Mar 12:15
               Sat 28 Mar 12:00 + 15 m → Sat 28 Mar 12:15
               unless met: page Sat 28 Mar 12:15
`);
  });

  test('as JSON; a time without an offset is the policy’s own, and other years are known too', async () => {
    const { out } = await run('explain', '--at', '2019-07-01T10:00', '--priority', 'urgent', '--plan', 'enterprise', '--kind', 'chat', '--json');
    expect(JSON.parse(out)).toEqual({
      policy: 'handbook-1',
      receivedAt: '2019-07-01T08:00:00.000Z',
      kind: 'chat',
      priority: 'urgent',
      plan: 'enterprise',
      officeOpen: true,
      promises: [
        {
          kind: 'firstResponse',
          dueAt: '2019-07-01T08:30:00.000Z',
          clock: 'always',
          arithmetic: 'Mon 1 Jul 10:00 + 30 m round the clock → Mon 1 Jul 10:30',
          noticeAt: '2019-07-01T08:00:00.000Z',
          pageAt: '2019-07-01T08:15:00.000Z',
        },
        {
          kind: 'chatResponse',
          dueAt: '2019-07-01T08:05:00.000Z',
          clock: 'office',
          arithmetic: 'Mon 1 Jul 10:00 + 5 m open time (Mon–Fri 08:00–20:00 Europe/Berlin) → Mon 1 Jul 10:05',
          noticeAt: null,
          pageAt: '2019-07-01T08:05:00.000Z',
        },
      ],
    });
  });

  test('of a policy of your own', async () => {
    const file = await policyFile('version: ours-1\nplans: { gold: { calendars: [always] } }\ntickets: { firstResponse: { normal: 2h } }');
    const { out } = await run('explain', '--at', '2026-03-28T11:00:00Z', '--policy', file);
    expect(out).toContain('Policy ours-1: normal ticket, plan gold');
    expect(out).toContain('Sat 28 Mar 12:00 + 2 h round the clock → Sat 28 Mar 14:00');
  });

  test.each([
    ['an unknown plan', ['--plan', 'gold'], 'E_USAGE'],
    ['a time that is none', ['--at', 'yesterday'], 'E_USAGE'],
    ['an unknown priority', ['--priority', 'critical'], 'commander.invalidArgument'],
    ['an unknown kind', ['--kind', 'call'], 'commander.invalidArgument'],
  ])('%s', async (_name, args, code) => {
    await expect(run('explain', ...args)).rejects.toMatchObject({ code });
  });
});

test('policy schema prints what ships', async () => {
  const { out } = await run('schema');
  expect(out).toBe(await readFile(path.join(__dirname, '../../policy/handbook.schema.json'), 'utf8'));
});
