import type { Frame, Page } from 'playwright-core';
import { CHATTING } from '../end-to-end/policies';
import { WITHOUT_MAIL } from '../kit/message-row';
import { axeFindings, picture } from '../kit/browser';
import { useChatScene } from '../kit/chat-scene';
import { LiveTab } from '../kit/chatting-customer';
import { inTheEnd, type DeskUnderTest } from '../kit/desk-under-test';
import { startStrictProxy } from '../kit/strict-proxy';
import { launcherOf } from '../kit/widget';

const scene = useChatScene(CHATTING);
const { reply, wordsOf } = scene;
let desk: DeskUnderTest;
beforeAll(() => void ({ desk } = scene));

const agentAt = (number: number) => LiveTab.open(desk.parts.url, { token: desk.parts.adminToken, number });

/** Where the keyboard is: on the host's page, or in the chat. */
const focusIn = (where: Page | Frame) =>
  where.evaluate<string>(`(() => {
    let at = document.activeElement;
    while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
    return at?.getAttribute('aria-label') ?? at?.labels?.[0]?.textContent ?? at?.textContent ?? '';
  })()`);

test('each side sees that the other one types, for as long as it does', async () => {
  const email = 'tom@rosen.example';
  const person = await scene.signedIn({ email, name: 'Tom Rosen' });
  desk.parts.sink.expect(email);
  const widget = await scene.hostPage(person, 'as=customer');
  const number = await scene.begins(widget, email, 'The log says this:');
  const agent = await agentAt(number);
  const told = (on: boolean) => agent.frames.filter(({ event }) => event?.kind === 'typing' && event.on === on);
  await widget.field.focus();
  // Whoever hears it forgets it after six seconds: it is said again while it lasts.
  await inTheEnd('the agent is told again and again', async () => {
    await widget.page.keyboard.type('.');
    return told(true).length > 1;
  });
  expect(told(true)[0]?.event?.['who']).toMatchObject({ name: 'Tom Rosen', agent: false });
  expect(told(false)).toEqual([]);
  await inTheEnd('the agent is told that it is over', () => told(false).length > 0);

  agent.typing(true);
  const dots = widget.inside.getByText('Admin is typing');
  await dots.waitFor({ state: 'attached' });
  await picture(widget.page, 'widget-typing');
  expect(await axeFindings(widget.frame())).toEqual([]);
  // Nothing more is heard, as when a network breaks: it fades by itself.
  await dots.waitFor({ state: 'detached' });
  agent.typing(true);
  await dots.waitFor({ state: 'attached' });
  await reply(number, 'Which line?');
  await widget.shows('Which line?');
  await dots.waitFor({ state: 'detached' });
  agent.close();
  await person.leave();
});

test('who chooses Urgent has read what that means, and the desk treats it so', async () => {
  const email = 'una@rosen.example';
  const person = await scene.signedIn({ email, name: 'Una Rosen' });
  desk.parts.sink.expect(email);
  const widget = await scene.hostPage(person, 'as=customer');
  await widget.open();
  await widget.inside.getByRole('button', { name: 'Production down? Tell us now' }).click();
  for (const choice of [
    'Urgent Production application is completely down or unusable',
    'High Production application is up, but is negatively impacted',
    'Normal General support requests',
    'Low Questions, requests and suggestions',
  ]) {
    await widget.inside.getByRole('radio', { name: choice, exact: true }).waitFor();
  }
  await widget.inside.getByRole('radio', { name: /^Urgent/ }).check();
  await widget.inside.getByRole('button', { name: 'Priority: Urgent' }).click();
  await widget.say('The shop is down.');
  const number = await scene.chatOf(email);
  await widget.shows(/Sent ·/);
  const workflow = desk.parts.temporal.workflow.getHandle(`conversation/${number}`);
  await inTheEnd('the workflow is urgent', async () => {
    const { searchAttributes } = await workflow.describe();
    return searchAttributes['HoldfastPriority']?.[0] === 'urgent';
  });
  const { priority, receivedAt, promises } = await desk.conversation(number);
  expect(priority).toBe('urgent');
  const first = promises.find(({ kind }) => kind === 'firstResponse');
  expect(Date.parse(first?.dueAt ?? '') - Date.parse(receivedAt)).toBe(30 * 60_000);
  await reply(number, 'We are on it.');
  await person.leave();
});

/** Everything that can be used in a part of the chat and is not where a pointer finds it after scrolling; and whether it scrolls sideways. */
const outOfReach = (part: string) => `(() => {
  const lost = [];
  const page = document.documentElement;
  if (page.scrollWidth > innerWidth) lost.push('it scrolls sideways');
  // A script could scroll there, a person could not.
  if (getComputedStyle(document.body).overflowY === 'hidden' && page.scrollHeight > innerHeight) lost.push('its end is cut off');
  for (const each of document.querySelectorAll('${part} :is(button, a[href], input:not([hidden]), textarea, select)')) {
    if (each.disabled || each.hidden || !each.checkVisibility({ visibilityProperty: true })) continue;
    each.scrollIntoView({ block: 'nearest', behavior: 'instant' });
    const { left, right, top, bottom } = each.getBoundingClientRect();
    const there = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    if (left < -1 || right > innerWidth + 1 || !(each === there || each.contains(there) || there?.closest('label')?.contains(each)))
      lost.push((each.getAttribute('aria-label') ?? each.textContent ?? each.id).trim());
  }
  return lost;
})()`;

test('at 200 % nothing scrolls sideways and everything can be reached', async () => {
  const email = 'zoe@rosen.example';
  desk.parts.sink.expect(email);
  // A browser that shows a window of 1280 × 720 twice as large has 640 × 360 left.
  const person = await scene.browser.person({ viewport: { width: 640, height: 360 }, deviceScaleFactor: 2, reducedMotion: 'reduce' });
  const widget = await scene.hostPage(person);
  expect(await widget.page.evaluate('document.documentElement.scrollWidth > innerWidth')).toBe(false);
  await widget.open();
  const look = async (screen: string, part = 'body') => {
    await picture(widget.page, `zoom-${screen}`);
    expect([screen, await widget.frame().evaluate<string[]>(outOfReach(part))]).toEqual([screen, []]);
  };
  await look('welcome');
  await widget.inside.getByRole('button', { name: 'Production down? Tell us now' }).click();
  await look('priority');
  await widget.inside.getByRole('button', { name: 'Add an emoji' }).click();
  await look('emojis', '.emojis');
  await widget.page.keyboard.press('Escape');
  await widget.say('It is all rather large here.');
  await widget.inside.getByRole('textbox', { name: 'Your e-mail address' }).fill(email);
  await look('who');
  await widget.inside.getByRole('button', { name: 'Send message' }).click();
  await widget.shows(/Sent ·/);
  await reply(await scene.chatOf(email), 'Large letters are good letters.\n'.repeat(12));
  await widget.shows(/^Large letters/);
  await look('thread');
  await widget.inside.getByRole('button', { name: 'More' }).click();
  await widget.inside.getByRole('menuitem').first().waitFor();
  await look('menu', '.menu-list');
  await widget.page.keyboard.press('Escape');
  await widget.inside.getByRole('button', { name: 'Your chats' }).click();
  await widget.inside.getByRole('button', { name: 'Show that this address is yours' }).waitFor();
  await look('chats');
  await person.leave();
});

test('where WebSockets are blocked, server-sent events carry the chat both ways', async () => {
  const email = 'wim@rosen.example';
  desk.parts.sink.expect(email);
  const proxy = await startStrictProxy();
  // Chromium asks a proxy for its own machine only if it is told to.
  const person = await scene.signedIn({ email, name: 'Wim Rosen' }, { proxy: { server: proxy.url, bypass: '<-loopback>' } });
  person.forgive(/WebSocket|ERR_TUNNEL_CONNECTION_FAILED/);
  const widget = await scene.hostPage(person, 'as=customer');
  const streams: string[] = [];
  widget.page.on('request', (request) => {
    if (request.url().includes('/api/v1/live/events')) streams.push(request.url());
  });
  const number = await scene.begins(widget, email, 'Our company blocks almost everything.');
  await inTheEnd('a stream is open', () => streams.length > 0);
  await reply(number, 'Not this.');
  await widget.shows('Not this.');
  const agent = await agentAt(number);
  await widget.field.pressSequentially('Really?');
  await agent.event('the agent hears that they type', ({ kind, on }) => kind === 'typing' && on === true);
  await widget.page.keyboard.press('Enter');
  await agent.message('Really?');
  agent.typing(true);
  await widget.inside.getByText('Admin is typing').waitFor({ state: 'attached' });
  await reply(number, 'Really.');
  await widget.shows('Really.');
  await inTheEnd('the desk knows that it was seen', async () => {
    const seen = desk.parts.db.selectFrom('messages').select('id').where('number', '=', number).where('body', '=', 'Really.').where('seen_at', 'is not', null);
    return (await seen.execute()).length === 1;
  });
  expect(await wordsOf(number)).toEqual(['Our company blocks almost everything.', 'Really?']);
  expect(proxy.refused()).toBeGreaterThan(0);
  agent.close();
  await person.leave();
  await proxy.close();
});

test('the keyboard is enough: open, choose, write, send, close, and back to where one was', async () => {
  const email = 'kim@rosen.example';
  desk.parts.sink.expect(email);
  const person = await scene.signedIn({ email, name: 'Kim Rosen' });
  const widget = await scene.hostPage(person, 'as=customer');
  const { page } = widget;
  const { keyboard } = page;
  const tabTo = (name: string | RegExp, where: () => Page | Frame, key = 'Tab') =>
    inTheEnd(`${key} leads to ${String(name)}`, async () => {
      const at = await focusIn(where());
      if (typeof name === 'string' ? at === name : name.test(at)) return true;
      await keyboard.press(key);
      return false;
    });
  await launcherOf(page).getByRole('button').waitFor();
  await tabTo('Chat with us', () => page);
  await keyboard.press('Enter');
  await widget.field.waitFor();
  await inTheEnd('what is typed goes into the chat', async () => (await focusIn(widget.frame())) === 'Your message');
  await tabTo(/Production down/, () => widget.frame(), 'Shift+Tab');
  await keyboard.press('Enter');
  await tabTo(/^Normal/, () => widget.frame(), 'Shift+Tab');
  await keyboard.press('ArrowUp');
  // The first Escape closes what is on top, not the chat.
  await keyboard.press('Escape');
  await widget.inside.getByRole('button', { name: 'Priority: High' }).waitFor();
  await tabTo('Add an emoji', () => widget.frame());
  await keyboard.press('Enter');
  await inTheEnd('the first emoji has the focus', async () => (await focusIn(widget.frame())) === 'smile');
  await keyboard.press('Tab');
  await keyboard.press('Enter');
  await inTheEnd('the focus is back where words are written', async () => (await focusIn(widget.frame())) === 'Your message');
  expect(await widget.field.inputValue()).toBe('😄');
  await keyboard.type(' Hello');
  await keyboard.press('Shift+Enter');
  await keyboard.type('in two lines');
  await keyboard.press('Enter');
  const number = await scene.chatOf(email);
  await widget.shows(/Sent ·/);
  expect(await wordsOf(number)).toEqual(['😄 Hello\nin two lines']);
  expect((await desk.conversation(number)).priority).toBe('high');
  await inTheEnd('one can go on writing', async () => (await focusIn(widget.frame())) === 'Your message');
  await tabTo('More', () => widget.frame(), 'Shift+Tab');
  await keyboard.press('Enter');
  await inTheEnd('the menu has the focus', async () => (await focusIn(widget.frame())).includes('E-mail me a copy'));
  await keyboard.press('ArrowDown');
  expect(await focusIn(widget.frame())).toContain('Production down');
  await keyboard.press('Escape');
  await inTheEnd('the focus is back on its button', async () => (await focusIn(widget.frame())) === 'More');
  await keyboard.press('Escape');
  await widget.field.waitFor({ state: 'hidden' });
  await inTheEnd('the focus is back on the button of the page', async () => (await focusIn(page)) === 'Chat with us');
  await keyboard.press('Enter');
  await widget.field.waitFor();
  await inTheEnd('and in the chat again', async () => (await focusIn(widget.frame())) === 'Your message');
  await reply(number, 'Hello!');
  await widget.shows('Hello!');
  await person.leave();
});

test('several tabs are one chat, and all of them say how much is unread', async () => {
  const email = 'sam@rosen.example';
  desk.parts.sink.expect(email);
  const person = await scene.signedIn({ email, name: 'Sam Rosen' });
  const one = await scene.hostPage(person, 'as=customer');
  const two = await scene.hostPage(person, 'as=customer');
  const number = await scene.begins(one, email, 'From the first tab');
  const three = await scene.hostPage(person, 'as=customer');
  await two.open();
  // It was opened before there was a chat, and finds it all the same.
  await two.say('From the second tab');
  for (const widget of [one, two]) await widget.shows('From the second tab');
  await three.open();
  await three.shows('From the first tab');
  await Promise.all([one.say('Both at once, one'), two.say('Both at once, two')]);
  for (const widget of [one, two, three]) {
    for (const words of ['Both at once, one', 'Both at once, two']) await widget.shows(words);
    await inTheEnd('everything is there once', async () => (await widget.inside.locator('.bubble').count()) === 4);
  }
  expect((await wordsOf(number)).toSorted()).toEqual(['Both at once, one', 'Both at once, two', 'From the first tab', 'From the second tab']);
  expect(await scene.chatOf(email)).toBe(number);

  for (const widget of [one, two, three]) await widget.inside.getByRole('button', { name: 'Close the chat' }).click();
  await reply(number, 'One answer');
  await reply(number, 'And another');
  for (const { page } of [one, two, three]) {
    await launcherOf(page).getByRole('button', { name: 'Chat with us, 2 unread messages' }).waitFor();
    await page.getByText('(2 new)').waitFor();
    expect(await page.title()).toMatch(/^\(2\) /);
  }
  await picture(one.page, 'widget-badge');
  expect(await axeFindings(one.page)).toEqual([]);
  await three.open();
  await three.shows('And another');
  for (const { page } of [one, two]) await launcherOf(page).getByRole('button', { name: 'Chat with us', exact: true }).waitFor();
  expect(await one.page.title()).not.toMatch(/^\(/);
  await person.leave();
});

/** Whether somebody sees it: it is within the thread's part of the screen. */
const inView = (words: string) => `(() => {
  const box = document.querySelector('.thread').getBoundingClientRect();
  return [...document.querySelectorAll('.bubble')].some((each) => {
    const { top, bottom } = each.getBoundingClientRect();
    return each.textContent === ${JSON.stringify(words)} && top >= box.top && bottom <= box.bottom;
  });
})()`;

test('in a long thread the place that is read stays, and what is sent or new is in view', async () => {
  const email = 'lea@rosen.example';
  desk.parts.sink.expect(email);
  const person = await scene.signedIn({ email, name: 'Lea Rosen' });
  const widget = await scene.hostPage(person, 'as=customer');
  const number = await scene.begins(widget, email, 'What happened in the night?');
  const { at } = await desk.parts.db.selectFrom('messages').select('at').where('number', '=', number).executeTakeFirstOrThrow();
  const line = (n: number) => ({
    ...WITHOUT_MAIL,
    seq: null,
    id: `m-line-${n}`,
    number,
    direction: 'out' as const,
    author_kind: 'system' as const,
    author_id: null,
    channel: 'chat' as const,
    body: `Line ${n}`,
    at: new Date(at.getTime() + n),
    state: 'sent' as const,
  });
  await desk.parts.db
    .insertInto('messages')
    .values(Array.from({ length: 70 }, (_, index) => line(index + 1)))
    .execute();
  await widget.page.reload();
  await widget.shows('Line 70');
  const inSight = (words: string) => inTheEnd(`“${words}” is in view`, () => widget.frame().evaluate<boolean>(inView(words)));
  const place = async () => (await widget.inside.getByText('Line 30', { exact: true }).boundingBox())?.y ?? 0;
  await widget.inside.getByRole('button', { name: 'Earlier messages' }).scrollIntoViewIfNeeded();
  const before = await place();
  await widget.inside.getByRole('button', { name: 'Earlier messages' }).click();
  await widget.shows('What happened in the night?');
  expect(Math.abs((await place()) - before)).toBeLessThan(30);
  await widget.say('That is a lot!');
  await inSight('That is a lot!');
  const below = widget.inside.getByRole('button', { name: 'New messages' });
  expect(await below.count()).toBe(0);
  await widget.inside.getByText('What happened in the night?').scrollIntoViewIfNeeded();
  await reply(number, 'A cable was cut.');
  await below.click();
  await inSight('A cable was cut.');
  await below.waitFor({ state: 'detached' });
  await widget.inside.getByText('What happened in the night?').scrollIntoViewIfNeeded();
  await widget.inside.getByRole('button', { name: 'Close the chat' }).click();
  await reply(number, 'It was a long night.');
  await launcherOf(widget.page)
    .getByRole('button', { name: /unread/ })
    .waitFor();
  await widget.open();
  await inSight('It was a long night.');
  await person.leave();
});
