'use strict';

/**
 * Installs the libraries when they are missing or the lock file has changed: what makes `npm start` and `npm test` work
 * on a bare clone. Uses nothing but Node's own modules, and no syntax that an old Node would not understand.
 */

var crypto = require('crypto');
var fs = require('fs');
var path = require('path');
var childProcess = require('child_process');

var root = path.resolve(__dirname, '..');
var stampFile = path.join(root, 'node_modules', '.holdfast-stamp');

/** An end with a code, what happened, and what to do about it; `exitCode` as config/exit-codes.ts has them. */
function fail(code, message, fix, exitCode) {
  process.stderr.write('\n' + code + ': ' + message + '\n  ' + fix + '\n\n');
  process.exit(exitCode || 1);
}

/** The oldest version of Node that package.json allows, as `[20, 19]`. */
function wantedNode() {
  var engines = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')).engines.node;
  return engines.replace('>=', '').split('.').map(Number);
}

function checkNode() {
  var wanted = wantedNode();
  var have = process.versions.node.split('.').map(Number);
  if (have[0] > wanted[0] || (have[0] === wanted[0] && have[1] >= wanted[1])) return;
  fail(
    'E_NODE_VERSION',
    'Holdfast needs Node.js ' + wanted.join('.') + ' or newer; this is ' + process.versions.node + '.',
    'Install a newer Node.js (the current LTS version is a good choice) and try again.',
    2,
  );
}

function stamp() {
  var lock = fs.readFileSync(path.join(root, 'package-lock.json'));
  return crypto
    .createHash('sha256')
    .update(lock)
    .update(process.version + process.platform + process.arch)
    .digest('hex');
}

function isInstalled() {
  return fs.existsSync(stampFile) && fs.readFileSync(stampFile, 'utf8') === stamp();
}

/** How to call npm: the one that called us, else the one on PATH. */
function npm() {
  var cli = process.env.npm_execpath;
  if (cli && fs.existsSync(cli) && /npm/.test(path.basename(cli))) return { file: process.execPath, before: [cli], shell: false };
  // On Windows npm is a script, which only a shell can run.
  return { file: 'npm', before: [], shell: process.platform === 'win32' };
}

function install() {
  process.stderr.write('Installing the libraries (once; this takes about a minute) …\n');
  var command = npm();
  var startedAt = Date.now();
  // No library needs its install script: what PostgreSQL's would do is done when it starts.
  var args = command.before.concat(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  if (process.stderr.isTTY) args.push('--progress=true');
  var env = Object.assign({}, process.env);
  // With NODE_ENV=production npm would leave out what `npm test` needs.
  delete env.NODE_ENV;
  delete env.npm_config_production;
  delete env.npm_config_omit;
  var child = childProcess.spawn(command.file, args, { cwd: root, stdio: ['ignore', 2, 2], env: env, shell: command.shell });
  var ticker = setInterval(function () {
    process.stderr.write('  still installing, ' + Math.round((Date.now() - startedAt) / 1000) + ' s so far …\n');
  }, 15000);
  child.on('error', function (error) {
    clearInterval(ticker);
    fail('E_INSTALL', 'npm could not be started: ' + error.message + '.', 'Install npm (it comes with Node.js), or run "npm ci" in ' + root + ' by hand.');
  });
  child.on('close', function (code, signal) {
    clearInterval(ticker);
    if (code !== 0) {
      fail(
        'E_INSTALL',
        'The libraries could not be installed (npm ended with ' + (signal || 'exit code ' + code) + '; what it said stands above).',
        'Check the internet connection, the free space and the rights on ' + root + ', then try again. "npm ci" there shows more.',
      );
    }
    fs.writeFileSync(stampFile, stamp());
    process.stderr.write('Installed in ' + Math.round((Date.now() - startedAt) / 1000) + ' s\n');
  });
}

checkNode();
if (!isInstalled()) install();
