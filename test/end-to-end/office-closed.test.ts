import { openDesk, type OpenDesk } from '../kit/desk-under-test-processes';
import { inTheEnd, type DeskUnderTest } from '../kit/desk-under-test';
import { SignedIn } from '../kit/desk-under-test-pages';
import { closedNow } from './policies';
import { toldInUtc } from './told';

jest.setTimeout(120_000);

let open: OpenDesk;
let desk: DeskUnderTest;
const { policy, opensAt } = closedNow(Date.now());
beforeAll(async () => {
  open = await openDesk({ policy, providers: true });
  desk = open.desk;
});
afterAll(() => open.close());

test('out of office hours: a page at once, a receipt that says so, and one tap that reaches the customer', async () => {
  const { pagerduty, slack } = desk.parts;
  if (pagerduty === undefined || slack === undefined) throw new Error('This desk has providers.');
  const dora = desk.customer('Dora', 'dora@acme.example');
  const sentAt = Date.now();
  await dora.writes('hosting@example.test', 'A certificate', 'Ours ends next week.');
  await pagerduty.wait('on-call is rung at once', () => pagerduty.open().length === 1, 20_000);
  const [incident] = pagerduty.incidents();
  expect((incident?.openedAt ?? 0) - sentAt).toBeLessThan(4_000);

  const [receipt] = await dora.receives(1);
  const number = Number(/#(\d+)/.exec(receipt?.subject ?? '')?.[1]);
  // One business day of 12 h from the opening: that day's closing time.
  const dueAt = opensAt + 12 * 3_600_000;
  expect(receipt?.text).toContain(`Our office is closed right now; it opens again on ${toldInUtc(opensAt)}`);
  expect(receipt?.text).toContain('Our on-call engineer has been told already');
  expect(receipt?.text).toContain(toldInUtc(dueAt));
  const conversation = await desk.conversation(number);
  expect(conversation.promises.map(({ kind, state, dueAt: due }) => ({ kind, state, due: Date.parse(due) }))).toEqual(
    expect.arrayContaining([
      { kind: 'dispatch', state: 'running', due: opensAt + 3_600_000 },
      { kind: 'firstResponse', state: 'running', due: dueAt },
      { kind: 'feedback', state: 'running', due: Date.parse(conversation.receivedAt) + 15 * 60_000 },
    ]),
  );

  // One tap on the phone: the page's own button.
  const phone = await SignedIn.as(desk);
  const id = `p${number}-1`;
  expect(await phone.look(`/pages/${id}`)).toContain('value="whenOpen"');
  await phone.press(`/pages/${id}`, `/pages/${id}/feedback`, { word: 'whenOpen' });
  const [, word] = await dora.receives(2);
  expect(word?.text).toContain(`we’ll get to it when our office opens on ${toldInUtc(opensAt)}`);
  expect(word?.text).toContain(toldInUtc(dueAt));
  expect(word?.from?.name).toBe('Admin');
  await pagerduty.wait('it rings no more', () => pagerduty.open().length === 0);

  // The word is given; the first response is still owed, at its old time, and nobody has the ticket.
  const after = await inTheEnd('feedback is met', async () => {
    const shown = await desk.conversation(number);
    return shown.promises.some(({ kind, state }) => kind === 'feedback' && state === 'met') && shown;
  });
  expect(after.promises.find(({ kind }) => kind === 'firstResponse')).toMatchObject({ state: 'running', dueAt: new Date(dueAt).toISOString() });
  expect(after.assignee).toBeNull();
  expect((await desk.page(id)).state).toBe('over');
  expect(slack.messages()).toEqual([]);
});

test('working on it now: on-call takes it, and promises the next word', async () => {
  const { pagerduty } = desk.parts;
  if (pagerduty === undefined) throw new Error('This desk has providers.');
  const emil = desk.customer('Emil', 'emil@acme.example');
  await emil.writes('support@example.test', 'It hangs', 'Sometimes.');
  const [receipt] = await emil.receives(1);
  const number = Number(/#(\d+)/.exec(receipt?.subject ?? '')?.[1]);
  await pagerduty.wait('on-call is rung', () => pagerduty.open().length === 1);
  const updateBy = new Date(Date.now() + 3_600_000).toISOString();
  await desk.must('POST', `/pages/p${number}-1/feedback`, { word: 'workingOnIt', updateBy });
  const [, word] = await emil.receives(2);
  expect(word?.text).toContain(`working on this right now. You’ll hear from me again by ${toldInUtc(updateBy)}`);
  const shown = await inTheEnd('it counts as the first response', async () => {
    const conversation = await desk.conversation(number);
    return conversation.promises.some(({ kind, state }) => kind === 'firstResponse' && state === 'met') && conversation;
  });
  expect(shown).toMatchObject({ assignee: { id: 'admin' }, status: 'open' });
  expect(shown.promises.find(({ kind }) => kind === 'update')).toMatchObject({ state: 'running', dueAt: updateBy });
  await pagerduty.wait('it rings no more', () => pagerduty.open().length === 0);
  await desk.must('PUT', `/conversations/${number}/status`, { status: 'solved' });
  await emil.receives(3);
});
