import { createTicket, type TicketRequest } from '../../intake/create-ticket';
import { addCustomerAct } from '../../intake/customer-act';
import { MailDesk, mailOf, MONDAY_10 } from './mail-desk';

const SATURDAY = Date.UTC(2026, 1, 28, 12);

describe('a ticket by the API', () => {
  const desk = new MailDesk();
  beforeAll(async () => {
    await desk.open();
    await desk.organization('acme', { plan: 'enterprise', domains: ['acme.test'], clusters: ['c042'], websites: ['www.acme.test', 'shop.acme.test'] });
    await desk.organization('rival', { domains: ['rival.test'], clusters: ['c999'], websites: ['www.rival.test'] });
    await desk.db
      .insertInto('agents')
      .values({ id: 'ada', name: 'Ada', email: null, role: 'agent', created_at: new Date(desk.now) })
      .execute();
  });
  afterAll(() => desk.close());

  const request: TicketRequest = { requester: { email: 'Jane@acme.test', name: 'Jane' }, subject: 'Help', body: 'The shop is slow.' };
  const create = (more: Partial<TicketRequest> = {}, now = MONDAY_10, actor: { agent: string } | null = { agent: 'ada' }) =>
    createTicket(desk.db, desk.policy, { ...request, ...more }, { now, actor });

  test('answers with number and promises at once, the ones that its conversation has', async () => {
    const created = await create({ priority: 'high' });
    expect(created.office).toBe('open');
    const ticket = await desk.conversation(created.number);
    expect(ticket).toMatchObject({
      channel: 'api',
      priority: 'high',
      priority_source: 'requester',
      plan: 'enterprise',
      cluster: ['c042'],
      website: [],
      requester_id: expect.any(String) as string,
    });
    expect(created.promises).toEqual(ticket.start.promises.map(({ kind, dueAt }) => ({ kind, dueAt })));
    expect(await desk.db.selectFrom('inbox').select(['state', 'number']).where('number', '=', created.number).execute()).toEqual([
      { state: 'resolved', number: created.number },
    ]);
    expect((await desk.messages(created.number))[0]).toMatchObject({ body: 'The shop is slow.', authenticated: true, seq: 1 });
  });

  test('says that the office is closed, and promises feedback then', async () => {
    const created = await create({ requester: { email: 'bob@rival.test' } }, SATURDAY);
    expect(created.office).toBe('closed');
    expect(created.promises).toContainEqual({ kind: 'feedback', dueAt: SATURDAY + 15 * 60_000 });
    expect(created.promises).toContainEqual({ kind: 'firstResponse', dueAt: Date.UTC(2026, 2, 2, 19) });
  });

  test("tags what is the requester's own or nobody's, never another's", async () => {
    const systems = async (more: Partial<TicketRequest>) => {
      const { cluster, website } = await desk.conversation((await create(more)).number);
      return { cluster, website };
    };
    expect(await systems({ cluster: 'C042', website: 'Shop.acme.test' })).toEqual({ cluster: ['c042'], website: ['shop.acme.test'] });
    expect(await systems({ cluster: 'c999', website: 'www.rival.test' })).toEqual({ cluster: ['c042'], website: [] });
    expect(await systems({ website: 'new.acme.test' })).toEqual({ cluster: ['c042'], website: ['new.acme.test'] });
    expect(await systems({ requester: { phone: '+49 30 123456' }, cluster: 'c042', website: 'www.acme.test' })).toEqual({ cluster: [], website: [] });
  });

  test('one person is one contact, by address or phone number', async () => {
    const numbers = [await create({ requester: { phone: '+49 (30) 777-1' } }), await create({ requester: { phone: '+49307771', name: 'X' } })];
    const [a, b] = await Promise.all(numbers.map(({ number }) => desk.conversation(number)));
    expect(a?.requester_id).toBe(b?.requester_id);
    expect(a?.start.receipt).toBe(false);
  });

  test('many at once from one new person: one contact, numbers of their own, ten receipts', async () => {
    const requester = { email: 'flood@newcomer.test' };
    const created = await Promise.all(Array.from({ length: 12 }, (_, index) => create({ requester, subject: `Question ${String.fromCharCode(97 + index)}` })));
    expect(new Set(created.map(({ number }) => number)).size).toBe(12);
    expect(await desk.db.selectFrom('contacts').select('id').where('email', '=', 'flood@newcomer.test').execute()).toHaveLength(1);
    const starts = await Promise.all(created.map(async ({ number }) => (await desk.conversation(number)).start.receipt));
    expect(starts.filter(Boolean)).toHaveLength(10);
  });

  test('an agent who begins has it, promises nothing, and the words leave as a reply', async () => {
    const created = await create({ initiatedBy: 'agent' });
    expect(created.promises).toEqual([]);
    const ticket = await desk.conversation(created.number);
    expect(ticket).toMatchObject({ initiated_by: 'agent', status: 'pending', assignee: 'ada', next_due_at: null });
    const [message] = await desk.messages(created.number);
    expect(message).toMatchObject({ direction: 'out', author_kind: 'agent', author_id: 'ada', state: 'waiting' });
    const commands = await desk.db.selectFrom('commands').select(['actor', 'command', 'body_ref']).where('number', '=', created.number).execute();
    expect(commands).toEqual([
      {
        actor: 'ada',
        body_ref: message?.id,
        command: { type: 'reply', messageId: message?.id, delivery: 'mail', recipients: [ticket.requester_id], status: 'pending' },
      },
    ]);
  });

  test.each<[string, Partial<TicketRequest>, RegExp]>([
    ['no requester', { requester: {} }, /requester is missing/],
    ['a requester with nothing but a name', { requester: { name: 'Jane' } }, /requester is missing/],
    ['an address that is none', { requester: { email: 'jane' } }, /e-mail address/],
    ['a number without its country', { requester: { phone: '030 123456' } }, /phone number/],
    ['no subject', { subject: ' \r\n ' }, /subject is missing/],
    ['no body', { body: '\0 ' }, /body is missing/],
    ['a subject that never ends', { subject: 'x'.repeat(501) }, /subject is too long/],
    ['an unknown priority', { priority: 'panic' as 'urgent' }, /no priority "panic"/],
  ])('%s: an error that says what to change, and nothing is kept', async (_name, more, message) => {
    const count = async () => (await desk.db.selectFrom('inbox').select('id').execute()).length;
    const before = await count();
    await expect(create(more)).rejects.toMatchObject({
      code: 'E_INVALID',
      message: expect.stringMatching(message) as string,
      fix: expect.any(String) as string,
    });
    expect(await count()).toBe(before);
  });

  test("a customer's act is an event with the next seq; on a closed conversation it is refused", async () => {
    const { number } = await create();
    expect(await addCustomerAct(desk.db, { number, act: 'productionDown', at: MONDAY_10 + 1 })).toEqual({ number });
    expect((await desk.events(number))[1]).toEqual({ type: 'customerAct', seq: 2, at: MONDAY_10 + 1, act: 'productionDown', policy: desk.policy.hash });
    expect(await desk.conversation(number)).toMatchObject({ last_seq: 2, relayed_seq: 0 });
    await desk.db.updateTable('conversations').set({ status: 'closed' }).where('number', '=', number).execute();
    await expect(addCustomerAct(desk.db, { number, act: 'thatsAll', at: MONDAY_10 })).rejects.toMatchObject({ code: 'E_CONVERSATION_CLOSED' });
    await expect(addCustomerAct(desk.db, { number: 77, act: 'thatsAll', at: MONDAY_10 })).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
  });

  test('mail and API give numbers of one sequence', async () => {
    const { number } = await create();
    const ticket = await desk.opened(mailOf());
    expect(ticket.number).toBe(number + 1);
  });
});
