import { CHATTING } from '../end-to-end/policies';
import { useChatScene } from '../kit/chat-scene';
import { inTheEnd, type DeskUnderTest } from '../kit/desk-under-test';
import { Widget } from '../kit/widget';

const ADA = 'ada.winter@kornblume.example';

const scene = useChatScene(CHATTING);
const { reply } = scene;
let desk: DeskUnderTest;
beforeAll(() => void ({ desk } = scene));

test('the api and the worker are killed while somebody writes: what was written is kept and sent once, and nobody who is there is mailed', async () => {
  desk.parts.sink.expect(ADA);
  const customer = await scene.browser.person();
  // That the desk cannot be reached for a while is what this is about.
  customer.forgive(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED|WebSocket/);
  const page = await customer.tab();
  await page.goto(`${desk.parts.url}/demo`);
  const widget = new Widget(page);
  await widget.open();
  await widget.say('The shop is slow.');
  await widget.shows('Sent ·');
  const { number } = await desk.parts.db.selectFrom('chats').select('number').executeTakeFirstOrThrow();
  await reply(number, 'I look into it.');
  await widget.shows('I look into it.');

  const crashed = Promise.all([scene.crash('api'), scene.crash('worker')]);
  await widget.say('It got worse.');
  await widget.shows('It got worse.');
  await widget.shows(/Sending …|Waiting for the connection|Sent ·/);
  await crashed;
  await inTheEnd('what was written arrives', async () => (await desk.messages(number)).some(({ body }) => body === 'It got worse.'), 40_000);
  await reply(number, 'A disk was full.');
  await widget.shows('A disk was full.', 40_000);
  const seen = () => desk.parts.db.selectFrom('messages').select('body').where('number', '=', number).where('seen_at', 'is not', null).orderBy('at').execute();
  await inTheEnd('all of it was read', async () => (await seen()).length === 2, 30_000);

  expect((await desk.messages(number)).map(({ direction, body }) => `${direction}: ${body}`)).toEqual([
    'in: The shop is slow.',
    'out: I look into it.',
    'in: It got worse.',
    'out: A disk was full.',
  ]);
  for (const words of ['The shop is slow.', 'It got worse.', 'I look into it.', 'A disk was full.']) {
    expect([words, await widget.inside.locator('.bubble', { hasText: words }).count()]).toEqual([words, 1]);
  }
  expect(desk.parts.sink.mails(ADA)).toEqual([]);
  await customer.leave();
});
