import type { Page } from 'playwright-core';
import { CHATTING } from '../end-to-end/policies';
import { axeFindings, picture, type Person } from '../kit/browser';
import { useChatScene } from '../kit/chat-scene';
import { ChattingCustomer } from '../kit/chatting-customer';
import { inTheEnd, type DeskUnderTest } from '../kit/desk-under-test';
import { Widget } from '../kit/widget';

const scene = useChatScene(CHATTING);
let desk: DeskUnderTest;
beforeAll(() => void ({ desk } = scene));

/** A page of the desk, opened by an agent who has signed in. */
async function agentAt(agent: Person, path: string): Promise<Page> {
  const page = await agent.tab();
  await page.goto(desk.parts.url + path);
  if (new URL(page.url()).pathname === '/sign-in') {
    await page.getByLabel('Your token').fill(desk.parts.adminToken);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(desk.parts.url + path);
  }
  return page;
}

/** Loads the page again until it says so; the built-in pages do not change by themselves. */
async function saysInTheEnd(page: Page, words: string, there = true): Promise<void> {
  await inTheEnd(`the page ${there ? 'says' : 'no longer says'} “${words}”`, async () => {
    await page.reload();
    return (await page.getByText(words, { exact: true }).count()) > 0 === there;
  });
}

/** Answers on the built-in page of the conversation. */
async function answer(page: Page, words: string): Promise<void> {
  await page.reload();
  await page.getByLabel('Answer the customer').fill(words);
  await page.getByRole('button', { name: 'Send' }).click();
  await page.waitForURL(/did=done/);
}

const unseenMails = async (number: number) =>
  (await desk.parts.db.selectFrom('outgoing_mails').select('key').where('number', '=', number).where('kind', '=', 'chatUnseen').execute()).length;

test('the demo page: who is there, how soon, both ways live, gone, one mail, an answer by mail, and all of it when the chat is opened again', async () => {
  const [customer, agent] = [await scene.browser.person(), await scene.browser.person()];
  // Somebody has been answered just now, so somebody is there.
  desk.parts.sink.expect('early@acme.example');
  const early = await new ChattingCustomer(desk.parts.url, { email: 'early@acme.example' }).opens('Good morning');
  await scene.reply(early.number, 'Good morning!');
  await inTheEnd('the agent is known as active', async () => (await desk.must<{ agents: unknown[] }>('GET', '/chat/expectation')).agents.length > 0);
  const mailbox = desk.customer('Ada Winter', 'ada.winter@kornblume.example');
  const host = await customer.tab();
  await host.goto(`${desk.parts.url}/demo`);
  const widget = new Widget(host);
  await widget.open();
  await widget.shows(/We (aim to|usually) answer within/);
  await widget.inside.getByText('Recently here: Admin').waitFor({ state: 'attached' });
  await picture(host, 'demo-welcome');
  expect(await axeFindings(host)).toEqual([]);
  expect(await axeFindings(widget.frame())).toEqual([]);

  await widget.say('Hello, is anybody there?');
  await widget.shows('Hello, is anybody there?');
  const number = await scene.chatOf('ada.winter@kornblume.example');
  const desktop = await agentAt(agent, `/conversations/${number}`);
  await saysInTheEnd(desktop, 'the customer is here');
  await answer(desktop, 'Yes, I am here.');
  await widget.shows('Yes, I am here.');
  await widget.say('🎉');
  await widget.inside.locator('.bubble.emoji', { hasText: '🎉' }).waitFor();
  const fontSize = await widget.frame().evaluate<number>('Number.parseFloat(getComputedStyle(document.querySelector(".bubble.emoji")).fontSize)');
  expect(fontSize).toBeGreaterThan(28);
  await saysInTheEnd(desktop, 'seen');
  expect(await axeFindings(desktop)).toEqual([]);
  await picture(desktop, 'agent-thread');
  await picture(host, 'chat-both-ways');

  await host.close();
  await saysInTheEnd(desktop, 'the customer is here', false);
  await answer(desktop, 'Have you tried it again?');
  const [mail] = await mailbox.receives(1);
  if (mail === undefined) throw new Error('There is no mail.');
  expect(mail.text).toContain('Have you tried it again?');
  await mailbox.answers(mail, 'It works now, thank you!');
  await inTheEnd('her answer is in the thread', async () => (await desk.messages(number)).some(({ body }) => body === 'It works now, thank you!'));

  const again = await customer.tab();
  await again.goto(`${desk.parts.url}/demo`);
  const back = new Widget(again);
  await back.open();
  for (const words of ['Hello, is anybody there?', 'Yes, I am here.', '🎉', 'Have you tried it again?', 'It works now, thank you!']) await back.shows(words);
  await back.shows('Sent by e-mail');
  expect(await axeFindings(back.frame())).toEqual([]);
  await picture(again, 'chat-again');
  expect(await unseenMails(number)).toBe(1);

  // A hidden tab reads nothing.
  await back.hide();
  await answer(desktop, 'Anything else?');
  await mailbox.receives(2);
  expect(await unseenMails(number)).toBe(2);

  await desktop.reload();
  await desktop.locator('summary', { hasText: 'Make it a ticket' }).click();
  await desktop.locator('#convert-priority').selectOption('high');
  await desktop.getByRole('button', { name: 'Make it a ticket' }).click();
  await desktop.waitForURL(/did=done/);
  await back.shows(`This became ticket #${number}.`);
  await picture(again, 'chat-ticket');
  await picture(desktop, 'agent-ticket');
  await Promise.all([customer.leave(), agent.leave()]);
});
