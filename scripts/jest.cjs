'use strict';

/**
 * `node scripts/jest.cjs [paths or Jest's options]` runs tests. When every path is one of the unit folders, no server is
 * started, so that such a test begins at once.
 */

const path = require('node:path');

/** Folders whose tests need neither PostgreSQL, nor Temporal, nor a build. */
const unitFolders = ['test/policy', 'test/messages', 'test/config', 'test/unit'];

function isUnit(file) {
  const relative = path.relative(path.resolve(__dirname, '..'), path.resolve(file));
  return unitFolders.some((folder) => relative === folder || relative.startsWith(`${folder}/`));
}

module.exports = { unitFolders };

if (require.main === module) {
  const paths = process.argv.slice(2).filter((argument) => !argument.startsWith('-') && /[/.]/.test(argument));
  if (paths.length > 0 && paths.every(isUnit)) process.env.HOLDFAST_TEST_ONLY = 'unit';
  process.chdir(path.resolve(__dirname, '..'));
  require('jest').run(process.argv.slice(2));
}
