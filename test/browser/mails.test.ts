import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { source as axe, type AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { MAIL_KINDS } from '../../policy/effects';
import { writeCodeMail } from '../../activities/mail/code-mail';
import { EXAMPLES_IN_ALL, FRIDAY_EVENING, IDENTITY, LANGUAGES, written } from '../activities/mail-fixtures';
import { launchChromium } from '../kit/chromium';
import { readMail } from '../kit/smtp-sink';

/**
 * Every mail as it looks: rendered light and dark, on a desk's and on a telephone's width. Measures what a reader needs (the number, the
 * time, nothing wider than the screen, legible colours) and leaves the pictures in a folder that it names.
 */

/** What a mail looks like to the one who reads it. */
interface Look {
  readonly text: string;
  readonly language: string;
  readonly background: string;
  readonly widthPx: number;
  readonly smallestFontPx: number;
  /** The text that stands out least from what lies behind it (WCAG contrast ratio). */
  readonly faintest: { readonly contrast: number; readonly text: string };
  readonly buttons: readonly { readonly label: string; readonly heightPx: number; readonly href: string }[];
}

/** Runs in the page. */
const MEASURE = `(() => {
  const parse = (color) => { const [r, g, b, a = 1] = color.match(/[\\d.]+/g).map(Number); return { r, g, b, a }; };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.a > 0.99) return color;
    }
    return matchMedia('(prefers-color-scheme: dark)').matches ? { r: 18, g: 18, b: 18 } : { r: 255, g: 255, b: 255 };
  };
  const part = (v) => { const c = v / 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const light = ({ r, g, b }) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const contrast = (one, other) => { const [a, b] = [light(one), light(other)].sort((x, y) => y - x); return (a + 0.05) / (b + 0.05); };
  let faintest = { contrast: 99, text: '' };
  let smallestFontPx = 99;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    const text = node.textContent.trim();
    if (text === '' || !element.checkVisibility() || element.getClientRects().length === 0) continue;
    const style = getComputedStyle(element);
    const found = contrast(parse(style.color), behind(element));
    if (found < faintest.contrast) faintest = { contrast: found, text };
    smallestFontPx = Math.min(smallestFontPx, parseFloat(style.fontSize));
  }
  const buttons = [...document.querySelectorAll('a[href]')].map((link) => ({
    label: link.innerText.trim(), heightPx: link.getBoundingClientRect().height, href: link.getAttribute('href'),
  }));
  return { text: document.body.innerText, language: document.documentElement.lang, background: getComputedStyle(document.body).backgroundColor, widthPx: document.documentElement.scrollWidth, smallestFontPx, faintest, buttons };
})()`;

/** Runs in the page: what a screen reader, weak eyes or a keyboard would stumble over. */
const STUMBLE = `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })`;

/** Every mail of a conversation, and the one that stands outside of them, in every language. */
const MAILS = [
  ...EXAMPLES_IN_ALL.map(({ name, effect, source, transcript, time, language }) => ({
    name,
    language,
    time,
    numbered: true,
    read: async () => {
      const { mail, html } = await written(effect, source, transcript);
      return { text: mail.text ?? '', html };
    },
  })),
  ...LANGUAGES.map((locale) => ({
    name: `code-${locale}`,
    language: locale,
    time: '493 027',
    numbered: false,
    read: async () => {
      const code = { id: 'k1', email: 'jane@customer.example', hash: Buffer.alloc(32), locale, createdAt: FRIDAY_EVENING, expiresAt: FRIDAY_EVENING + 600_000 };
      const mail = await readMail(await writeCodeMail(IDENTITY, code, '493027'));
      return { text: mail.text ?? '', html: mail.html ?? '' };
    },
  })),
];

describe('mails as pictures', () => {
  let browser: Browser;
  const pages = new Map<'light' | 'dark', Page>();
  const fetched: string[] = [];
  const folder = mkdtempSync(path.join(tmpdir(), 'holdfast-mails-'));

  beforeAll(async () => {
    browser = await launchChromium();
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await browser.newPage({ colorScheme });
      await page.route('**/*', async (route) => {
        fetched.push(route.request().url());
        await route.abort();
      });
      pages.set(colorScheme, page);
    }
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    process.stdout.write(`The mails as pictures are in ${folder}\n`);
  });

  test('there is an example of every kind of mail', () => {
    expect(new Set(EXAMPLES_IN_ALL.map(({ effect }) => effect.mail))).toEqual(new Set(MAIL_KINDS));
  });

  const looks = (['light', 'dark'] as const).flatMap((scheme) => [640, 320].map((width) => ({ scheme, width })));

  describe.each(MAILS)('$name', ({ name, language, time, numbered, read }) => {
    test.each(looks)('$scheme at $width px', async ({ scheme, width }) => {
      const { text: twin, html } = await read();
      const page = pages.get(scheme);
      if (page === undefined) throw new Error('There is no page of that colour scheme.');
      await page.setViewportSize({ width, height: 700 });
      await page.setContent(html, { waitUntil: 'load' });
      const seen = await page.evaluate<Look>(MEASURE);
      await page.screenshot({ path: path.join(folder, `${name}-${scheme}-${width}.png`), fullPage: true });

      if (numbered) expect(seen.text).toContain('#1042');
      expect(seen.language).toBe(language);
      if (time !== null) expect(seen.text).toContain(time);
      expect(seen.text).not.toMatch(/\{\{|\}\}|undefined|null|NaN|\*\*/);
      expect(seen.widthPx).toBeLessThanOrEqual(width);
      expect(seen.smallestFontPx).toBeGreaterThanOrEqual(14);
      const { contrast, text } = seen.faintest;
      expect(`${contrast.toFixed(1)} ${contrast >= 4.5 ? 'is enough' : `is too little: ${text}`}`).toMatch(/is enough$/);
      for (const button of seen.buttons) {
        expect(button.heightPx).toBeGreaterThanOrEqual(40);
        expect(button.href).toMatch(language === 'de' ? /^https:\/\/desk\.example\.test\/l\/[\w.-]+\?lang=de$/ : /^https:\/\/desk\.example\.test\/l\/[\w.-]+$/);
      }
      // What axe looks at is the same on every width; the narrower one breaks more. It stays in the page when another mail is shown.
      if (width === 320) {
        if (!(await page.evaluate<boolean>(`typeof axe === 'object'`))) await page.evaluate(axe);
        const { violations } = await page.evaluate<AxeResults>(STUMBLE);
        expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html: where }) => where).join(' ')}`)).toEqual([]);
      }
      // A mail that fetches anything tells its sender who reads it, and when.
      expect(fetched).toEqual([]);
      // Dark is dark and light is light, where the reader's device says so.
      const brightness = (seen.background.match(/\d+/g) ?? []).slice(0, 3).reduce((sum, part) => sum + Number(part), 0);
      if (scheme === 'dark') expect(brightness).toBeLessThan(200);
      else expect(brightness).toBeGreaterThan(600);
      // The plain-text twin says the same as what is seen.
      const squeezed = (said: string) => said.replace(/[^\p{L}\p{N}]+/gu, '');
      const plain = squeezed(twin);
      for (const line of seen.text.split('\n').filter((part) => part.trim() !== '')) expect(plain).toContain(squeezed(line));
    });
  });
});
