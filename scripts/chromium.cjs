'use strict';

/** Which Chromium the browser tests use: the one that CHROMIUM_PATH names, else the first that this machine has. */

const fs = require('node:fs');
const path = require('node:path');

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const applications = ['/Applications/Chromium.app/Contents/MacOS/Chromium', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'];

/** @returns {string | null} the program's path, or null when there is none */
function findChromium(env = process.env) {
  if (env.CHROMIUM_PATH) return env.CHROMIUM_PATH;
  const folders = (env.PATH ?? '').split(path.delimiter).filter((folder) => folder !== '');
  const programs = [...folders.flatMap((folder) => names.map((name) => path.join(folder, name))), ...applications];
  return programs.find((program) => fs.existsSync(program)) ?? null;
}

module.exports = { findChromium };
