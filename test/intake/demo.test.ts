import { currentPolicy } from '../../db/policies';
import { beginDemo, DEMO_ORGANIZATION } from '../../intake/demo';
import { replyAddress } from '../../messages/addresses';
import { mailOf, MailDesk, MONDAY_10 } from './mail-desk';

let desk: MailDesk;
beforeEach(async () => {
  desk = new MailDesk();
  await desk.open();
});
afterEach(() => desk.close());

const ADA = `ada@${DEMO_ORGANIZATION.domain}`;
const fromAda = (to: string, subject = 'The checkout is slow') =>
  mailOf({ from: `Ada Demo <${ADA}>`, to, subject, body: `Look at ${DEMO_ORGANIZATION.website}, please.` });

test('mail to a demonstration’s address opens a conversation under its policy, marked; the desk’s own stays as it was', async () => {
  const { localPart, policy } = await beginDemo(desk.db, desk.now);
  const address = `${localPart}@${desk.domain}`;
  const row = await desk.opened(fromAda(address), { from: ADA, to: [address] });
  expect(row).toMatchObject({ demo: true, policy_hash: policy.hash, organization_id: DEMO_ORGANIZATION.id, website: [DEMO_ORGANIZATION.website] });
  const promises = await desk.db.selectFrom('promises').select(['kind', 'due_at']).where('number', '=', row.number).orderBy('kind').execute();
  expect(promises.map(({ kind, due_at }) => [kind, due_at.getTime() - MONDAY_10])).toEqual([
    ['dispatch', 12_000],
    ['firstResponse', 30_000],
  ]);
  expect((await currentPolicy(desk.db)).hash).toBe(desk.policy.hash);
  const other = await desk.opened(mailOf());
  expect(other).toMatchObject({ demo: false, policy_hash: desk.policy.hash });
});

test('mail that also went to an address of the desk is an ordinary request', async () => {
  const { localPart } = await beginDemo(desk.db, desk.now);
  const to = [`${localPart}@${desk.domain}`, `support@${desk.domain}`];
  expect(await desk.opened(fromAda(to.join(', ')), { from: ADA, to })).toMatchObject({ demo: false, policy_hash: desk.policy.hash });
});

test('whoever merely names a demonstration’s number has an ordinary request, which rings real people', async () => {
  const { localPart } = await beginDemo(desk.db, desk.now);
  const shown = await desk.opened(fromAda('x'), { from: ADA, to: [`${localPart}@${desk.domain}`] });
  expect(shown.demo).toBe(true);
  const named = await desk.opened(mailOf({ subject: `Order #${shown.number} is missing` }));
  expect(named).toMatchObject({ linked_from: shown.number, demo: false, policy_hash: desk.policy.hash });
  const [message] = await desk.messages(shown.number);
  await desk.db
    .updateTable('messages')
    .set({ mail_id: 'known@to-many.test' })
    .where('id', '=', message?.id ?? '')
    .execute();
  await desk.db.updateTable('conversations').set({ status: 'closed' }).where('number', '=', shown.number).execute();
  const referring = await desk.opened(mailOf({ headers: ['In-Reply-To: <known@to-many.test>'] }));
  expect(referring).toMatchObject({ linked_from: shown.number, demo: false, policy_hash: desk.policy.hash });
});

test('the customer of a demonstration who answers after it has closed goes on with it', async () => {
  const { localPart, policy } = await beginDemo(desk.db, desk.now);
  const shown = await desk.opened(fromAda('x'), { from: ADA, to: [`${localPart}@${desk.domain}`] });
  await desk.db.updateTable('conversations').set({ status: 'closed' }).where('number', '=', shown.number).execute();
  const to = [replyAddress(desk.keys, { number: shown.number, recipient: shown.requester_id }, desk.domain)];
  expect(await desk.opened(fromAda('x', 'Thanks'), { from: ADA, to })).toMatchObject({ linked_from: shown.number, demo: true, policy_hash: policy.hash });
});

test('an address that nobody was given, and one whose time is over, take no mail', async () => {
  const { localPart, until } = await beginDemo(desk.db, desk.now);
  const stranger = `demo+${'0'.repeat(32)}@${desk.domain}`;
  await expect(desk.send(fromAda(stranger), { to: [stranger] })).rejects.toMatchObject({ responseCode: 550 });
  await expect(desk.send(fromAda('x'), { to: [`${localPart}@elsewhere.test`] })).rejects.toMatchObject({ responseCode: 550 });
  desk.now = until;
  await expect(desk.send(fromAda('x'), { to: [`${localPart}@${desk.domain}`] })).rejects.toMatchObject({ responseCode: 550 });
});

test('mail that was accepted in time counts, although it is resolved later', async () => {
  const { localPart, until } = await beginDemo(desk.db, desk.now);
  await desk.stopResolving();
  const inbox = await desk.send(fromAda('x'), { from: ADA, to: [`${localPart}@${desk.domain}`] });
  desk.now = until + 60_000;
  desk.resolve();
  const { number } = await desk.settled(inbox);
  expect(await desk.conversation(number ?? 0)).toMatchObject({ demo: true });
});

test('a second demonstration has an address of its own and the same customer', async () => {
  const [first, second] = [await beginDemo(desk.db, desk.now), await beginDemo(desk.db, desk.now)];
  expect(first.localPart).not.toBe(second.localPart);
  expect(first.policy.hash).toBe(second.policy.hash);
  expect(await desk.db.selectFrom('organizations').select('id').execute()).toEqual([{ id: DEMO_ORGANIZATION.id }]);
});
