import { createTransport } from 'nodemailer';
import { conversationWorkflowId, pageWorkflowId } from '../messages/ids';
import { inParallel, pause, until, type BenchDesk } from './desk';
import { added, total } from './statistics';

/** Conversations that go through a story side by side; figures are the average of one. */
const SIDE_BY_SIDE = 5;
const MESSAGES_EACH_WAY = 5;
const SETTLE_WITHIN_MS = 30_000;
/** Closing carries up to a minute of jitter. */
const CLOSE_WITHIN_MS = 90_000;

/** Open at all hours and everything far away; answers can be taken back as in the handbook, only for a shorter time. */
const calm = (after: { readonly askRating: string; readonly closeSolved: string }): string => `
version: bench-calm
calendars: { office: { open: always, businessDay: 24h } }
undoSend: 1s
tickets: { dispatch: { within: 2h, calendar: office }, firstResponse: { urgent: 4h, high: 5h, normal: 6h, low: 7h }, askRatingAfter: ${after.askRating}, closeSolvedAfter: ${after.closeSolved} }
onCall: { levels: [{ rota: primary, acknowledgeWithin: 5m }], collect: 0s }
`;

/** Nobody takes it: the ladder of the handbook (two levels, three times, then the fallback). */
const neglected = (acknowledgeWithin: string): string => `
version: bench-neglect
calendars: { office: { open: always, businessDay: 24h } }
tickets: { dispatch: { within: 8s, calendar: office }, firstResponse: { urgent: 4h, high: 5h, normal: 6h, low: 7h } }
onCall: { levels: [{ rota: primary, acknowledgeWithin: ${acknowledgeWithin} }, { rota: secondary, acknowledgeWithin: ${acknowledgeWithin} }], repeat: 3, collect: 0s, fallback: { every: ${acknowledgeWithin} } }
`;
const RINGS_OF_THE_LADDER = 6;

/** What a step costs one conversation on average, against what it may. */
export interface StepCost {
  readonly story: string;
  readonly step: string;
  /** As the server counts them. */
  readonly actions: number;
  readonly events: number;
  readonly bytes: number;
  readonly budget: number | null;
  readonly within: boolean;
  readonly byType: Readonly<Record<string, number>>;
}

interface Reading {
  readonly actions: Readonly<Record<string, number>>;
  readonly events: number;
  readonly bytes: number;
}

/** Counts what happens between two readings; sums and averages over the conversations of a story. */
class Ledger {
  readonly costs: StepCost[] = [];
  #last: Reading = { actions: {}, events: 0, bytes: 0 };
  readonly #numbers: number[] = [];

  constructor(
    private readonly desk: BenchDesk,
    private readonly story: string,
    private readonly progress: (line: string) => void,
  ) {}

  async begin(): Promise<void> {
    this.#last = { actions: await this.desk.settled(), events: 0, bytes: 0 };
  }

  follow(numbers: readonly number[]): void {
    this.#numbers.push(...numbers);
  }

  /** Books all that happened since the last reading as one step, which happened `times` to each conversation. */
  async book(step: string, budget: number | null, times = 1): Promise<StepCost> {
    const now: Reading = { actions: await this.desk.settled(), ...(await historySize(this.desk, this.#numbers)) };
    const cost = this.#cost(step, budget, times, this.#last, now);
    this.#last = now;
    this.costs.push(cost);
    this.progress(`${this.story}: ${step}: ${cost.actions.toFixed(1)} Actions`);
    return cost;
  }

  /** Books the sum of some steps. */
  sum(step: string, budget: number, parts: readonly { cost: StepCost; times?: number }[]): void {
    const of = (key: 'actions' | 'events' | 'bytes'): number => parts.reduce((sum, { cost, times = 1 }) => sum + cost[key] * times, 0);
    const actions = of('actions');
    this.costs.push({ story: this.story, step, actions, events: of('events'), bytes: of('bytes'), budget, within: actions <= budget + ROUNDING, byType: {} });
  }

  #cost(step: string, budget: number | null, times: number, before: Reading, now: Reading): StepCost {
    const share = this.#numbers.length * times;
    const byType = Object.fromEntries(Object.entries(added(before.actions, now.actions)).map(([type, count]) => [type, count / share]));
    const actions = total(byType);
    return {
      story: this.story,
      step,
      actions,
      events: (now.events - before.events) / share,
      bytes: (now.bytes - before.bytes) / share,
      budget,
      within: budget === null || actions <= budget + ROUNDING,
      byType,
    };
  }
}

/** Averages of thirds. */
const ROUNDING = 0.001;

/** Measures what the steps and stories of conversations cost, in Actions, history events and history bytes. `quick` leaves out closing and the whole ladder. */
export async function measureCost(desk: BenchDesk, { quick, progress }: { quick: boolean; progress: (line: string) => void }): Promise<StepCost[]> {
  return [...(await talk(desk, quick, progress)), ...(await neglect(desk, quick, progress))];
}

/** Five messages each way, solved, asked how it went, and closed. */
async function talk(desk: BenchDesk, quick: boolean, progress: (line: string) => void): Promise<StepCost[]> {
  const { mail } = desk;
  // Where closing is not measured it must not happen in the middle of the next story.
  await desk.publish(calm(quick ? { askRating: 'off', closeSolved: '1h' } : { askRating: '2s', closeSolved: '12s' }));
  const ledger = new Ledger(desk, 'answered', progress);
  await ledger.begin();
  const customers = await openTickets(desk, 'talk', 'normal');
  ledger.follow(customers.map(({ number }) => number));
  await mails(desk, customers, 1);
  const start = await ledger.book('start', 4);
  const rounds = quick ? 1 : MESSAGES_EACH_WAY;
  const replies: StepCost[] = [];
  const messages: StepCost[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    if (round > 1) {
      await inParallel(customers, SIDE_BY_SIDE, (customer) => writeAgain(desk, customer, round));
      messages.push(await ledger.book(`customer message ${round}`, 3));
    }
    await inParallel(customers, SIDE_BY_SIDE, ({ number }) =>
      desk.call('POST', `/conversations/${number}/replies`, { body: `Answer ${round}: have a look now.` }),
    );
    await mails(desk, customers, 1 + round);
    replies.push(await ledger.book(`agent reply ${round}`, 4));
  }
  await inParallel(customers, SIDE_BY_SIDE, ({ number }) => desk.call('PUT', `/conversations/${number}/status`, { status: 'solved' }));
  await mails(desk, customers, 2 + rounds);
  const solve = await ledger.book('solve', 5);
  if (quick) return ledger.costs;
  await until('every conversation is closed', CLOSE_WITHIN_MS, async () => {
    const open = await desk.db.selectFrom('conversations').select('number').where('status', '<>', 'closed').executeTakeFirst();
    return open === undefined ? true : undefined;
  });
  const close = await ledger.book('asked how it went, closed', 5);
  ledger.sum(
    'the whole story: five messages each way, solved, asked how it went, closed',
    44,
    [start, ...replies, ...messages, solve, close].map((cost) => ({ cost })),
  );
  for (const { email } of customers)
    if (mail.mails(email).length !== 3 + rounds) throw new Error(`${email} got ${mail.mails(email).length} mails instead of ${3 + rounds}.`);
  return ledger.costs;
}

/** Nobody takes it: paged, then acknowledged, or rung up the whole ladder. */
async function neglect(desk: BenchDesk, quick: boolean, progress: (line: string) => void): Promise<StepCost[]> {
  await desk.publish(neglected('5m'));
  const rung = (numbers: readonly number[], ring: number) => until(`ring ${ring} of every page`, 20_000 + ring * 10_000, () => haveRung(desk, numbers, ring));

  const owned = new Ledger(desk, 'acknowledged', progress);
  await owned.begin();
  const first = await openTickets(desk, 'owned', 'high');
  const numbers = first.map(({ number }) => number);
  owned.follow(numbers);
  await mails(desk, first, 1);
  const start = await owned.book('start', 4);
  await rung(numbers, 1);
  const paged = await owned.book('breach and first ring', 7);
  owned.sum('first page sent', 12, [{ cost: start }, { cost: paged }]);
  await inParallel(numbers, SIDE_BY_SIDE, (number) => desk.call('POST', `/pages/p${number}-1/acknowledgement`));
  await pause(1_000);
  const acknowledged = await owned.book('acknowledge', null);
  owned.sum('acknowledged', 18, [{ cost: start }, { cost: paged }, { cost: acknowledged }]);
  await solveAll(desk, numbers);
  await owned.book('solve while paged', null);
  if (quick) return owned.costs;

  await desk.publish(neglected('8s'));
  const ladder = new Ledger(desk, 'whole ladder', progress);
  await ladder.begin();
  const second = await openTickets(desk, 'ladder', 'high');
  const unowned = second.map(({ number }) => number);
  ladder.follow(unowned);
  await mails(desk, second, 1);
  const begun = await ladder.book('start', 4);
  await rung(unowned, 1);
  const breached = await ladder.book('breach and first ring', 7);
  await rung(unowned, RINGS_OF_THE_LADDER);
  const more = await ladder.book('page attempt', 2, RINGS_OF_THE_LADDER - 1);
  ladder.sum('breach', 5, [{ cost: breached }, { cost: more, times: -1 }]);
  ladder.sum('the whole ladder, six rings', 30, [{ cost: begun }, { cost: breached }, { cost: more, times: RINGS_OF_THE_LADDER - 1 }]);
  await solveAll(desk, unowned);
  return [...owned.costs, ...ladder.costs];
}

interface Customer {
  readonly email: string;
  readonly number: number;
}

async function openTickets(desk: BenchDesk, name: string, priority: 'normal' | 'high'): Promise<Customer[]> {
  const emails = Array.from({ length: SIDE_BY_SIDE }, (_, index) => `${name}-${index}@customer.example`);
  for (const email of emails) desk.mail.expect(email);
  return inParallel(emails, SIDE_BY_SIDE, async (email) => {
    const body = { requester: { email, name: 'Ada' }, subject: 'The shop is slow', body: 'Since this morning every page takes ten seconds.', priority };
    const { number } = (await desk.call('POST', '/tickets', body)) as { number: number };
    return { email, number };
  });
}

/** Waits until each customer has so many mails. */
async function mails(desk: BenchDesk, customers: readonly Customer[], count: number): Promise<void> {
  for (const { email } of customers) await desk.mail.wait(email, count, SETTLE_WITHIN_MS);
}

/** The customer answers the last mail they got. */
async function writeAgain(desk: BenchDesk, { email }: Customer, round: number): Promise<void> {
  const { host, port } = desk.smtp;
  const last =
    desk.mail
      .mails(email)
      .at(-1)
      ?.raw.toString('latin1')
      .replace(/\r\n[ \t]+/g, ' ') ?? '';
  const replyTo = /^reply-to:.*<([^>]+)>/im.exec(last)?.[1];
  if (replyTo === undefined) throw new Error(`The last mail to ${email} has no Reply-To.`);
  const transport = createTransport({ host, port, secure: false, ignoreTLS: true });
  try {
    await transport.sendMail({
      from: email,
      to: replyTo,
      subject: 'Re: The shop is slow',
      text: `Message ${round}: it is still slow, and here is a bit more about when that happens, so that it is no mere thanks.`,
    });
  } finally {
    transport.close();
  }
}

async function solveAll(desk: BenchDesk, numbers: readonly number[]): Promise<void> {
  await inParallel(numbers, SIDE_BY_SIDE, (number) => desk.call('PUT', `/conversations/${number}/status`, { status: 'solved' }));
}

async function haveRung(desk: BenchDesk, numbers: readonly number[], ring: number): Promise<true | undefined> {
  const rows = await desk.db
    .selectFrom('page_attempts as a')
    .innerJoin('pages as p', 'p.id', 'a.page_id')
    .select('p.number')
    .where('p.number', 'in', numbers)
    .where('a.ring', '=', ring)
    .where('a.outcome', '=', 'sent')
    .execute();
  return rows.length >= numbers.length ? true : undefined;
}

/** Events and bytes of the histories of conversations and their pages. */
async function historySize(desk: BenchDesk, numbers: readonly number[]): Promise<{ events: number; bytes: number }> {
  const pages = numbers.length === 0 ? [] : await desk.db.selectFrom('pages').select(['number', 'page']).where('number', 'in', numbers).execute();
  const ids = [...numbers.map(conversationWorkflowId), ...pages.map(({ number, page }) => pageWorkflowId(number, page))];
  let [events, bytes] = [0, 0];
  for (const id of ids) {
    const { historyLength, historySize: size } = await desk.client.workflow.getHandle(id).describe();
    events += historyLength;
    bytes += size ?? 0;
  }
  return { events, bytes };
}
