import { viewQuery, type ConversationView } from '../../messages/conversation';
import { loadPolicy } from '../../policy/resolve';
import type { Priority, PromiseKind } from '../../policy/words';
import { BUNDLING_MS, quietWorkflowCode } from '../kit/moved-time';
import { eventually, WorkflowDesk, type Started } from '../kit/workflow-desk';
import { timeSkippingEnv, type TimeSkipping } from '../setup/temporal';

/**
 * Every row of the handbook's table as a real workflow in moved time: in and out of office hours, on both plans, over a weekend
 * and both changes of the clock. Times are local (Berlin); winter is +1 h, summer +2 h. What is asserted is when the workflow
 * recorded its breaches and was due to ring, not when a loaded machine got round to it.
 */

interface Row {
  readonly priority: Priority;
  readonly plan: 'standard' | 'enterprise';
  /** When the first response is due. */
  readonly firstResponse: string;
  /** When its threshold rings on-call. */
  readonly page: string;
}

interface Scene {
  readonly what: string;
  readonly receivedAt: string;
  readonly office: 'open' | 'closed';
  readonly dispatch: string;
  readonly rows: readonly Row[];
}

const WINTER = '+01:00';
const SUMMER = '+02:00';

/** In the order in which they happen: the clock only moves forward. */
const SCENES: readonly Scene[] = [
  {
    what: 'a Monday morning in winter',
    receivedAt: `2027-01-11T10:00:00${WINTER}`,
    office: 'open',
    dispatch: `2027-01-11T11:00:00${WINTER}`,
    rows: [
      { priority: 'urgent', plan: 'standard', firstResponse: `2027-01-11T10:30:00${WINTER}`, page: `2027-01-11T10:15:00${WINTER}` },
      { priority: 'high', plan: 'standard', firstResponse: `2027-01-11T14:00:00${WINTER}`, page: `2027-01-11T13:00:00${WINTER}` },
      { priority: 'normal', plan: 'standard', firstResponse: `2027-01-12T10:00:00${WINTER}`, page: `2027-01-12T10:00:00${WINTER}` },
      { priority: 'low', plan: 'standard', firstResponse: `2027-01-14T10:00:00${WINTER}`, page: `2027-01-14T10:00:00${WINTER}` },
      { priority: 'urgent', plan: 'enterprise', firstResponse: `2027-01-11T10:30:00${WINTER}`, page: `2027-01-11T10:15:00${WINTER}` },
      { priority: 'high', plan: 'enterprise', firstResponse: `2027-01-11T14:00:00${WINTER}`, page: `2027-01-11T13:00:00${WINTER}` },
      { priority: 'normal', plan: 'enterprise', firstResponse: `2027-01-12T10:00:00${WINTER}`, page: `2027-01-12T10:00:00${WINTER}` },
      { priority: 'low', plan: 'enterprise', firstResponse: `2027-01-14T10:00:00${WINTER}`, page: `2027-01-14T10:00:00${WINTER}` },
    ],
  },
  {
    what: 'a Friday at 19:30, with the weekend ahead',
    receivedAt: `2027-01-22T19:30:00${WINTER}`,
    office: 'open',
    dispatch: `2027-01-25T08:30:00${WINTER}`,
    rows: [
      { priority: 'urgent', plan: 'standard', firstResponse: `2027-01-22T20:00:00${WINTER}`, page: `2027-01-22T19:45:00${WINTER}` },
      { priority: 'high', plan: 'standard', firstResponse: `2027-01-25T11:30:00${WINTER}`, page: `2027-01-25T10:30:00${WINTER}` },
      { priority: 'normal', plan: 'standard', firstResponse: `2027-01-25T19:30:00${WINTER}`, page: `2027-01-25T19:30:00${WINTER}` },
      { priority: 'low', plan: 'standard', firstResponse: `2027-01-27T19:30:00${WINTER}`, page: `2027-01-27T19:30:00${WINTER}` },
      { priority: 'urgent', plan: 'enterprise', firstResponse: `2027-01-22T20:00:00${WINTER}`, page: `2027-01-22T19:45:00${WINTER}` },
      { priority: 'high', plan: 'enterprise', firstResponse: `2027-01-22T23:30:00${WINTER}`, page: `2027-01-22T22:30:00${WINTER}` },
      { priority: 'normal', plan: 'enterprise', firstResponse: `2027-01-23T19:30:00${WINTER}`, page: `2027-01-23T19:30:00${WINTER}` },
      { priority: 'low', plan: 'enterprise', firstResponse: `2027-01-25T19:30:00${WINTER}`, page: `2027-01-25T19:30:00${WINTER}` },
    ],
  },
  {
    what: 'the Saturday before the clock goes forward',
    receivedAt: `2027-03-27T12:00:00${WINTER}`,
    office: 'closed',
    dispatch: `2027-03-29T09:00:00${SUMMER}`,
    rows: [
      { priority: 'urgent', plan: 'standard', firstResponse: `2027-03-29T08:30:00${SUMMER}`, page: `2027-03-29T08:15:00${SUMMER}` },
      { priority: 'high', plan: 'standard', firstResponse: `2027-03-29T12:00:00${SUMMER}`, page: `2027-03-29T11:00:00${SUMMER}` },
      { priority: 'normal', plan: 'standard', firstResponse: `2027-03-29T20:00:00${SUMMER}`, page: `2027-03-29T20:00:00${SUMMER}` },
      { priority: 'low', plan: 'standard', firstResponse: `2027-03-31T20:00:00${SUMMER}`, page: `2027-03-31T20:00:00${SUMMER}` },
      { priority: 'urgent', plan: 'enterprise', firstResponse: `2027-03-27T12:30:00${WINTER}`, page: `2027-03-27T12:15:00${WINTER}` },
      { priority: 'high', plan: 'enterprise', firstResponse: `2027-03-27T16:00:00${WINTER}`, page: `2027-03-27T15:00:00${WINTER}` },
      // A day of 24 h of the clock that never closes: an hour of the wall clock is missing in it.
      { priority: 'normal', plan: 'enterprise', firstResponse: `2027-03-28T13:00:00${SUMMER}`, page: `2027-03-28T13:00:00${SUMMER}` },
      { priority: 'low', plan: 'enterprise', firstResponse: `2027-03-30T13:00:00${SUMMER}`, page: `2027-03-30T13:00:00${SUMMER}` },
    ],
  },
  {
    what: 'the night in which the clock goes back',
    receivedAt: `2027-10-31T01:30:00${SUMMER}`,
    office: 'closed',
    dispatch: `2027-11-01T09:00:00${WINTER}`,
    rows: [
      { priority: 'urgent', plan: 'standard', firstResponse: `2027-11-01T08:30:00${WINTER}`, page: `2027-11-01T08:15:00${WINTER}` },
      { priority: 'high', plan: 'standard', firstResponse: `2027-11-01T12:00:00${WINTER}`, page: `2027-11-01T11:00:00${WINTER}` },
      { priority: 'normal', plan: 'standard', firstResponse: `2027-11-01T20:00:00${WINTER}`, page: `2027-11-01T20:00:00${WINTER}` },
      { priority: 'low', plan: 'standard', firstResponse: `2027-11-03T20:00:00${WINTER}`, page: `2027-11-03T20:00:00${WINTER}` },
      { priority: 'urgent', plan: 'enterprise', firstResponse: `2027-10-31T02:00:00${SUMMER}`, page: `2027-10-31T01:45:00${SUMMER}` },
      { priority: 'high', plan: 'enterprise', firstResponse: `2027-10-31T04:30:00${WINTER}`, page: `2027-10-31T03:30:00${WINTER}` },
      { priority: 'normal', plan: 'enterprise', firstResponse: `2027-11-01T00:30:00${WINTER}`, page: `2027-11-01T00:30:00${WINTER}` },
      { priority: 'low', plan: 'enterprise', firstResponse: `2027-11-03T00:30:00${WINTER}`, page: `2027-11-03T00:30:00${WINTER}` },
    ],
  },
];

let workflowCode: string;
let time: TimeSkipping;
let desk: WorkflowDesk;

beforeAll(async () => {
  workflowCode = await quietWorkflowCode();
}, BUNDLING_MS);

// A server for each scene: its clock may stand still for good once workflows have completed under it.
beforeEach(async () => {
  time = await timeSkippingEnv();
  const handbook = await loadPolicy(undefined, Date.parse('2027-01-01T00:00:00Z'));
  desk = new WorkflowDesk(time.env.nativeConnection, time.client, handbook, { workflowCode });
  await desk.open();
});

afterEach(async () => {
  await desk.close();
  await time.close();
});

test.each(SCENES)(
  '$what',
  async (scene) => {
    const receivedAt = Date.parse(scene.receivedAt);
    await moveTo(receivedAt);
    const tickets = await Promise.all(
      scene.rows.map(async (row) => ({ row, ticket: await desk.start({ receivedAt, priority: row.priority, plan: row.plan }) })),
    );
    await moveTo(receivedAt + 6 * 24 * 60 * 60_000);
    for (const { row, ticket } of tickets) {
      const view = await breachedView(ticket);
      const due = (kind: PromiseKind) => view.promises.find((promise) => promise.kind === kind);
      const told = { ...row, receivedAt: scene.receivedAt };
      expect({ ...told, firstResponse: berlin(due('firstResponse')?.dueAt, row.firstResponse) }).toEqual(told);
      expect(due('firstResponse')).toMatchObject({ state: 'breached', breachedAt: Date.parse(row.firstResponse) });
      expect(due('dispatch')).toMatchObject({ state: 'breached', breachedAt: Date.parse(scene.dispatch) });
      const paged = await eventually(`#${ticket.number} has been recorded`, () => {
        const causes = [...ticket.beginning, ...desk.outside.timelineOf(ticket.number)].filter((entry) => entry.type === 'page.cause');
        return causes.length >= (scene.office === 'closed' ? 3 : 2) && causes;
      });
      const at = (kind: PromiseKind) => paged.find((entry) => entry.data.cause === `conversation/${ticket.number}:${kind}:1`)?.at;
      expect(at('firstResponse')).toBe(Date.parse(row.page));
      expect(at('dispatch')).toBe(Date.parse(scene.dispatch));
      expect(at('feedback')).toBe(scene.office === 'closed' ? receivedAt : undefined);
      const loud = row.priority === 'urgent' || row.priority === 'high' ? 'high' : 'low';
      expect(new Set(paged.map((entry) => entry.data.urgency))).toEqual(new Set([loud]));
      const receipt = desk.outside.mailsOf(ticket.number)[0];
      expect(receipt?.facts).toMatchObject({
        dueAt: Date.parse(row.firstResponse),
        officeOpen: scene.office === 'open',
        onCallTold: scene.office === 'closed',
      });
    }
    expect(desk.outside.unexpected).toEqual([]);
  },
  60_000,
);

async function moveTo(instant: number): Promise<void> {
  const left = instant - (await time.env.currentTimeMs());
  if (left > 0) await time.env.sleep(left);
}

function breachedView(ticket: Started): Promise<ConversationView> {
  return eventually(`#${ticket.number} has broken its promises`, async () => {
    const view = await ticket.handle.query<ConversationView, []>(viewQuery);
    return view.promises.filter((promise) => promise.state === 'breached').length >= 2 && view;
  });
}

/** An instant in the offset in which the expectation is written, so that a difference can be read. */
function berlin(at: number | undefined, like: string): string {
  if (at === undefined) return 'nothing is promised';
  const offset = like.slice(-6);
  const local = new Date(at + (offset === SUMMER ? 2 : 1) * 60 * 60_000).toISOString().slice(0, 19);
  return `${local}${offset}`;
}
