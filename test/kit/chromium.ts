import { createRequire } from 'node:module';
import { chromium, type Browser } from 'playwright-core';

const { findChromium } = createRequire(__filename)('../../scripts/chromium.cjs') as { findChromium: () => string | null };

/** Starts the Chromium of this machine, without a window; `npm test` leaves these tests out where there is none. */
export async function launchChromium(...args: readonly string[]): Promise<Browser> {
  const program = findChromium();
  if (program === null) throw new Error('No Chromium was found. Install the package chromium, or set CHROMIUM_PATH.');
  // The sandbox needs rights that a container's root has not; nothing but our own pages is opened.
  return chromium.launch({ executablePath: program, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', ...args] });
}
