'use strict';

/**
 * The build: every TypeScript folder compiled once with swc into `.build/<hash>/`, and beside it the workflow bundle and what browsers run (`web/`).
 *
 * The hash covers the sources, the lock file, this file, Node's major version and the clone's path (source maps name it), so an unchanged tree compiles nothing,
 * and two processes that build the same tree at the same time get the same folder.
 */

const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const { buildWeb } = require('./build-web.cjs');

const root = path.resolve(__dirname, '..');
const buildRoot = path.join(root, '.build');

/** The folders that make up the program. `test` is added only for tests that start their own processes. */
const productFolders = ['policy', 'messages', 'workflows', 'intake', 'activities', 'db', 'api', 'workers', 'config', 'platform', 'cli', 'bench'];

/** What the workflow bundle is made of: lint keeps every other folder out of it. */
const workflowFolders = ['policy', 'messages', 'workflows'];

/** Older builds that stay, besides those that a living process uses. */
const keptBuilds = 3;
const keptBundles = 5;

/** How swc reads our TypeScript; Jest uses the same, so that tests run the code that ships. */
const swcOptions = {
  swcrc: false,
  configFile: false,
  module: { type: 'commonjs', ignoreDynamic: true },
  jsc: { parser: { syntax: 'typescript' }, target: 'es2022', keepClassNames: true },
};

const isTypeScript = (file) => /\.[cm]?ts$/.test(file) && !file.endsWith('.d.ts');
const isNeeded = (file) => !/\.(test\.ts|d\.ts|md)$/.test(file);
const sha256 = (text) => crypto.createHash('sha256').update(text).digest('hex');

/** All needed files of these folders, as `{ file, content, hash }`, `file` relative to the project and sorted. */
function readSources(folders) {
  const sources = [];
  const walk = (folder) => {
    for (const entry of fs.readdirSync(path.join(root, folder), { withFileTypes: true })) {
      const file = `${folder}/${entry.name}`;
      if (entry.isDirectory()) walk(file);
      else if (entry.isFile() && isNeeded(file)) {
        const content = fs.readFileSync(path.join(root, file));
        sources.push({ file, content, hash: sha256(content) });
      }
    }
  };
  for (const folder of folders) if (fs.existsSync(path.join(root, folder))) walk(folder);
  return sources.sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** The part of every key that is not a source: another compiler, library or Node may compile differently. */
function toolHash() {
  const lock = path.join(root, 'package-lock.json');
  return sha256(
    [fs.existsSync(lock) ? sha256(fs.readFileSync(lock)) : 'no lock file', sha256(fs.readFileSync(__filename)), process.versions.node.split('.')[0], root].join(
      '\n',
    ),
  );
}

function keyOf(sources, tools) {
  return sha256(`${tools}\n${sources.map(({ file, hash }) => `${file} ${hash}`).join('\n')}`).slice(0, 16);
}

/** Moves a finished folder or file to its place; a second builder of the same key may have been faster, which is as good. */
function putInPlace(temporary, target) {
  try {
    fs.renameSync(temporary, target);
  } catch (error) {
    if (!fs.existsSync(target)) throw error;
    fs.rmSync(temporary, { recursive: true, force: true });
  }
}

const readManifest = (dir) => JSON.parse(fs.readFileSync(path.join(dir, 'manifest.json'), 'utf8'));

/** The newest finished build with the same tools, from which unchanged files are taken over. */
function findEarlierBuild(tools) {
  for (const dir of finishedBuilds()) {
    const manifest = readManifest(dir);
    if (manifest.tools === tools) return { dir, files: manifest.files };
  }
  return undefined;
}

/** Finished builds, last used first. */
function finishedBuilds() {
  return newestFirst(buildRoot, (name) => /^[0-9a-f]{16}$/.test(name)).filter((dir) => fs.existsSync(path.join(dir, 'manifest.json')));
}

/**
 * Compiles what is not compiled yet and answers with the folder of the build.
 *
 * @param {{ progress?: (line: string) => void, tests?: boolean }} [options] `tests` adds the folder `test`, for tests that
 *   start compiled programs of their own.
 * @returns {Promise<{ dir: string }>} the absolute path of `.build/<hash>`
 */
async function build({ progress = () => {}, tests = false } = {}) {
  const tools = toolHash();
  const sources = readSources(tests ? [...productFolders, 'test'] : productFolders);
  const web = await buildWeb({ progress });
  const key = keyOf(web === null ? sources : [...sources, { file: 'web', hash: web.hash }], tools);
  const dir = path.join(buildRoot, key);
  claim(key);
  if (!fs.existsSync(path.join(dir, 'manifest.json'))) await compileAll(sources, { tools, web, dir, progress });
  const now = new Date();
  fs.utimesSync(dir, now, now);
  return { dir };
}

async function compileAll(sources, { tools, web, dir, progress }) {
  const startedAt = process.hrtime.bigint();
  const earlier = findEarlierBuild(tools);
  const temporary = path.join(buildRoot, `tmp-${process.pid}-${crypto.randomBytes(4).toString('hex')}`);
  const { transform } = require('@swc/core');
  let compiled = 0;

  const place = async ({ file, content, hash }) => {
    const output = isTypeScript(file) ? file.replace(/ts$/, 'js') : file;
    const target = path.join(temporary, output);
    if (earlier !== undefined && earlier.files[file] === hash && (await link(path.join(earlier.dir, output), target))) {
      return;
    }
    if (output === file) {
      await fs.promises.writeFile(target, content);
      return;
    }
    const { code, map } = await transform(content.toString('utf8'), {
      ...swcOptions,
      filename: path.join(root, file),
      sourceMaps: true,
    });
    // The map travels inside the file: one file to move, link and load.
    const sourceMap = JSON.parse(map);
    sourceMap.sources = [path.join(root, file)];
    const encoded = Buffer.from(JSON.stringify(sourceMap)).toString('base64');
    await fs.promises.writeFile(target, `${code}//# sourceMappingURL=data:application/json;charset=utf-8;base64,${encoded}\n`);
    compiled += 1;
  };

  try {
    for (const folder of new Set(sources.map(({ file }) => path.dirname(file)))) {
      fs.mkdirSync(path.join(temporary, folder), { recursive: true });
    }
    await Promise.all(sources.map(place));
    if (web !== null) fs.cpSync(web.dir, path.join(temporary, 'web'), { recursive: true });
    fs.copyFileSync(path.join(root, 'package.json'), path.join(temporary, 'package.json'));
    const files = Object.fromEntries(sources.map(({ file, hash }) => [file, hash]));
    fs.writeFileSync(path.join(temporary, 'manifest.json'), JSON.stringify({ tools, files }));
    putInPlace(temporary, dir);
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true });
  }
  const tookMs = Number((process.hrtime.bigint() - startedAt) / 1_000_000n);
  progress(`Compiled ${compiled} of ${sources.length} files in ${(tookMs / 1000).toFixed(1)} s`);
  removeOldBuilds();
}

/** Links a file of an earlier build; false when another process has removed that build meanwhile. */
async function link(existing, target) {
  try {
    await fs.promises.link(existing, target);
    return true;
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return false;
  }
}

/** Notes that this process runs from a build, so that no later build removes it under its feet. */
function claim(key) {
  const claims = path.join(buildRoot, 'in-use');
  fs.mkdirSync(claims, { recursive: true });
  fs.writeFileSync(path.join(claims, `${key}.${process.pid}`), '');
}

/** Removes builds that no living process runs from, all but the last few used. */
function removeOldBuilds() {
  const used = new Set();
  const claims = path.join(buildRoot, 'in-use');
  for (const name of fs.existsSync(claims) ? fs.readdirSync(claims) : []) {
    const [key, pid] = name.split('.');
    if (isAlive(Number(pid))) used.add(key);
    else fs.rmSync(path.join(claims, name), { force: true });
  }
  for (const dir of finishedBuilds().slice(keptBuilds)) {
    if (!used.has(path.basename(dir))) fs.rmSync(dir, { recursive: true, force: true });
  }
  const bundles = path.join(buildRoot, 'bundles');
  for (const file of newestFirst(bundles, () => true).slice(keptBundles)) fs.rmSync(file, { force: true });
  // What a killed builder left; a living one is done within the hour.
  for (const file of newestFirst(buildRoot, (name) => name.startsWith('tmp-'))) {
    const stat = fs.statSync(file, { throwIfNoEntry: false });
    if (stat !== undefined && stat.mtimeMs < Date.now() - 3_600_000) fs.rmSync(file, { recursive: true, force: true });
  }
}

/** The entries of a folder with such a name, as absolute paths, last touched first. */
function newestFirst(folder, hasName) {
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder)
    .filter(hasName)
    .map((name) => path.join(folder, name))
    .map((file) => ({ file, touchedAt: fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.touchedAt - a.touchedAt)
    .map(({ file }) => file);
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/**
 * Bundles the workflows of a build once and answers with the path of `<dir>/workflow-bundle.js`, or with undefined while
 * there is no `workflows/index`. The bundle is kept by the hash of what it contains, so a change elsewhere bundles nothing.
 *
 * @param {string} dir what `build()` answered
 * @param {{ progress?: (line: string) => void }} [options]
 * @returns {Promise<string | undefined>}
 */
async function buildWorkflowBundle(dir, { progress = () => {} } = {}) {
  const target = path.join(dir, 'workflow-bundle.js');
  if (fs.existsSync(target)) return target;
  const workflowsPath = path.join(dir, 'workflows', 'index.js');
  if (!fs.existsSync(workflowsPath)) return undefined;

  const { tools, files } = readManifest(dir);
  const parts = Object.entries(files).filter(([file]) => workflowFolders.includes(file.split('/')[0]));
  const key = keyOf(
    parts.map(([file, hash]) => ({ file, hash })),
    tools,
  );
  const kept = path.join(buildRoot, 'bundles', `${key}.js`);
  if (!fs.existsSync(kept)) {
    const startedAt = process.hrtime.bigint();
    const { bundleWorkflowCode } = require('@temporalio/worker');
    const quiet = () => {};
    const logger = { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: progress, error: progress };
    const { code } = await bundleWorkflowCode({ workflowsPath, logger });
    fs.mkdirSync(path.dirname(kept), { recursive: true });
    const temporary = `${kept}.tmp-${process.pid}-${crypto.randomBytes(4).toString('hex')}`;
    fs.writeFileSync(temporary, code);
    putInPlace(temporary, kept);
    const tookMs = Number((process.hrtime.bigint() - startedAt) / 1_000_000n);
    progress(`Bundled the workflows in ${(tookMs / 1000).toFixed(1)} s`);
  }
  const link = `${target}.tmp-${process.pid}-${crypto.randomBytes(4).toString('hex')}`;
  fs.linkSync(kept, link);
  putInPlace(link, target);
  return target;
}

module.exports = { build, buildWorkflowBundle, swcOptions, root };
