import { MailDesk, mailOf } from './mail-desk';

const PROVEN = 'Authentication-Results: mx.test; dkim=pass header.d=desk.test; dmarc=pass header.from=desk.test';

describe('whom the first mail of a conversation names', () => {
  const desk = new MailDesk();
  beforeAll(async () => {
    await desk.open('', { by: 'authserv', authserv: 'mx.test' });
    await desk.organization('acme', { domains: ['acme.test', 'gmail.com'] });
    await desk.db
      .insertInto('agents')
      .values({ id: 'ada', name: 'Ada', email: 'ada@desk.test', role: 'agent', created_at: new Date(desk.now) })
      .execute();
  });
  afterAll(() => desk.close());

  const proposals = (number: number) =>
    desk.db.selectFrom('proposals').select(['role', 'email', 'name']).where('number', '=', number).orderBy('email').execute();

  test('colleagues join, everybody else is proposed and gets no record', async () => {
    const ticket = await desk.opened(
      mailOf({
        to: 'info@example.test, Bob <bob@acme.test>',
        headers: ['Cc: Press <press@paper.test>, press@paper.test, dan@gmail.com, support@example.test, Ada <ada@desk.test>, not an address'],
      }),
    );
    const people = await desk.db
      .selectFrom('participants as p')
      .innerJoin('contacts as c', 'c.id', 'p.contact_id')
      .select(['c.email', 'p.role'])
      .where('p.number', '=', ticket.number)
      .orderBy('c.email')
      .execute();
    expect(people).toEqual([
      { email: 'bob@acme.test', role: 'participant' },
      { email: 'jane@acme.test', role: 'requester' },
    ]);
    expect(await proposals(ticket.number)).toEqual([
      // The organization claims a domain where everybody can have an address.
      { role: 'participant', email: 'dan@gmail.com', name: null },
      { role: 'participant', email: 'press@paper.test', name: 'Press' },
    ]);
    expect(await desk.db.selectFrom('contacts').select('id').where('email', 'in', ['dan@gmail.com', 'press@paper.test']).execute()).toEqual([]);
  });

  const FORWARDED = 'Please look.\n\n---------- Forwarded message ---------\nFrom: Jane <jane@acme.test>\nDate: Mon\nSubject: Slow\n\nIt is slow.';

  test('a mail that an agent forwards proposes its author as the requester, once the agent’s address has proven itself', async () => {
    const forward = { from: 'Ada <ada@desk.test>', subject: 'Fwd: Slow', body: FORWARDED };
    const proven = await desk.opened(mailOf({ ...forward, headers: [PROVEN] }), { from: 'ada@desk.test' });
    expect(await proposals(proven.number)).toEqual([{ role: 'requester', email: 'jane@acme.test', name: 'Jane' }]);
    const claimed = await desk.opened(mailOf(forward), { from: 'ada@desk.test' });
    expect(await proposals(claimed.number)).toEqual([]);
    const customers = await desk.opened(mailOf({ ...forward, from: 'carl@acme.test' }), { from: 'carl@acme.test' });
    expect(await proposals(customers.number)).toEqual([]);
  });

  test('however many a mail names, some of them are enough', async () => {
    const many = Array.from({ length: 60 }, (_, index) => `p${index}@crowd.test`).join(',\r\n ');
    const ticket = await desk.opened(mailOf({ headers: [`Cc: ${many}`] }));
    expect(await proposals(ticket.number)).toHaveLength(20);
  });
});
