import { setTimeout as sleep } from 'node:timers/promises';
import type { Customer } from '../kit/customer';
import { inTheEnd, type DeskUnderTest } from '../kit/desk-under-test';
import type { Seeded } from '../kit/seeded';
import { again, mailWith, rings, solve, STEP_WITHIN_MS, tolerant } from './patience';

/** How often people look whether something has come. */
const LOOK_MS = 200;

/**
 * One ticket from mail to solved, told by people who try again until they are answered: a mail, a missed dispatch, the page, its
 * acknowledgement, an answer, the customer's answer, solved. `accepted` hears the Message-ID of each mail that the desk has taken. People
 * pause for up to `paceMs` before each step, and wait `withinMs` for what comes of it.
 */
export async function patientStory(
  desk: DeskUnderTest,
  customer: Customer,
  { random, accepted, paceMs = 5_000, withinMs = STEP_WITHIN_MS }: { random: Seeded; accepted: (mailId: string) => void; paceMs?: number; withinMs?: number },
): Promise<{ number: number }> {
  if (desk.parts.pagerduty === undefined) throw new Error('This story needs PagerDuty.');
  const pause = () => sleep(random.between(0, paceMs));
  const name = customer.address.split('@')[0] ?? '';

  await pause();
  const first = `first.${name}@acme.example`;
  // A mail server that tries again sends the same mail.
  const date = new Date();
  await again(
    'the desk takes the mail',
    () => customer.writes('support@example.test', `Question of ${name}`, `${name} asks something.`, { messageId: `<${first}>`, date }),
    withinMs,
  );
  accepted(first);
  const [receipt] = await customer.receives(1, withinMs);
  const number = Number(/#(\d+)/.exec(receipt?.subject ?? '')?.[1]);

  await inTheEnd(`#${number} rings`, () => rings(desk, number), withinMs, LOOK_MS);
  await pause();
  const pageId = `p${number}-1`;
  await again('the page is acknowledged', () => desk.must('POST', `/pages/${pageId}/acknowledgement`, {}), withinMs);

  await pause();
  await again(
    'the answer is taken',
    () => desk.must('POST', `/conversations/${number}/replies`, { body: `Dear ${name}, we look into it.` }, { key: `answer-${number}` }),
    withinMs,
  );
  const answer = await inTheEnd('the answer is in the mailbox', () => mailWith(customer, 'we look into it'), withinMs, LOOK_MS);

  await pause();
  const second = `second.${name}@acme.example`;
  await again('the desk takes the customer’s answer', () => customer.answers(answer, `Thanks, says ${name}.`, { messageId: `<${second}>`, date }), withinMs);
  accepted(second);
  // It is shown before its workflow hears of it; one that is heard of only after the solving would open the ticket again, and rightly so.
  await inTheEnd(
    'its workflow has heard of it',
    async () => {
      const row = await tolerant(() => desk.parts.db.selectFrom('conversations').select('applied_seq').where('number', '=', number).executeTakeFirst());
      return row?.applied_seq === 2;
    },
    withinMs,
    LOOK_MS,
  );
  await inTheEnd(
    'it is shown in the same ticket',
    async () => (await tolerant(() => desk.messages(number)))?.some(({ body }) => body.includes(`says ${name}`)),
    withinMs,
    LOOK_MS,
  );

  await pause();
  await solve(desk, number, withinMs);
  await inTheEnd('the mail about it is in the mailbox', () => mailWith(customer, 'marked your request as solved'), withinMs, LOOK_MS);
  return { number };
}
