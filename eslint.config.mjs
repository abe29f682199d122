import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** The files of policy/ that read a policy file and turn it into a snapshot, outside of workflows. */
const policyReaders = ['schema*', 'resolve*', 'document*'];

/**
 * Which folder may import what: policy ← messages ← workflows, and so on. `never` lists what is forbidden, `typesOnly` what
 * may only be imported as types; both are folders, or modules in a folder.
 */
const directions = [
  {
    folder: 'policy',
    never: ['messages', 'workflows', 'activities', 'intake', 'api', 'db', 'workers', 'config', 'platform', 'cli', 'bench'],
    neverBeside: policyReaders,
    why: 'policy/ is data and pure functions: it imports nothing but policy/, and what runs in workflows nothing that reads policy files.',
  },
  {
    folder: 'messages',
    never: ['workflows', 'activities', 'intake', 'api', 'db', 'workers', 'config', 'platform', 'cli', 'bench'],
    why: 'messages/ is the contract: it imports policy/ only.',
  },
  {
    folder: 'workflows',
    never: [...policyReaders.map((file) => `policy/${file}`), 'intake', 'api', 'db', 'workers', 'config', 'platform', 'cli', 'bench'],
    typesOnly: ['activities'],
    why: 'workflows/ import policy/ and messages/, activities only as types, and nothing that reads policy files (zod and luxon stay out of the bundle).',
  },
  { folder: 'activities', never: ['workflows', 'api', 'workers', 'platform', 'cli', 'bench'], why: 'activities/ never import workflows/.' },
  {
    folder: 'db',
    never: ['workflows', 'activities', 'intake', 'api', 'workers', 'platform', 'cli', 'bench'],
    why: 'db/ imports messages/, policy/ and config/.',
  },
  {
    folder: 'api',
    never: ['workflows', 'activities', 'workers', 'platform', 'cli', 'bench'],
    why: 'api/ imports messages/, policy/, db/, intake/ and config/.',
    entryPoint: 'api/main.ts',
  },
  {
    folder: 'intake',
    never: ['workflows', 'activities', 'api', 'workers', 'platform', 'cli', 'bench'],
    why: 'intake/ imports messages/, policy/, db/ and config/.',
  },
  { folder: 'workers', never: ['api', 'platform', 'cli', 'bench'], why: 'nothing but entry points imports platform/ or cli/.', entryPoint: 'workers/main.ts' },
  {
    folder: 'config',
    never: ['workflows', 'activities', 'intake', 'api', 'db', 'workers', 'platform', 'cli', 'bench'],
    why: 'config/ imports messages/ and policy/ only, so that any process may import it.',
  },
  { folder: 'platform', never: ['cli', 'bench'], why: 'nothing but entry points imports cli/.' },
  {
    folder: 'web',
    never: ['policy', 'messages', 'workflows', 'activities', 'intake', 'api', 'db', 'workers', 'config', 'platform', 'cli', 'bench'],
    why: 'web/ runs in browsers: it knows the desk by its HTTP API only.',
  },
];

/** Libraries that a folder may use; all others may be used everywhere. Workflows and policy stay small and deterministic. */
const libraries = [
  { files: ['policy/**/*.ts'], allowed: [] },
  { files: policyReaders.map((file) => `policy/${file}.ts`), allowed: ['node:', 'zod', 'yaml', 'luxon', 'date-holidays', 'ical.js'] },
  { files: ['messages/**/*.ts'], allowed: ['node:', '@temporalio/common', '@temporalio/workflow', 'zod'] },
  { files: ['workflows/**/*.ts'], allowed: ['@temporalio/common', '@temporalio/workflow'] },
  { files: ['web/**/*.ts'], allowed: ['preact'] },
];

/** `../policy/schema`, `../../policy/schema`, …; a folder stands for everything in it. */
const importsOf = (target) => `^(\\.\\./)+${target.replace('*', '[^/]*')}(/|$)`;
const importsBeside = (target) => `^\\./${target.replace('*', '[^/]*')}$`;

/** What the folder of a file says about its imports. Later entries for the same file take the place of earlier ones. */
function restrict({ files, ignores = [], direction, allowed }) {
  const patterns = [];
  if (direction !== undefined) {
    const { never, neverBeside = [], typesOnly = [], why } = direction;
    patterns.push({ regex: [...never.map(importsOf), ...neverBeside.map(importsBeside)].join('|'), message: why });
    if (typesOnly.length > 0) patterns.push({ regex: typesOnly.map(importsOf).join('|'), allowTypeImports: true, message: why });
  }
  if (allowed !== undefined) {
    const names = allowed.map((name) => (name.endsWith(':') ? name : `${name.replaceAll('.', '\\.')}(/|$)`)).join('|');
    const other = names === '' ? '^[^.]' : `^(?!${names})[^.]`;
    patterns.push({ regex: other, message: `Only these libraries may be used here: ${allowed.join(', ') || 'none'}.` });
  }
  return { files, ignores, rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] } };
}

const importRules = [
  ...directions.map((direction) => {
    const { folder, entryPoint } = direction;
    const allowed = libraries.find(({ files }) => files[0] === `${folder}/**/*.ts`)?.allowed;
    return restrict({ files: [`${folder}/**/*.ts`, `${folder}/**/*.tsx`], ignores: entryPoint === undefined ? [] : [entryPoint], direction, allowed });
  }),
  restrict({ ...libraries[1], direction: { ...directions[0], neverBeside: [] } }),
];

export default tseslint.config(
  { ignores: ['node_modules/', '.build/', '.holdfast/', 'coverage/', '**/*.d.ts', '**/*.d.cts'] },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true }],
      // `${count} files` is what templates are for.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/only-throw-error': ['error', { allowRethrowing: true }],
      // A function may be async because its caller's contract is.
      '@typescript-eslint/require-await': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      // What mail and forms bring has control characters; looking for them is no mistake.
      'no-control-regex': 'off',
      'no-console': 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
      'max-lines': ['error', { max: 400, skipBlankLines: false, skipComments: false }],
    },
  },
  {
    files: ['**/*.cjs', '**/*.mjs'],
    languageOptions: {
      globals: {
        require: 'readonly',
        module: 'writable',
        process: 'readonly',
        Buffer: 'readonly',
        __dirname: 'readonly',
        __filename: 'readonly',
        setTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        clearTimeout: 'readonly',
        performance: 'readonly',
        fetch: 'readonly',
        URL: 'readonly',
      },
    },
  },
  ...importRules,
  {
    // Jest's matchers, and answers read as JSON, are of type any; that is what the tests look at.
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      'max-lines': 'off',
    },
  },
);
