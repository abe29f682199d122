import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { source as axe, type AxeResults } from 'axe-core';
import { SignJWT } from 'jose';
import type { Browser, Frame, Page } from 'playwright-core';
import { signLink, type LinkPurpose } from '../../messages/addresses';
import { digitsOfCode } from '../../messages/mailed-code';
import { addTicket, DASHBOARD_SECRET, HOST_ORIGIN, MONDAY_TEN, openTestApi, SATURDAY_NOON, type TestApi } from '../api/test-api';
import { launchChromium } from '../kit/chromium';
import { SINS } from './sins';

/** Where the pictures go, for those who want to look at them. */
const PICTURES = process.env['HOLDFAST_TEST_PICTURES'];
const ADA = 'ada@example.org';

let api: TestApi;
let server: Server;
let base: string;
let browser: Browser;
let number: number;
let solved: number;

beforeAll(async () => {
  api = await openTestApi();
  api.clock.now = SATURDAY_NOON;
  number = await addTicket(api, {
    requester: { email: ADA, name: 'Ada Lovelace' },
    subject: 'Checkout of the shop answers with 502 since this morning, and nobody in the office knows why that could be',
    body: 'Hello,\n\nour customers cannot pay: https://shop.example.org/checkout/a-very-long-path-without-any-place-to-break-it/because-urls-are-like-that\n\nAda',
    priority: 'high',
  });
  solved = await addTicket(api, { requester: { email: ADA, name: 'Ada Lovelace' }, subject: 'A question about backups', priority: 'low' });
  await api.db.updateTable('conversations').set({ status: 'solved' }).where('number', '=', solved).execute();
  await api.db
    .updateTable('messages')
    .set({ html: '<p>Hello,</p><h1 style="color:#1f5f8b">our customers cannot pay</h1>' })
    .where('number', '=', number)
    .execute();
  server = createServer(api.app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  // The dashboard of these tests is a site of the outside world, and our desk is on this machine.
  browser = await launchChromium('--disable-features=LocalNetworkAccessChecks');
}, 60_000);

afterAll(async () => {
  await browser.close();
  server.closeAllConnections();
  server.close();
  await api.close();
});

const link = async (purpose: LinkPurpose): Promise<string> => {
  const { requester_id: contact } = await api.db.selectFrom('conversations').select('requester_id').where('number', '=', number).executeTakeFirstOrThrow();
  return `/l/${signLink(api.keys, { purpose, number, contact })}`;
};

async function code(): Promise<string> {
  await api.settled();
  const row = await api.db.selectFrom('codes').select(['id', 'hash']).where('email', '=', ADA).orderBy('created_at', 'desc').limit(1).executeTakeFirstOrThrow();
  return digitsOfCode(api.keys, { id: row.id, email: ADA }, row.hash) ?? 'none';
}

async function signIn(page: Page): Promise<void> {
  api.clock.now += 20 * 60_000;
  await page.goto(`${base}/help/sign-in`);
  await page.getByLabel('Your e-mail address').fill(ADA);
  await page.getByRole('button', { name: 'Send me a code' }).click();
  await page.getByLabel('Code').fill(await code());
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.waitForURL(/\/help\/requests$/);
}

/** What somebody with a narrow phone, weak eyes, a keyboard or a screen reader would stumble over. */
async function findings(page: Page | Frame, { quick = false } = {}): Promise<string[]> {
  const sins = await page.evaluate<string[]>(SINS);
  if (quick) return sins;
  const { violations } = await page.evaluate<AxeResults>(
    `${axe}; axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })`,
  );
  return [...sins, ...violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`)];
}

async function picture(page: Page, name: string): Promise<void> {
  if (PICTURES === undefined) return;
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: path.join(PICTURES, `help-${name}.png`), fullPage: true });
}

function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return complaints;
}

describe.each([
  [320, 'light', 'en-GB'],
  [320, 'dark', 'de-DE'],
  [768, 'light', 'de-DE'],
  [1280, 'dark', 'en-GB'],
] as const)('%i px, %s, %s', (width, colorScheme, locale) => {
  test('every page is readable and without complaint', async () => {
    // What axe looks at is the same on every width; the narrowest breaks most.
    const quick = { quick: width !== 320 };
    const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme, locale: 'en-GB' });
    const page = await context.newPage();
    await signIn(page);
    await context.setExtraHTTPHeaders({ 'Accept-Language': locale });
    const anonymous = await browser.newContext({ viewport: { width, height: 800 }, colorScheme, locale });
    const stranger = await anonymous.newPage();
    const pages: [Page, string, string][] = [
      [stranger, 'form', '/help'],
      [stranger, 'sign-in', '/help/sign-in'],
      [page, 'form-signed-in', '/help'],
      [page, 'list', '/help/requests'],
      [page, 'thread', `/help/requests/${number}`],
      [page, 'thread-solved', `/help/requests/${solved}`],
      [stranger, 'link-status', await link('status')],
      [stranger, 'link-filed', await link('filed')],
      [stranger, 'link-down', await link('productionDown')],
      [stranger, 'link-more', await link('somethingElse')],
      [stranger, 'link-rated', await link('ratedGood')],
    ];
    for (const [who, name, target] of pages) {
      const complaints = complaintsOf(who);
      await who.goto(base + target);
      await picture(who, `${name}-${width}-${colorScheme}`);
      expect([name, await findings(who, quick), complaints]).toEqual([name, [], []]);
    }
    await stranger.goto(`${base}/help`);
    await stranger.locator('button.send').click();
    expect(['errors', await findings(stranger, quick)]).toEqual(['errors', []]);
    await picture(stranger, `form-errors-${width}-${colorScheme}`);
    await stranger.locator('#email').fill(`w${width}-${colorScheme}@example.net`);
    await stranger.locator('#subject').fill('Nobody can log in');
    await stranger.locator('#body').fill('Since ten.');
    await stranger.locator('input[value=urgent]').check();
    await stranger.locator('button.send').click();
    await stranger.locator('.promise').waitFor();
    await picture(stranger, `sent-${width}-${colorScheme}`);
    expect(['sent', await findings(stranger, quick)]).toEqual(['sent', []]);
    await stranger.goto(`${base}/help/sign-in`);
    await stranger.locator('#email').fill(ADA);
    await stranger.locator('button.send').click();
    await stranger.locator('#code').waitFor();
    await picture(stranger, `code-${width}-${colorScheme}`);
    expect(['code', await findings(stranger, quick)]).toEqual(['code', []]);
    await context.close();
    await anonymous.close();
  }, 90_000);
});

test('with nothing but a keyboard and no script: a request with a file, then its thread, an answer, and the end', async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, javaScriptEnabled: false, locale: 'en-GB' });
  const page = await context.newPage();
  await signIn(page);
  await page.goto(`${base}/help`);
  const promised = await page.locator('.choice.normal time').getAttribute('datetime');
  await page.locator('#subject').focus();
  await page.keyboard.type('The backups');
  await page.keyboard.press('Tab');
  await page.keyboard.type('Are there any?');
  await page.locator('#files').setInputFiles([{ name: 'plan.txt', mimeType: 'text/plain', buffer: Buffer.from('The plan') }]);
  await page.locator('button.send').focus();
  await page.keyboard.press('Enter');
  expect(await page.locator('.promise time').getAttribute('datetime')).toBe(promised);
  await page.getByRole('link', { name: 'How your request stands' }).click();
  await page.getByRole('link', { name: 'plan.txt' }).waitFor();
  await page.goto(`${base}/help/requests`);
  await page.getByRole('link', { name: /The backups/ }).click();
  await page.getByLabel('Your message').fill('And how old are they?');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByText('Thank you, we’ve got it.').waitFor();
  expect(await page.locator('.message').count()).toBe(2);
  await page.getByRole('button', { name: 'No, that’s all' }).click();
  await page.getByText('We’ve marked it as done.').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(`${base}/help`);
  await page.goto(`${base}/help/requests`);
  expect(page.url()).toBe(`${base}/help/sign-in`);
  await context.close();
}, 60_000);

test('a dashboard on another site embeds the form by posting the signed identity into a frame; no cookie is needed, and others may not', async () => {
  api.clock.now = MONDAY_TEN;
  const now = Math.floor(MONDAY_TEN / 1_000);
  const identity = await new SignJWT({ sub: 'u-1', email: 'grace@example.net', name: 'Grace', clusters: ['c7'], websites: [] })
    .setProtectedHeader({ alg: 'HS256' })
    .setAudience('holdfast')
    .setIssuedAt(now)
    .setExpirationTime(now + 600)
    .sign(Buffer.from(DASHBOARD_SECRET));
  // Without TLS, which this desk has not, a browser names the origin of a page with TLS only if that says so.
  const host = (
    origin: string,
  ): string => `<!doctype html><meta name="referrer" content="origin"><title>Host</title><iframe name="help" title="Help" width="800" height="900"></iframe>
    <form method="post" action="${base}/help/enter" target="help"><input type="hidden" name="identity" value="${identity}"><button>Help</button></form><p>${origin}</p>`;
  const context = await browser.newContext({ locale: 'en-GB' });
  for (const origin of [HOST_ORIGIN, 'https://evil.example']) {
    await context.route(`${origin}/**`, (route) => route.fulfill({ contentType: 'text/html', body: host(origin) }));
  }
  const page = await context.newPage();
  await page.goto(`${HOST_ORIGIN}/dashboard`);
  await page.getByRole('button', { name: 'Help' }).click();
  const frame = page.frameLocator('iframe');
  await frame.getByLabel('What is it about?').fill('From the dashboard');
  expect(await frame.getByLabel('Your e-mail address').inputValue()).toBe('grace@example.net');
  expect(await frame.getByLabel(/Cluster/).inputValue()).toBe('c7');
  await frame.getByLabel('Tell us more').fill('All is slow.');
  const inner = page.frame({ name: 'help' });
  expect(inner === null ? ['no frame'] : await findings(inner)).toEqual([]);
  await frame.getByRole('button', { name: 'Send', exact: true }).click();
  await frame.getByText('We’ve got it: #').waitFor();
  const [opened] = await Promise.all([context.waitForEvent('page'), frame.getByRole('button', { name: 'Your requests' }).click()]);
  await opened.waitForURL(`${base}/help/requests`);
  await opened.getByText('From the dashboard').waitFor();
  expect(await context.cookies(`${base}/help`)).toMatchObject([{ name: 'holdfast_help', httpOnly: true, sameSite: 'Lax' }]);

  const evil = await context.newPage();
  await evil.goto('https://evil.example/');
  await evil.getByRole('button', { name: 'Help' }).click();
  await evil.waitForTimeout(500);
  expect(await evil.frameLocator('iframe').getByLabel('What is it about?').count()).toBe(0);
  await context.close();
}, 60_000);
