'use strict';

const { swcOptions } = require('./scripts/build.cjs');

/** As in the build, but a dynamic import becomes a require: Jest's CommonJS cannot load ES modules. */
const options = { ...swcOptions, module: { type: 'commonjs' } };

/** Packages that ship ES modules only, which Jest's CommonJS has to compile first. */
const esModulesOnly = ['jose', 'openid-client', 'oauth4webapi', 'email-reply-parser', 'temporal-polyfill'];

/** @type {import('jest').Config} */
module.exports = {
  rootDir: __dirname,
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '^.+\\.[cm]?[jt]s$': ['@swc/jest', options] },
  transformIgnorePatterns: [`/node_modules/(?!(${esModulesOnly.join('|')})/)`],
  modulePathIgnorePatterns: ['<rootDir>/.build/', '<rootDir>/.holdfast/'],
  watchPathIgnorePatterns: ['<rootDir>/.build/', '<rootDir>/.holdfast/'],
  globalSetup: '<rootDir>/test/setup/global-setup.ts',
  globalTeardown: '<rootDir>/test/setup/global-teardown.ts',
  setupFilesAfterEnv: ['<rootDir>/test/setup/each-file.ts'],
  // Two cores: unit files side by side; scripts/test.cjs runs what starts processes in series.
  maxWorkers: 2,
  testTimeout: 30_000,
  // Nothing recorded between tests, nothing left of one mock in the next.
  restoreMocks: true,
};
