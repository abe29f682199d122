import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { insertAttachments } from '../../db/attachments';
import { parseMail } from '../../intake/parse/parse-mail';
import { ADMIN_TOKEN, addTicket, openTestApi, type TestApi } from '../api/test-api';
import { launchChromium } from '../kit/chromium';
import { mail, part, parts } from '../intake/mails/fixture';

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

let api: TestApi;
let server: Server;
/** Somebody who would like to know when a mail is read. */
let tracker: Server;
const tracked: string[] = [];
let base: string;
let elsewhere: string;
let browser: Browser;
let number: number;

beforeAll(async () => {
  api = await openTestApi();
  number = await addTicket(api);
  tracker = createServer((request, response) => {
    tracked.push(request.url ?? '');
    response.setHeader('Content-Type', 'image/png').end(Buffer.from(PNG, 'base64'));
  }).listen(0, '127.0.0.1');
  server = createServer(api.app).listen(0, '127.0.0.1');
  await Promise.all([once(tracker, 'listening'), once(server, 'listening')]);
  elsewhere = `http://127.0.0.1:${(tracker.address() as AddressInfo).port}`;
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await launchChromium();
  await keepMessage();
}, 60_000);

afterAll(async () => {
  await browser.close();
  server.closeAllConnections();
  server.close();
  tracker.closeAllConnections();
  tracker.close();
  await api.close();
});

/** The ticket's message as if it had come by mail. */
async function keepMessage(): Promise<void> {
  const html = [
    `<h1 style="color:#1f5f8b;background:url(${elsewhere}/style.png)">Our logo</h1>`,
    `<img alt="logo" src="cid:logo"><img alt="fake" src="cid:fake"><img alt="tracker" src="${elsewhere}/pixel.png">`,
    `<script>document.title = "it ran"; fetch("${elsewhere}/script")</script><a href="${elsewhere}/link">a link</a>`,
    `<form action="${elsewhere}/form"><button>Sign in again</button></form>`,
    '<div class="gmail_quote">On Monday at 10:00 Ada wrote: EARLIER</div>',
  ].join('');
  const picture = (id: string, content: string) =>
    part([`Content-Type: image/png; name=${id}.png`, `Content-ID: <${id}>`, 'Content-Transfer-Encoding: base64'], content);
  const read = await parseMail(
    mail({
      subject: 'Re: Logo',
      type: 'multipart/related; boundary=b',
      body: parts(
        'b',
        part(['Content-Type: text/html; charset=utf-8'], html),
        picture('logo', PNG),
        picture('fake', Buffer.from('<svg onload="alert(1)"/>').toString('base64')),
      ),
    }),
  );
  const { id } = await api.db
    .updateTable('messages')
    .set({ body: read.text, full_body: read.fullText, html: read.html })
    .where('number', '=', number)
    .returning('id')
    .executeTakeFirstOrThrow();
  await api.db.transaction().execute((trx) => insertAttachments(trx, id, read.files));
}

async function conversationPage(): Promise<Page> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${base}/sign-in?next=/conversations/${number}`);
  await page.getByLabel('Your token').fill(ADMIN_TOKEN);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(`${base}/conversations/${number}`);
  return page;
}

const sources = (page: Page) =>
  page
    .frameLocator('iframe')
    .locator('img')
    .evaluateAll((images: { alt: string; naturalWidth: number; hasAttribute(name: string): boolean }[]) =>
      images.map((image) => [image.alt, image.hasAttribute('src'), image.naturalWidth]),
    );

/** Looks again until it is so, for some seconds. */
async function expectSoon(look: () => void): Promise<void> {
  for (const until = Date.now() + 10_000; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    try {
      look();
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
    }
  }
}

test('what a customer formatted is seen in a frame where nothing runs, and pictures from elsewhere only when asked for', async () => {
  const page = await conversationPage();
  expect(await page.getByText('Our logo').first().isVisible()).toBe(true);
  await page.getByText('With what it quotes').click();
  expect(await page.getByText('EARLIER').isVisible()).toBe(true);

  await page.getByText('As it was formatted').click();
  const frame = page.frameLocator('iframe');
  await frame.getByRole('heading', { name: 'Our logo' }).waitFor();
  expect(await sources(page)).toEqual([
    ['logo', true, 1],
    ['fake', false, 0],
    ['tracker', false, 0],
  ]);
  expect([await frame.locator('script').count(), await frame.locator('form').count()]).toEqual([0, 0]);
  expect(await frame.getByText('a link').getAttribute('rel')).toContain('noopener');
  expect(tracked).toEqual([]);

  await page.getByRole('link', { name: 'Load them' }).click();
  await expectSoon(() => expect(tracked).toEqual(['/pixel.png']));
  expect(page.url()).toBe(`${base}/conversations/${number}`);
  expect(await page.title()).not.toBe('it ran');
  await page.context().close();
}, 60_000);

test('files are downloaded under their own names', async () => {
  const page = await conversationPage();
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'fake.png' }).click();
  expect((await download).suggestedFilename()).toBe('fake.png');
  await page.context().close();
}, 60_000);

test('opened by itself it is as safe, and nobody sees it who has not signed in', async () => {
  const { id } = await api.db.selectFrom('messages').select('id').where('number', '=', number).executeTakeFirstOrThrow();
  const url = `${base}/conversations/${number}/messages/${id}/html`;
  const stranger = await fetch(url, { redirect: 'manual' });
  expect([stranger.status, stranger.headers.get('location')]).toEqual([303, expect.stringContaining('/sign-in') as string]);
  const own = await fetch(url, { headers: { Authorization: `Bearer ${ADMIN_TOKEN}` } });
  expect(own.headers.get('content-security-policy')).toMatch(/^sandbox allow-popups[^;]*; default-src 'none'; img-src data:; .*frame-ancestors 'self'$/);
  expect(own.headers.get('x-frame-options')).toBe('SAMEORIGIN');
  const remote = await fetch(`${url}?images=remote`, { headers: { Authorization: `Bearer ${ADMIN_TOKEN}` } });
  expect(remote.headers.get('content-security-policy')).toContain('img-src data: https: http:;');
  const elsewhereInDesk = await fetch(url.replace(`/conversations/${number}/`, `/conversations/${number + 1}/`), {
    headers: { Authorization: `Bearer ${ADMIN_TOKEN}` },
  });
  expect(elsewhereInDesk.status).toBe(404);
});
