/** Runs in every test file: random tests take the run's seed, which global-setup.ts prints. */
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env['HOLDFAST_TEST_SEED']) });
