import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { signLink, type LinkPurpose } from '../../messages/addresses';
import { ADMIN_TOKEN, addPage, addTicket, openTestApi, SATURDAY_NOON, type TestApi } from '../api/test-api';
import { launchChromium } from '../kit/chromium';
import { SINS } from './sins';

/** Where the pictures go, for those who want to look at them. */
const PICTURES = process.env['HOLDFAST_TEST_PICTURES'];

let api: TestApi;
let server: Server;
/** Somebody who would like to know when a mail is read. */
let tracker: Server;
const trackers: string[] = [];
let base: string;
let browser: Browser;
let number: number;
/** A conversation that has become a part of it. */
let part: number;
let pageId: string;
let mailId: number;

beforeAll(async () => {
  api = await openTestApi();
  api.clock.now = SATURDAY_NOON;
  number = await addTicket(api, {
    subject: 'Checkout of the shop answers with 502 since this morning',
    body: 'Hello,\n\nour customers cannot pay: https://shop.example.org/checkout/a-very-long-path-without-any-place-to-break-it/because-urls-are-like-that\n\nAda',
    priority: 'urgent',
    website: 'shop.example.org',
  });
  part = await addTicket(api, { subject: 'Nobody can pay', requester: { email: 'carl@example.org', name: 'Carl' } });
  await api.db.updateTable('conversations').set({ merged_into: number }).where('number', '=', part).execute();
  await api.db
    .insertInto('proposals')
    .values({
      id: 'pr-1',
      number,
      role: 'participant',
      email: 'press.office.with.a.long.address@a-newspaper.example',
      name: 'Press',
      at: new Date(SATURDAY_NOON),
    })
    .execute();
  await addTicket(api, { subject: 'A question about backups', priority: 'low', requester: { email: 'bob@example.net', name: 'Bob' } });
  pageId = await addPage(api, number);
  await api.db
    .insertInto('notices')
    .values({
      key: 'n1',
      number,
      kind: 'threshold',
      text: `Half of the time for the first answer is over #${number}`,
      to_agent: null,
      due_at: new Date(SATURDAY_NOON),
      at: new Date(SATURDAY_NOON),
      slack_ts: null,
    })
    .execute();
  tracker = createServer((request, response) => {
    trackers.push(request.url ?? '');
    response.end();
  }).listen(0, '127.0.0.1');
  await once(tracker, 'listening');
  const trackerUrl = `http://127.0.0.1:${(tracker.address() as AddressInfo).port}/pixel.png`;
  const mail = [
    'From: Support <support@example.test>',
    'To: ada@example.org',
    'Subject: =?utf-8?q?We=E2=80=99ve_got_your_message?=',
    'MIME-Version: 1.0',
    'Content-Type: multipart/alternative; boundary=b',
    '',
    '--b',
    'Content-Type: text/plain; charset=utf-8',
    '',
    'Thanks for writing!',
    '--b',
    'Content-Type: text/html; charset=utf-8',
    '',
    `<h1 style="color:#1f5f8b">Thanks for writing!</h1><script>document.title = "it ran"</script><img src="${trackerUrl}">`,
    '--b--',
    '',
  ].join('\r\n');
  const caught = await api.db
    .insertInto('caught_mails')
    .values({ received_at: new Date(SATURDAY_NOON), envelope_from: '', envelope_to: ['ada@example.org'], raw: Buffer.from(mail) })
    .returning('id')
    .executeTakeFirstOrThrow();
  mailId = caught.id;

  server = createServer(api.app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await launchChromium();
}, 60_000);

afterAll(async () => {
  await browser.close();
  server.closeAllConnections();
  server.close();
  tracker.close();
  await api.close();
});

/** Everything that a browser complains about, which our pages never give it reason to. */
function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('requestfailed', (request) => complaints.push(`${request.url()} ${request.failure()?.errorText ?? ''}`));
  return complaints;
}

async function signedIn(options: Parameters<Browser['newContext']>[0] = {}): Promise<BrowserContext> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.goto(`${base}/pages`);
  expect(page.url()).toBe(`${base}/sign-in?next=%2Fpages`);
  await page.getByLabel('Your token').fill(ADMIN_TOKEN);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(`${base}/pages`);
  await page.close();
  return context;
}

async function picture(page: Page, name: string): Promise<void> {
  if (PICTURES === undefined) return;
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: path.join(PICTURES, `${name}.png`), fullPage: true });
}

describe.each([
  [360, 'light'],
  [360, 'dark'],
  [1280, 'light'],
  [1280, 'dark'],
] as const)('%i px, %s', (width, colorScheme) => {
  test('every page is readable and without complaint', async () => {
    const context = await signedIn({ viewport: { width, height: 800 }, colorScheme });
    const { requester_id: contact } = await api.db.selectFrom('conversations').select('requester_id').where('number', '=', number).executeTakeFirstOrThrow();
    const link = (purpose: LinkPurpose) => `/l/${signLink(api.keys, { purpose, number, contact })}`;
    const pages = [
      '/',
      '/conversations',
      `/conversations/${number}`,
      `/conversations/${part}`,
      '/pages',
      `/pages/${pageId}`,
      '/notices',
      '/mails',
      `/mails/${mailId}`,
      link('productionDown'),
      link('somethingElse'),
      '/sign-in',
      '/nothing-here',
    ];
    for (const [index, target] of pages.entries()) {
      const page = await context.newPage();
      const complaints = complaintsOf(page);
      await page.goto(base + target, { waitUntil: 'networkidle' });
      expect([target, await page.evaluate<string[]>(SINS)]).toEqual([target, []]);
      // The mail in the frame tries to run a script and to load a picture; both are stopped, and say so.
      if (!target.startsWith('/mails/') && target !== '/nothing-here') expect([target, complaints]).toEqual([target, []]);
      await picture(page, `${target.startsWith('/l/') ? `link-${index}` : target.slice(1).replaceAll('/', '-') || 'start'}-${width}-${colorScheme}`);
      await page.close();
    }
    await context.close();
  }, 90_000);
});

test('on-call acknowledges, tells the customer, and signs out', async () => {
  const id = await addPage(api, number, 2);
  const context = await signedIn({ viewport: { width: 360, height: 800 } });
  const page = await context.newPage();
  await page.goto(`${base}/pages/${id}`);
  await page.getByRole('button', { name: 'Acknowledge' }).click();
  await page.waitForURL(`${base}/pages/${id}`);
  expect(await page.getByText(/acknowledged by/).count()).toBe(1);
  expect(await page.getByRole('button', { name: 'Acknowledge' }).count()).toBe(0);
  const row = await api.db.selectFrom('pages').select(['state', 'acknowledged_at']).where('id', '=', id).executeTakeFirst();
  expect(row).toEqual({ state: 'acknowledged', acknowledged_at: new Date(SATURDAY_NOON) });

  // Closed, and on the standard plan even an urgent answer is due after the opening: the word is true, so it is offered.
  expect(await page.getByRole('button', { name: 'When the office opens' }).count()).toBe(1);
  await page.getByLabel('Or in your own words').fill('We are restarting the web servers.');
  await page.getByRole('button', { name: 'Send to the customer' }).click();
  await page.waitForURL(/said=queued/);
  expect(await page.getByText('We are restarting the web servers.').count()).toBe(1);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(`${base}/sign-in`);
  await page.goto(`${base}/pages`);
  expect(page.url()).toContain('/sign-in');
  await context.close();
}, 60_000);

test('a mail in its frame runs and loads nothing', async () => {
  const context = await signedIn();
  const page = await context.newPage();
  await page.goto(`${base}/mails/${mailId}`, { waitUntil: 'networkidle' });
  expect(await page.frameLocator('iframe').getByRole('heading').textContent()).toBe('Thanks for writing!');
  expect(await page.frames()[1]?.title()).not.toBe('it ran');
  expect(trackers).toEqual([]);
  await context.close();
}, 60_000);

test('the API’s reference opens offline and lists the calls', async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const complaints = complaintsOf(page);
  const loaded: string[] = [];
  page.on('request', (request) => loaded.push(request.url()));
  await page.goto(`${base}/api/docs`, { waitUntil: 'networkidle' });
  await page.getByText('Open a ticket for a customer').waitFor();
  await page.getByText('Open a ticket for a customer').click();
  await page.getByText('The ticket exists, and its promises run.').waitFor();
  await picture(page, 'docs-1280-light');
  expect(loaded.filter((url) => !url.startsWith(base) && !url.startsWith('data:'))).toEqual([]);
  expect(complaints).toEqual([]);
  await context.close();
}, 60_000);
