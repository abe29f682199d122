import { spawnSync } from 'node:child_process';
import path from 'node:path';

const root = path.resolve(__dirname, '..', '..');

/** File, what it imports, and whether that is allowed: architecture.md's direction of imports. */
const CASES: [file: string, line: string, allowed: boolean][] = [
  ['policy/promises.ts', "import { x } from './calendar';", true],
  ['policy/promises.ts', "import { x } from '../messages/ids';", false],
  ['policy/promises.ts', "import type { X } from '../db/schema';", false],
  ['policy/promises.ts', "import { z } from 'zod';", false],
  ['policy/promises.ts', "import { x } from './schema';", false],
  ['policy/promises.ts', "import { readFileSync } from 'node:fs';", false],
  ['policy/schema.ts', "import { z } from 'zod';", true],
  ['policy/resolve.ts', "import { DateTime } from 'luxon';", true],
  ['policy/resolve.ts', "import { Client } from 'pg';", false],
  ['messages/conversation.ts', "import { x } from '../policy/state';", true],
  ['messages/conversation.ts', "import { x } from '../workflows/conversation';", false],
  ['messages/conversation.ts', "import { x } from '../config/environment';", false],
  ['workflows/conversation.ts', "import { x } from '../policy/conversation';", true],
  ['workflows/conversation.ts', "import { x } from '../messages/conversation';", true],
  ['workflows/conversation.ts', "import type { X } from '../activities/records/project';", true],
  ['workflows/conversation.ts', "import { x } from '../activities/records/project';", false],
  ['workflows/conversation.ts', "import { x } from '../policy/schema';", false],
  ['workflows/conversation.ts', "import type { X } from '../policy/resolve';", false],
  ['workflows/conversation.ts', "import { z } from 'zod';", false],
  ['workflows/conversation.ts', "import { DateTime } from 'luxon';", false],
  ['workflows/conversation.ts', "import { x } from '../db/agents';", false],
  ['workflows/deeper/part.ts', "import { x } from '../../activities/records/project';", false],
  ['activities/mail/receipt.ts', "import { x } from '../../db/agents';", true],
  ['activities/mail/receipt.ts', "import { x } from '../../workflows/conversation';", false],
  ['intake/accept.ts', "import { x } from '../db/inbox';", true],
  ['intake/accept.ts', "import { x } from '../config/environment';", true],
  ['intake/accept.ts', "import { x } from '../activities/mail/receipt';", false],
  ['intake/accept.ts', "import type { X } from '../workflows/conversation';", false],
  ['api/routes/tickets.ts', "import { x } from '../../intake/accept';", true],
  ['api/routes/tickets.ts', "import { x } from '../../workflows/conversation';", false],
  ['api/routes/tickets.ts', "import { x } from '../../activities/mail/receipt';", false],
  ['api/routes/tickets.ts', "import { x } from '../../platform/postgres';", false],
  ['api/main.ts', "import { x } from '../platform/catcher';", true],
  ['workers/sweeps.ts', "import { x } from '../platform/postgres';", false],
  ['workers/sweeps.ts', "import { x } from '../activities/records/project';", true],
  ['workers/main.ts', "import { x } from '../platform/output-lines';", true],
  ['db/agents.ts', "import { x } from '../api/app';", false],
  ['db/agents.ts', "import { x } from '../config/environment';", true],
  ['config/environment.ts', "import { x } from '../db/connection';", false],
  ['platform/stack.ts', "import { x } from '../cli/main';", false],
  ['platform/stack.ts', "import { x } from '../config/environment';", true],
  ['cli/start.ts', "import { x } from '../platform/stack';", true],
  ['bench/main.ts', "import { x } from '../platform/temporal';", true],
];

/** Lints each case as if the file had just that line; ESLint's own way of loading its configuration needs a plain Node. */
const SCRIPT = `
  import { ESLint } from 'eslint';
  import tseslint from 'typescript-eslint';
  const eslint = new ESLint({ overrideConfig: [tseslint.configs.disableTypeChecked, { languageOptions: { parserOptions: { projectService: false } } }] });
  const results = [];
  for (const [filePath, line] of JSON.parse(process.argv[1])) {
    const [{ messages }] = await eslint.lintText(line + '\\n', { filePath });
    results.push(messages.filter(({ ruleId, fatal }) => fatal || ruleId === '@typescript-eslint/no-restricted-imports').map(({ message }) => message));
  }
  console.log(JSON.stringify(results));
`;

describe('the direction of imports', () => {
  let results: string[][];

  beforeAll(() => {
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', SCRIPT, JSON.stringify(CASES)], { cwd: root, encoding: 'utf8' });
    expect(stderr).toBe('');
    results = JSON.parse(stdout) as string[][];
  }, 60_000);

  it.each(CASES.map(([file, line, allowed], index) => ({ file, line, allowed, index })))('$file: $line allowed: $allowed', ({ allowed, index }) => {
    const messages = results[index] ?? [];
    if (allowed) expect(messages).toEqual([]);
    else expect(messages.join()).toMatch(/restricted from being used/);
  });
});
