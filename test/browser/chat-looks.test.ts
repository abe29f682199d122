import { closedNow } from '../end-to-end/policies';
import { toldInUtc } from '../end-to-end/told';
import { axeFindings, picture } from '../kit/browser';
import { useChatScene } from '../kit/chat-scene';
import { inTheEnd, type DeskUnderTest } from '../kit/desk-under-test';
import { Widget } from '../kit/widget';

const ADA = 'ada.winter@kornblume.example';
const { policy, opensAt } = closedNow(Date.now());

const scene = useChatScene(policy);
let desk: DeskUnderTest;
beforeAll(() => void ({ desk } = scene));

test('the form out of office hours: what is promised before it is sent is what is promised, kept track of and mailed', async () => {
  const mailbox = desk.customer('Nora', 'nora@acme.example');
  const customer = await scene.browser.person({ timezoneId: 'UTC' });
  const page = await customer.tab();
  await page.goto(`${desk.parts.url}/help`);
  await page.getByText('closed', { exact: false }).first().waitFor();
  // One business day of 12 h from the opening: that day's closing time.
  const dueAt = new Date(opensAt + 12 * 3_600_000).toISOString();
  expect(await page.locator('label.choice.normal time').getAttribute('datetime')).toBe(dueAt);
  await picture(page, 'form-closed');
  await page.getByLabel('E-mail', { exact: false }).first().fill(mailbox.address);
  await page.locator('#subject').fill('A certificate');
  await page.locator('#body').fill('Ours ends next week.');
  await page.locator('label.choice.normal input').check();
  await page.locator('button.send').click();
  await page.locator(`main time[datetime="${dueAt}"]`).first().waitFor();
  await picture(page, 'form-sent');
  expect(await axeFindings(page)).toEqual([]);

  const { number } = await desk.parts.db.selectFrom('conversations').select('number').where('subject', '=', 'A certificate').executeTakeFirstOrThrow();
  await inTheEnd('its workflow promises the same', async () => {
    const { promises } = await desk.conversation(number);
    return promises.some(({ kind, state, dueAt: due }) => kind === 'firstResponse' && state === 'running' && Date.parse(due) === Date.parse(dueAt));
  });
  const [receipt] = await mailbox.receives(1);
  expect(receipt?.text).toContain(toldInUtc(dueAt));
  await customer.leave();
});

describe.each([
  [320, 'light'],
  [320, 'dark'],
  [768, 'light'],
  [768, 'dark'],
  [1280, 'light'],
  [1280, 'dark'],
] as const)('%i px, %s', (width, colorScheme) => {
  test('the demo page and the chat, for somebody known and for anybody, are readable and without complaint', async () => {
    desk.parts.sink.expect(ADA);
    const customer = await scene.browser.person({ viewport: { width, height: 720 }, colorScheme, ...(colorScheme === 'dark' && { locale: 'de-DE' }) });
    const page = await customer.tab();
    await page.goto(`${desk.parts.url}/demo`);
    const widget = new Widget(page);
    expect(await axeFindings(page)).toEqual([]);
    await picture(page, `demo-${width}-${colorScheme}`);
    await widget.open();
    await widget.shows(/back/);
    await picture(page, `closed-${width}-${colorScheme}`);
    expect(await axeFindings(widget.frame())).toEqual([]);
    await widget.say(`Hello from a screen of ${width} pixels: https://shop.kornblume.example/checkout/a-very-long-path-without-any-place-to-break-it`);
    await widget.shows('Sent ·');
    await picture(page, `chat-${width}-${colorScheme}`);
    expect(await axeFindings(widget.frame())).toEqual([]);
    expect(await widget.frame().evaluate<boolean>('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);

    const visitor = await customer.tab();
    await visitor.goto(`${desk.parts.url}/demo?as=visitor`);
    const unknown = new Widget(visitor);
    await unknown.open();
    await unknown.say('Is anybody there?');
    await unknown.inside.getByLabel('Your e-mail address').waitFor();
    await picture(visitor, `introduce-${width}-${colorScheme}`);
    expect(await axeFindings(unknown.frame())).toEqual([]);
    await customer.leave();
  });
});
