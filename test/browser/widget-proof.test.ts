import { CHATTING } from '../end-to-end/policies';
import { axeFindings, picture } from '../kit/browser';
import { useChatScene } from '../kit/chat-scene';
import { inTheEnd, type DeskUnderTest } from '../kit/desk-under-test';

const scene = useChatScene(CHATTING);
const { reply } = scene;
let desk: DeskUnderTest;
beforeAll(() => void ({ desk } = scene));

test('a mailed code shows that an address is one’s own: then all of its conversations are there, and live', async () => {
  const vera = desk.customer('Vera Rosen', 'vera@rosen.example');
  const { number: ticket } = await desk.must<{ number: number }>('POST', '/tickets', {
    requester: { email: vera.address, name: 'Vera Rosen' },
    subject: 'Our certificate',
    body: 'It ends next week.',
  });
  const person = await scene.browser.person();
  // A wrong code is tried, on purpose.
  person.forgive(/403.*\/help\/sessions/);
  const widget = await scene.hostPage(person);
  await widget.open();
  await widget.say('May I ask something?');
  await widget.inside.getByRole('textbox', { name: 'Your e-mail address' }).fill(vera.address);
  await widget.inside.getByRole('button', { name: 'Send message' }).click();
  await widget.shows(/Sent ·/);
  const chat = await scene.chatOf(vera.address);
  await widget.inside.getByRole('button', { name: 'Your chats' }).click();
  await widget.shows(`Chat #${chat}`);
  expect(await widget.inside.getByText('Our certificate').count()).toBe(0);

  await widget.inside.getByRole('button', { name: 'Show that this address is yours' }).click();
  await widget.inside.getByRole('textbox', { name: 'Your e-mail address' }).fill(vera.address);
  expect(await axeFindings(widget.frame())).toEqual([]);
  await widget.inside.getByRole('button', { name: 'E-mail me a code' }).click();
  await widget.shows(`If we know ${vera.address}, a code is on its way there.`);
  const code = await inTheEnd('the code is in the mailbox', async () => {
    const texts = (await vera.mails()).map(({ text }) => text ?? '');
    return texts.map((text) => /^(\d{3}) (\d{3})$/m.exec(text)).find((found) => found !== null);
  });
  const digits = `${code[1]}${code[2]}`;
  const wrong = digits.startsWith('9') ? `1${digits.slice(1)}` : `9${digits.slice(1)}`;
  await widget.inside.getByRole('textbox', { name: 'The six digits' }).fill(wrong);
  await widget.inside.getByRole('button', { name: 'Continue' }).click();
  await widget.shows('This code is not right, or it is too old.');
  await picture(widget.page, 'widget-wrong-code');
  // As it stands in the mail, with a blank in it.
  await widget.inside.getByRole('textbox', { name: 'The six digits' }).fill(`${code[1]} ${code[2]}`);
  await widget.inside.getByRole('button', { name: 'Continue' }).click();
  await widget.shows('Our certificate');
  await widget.shows(`Chat #${chat}`);
  await widget.shows(`Ticket #${ticket}`);
  await picture(widget.page, 'widget-proven');
  expect(await axeFindings(widget.frame())).toEqual([]);

  await widget.inside.getByRole('button', { name: `Chat #${chat}` }).click();
  await widget.shows('May I ask something?');
  await reply(chat, 'Of course.');
  await widget.shows('Of course.');
  await widget.inside.getByRole('button', { name: 'Your chats' }).click();
  await widget.inside.getByRole('button', { name: 'Our certificate' }).click();
  await widget.shows('It ends next week.');
  await reply(ticket, 'We renew it today.');
  await widget.shows('We renew it today.');
  // What is known of them holds on the next page as well.
  await widget.page.reload();
  await widget.inside.getByRole('button', { name: 'Your chats' }).click();
  await widget.shows('Our certificate');
  await person.leave();
});

test('a copy of the chat is mailed to whom it belongs, with what was said to them and nothing else', async () => {
  const olga = desk.customer('Olga Rosen', 'olga@rosen.example');
  const person = await scene.signedIn({ email: olga.address, name: 'Olga Rosen' });
  // It is asked for twice.
  person.forgive(/429.*\/acts/);
  const widget = await scene.hostPage(person, 'as=customer');
  const number = await scene.begins(widget, olga.address, 'Is my backup complete?');
  await desk.must('POST', `/conversations/${number}/notes`, { body: 'She asks this every month.' });
  await reply(number, 'It is, since 04:00.');
  await widget.shows('It is, since 04:00.');
  await widget.inside.getByRole('button', { name: 'More' }).click();
  await widget.inside.getByRole('menuitem', { name: 'E-mail me a copy of this chat' }).click();
  await widget.shows(`A copy is on its way to ${olga.address}.`);
  const mail = await inTheEnd('the copy is in the mailbox', async () => (await olga.mails()).find(({ text }) => text?.includes('Is my backup complete?')));
  for (const said of [mail.text, mail.html]) {
    expect(said).toContain('It is, since 04:00.');
    expect(said).not.toContain('She asks this every month.');
  }
  // It is not asked for by mistake twice.
  await widget.inside.getByRole('button', { name: 'More' }).click();
  await widget.inside.getByRole('menuitem', { name: 'E-mail me a copy of this chat' }).click();
  await widget.shows('A copy is on its way already. Look into your mailbox.');
  await person.leave();
});

test('an address that is only claimed is mailed no copy, and is told how to get one', async () => {
  desk.parts.sink.expect('uwe@rosen.example');
  const person = await scene.browser.person();
  const widget = await scene.hostPage(person);
  await widget.open();
  await widget.say('Hello?');
  await widget.inside.getByRole('textbox', { name: 'Your e-mail address' }).fill('uwe@rosen.example');
  await widget.inside.getByRole('button', { name: 'Send message' }).click();
  await widget.shows(/Sent ·/);
  await widget.inside.getByRole('button', { name: 'More' }).click();
  await widget.inside.getByRole('menuitem', { name: 'E-mail me a copy of this chat' }).click();
  await widget.shows('Before we e-mail it, please show that the address is yours.');
  await widget.inside.getByRole('button', { name: 'E-mail me a code' }).waitFor();
  await person.leave();
});
