#!/usr/bin/env node
'use strict';

/**
 * The `holdfast` program: installs what is missing, compiles what changed, and goes on in the compiled cli/main.
 * Plain JavaScript that any Node version can read, so that even a bare clone or an old Node gets a clear answer.
 */

const { spawnSync } = require('node:child_process');
const path = require('node:path');

/** Commands that run workflows, and so need their bundle. */
const WITH_WORKFLOWS = ['start', 'worker'];

async function main() {
  const install = spawnSync(process.execPath, [path.join(__dirname, '..', 'scripts', 'ensure-installed.cjs')], { stdio: 'inherit' });
  if (install.status !== 0) {
    process.exitCode = install.status === null ? 1 : install.status;
    return;
  }
  const { build, buildWorkflowBundle } = require('../scripts/build.cjs');
  // On stderr: stdout belongs to what the command answers, which programs may read.
  const progress = (line) => process.stderr.write(`${line}\n`);
  const { dir } = await build({ progress });
  if (process.argv.some((word) => WITH_WORKFLOWS.includes(word))) await buildWorkflowBundle(dir, { progress });
  const program = path.join(dir, 'cli', 'main.js');
  process.argv[1] = program;
  process.setSourceMapsEnabled(true);
  require(program);
}

main().catch((error) => {
  process.stderr.write(`E_INTERNAL: ${error.stack || error}\n`);
  process.exitCode = 1;
});
