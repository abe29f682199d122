import { addCommand, finishCommand, getCommand, queuedCommands, queueUnprojected } from '../../db/commands';
import { createTicket } from '../../intake/create-ticket';
import type { ConversationView } from '../../messages/conversation';
import { MailDesk, MONDAY_10 } from '../intake/mail-desk';

const VIEW: ConversationView = {
  number: 1,
  kind: 'ticket',
  channel: 'email',
  status: 'open',
  priority: 'normal',
  plan: 'standard',
  assignee: null,
  revision: 1,
  nextDueAt: null,
  page: null,
  promises: [],
};

describe('queued commands', () => {
  const desk = new MailDesk();
  beforeAll(async () => {
    await desk.open();
    await desk.stopResolving();
  });
  afterAll(() => desk.close());
  beforeEach(() => desk.db.deleteFrom('commands').execute());

  const ticket = async () =>
    (await createTicket(desk.db, desk.policy, { requester: { email: 'jane@acme.test' }, subject: 'Help', body: 'Slow.' }, { now: MONDAY_10, actor: null }))
      .number;
  const give = (number: number, id: string, at: number) =>
    addCommand(desk.db, { id, number, actor: 'ada', command: { type: 'note', messageId: id }, bodyRef: null, at, notAfter: null });
  const next = async (limit: number) => (await queuedCommands(desk.db, { before: new Date(MONDAY_10 + 3_600_000), limit })).map(({ id }) => id);

  test('many of one conversation that does not answer hold up no other, and none of them overtakes an earlier one', async () => {
    const [stuck, other] = [await ticket(), await ticket()];
    for (let index = 0; index < 9; index += 1) await give(stuck, `stuck-${index}`, MONDAY_10 + index);
    await give(other, 'other', MONDAY_10 + 60_000);
    expect(await next(4)).toEqual(['stuck-0', 'stuck-1', 'stuck-2', 'other']);
  });

  test('many conversations that do not answer hold up no other for ever', async () => {
    for (let index = 0; index < 9; index += 1) await give(await ticket(), `stuck-${index}`, MONDAY_10 + index);
    await give(await ticket(), 'other', MONDAY_10 + 60_000);
    const seen = new Set<string>();
    for (let run = 0; run < 100; run += 1) for (const id of await next(4)) seen.add(id);
    expect(seen.size).toBe(10);
  });

  test('what a lost workflow had done and not projected is queued again; the rest, and what must not come late, is not', async () => {
    const number = await ticket();
    const done = async (id: string, revision: number, notAfter: number | null = null) => {
      const command = { id, number, actor: 'ada', command: { type: 'note', messageId: id } as const, bodyRef: null, at: MONDAY_10, notAfter };
      await addCommand(desk.db, command);
      const row = await getCommand(desk.db, id);
      if (row === null) throw new Error('The command was not added.');
      await finishCommand(desk.db, row, { answer: { revision, view: VIEW } }, new Date(MONDAY_10));
    };
    await done('projected', 4);
    await done('unprojected', 5);
    await done('must-not-come-late', 6, MONDAY_10 + 5_000);
    await queueUnprojected(desk.db, number, 4);
    expect((await getCommand(desk.db, 'projected'))?.state).toBe('done');
    expect(await getCommand(desk.db, 'unprojected')).toMatchObject({ state: 'queued', result: null });
    expect((await getCommand(desk.db, 'must-not-come-late'))?.state).toBe('done');
    expect(await next(4)).toEqual(['unprojected']);
  });
});
