import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Browser, BrowserContext, BrowserContextOptions, Frame, Page } from 'playwright-core';
import { launchChromium } from './chromium';

/** Where pictures go, for those who want to look at them. */
const PICTURES = process.env['HOLDFAST_TEST_PICTURES'];

/** Runs in a page: finds what WCAG 2.2 AA and axe's best practices forbid, as sentences. */
const AXE = `${readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')};
(async () => {
  // What is still fading in is not readable yet.
  await Promise.all(document.getAnimations().filter((each) => each.effect?.getTiming().iterations !== Infinity).map((each) => each.finished.catch(() => undefined)));
  const { violations } = await axe.run(document, { iframes: false, resultTypes: ['violations'] });
  return violations.map(({ id, help, nodes }) => id + ': ' + help + ' (' + nodes.slice(0, 3).map(({ html, any }) => html.slice(0, 120) + ' ' + (any[0]?.message ?? '')).join(' | ') + ')');
})()`;

/** A browser for one test file. */
export interface SceneBrowser {
  /** Somebody's own browser: cookies, storage and size of its own. */
  person(options?: BrowserContextOptions): Promise<Person>;
  /** Ends it; fails with everything that any page complained about. */
  close(): Promise<void>;
}

/** Somebody in front of a browser of their own. */
export interface Person {
  readonly context: BrowserContext;
  /** A new tab; whatever it complains about fails the test in the end. */
  tab(): Promise<Page>;
  /** Complaints like this one are part of the story: something was taken away on purpose. */
  forgive(pattern: RegExp): void;
  /** Closes all tabs, as one closes the window. */
  leave(): Promise<void>;
}

/** Starts Chromium. */
export async function openBrowser(): Promise<SceneBrowser> {
  const browser: Browser = await launchChromium();
  const complaints: string[] = [];
  const settling: (() => void)[] = [];
  return {
    async person(options = {}) {
      const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'Europe/Berlin', ...options });
      const forgiven: RegExp[] = [];
      const own: string[] = [];
      const complain = (words: string) => void own.push(words);
      const settle = () => {
        complaints.push(...own.splice(0).filter((words) => !forgiven.some((pattern) => pattern.test(words))));
      };
      settling.push(settle);
      return {
        context,
        async tab() {
          const page = await context.newPage();
          page.on('console', (message) => {
            if (message.type() === 'error' || message.type() === 'warning') complain(`${message.text()} (${message.location().url})`);
          });
          page.on('pageerror', (error) => complain(error.stack ?? error.message));
          page.on('requestfailed', (request) => {
            // A page that is left gives up what it had asked for.
            if (request.failure()?.errorText !== 'net::ERR_ABORTED') complain(`${request.method()} ${request.url()} ${request.failure()?.errorText ?? ''}`);
          });
          page.on('response', (response) => {
            if (response.status() >= 500) complain(`${response.request().method()} ${response.url()} ${response.status()}`);
          });
          return page;
        },
        forgive: (pattern) => void forgiven.push(pattern),
        async leave() {
          await context.close();
          settle();
        },
      };
    },
    async close() {
      await Promise.all(browser.contexts().map((context) => context.close()));
      await browser.close();
      for (const settle of settling) settle();
      if (complaints.length > 0) throw new Error(`The browser complained:\n${complaints.join('\n')}`);
    },
  };
}

/** What axe finds in a page or a frame of it, as sentences; nothing is good. */
export async function axeFindings(where: Page | Frame): Promise<string[]> {
  // Evaluated by the browser's tools, so that the page's own policy against foreign scripts stays as it is.
  return where.evaluate<string[]>(AXE);
}

/** Takes a picture of the whole page if somebody wants to see it (HOLDFAST_TEST_PICTURES names the folder). */
export async function picture(page: Page, name: string): Promise<void> {
  if (PICTURES === undefined) return;
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: path.join(PICTURES, `${name}.png`) });
}
