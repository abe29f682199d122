'use strict';

/**
 * The build of what runs in a customer's browser: Vite makes the widget's loader and app in `.build/web/<hash>/`.
 *
 * The hash covers the folder `web`, the lock file and this file, so an unchanged tree builds nothing. scripts/build.cjs calls this and copies the outcome into
 * its own build as `web/`, where the API finds it.
 */

const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const root = path.resolve(__dirname, '..');
const webRoot = path.join(root, 'web');
const builds = path.join(root, '.build', 'web');

/** Older builds that stay: switching between two branches builds each once. */
const keptBuilds = 4;

const sha256 = (text) => crypto.createHash('sha256').update(text).digest('hex');

/** Every source file below `web`, sorted, as absolute paths. */
function sourcesOf(folder) {
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? sourcesOf(path.join(folder, entry.name)) : [path.join(folder, entry.name)]))
    .sort();
}

/** The hash of all that decides what a build contains. */
function webKey() {
  const files = [path.join(root, 'package-lock.json'), __filename, ...sourcesOf(webRoot)].filter((file) => fs.existsSync(file));
  return sha256(files.map((file) => `${path.relative(root, file)} ${sha256(fs.readFileSync(file))}`).join('\n')).slice(0, 16);
}

/**
 * Says that our sources are ES modules. The project's package.json says that files are CommonJS, which is true of what Node runs; the bundler would
 * wrap each module in a function for it.
 */
const esModules = {
  name: 'es-modules',
  enforce: 'pre',
  async resolveId(source, importer, options) {
    const found = await this.resolve(source, importer, { ...options, skipSelf: true });
    return found !== null && found.id.startsWith(webRoot) ? { id: found.id } : found;
  },
};

/** What both parts share: JSX is Preact's, everything is minified, nothing of this machine's environment gets in. */
function shared(outDir) {
  return {
    root: webRoot,
    configFile: false,
    envFile: false,
    logLevel: 'error',
    publicDir: false,
    plugins: [esModules],
    mode: 'production',
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: { outDir, emptyOutDir: false, target: 'es2022', minify: true, reportCompressedSize: false, modulePreload: { polyfill: false } },
  };
}

/** The script that a host page includes: one classic script without any import. */
function loader(outDir) {
  const common = shared(outDir);
  return {
    ...common,
    build: {
      ...common.build,
      rolldownOptions: { input: path.join(webRoot, 'widget/loader/main.ts'), output: { format: 'iife', entryFileNames: 'widget.js' } },
    },
  };
}

/** The app in the frame: names carry a hash of the content, so browsers may keep them for ever. */
function app(outDir) {
  const common = shared(outDir);
  return {
    ...common,
    // Where api/pages/widget.ts serves them: parts that are loaded later look for each other there.
    base: '/widget/',
    build: {
      ...common.build,
      assetsDir: 'assets',
      rolldownOptions: {
        input: { frame: path.join(webRoot, 'widget/frame/main.tsx'), demo: path.join(webRoot, 'demo/main.ts') },
        output: {
          entryFileNames: 'assets/[name]-[hash].js',
          chunkFileNames: 'assets/[name]-[hash].js',
          assetFileNames: 'assets/[name]-[hash][extname]',
        },
      },
      manifest: 'manifest.json',
    },
  };
}

/**
 * Builds what is not built yet.
 *
 * @param {{ progress?: (line: string) => void }} [options]
 * @returns {Promise<{ dir: string, hash: string } | null>} the absolute path of `.build/web/<hash>`, with `widget.js`, `manifest.json` (Vite's) and
 *   `assets/`; null in a tree without the folder `web`
 */
async function buildWeb({ progress = () => {} } = {}) {
  if (!fs.existsSync(webRoot)) return null;
  const hash = webKey();
  const dir = path.join(builds, hash);
  if (fs.existsSync(path.join(dir, 'manifest.json'))) {
    const now = new Date();
    fs.utimesSync(dir, now, now);
    return { dir, hash };
  }
  const startedAt = process.hrtime.bigint();
  const temporary = path.join(builds, `tmp-${process.pid}-${crypto.randomBytes(4).toString('hex')}`);
  // Vite takes it over `mode`, and it would decide what browsers get: whoever starts us with NODE_ENV=development would get a larger widget.
  const { NODE_ENV: outer } = process.env;
  process.env.NODE_ENV = 'production';
  try {
    const { build } = await import('vite');
    await Promise.all([build(loader(temporary)), build(app(temporary))]);
    try {
      fs.renameSync(temporary, dir);
    } catch (error) {
      // A second builder of the same sources was faster, which is as good.
      if (!fs.existsSync(path.join(dir, 'manifest.json'))) throw error;
    }
  } finally {
    if (outer === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = outer;
    fs.rmSync(temporary, { recursive: true, force: true });
  }
  removeOldBuilds();
  progress(`Built the chat widget in ${(Number((process.hrtime.bigint() - startedAt) / 1_000_000n) / 1000).toFixed(1)} s`);
  return { dir, hash };
}

/** A running api does not need them: its own build has copies. */
function removeOldBuilds() {
  const touchedAt = (name) => fs.statSync(path.join(builds, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const names = fs.readdirSync(builds);
  const finished = names.filter((name) => /^[0-9a-f]{16}$/.test(name)).sort((a, b) => touchedAt(b) - touchedAt(a));
  const left = names.filter((name) => name.startsWith('tmp-') && touchedAt(name) < Date.now() - 3_600_000);
  for (const name of [...finished.slice(keptBuilds), ...left]) fs.rmSync(path.join(builds, name), { recursive: true, force: true });
}

module.exports = { buildWeb };
