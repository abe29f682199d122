import type { BrowserContextOptions } from 'playwright-core';
import { CHATTING } from '../end-to-end/policies';
import { axeFindings, picture } from '../kit/browser';
import { useChatScene } from '../kit/chat-scene';
import { inTheEnd, type DeskUnderTest } from '../kit/desk-under-test';
import { launcherOf } from '../kit/widget';

const scene = useChatScene(CHATTING);
const { hostPage, chatOf, reply, wordsOf } = scene;
let desk: DeskUnderTest;
beforeAll(() => void ({ desk } = scene));

/** Whether something is wider than the screen. */
const WIDER =
  'document.documentElement.scrollWidth > innerWidth || [...document.querySelectorAll("body *")].some((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest("pre, .only-read"))';

test('an anonymous visitor is asked once who they are; what they write without a connection is sent once when it is back', async () => {
  const person = await scene.browser.person();
  person.forgive(/ERR_INTERNET_DISCONNECTED|WebSocket/);
  desk.parts.sink.expect('grace@navy.example');
  const widget = await hostPage(person);
  await widget.open();
  await widget.say('Our deployment hangs.');
  await widget.shows('One moment before we send it');
  expect(await desk.must<{ items: unknown[] }>('GET', '/conversations?kind=chat&q=hangs').then(({ items }) => items)).toEqual([]);
  await widget.inside.getByRole('textbox', { name: 'Your e-mail address' }).fill('grace');
  await widget.inside.getByRole('button', { name: 'Send message' }).click();
  await widget.shows('This doesn’t look like an e-mail address yet.');
  expect(await axeFindings(widget.frame())).toEqual([]);
  await widget.inside.getByRole('textbox', { name: 'Your e-mail address' }).fill('grace@navy.example');
  await widget.inside.getByRole('textbox', { name: /^Your name/ }).fill('Grace Hopper');
  await widget.inside.getByRole('button', { name: 'Send message' }).click();
  await widget.shows(/Sent ·/);
  await widget.shows('If you leave, we e-mail g***@navy.example.');
  const number = await chatOf('grace@navy.example');

  await person.context.setOffline(true);
  await widget.say('First without a network');
  await widget.say('Second without a network');
  await widget.shows('No connection.');
  await widget.shows('Waiting for the connection');
  expect(await axeFindings(widget.frame())).toEqual([]);
  await picture(widget.page, 'widget-offline');
  await person.context.setOffline(false);
  await inTheEnd('both are with the desk', async () => (await wordsOf(number)).length === 3);
  await widget.inside.getByText('No connection.').waitFor({ state: 'detached' });
  // What was kept on the device is kept no longer: another page load sends nothing again.
  await widget.page.reload();
  await widget.shows('Second without a network');
  await reply(number, 'I see both of them.');
  await widget.shows('I see both of them.');
  expect(await wordsOf(number)).toEqual(['Our deployment hangs.', 'First without a network', 'Second without a network']);
  await person.leave();
});

test('a tab that is closed before its message was sent loses nothing', async () => {
  const person = await scene.browser.person();
  person.forgive(/ERR_INTERNET_DISCONNECTED|ERR_FAILED|Failed to load/);
  const widget = await hostPage(person, 'as=customer');
  await widget.open();
  await person.context.route('**/api/v1/chats', (route) => route.abort());
  await widget.say('Sent from a page that was closed');
  await widget.shows('Sent from a page that was closed');
  await widget.page.close();
  await person.context.unroute('**/api/v1/chats');
  await hostPage(person, 'as=customer');
  const number = await chatOf('ada.winter@kornblume.example');
  expect(await wordsOf(number)).toEqual(['Sent from a page that was closed']);
  desk.parts.sink.expect('ada.winter@kornblume.example');
  await desk.must('PUT', `/conversations/${number}/status`, { status: 'solved' });
  await person.leave();
});

test('two tabs are one chat; the closed one says how much is unread, until it is read in the other', async () => {
  const person = await scene.browser.person();
  desk.parts.sink.expect('ada.winter@kornblume.example');
  const [one, other] = [await hostPage(person, 'as=customer'), await hostPage(person, 'as=customer')];
  const launcher = launcherOf(one.page);
  await one.open();
  await one.say('Is the new PHP out?');
  const number = await chatOf('ada.winter@kornblume.example');
  await one.shows(/Sent ·/);
  await one.inside.getByRole('button', { name: 'Close the chat' }).click();
  // Focus goes back to where it came from.
  await inTheEnd('the focus is on the button', async () =>
    one.page.evaluate<boolean>("document.activeElement?.shadowRoot?.activeElement?.getAttribute('aria-label') === 'Chat with us'"),
  );
  await reply(number, 'Since this morning.');
  await launcher.getByRole('button', { name: 'Chat with us, 1 unread message' }).waitFor();
  expect(await one.page.title()).toMatch(/^\(1\) /);
  await other.page.reload();
  await other.page.bringToFront();
  await other.open();
  await other.shows('Since this morning.');
  await launcher.getByRole('button', { name: 'Chat with us', exact: true }).waitFor();
  expect(await one.page.title()).not.toMatch(/^\(/);
  await inTheEnd('the desk knows that it was seen', async () => {
    const { items } = await desk.must<{ items: { body: string; seenAt: string | null }[] }>('GET', `/conversations/${number}/messages`);
    return items.some(({ body, seenAt }) => body === 'Since this morning.' && seenAt !== null);
  });
  await other.page.keyboard.press('Escape');
  await other.field.waitFor({ state: 'hidden' });
  await person.leave();
});

test('the end is the customer’s: be right back, the closing question, their verdict, and another language', async () => {
  const person = await scene.browser.person();
  desk.parts.sink.expect('ada.winter@kornblume.example');
  const widget = await hostPage(person, 'as=customer&lang=de');
  const inside = widget.page.frameLocator('iframe[title="Support-Chat"]');
  await widget.page.getByRole('button', { name: 'Mit uns chatten' }).click();
  await inside.getByRole('textbox', { name: 'Ihre Nachricht' }).fill('Noch eine Frage zum Backup.');
  await inside.getByRole('button', { name: 'Senden', exact: true }).click();
  const number = await chatOf('ada.winter@kornblume.example');
  await inside
    .getByText(/Gesendet ·/)
    .first()
    .waitFor();
  await desk.must('POST', `/conversations/${number}/be-right-back`, {});
  // Shortly before midnight the day is said, too.
  await inside.getByText(/ist gleich zurück, spätestens (\S+ )*\d\d:\d\d\.$/).waitFor();
  // What was said by one key is said in the customer’s language.
  await inside.getByText('Ich sehe mir das an und bin gleich wieder da.').waitFor();
  await reply(number, 'Hier bin ich wieder.');
  await desk.must('POST', `/conversations/${number}/closing-question`, {});
  expect(await axeFindings(widget.frame())).toEqual([]);
  await inside.getByText('Kann ich sonst noch etwas für Sie tun?').waitFor();
  await inside.getByRole('button', { name: 'Nein, das war alles' }).click();
  await inside.getByText('Dieser Chat ist beendet.').waitFor();
  await inside.getByRole('button', { name: 'Nicht so gut' }).click();
  await inside.getByRole('textbox', { name: 'Was können wir besser machen?' }).fill('Etwas schneller.');
  await picture(widget.page, 'widget-verdict-de');
  expect(await axeFindings(widget.frame())).toEqual([]);
  await inside.locator('form').filter({ hasText: 'besser' }).getByRole('button', { name: 'Senden', exact: true }).click();
  await inside.getByText('Danke, dass Sie es uns gesagt haben!').waitFor();
  const rating = await desk.parts.db.selectFrom('ratings').select(['score', 'words']).where('number', '=', number).executeTakeFirst();
  expect(rating).toEqual({ score: 'bad', words: 'Etwas schneller.' });
  // Once means once.
  await widget.page.reload();
  await inside.getByText('Dieser Chat ist beendet.').or(inside.getByText('Wie können wir helfen?')).first().waitFor();
  expect(await inside.getByText('Wie war unsere Hilfe?').count()).toBe(0);
  await person.leave();
});

test('the demo’s contact form is the signed-in customer’s own, in a frame', async () => {
  const person = await scene.browser.person();
  const { page } = await hostPage(person, 'as=customer');
  await page.getByRole('button', { name: 'Write a ticket' }).click();
  const form = page.frameLocator('iframe[title="Contact form"]');
  const address = form.getByRole('textbox', { name: 'Your e-mail address' });
  await address.waitFor();
  expect(await address.inputValue()).toBe('ada.winter@kornblume.example');
  await picture(page, 'demo-form');
  await person.leave();
});

/** A narrow one in the dark and a wide one in the light; all of them for those who want to look at the pictures. */
const SCREENS: readonly (readonly [string, BrowserContextOptions])[] = [320, 768, 1280]
  .flatMap((width) => (['light', 'dark'] as const).map((colorScheme) => ({ width, colorScheme })))
  .filter(
    ({ width, colorScheme }) =>
      process.env['HOLDFAST_TEST_PICTURES'] !== undefined || (width === 320 ? colorScheme === 'dark' : width === 1280 && colorScheme === 'light'),
  )
  .map(({ width, colorScheme }) => [`${width}-${colorScheme}`, { viewport: { width, height: 800 }, colorScheme, reducedMotion: 'reduce' }]);

test.each(SCREENS)('%s: every screen is readable, and axe finds nothing', async (name, options) => {
  const person = await scene.browser.person(options);
  const address = `${name}@screens.example`;
  desk.parts.sink.expect(address);
  const widget = await hostPage(person);
  expect(await axeFindings(widget.page)).toEqual([]);
  expect(await widget.page.evaluate('document.documentElement.scrollWidth > innerWidth')).toBe(false);
  await picture(widget.page, `demo-${name}`);
  await widget.open();
  const look = async (screen: string) => {
    expect([screen, await axeFindings(widget.frame()), await widget.frame().evaluate(WIDER)]).toEqual([screen, [], false]);
    await picture(widget.page, `widget-${screen}-${name}`);
  };
  await look('welcome');
  await widget.inside.getByRole('button', { name: 'Production down? Tell us now' }).click();
  await widget.inside.getByRole('radio', { name: /^High/ }).check();
  await look('priority');
  await widget.say('It is slow: `GET /checkout`\n```\nupstream timed out (110: Connection timed out) while reading response header from upstream\n```');
  await widget.inside.getByRole('textbox', { name: 'Your e-mail address' }).fill(address);
  await look('who');
  await widget.inside.getByRole('button', { name: 'Send message' }).click();
  const number = await chatOf(address);
  expect((await desk.conversation(number)).priority).toBe('high');
  await reply(number, 'Thank you, I am looking at https://status.kornblume.example/a/rather/long/address/without/any/place/to/break/it now.');
  await widget.shows(/^Thank you, I am looking/);
  await look('thread');
  await widget.inside.getByRole('button', { name: 'More' }).click();
  await look('menu');
  await widget.page.keyboard.press('Escape');
  await widget.inside.getByRole('button', { name: 'Your chats' }).click();
  await look('chats');
  await widget.inside.getByRole('button', { name: 'Show that this address is yours' }).click();
  await look('prove');
  for (let steps = 0; steps < 2; steps += 1) await widget.inside.getByRole('button', { name: 'Back' }).click();
  await desk.must('POST', `/conversations/${number}/be-right-back`, {});
  await widget.shows(/Admin will be right back/);
  await reply(number, '🎉🚀');
  await look('emoji');
  await desk.must('POST', `/conversations/${number}/conversion`, { keep: true });
  await widget.shows(`This became ticket #${number}.`);
  await look('ticket');
  await desk.must('POST', `/conversations/${number}/closing-question`, {});
  await widget.inside.getByRole('button', { name: 'No, that’s all' }).waitFor();
  await look('closing');
  await widget.inside.getByRole('button', { name: 'No, that’s all' }).click();
  await widget.shows('How was our help?');
  await look('rating');
  await widget.inside.getByRole('button', { name: 'Close the chat' }).click();
  await picture(widget.page, `demo-after-${name}`);
  await person.leave();
});
