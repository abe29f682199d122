'use strict';

/** `node scripts/run.cjs <module> [arguments]` builds what changed, then runs a module of the build, such as `bench/main`. */

const path = require('node:path');

const { build, buildWorkflowBundle } = require('./build.cjs');

async function main() {
  const [module, ...rest] = process.argv.slice(2);
  if (module === undefined) {
    process.stderr.write('Usage: node scripts/run.cjs <module> [arguments], for example: node scripts/run.cjs bench/main\n');
    process.exitCode = 2;
    return;
  }
  const progress = (line) => process.stderr.write(`${line}\n`);
  const { dir } = await build({ progress, tests: module.startsWith('test/') || module.startsWith('bench/') });
  await buildWorkflowBundle(dir, { progress });
  const file = path.join(dir, `${module}.js`);
  // The module sees itself as the program that was started.
  process.argv = [process.argv[0], file, ...rest];
  process.setSourceMapsEnabled(true);
  require(file);
}

main().catch((error) => {
  process.stderr.write(`${error.stack ?? error}\n`);
  process.exitCode = 1;
});
