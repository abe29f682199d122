import { setTimeout as sleep } from 'node:timers/promises';
import { SECONDS } from '../end-to-end/policies';
import { inTheEnd } from '../kit/desk-under-test';
import { openDesk } from '../kit/desk-under-test-processes';
import { findLastingViolations } from '../kit/invariants';

jest.setTimeout(240_000);

const TICKETS = 5;
/** Mail servers are gone for a minute; the next try then comes within as long again. */
const OUTAGE_MS = 60_000;

test('a mail outage of a minute delays no page, and no mail is lost in it', async () => {
  const open = await openDesk({ policy: SECONDS, providers: true });
  const { desk } = open;
  const { sink, pagerduty, db, temporal } = desk.parts;
  if (pagerduty === undefined) throw new Error('This desk has providers.');
  await sink.down();
  const downAt = Date.now();
  const customers = Array.from({ length: TICKETS }, (_, index) => desk.customer(`Customer ${index}`, `c${index}@acme.example`));
  await Promise.all(
    customers.map((customer, index) => customer.writes('support@example.test', 'Hello', 'Is anybody there?', { messageId: `<m${index}@acme.example>` })),
  );

  await pagerduty.wait('each of them rings', () => pagerduty.open().length === TICKETS, 20_000);
  const rings = await inTheEnd('the rings are recorded', async () => {
    const rows = await db.selectFrom('page_attempts').select(['due_at', 'sent_at']).where('outcome', '=', 'sent').execute();
    return rows.length === TICKETS && rows;
  });
  for (const { due_at: dueAt, sent_at: sentAt } of rings) expect((sentAt?.getTime() ?? Infinity) - dueAt.getTime()).toBeLessThan(2_000);
  expect(sink.mails()).toEqual([]);

  // An answer that cannot leave yet is said to wait, and the page is over all the same: somebody has the ticket.
  const [first] = await db.selectFrom('conversations').select('number').orderBy('number').execute();
  await desk.must('POST', `/conversations/${first?.number}/replies`, { body: 'We are here.' });
  await pagerduty.wait('the answered one rings no more', () => pagerduty.open().length === TICKETS - 1);
  expect((await desk.messages(first?.number ?? 0)).at(-1)).toMatchObject({ direction: 'out', state: 'waiting' });

  await sleep(Math.max(0, downAt + OUTAGE_MS - Date.now()));
  await sink.up();
  await Promise.all(customers.map((customer) => customer.receives(1, 2 * OUTAGE_MS)));
  await inTheEnd('the answer arrives too', async () => (await desk.messages(first?.number ?? 0)).at(-1)?.state === 'sent', 2 * OUTAGE_MS);
  for (const { number } of await db.selectFrom('conversations').select('number').execute())
    await desk.must('PUT', `/conversations/${number}/status`, { status: 'solved' });
  await pagerduty.wait('all is quiet', () => pagerduty.open().length === 0);
  await inTheEnd('every mail has arrived', () => sink.mails().length === 2 * TICKETS + 1);
  const accepted = customers.map((_, index) => `m${index}@acme.example`);
  expect(await findLastingViolations({ db, temporal, sink, pagerduty, accepted, settledMs: 10_000 }, 10_000)).toEqual([]);
  await open.close();
});
