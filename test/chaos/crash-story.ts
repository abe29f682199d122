import { conversationWorkflowId, pageId } from '../../messages/ids';
import { SECONDS } from '../end-to-end/policies';
import type { Customer } from '../kit/customer';
import { inTheEnd } from '../kit/desk-under-test';
import { chatStory } from './chat-story';
import type { CrashDesk } from './crash-desk';
import type { Fault } from './crash-director';
import { rareStory } from './rare-story';
import { again, mailWith, rings, solve, STEP_WITHIN_MS, tolerant } from './patience';

/**
 * Seconds for hours; urgent mail rings by itself, other mail together. The calm ones ring again every 12 s, and once more they wait for
 * each other, at instants that faults have spread at random: of any three in 20 s, two are closer than the 8 s in which they wait.
 */
export const CRASHES = `${SECONDS.replace('within: 3s', 'within: 30s')
  .replace('urgent: 20s', 'urgent: 1h')
  .replace('tickets:', 'tickets:\n  closeSolvedAfter: 1s')
  .replace('acknowledgeWithin: 30s', 'acknowledgeWithin: 12s')
  .replace('collect: 0s', 'collect: 8s\n  repeat: 6')}
addresses: { support: {}, emergency: { priority: urgent } }
chats: { customerGoneAfter: 2s, mailBatch: 2s, unseenAfter: 1m, agentSilence: 1h, page: off }
`;

/** The same under another name: what is promised from now on is promised by it. */
export const CRASHES_LATER = CRASHES.replace('version: seconds', 'version: seconds-later');

/** So many conversations stand at a point when its process is killed. */
const STANDING = 10;
const URGENT = 11;
const CALM = 3;
const EARLY = 10;
const STRANGERS = 3;

const fail = (...points: Fault['point'][]) => points.map((point) => ({ point, how: 'fail' }) as const);
const kill = (point: Fault['point'], standing = STANDING): Fault => ({ point, how: 'kill', standing });
const killAt = (point: Fault['point'], nth: number): Fault => ({ point, how: 'killAt', nth });

/** Somebody with a ticket. */
interface Case {
  readonly customer: Customer;
  readonly name: string;
  readonly number: number;
}

/** What has been done in a story. */
export interface Told {
  /** The Message-IDs of all mails that the desk has taken, each with the conversation that it belongs to. */
  readonly threads: ReadonlyMap<string, number>;
  /** The numbers of all conversations. */
  readonly numbers: readonly number[];
}

/** Everything that can happen to tickets, told by people who do each thing at the same time, with faults at every step of it. */
export async function crashStory(crashDesk: CrashDesk, progress: (line: string) => void): Promise<Told> {
  const { desk, director, world } = crashDesk;
  const { db, temporal } = desk.parts;
  const threads = new Map<string, number>();
  const write = async (id: string, act: (same: { messageId: string; date: Date }) => Promise<void>): Promise<void> => {
    // A mail server that tries again sends the same mail.
    const same = { messageId: `<${id}>`, date: new Date() };
    await again(`the desk takes ${id}`, () => act(same));
  };

  progress('tickets by the API');
  director.plan(...fail('ticket:written', 'request:carriedOut', 'close:claimed'));
  const early = await all(EARLY, async (index) => {
    const { address } = desk.customer(`Early ${index}`, `early${index}@acme.example`);
    const body = { requester: { email: address }, subject: `Early ${index}`, body: 'This is soon done.' };
    const { number } = await again('the ticket is there', () => desk.must<{ number: number }>('POST', '/tickets', body, { key: `early-${index}` }));
    return number;
  });
  await Promise.all(early.map((number) => solve(desk, number)));
  await crashDesk.ready();
  director.calm();

  progress('mail comes in');
  director.plan(kill('accept:written'), kill('accept:committed'), killAt('relay:told', 5));
  director.plan(...fail('accept:read', 'accept:committed', 'relay:claimed', 'relay:marked'));
  // A copy of a mail is another row, so these would come again and again.
  director.plan(...fail('resolve:placed', 'resolve:committed').map((fault) => ({ ...fault, atMost: URGENT + CALM })));
  director.plan(...fail('notice:written', 'notice:posted', 'notice:noted', 'mail:kept', 'mail:noted', 'project:written', 'project:committed'));
  director.plan(...fail('close:claimed'));
  // Pages are due in the middle of it.
  director.plan(kill('page:told'), ...fail('page:recorded', 'page:stored'), killAt('page:bundleNoted', 1));
  const cases: Case[] = await all(URGENT + CALM, async (index) => {
    const name = `c${index}`;
    const customer = desk.customer(`Customer ${index}`, `${name}@acme.example`);
    const to = index < URGENT ? 'emergency@example.test' : 'support@example.test';
    await write(`first.${name}@acme.example`, (same) => customer.writes(to, `Question of ${name}`, `${name} asks something.`, same));
    const [receipt] = await customer.receives(1, STEP_WITHIN_MS);
    const number = Number(/#(\d+)/.exec(receipt?.subject ?? '')?.[1]);
    threads.set(`first.${name}@acme.example`, number);
    return { customer, name, number };
  });
  progress('pages ring');
  await each(cases, ({ number }) => inTheEnd(`#${number} rings`, () => rings(desk, number), STEP_WITHIN_MS));

  progress('nobody comes: they ring again');
  const ringsAgain = async ({ number }: Case): Promise<boolean> => {
    const rung = db.selectFrom('page_attempts').select('ring').where('page_id', '=', pageId(number, 1)).where('ring', '>=', 2).where('outcome', '=', 'sent');
    return (await rung.executeTakeFirst()) !== undefined;
  };
  await inTheEnd('nearly all of the first rings are recorded', async () => (await recordedRings(crashDesk)) >= URGENT, STEP_WITHIN_MS);
  // The others ring together once more: a page that cannot ask the database rings alone.
  const only = new Set(cases.slice(0, URGENT).map(({ number }) => number));
  director.plan(...fail('page:prepared', 'page:claimed', 'attempt:writing', 'attempt:stored', 'page:read').map((fault) => ({ ...fault, only })));
  await each(cases, (one) => inTheEnd(`#${one.number} rings again`, () => ringsAgain(one), STEP_WITHIN_MS));
  // On a busy machine they may all have been too slow to ask, and then ring alone until they are not.
  await inTheEnd('some have rung together', () => director.reached.has('page:bundleNoted'), STEP_WITHIN_MS);

  progress('acknowledgements');
  director.calm();
  const acknowledge = ({ number }: Case) => again('the page is acknowledged', () => desk.must('POST', `/pages/${pageId(number, 1)}/acknowledgement`, {}));
  director.plan(...fail('acknowledgement:told', 'acknowledgementSweep:told', 'incident:told', 'page:stored'));
  await each(cases, acknowledge);
  const relayed = async (): Promise<boolean> => {
    const lost = db.selectFrom('pages').select('id').where('acknowledged_at', 'is not', null).where('acknowledgement_relayed_at', 'is', null);
    return (await lost.executeTakeFirst()) === undefined;
  };
  await inTheEnd('every acknowledgement has reached its page', relayed, STEP_WITHIN_MS);
  director.plan(kill('acknowledgement:written'));
  await each(cases, acknowledge);
  await inTheEnd('every acknowledgement has reached its page again', relayed, STEP_WITHIN_MS);

  progress('answers');
  director.plan(
    kill('command:written'),
    ...fail('commandSweep:answered', 'project:written', 'project:committed'),
    kill('mail:taken'),
    ...fail('mail:noted', 'mail:projected'),
  );
  const reply = ({ number, name }: Case) =>
    desk.must('POST', `/conversations/${number}/replies`, { body: `Dear ${name}, we look into it.` }, { key: `answer-${number}` });
  // Whoever gets no answer does nothing: the sweep has to.
  await Promise.allSettled(cases.map(reply));
  const waiting = async () => (await db.selectFrom('commands').select('id').where('state', '=', 'queued').executeTakeFirst()) === undefined;
  await inTheEnd('the sweep has done what was left', waiting, STEP_WITHIN_MS);
  await each(cases, (one) => again('the answer is taken', () => reply(one)));
  await each(cases, async ({ customer }) => inTheEnd('the answer is in the mailbox', () => mailWith(customer, 'we look into it'), STEP_WITHIN_MS));

  progress('notes');
  director.plan(kill('command:answered'), ...fail('command:finished', 'request:carriedOut'));
  await each(cases, ({ number }) =>
    again('the note is taken', () => desk.must('POST', `/conversations/${number}/notes`, { body: 'They are nice.' }, { key: `note-${number}` })),
  );

  progress('workflows get lost, and the policy becomes another');
  director.calm();
  for (const { number } of cases) await temporal.workflow.getHandle(conversationWorkflowId(number)).terminate('lost by a test');
  world.setPolicy(CRASHES_LATER);
  director.plan(...fail('reconcile:started'));
  await crashDesk.restart('worker');
  const runs = async (number: number) => (await temporal.workflow.getHandle(conversationWorkflowId(number)).describe()).status.name === 'RUNNING';
  await each(cases, ({ number }) => inTheEnd(`#${number} has a workflow again`, () => runs(number), STEP_WITHIN_MS));

  progress('customers answer');
  director.plan(...fail('resolve:locked', 'relay:told', 'events:read', 'policy:loaded'), kill('project:written'));
  const answering = each(cases, async ({ customer, name, number }) => {
    const answer = await inTheEnd('there is something to answer', () => mailWith(customer, 'we look into it'));
    await write(`second.${name}@acme.example`, (same) => customer.answers(answer, `Thanks, says ${name}.`, same));
    threads.set(`second.${name}@acme.example`, number);
  });
  const strangers = await all(STRANGERS, async (index) => {
    const target = cases[index];
    const overheard = target === undefined ? undefined : await mailWith(target.customer, 'we look into it');
    if (target === undefined || overheard === undefined) throw new Error('There is nobody to pretend to be.');
    const id = `stranger${index}@acme.example`;
    const stranger = desk.customer(target.customer.name, id);
    // Everything of theirs but the signature.
    const forged = { ...overheard, answerTo: `reply+${target.number}.aaaaaaaaaaaaaaaaaaaaaaaa@example.test` };
    await write(id, (same) => stranger.answers(forged, `It is me, the customer of #${target.number}.`, same));
    const place = db.selectFrom('messages').select('number').where('mail_id', '=', id);
    const { number } = await inTheEnd('it has its place', () => place.executeTakeFirst(), STEP_WITHIN_MS);
    if ([...early, ...cases.map((one) => one.number)].includes(number)) throw new Error(`A stranger’s mail joined #${number}.`);
    threads.set(id, number);
    return number;
  });
  await answering;
  await Promise.all(strangers.map((number) => solve(desk, number)));
  await each(cases, async ({ number }) => {
    const applied = () => db.selectFrom('conversations').select('applied_seq').where('number', '=', number).executeTakeFirst();
    await inTheEnd(`the workflow of #${number} has heard of it`, async () => (await tolerant(applied))?.applied_seq === 2, STEP_WITHIN_MS);
  });

  progress('solved');
  director.plan(kill('mail:kept'), ...fail('incident:told', 'close:claimed'));
  await each(cases, ({ number }) => solve(desk, number));
  await each(cases, ({ customer }) =>
    inTheEnd('the mail about it is in the mailbox', () => mailWith(customer, 'marked your request as solved'), STEP_WITHIN_MS),
  );

  const chats = await chatStory(crashDesk, progress);

  progress('the early ones are closed');
  const closed = db.selectFrom('conversations').select('number').where('number', 'in', early).where('status', '=', 'closed');
  await inTheEnd('the early ones are closed', async () => (await closed.execute()).length === EARLY, STEP_WITHIN_MS);
  const rare = await rareStory(crashDesk, early, progress);
  for (const [mailId, number] of rare.threads) threads.set(mailId, number);
  return { threads, numbers: [...early, ...cases.map(({ number }) => number), ...strangers, ...chats, ...rare.numbers] };
}

async function recordedRings({ desk }: CrashDesk): Promise<number> {
  const rows = await desk.parts.db.selectFrom('page_attempts').select('page_id').where('ring', '=', 1).where('outcome', '=', 'sent').execute();
  return rows.length;
}

function all<Value>(count: number, act: (index: number) => Promise<Value>): Promise<Value[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => act(index)));
}

async function each(cases: readonly Case[], act: (one: Case) => Promise<unknown>): Promise<void> {
  await Promise.all(cases.map(act));
}
