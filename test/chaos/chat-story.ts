import { randomUUID } from 'node:crypto';
import { ChattingCustomer } from '../kit/chatting-customer';
import { inTheEnd } from '../kit/desk-under-test';
import type { CrashDesk } from './crash-desk';
import { again, mailWith, solve, STEP_WITHIN_MS } from './patience';

/** So many customers chat at the same time. */
const CHATS = 10;

/** People who ask something in the chat and close the window: each answer is mailed once, whatever breaks on its way. Answers their numbers. */
export async function chatStory({ desk, director }: CrashDesk, progress: (line: string) => void): Promise<readonly number[]> {
  const { db, url } = desk.parts;
  progress('chats begin');
  director.plan({ point: 'chat:begun', how: 'fail' }, { point: 'chat:joined', how: 'fail' }, { point: 'request:carriedOut', how: 'fail' });
  const chats = await Promise.all(
    Array.from({ length: CHATS }, async (_, index) => {
      const mailbox = desk.customer(`Chatter ${index}`, `chatter${index}@acme.example`);
      const customer = new ChattingCustomer(url, { email: mailbox.address });
      const [first, second] = [randomUUID(), randomUUID()];
      const { number } = await again('the chat is open', () => customer.opens('Is anybody there?', {}, first));
      await again('more words are taken', () => customer.writes(number, 'Hello?', second));
      return { mailbox, customer, number };
    }),
  );

  progress('agents answer, and nobody is there to read it');
  director.calm();
  director.plan(
    { point: 'command:answered', how: 'fail' },
    { point: 'presence:claimed', how: 'kill', standing: CHATS },
    { point: 'mail:kept', how: 'fail' },
    { point: 'mail:noted', how: 'fail' },
  );
  await Promise.all(
    chats.map(({ number }) =>
      again('the answer is taken', () => desk.must('POST', `/conversations/${number}/replies`, { body: 'Yes, I am here.' }, { key: `chat-${number}` })),
    ),
  );
  await Promise.all(chats.map(({ mailbox }) => inTheEnd('the answer is in the mailbox', () => mailWith(mailbox, 'Yes, I am here.'), STEP_WITHIN_MS)));
  for (const { customer, number } of chats) {
    const thread = await again('the thread is shown', () => customer.messages(number));
    const shown = thread.map(({ from, body, mailedAt }) => `${from}: ${body}${mailedAt === null ? '' : ' (mailed)'}`);
    const expected = ['you: Is anybody there?', 'you: Hello?', 'agent: Yes, I am here. (mailed)'];
    if (shown.join() !== expected.join()) throw new Error(`#${number} shows ${shown.join(' | ')}`);
  }
  const numbers = chats.map(({ number }) => number);
  const mails = await db.selectFrom('outgoing_mails').select('number').where('kind', '=', 'chatUnseen').where('number', 'in', numbers).execute();
  if (mails.length !== CHATS) throw new Error(`${mails.length} mails were written for ${CHATS} unseen answers.`);
  await Promise.all(numbers.map((number) => solve(desk, number)));
  return numbers;
}
