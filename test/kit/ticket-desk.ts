import type { Database } from '../../db/connection';
import { publishPolicy } from '../../db/policies';
import { createTicket } from '../../intake/create-ticket';
import type { Carried } from '../../messages/conversation';
import { apply } from '../../policy/conversation';
import type { PolicySnapshot } from '../../policy/snapshot';
import type { Command, ConversationEvent } from '../../policy/events';
import type { Priority } from '../../policy/words';
import { policyOf } from '../policy/policies';
import { openTestDatabase, type OpenTestDatabase } from '../setup/database';

/** Monday, 2 March 2026, 10:00 in Berlin: the office is open. */
export const MONDAY_10 = Date.UTC(2026, 2, 2, 9);

/** Tickets on a database of their own, with no process around it. */
export class TicketDesk {
  db!: Database;
  policy!: PolicySnapshot;
  private base!: OpenTestDatabase;

  async open(policyText = '', at = MONDAY_10): Promise<void> {
    this.base = await openTestDatabase();
    this.db = this.base.db;
    this.policy = await policyOf(policyText);
    await publishPolicy(this.db, this.policy, new Date(at));
    await this.db
      .insertInto('agents')
      .values({ id: 'ada', name: 'Ada', email: null, role: 'agent', created_at: new Date(at) })
      .execute();
  }

  get url(): string {
    return this.base.url;
  }

  async close(): Promise<void> {
    await this.base.close();
  }

  /** A new ticket's number, on the way that the API takes. */
  async ticket(facts: { at?: number; priority?: Priority } = {}): Promise<number> {
    const { at = MONDAY_10, priority = 'normal' } = facts;
    const request = { requester: { email: 'jane@acme.test' }, subject: 'Help', body: 'The shop is slow.', priority };
    const { number } = await createTicket(this.db, this.policy, request, { now: at, actor: null });
    return number;
  }

  row(number: number) {
    return this.db.selectFrom('conversations').selectAll().where('number', '=', number).executeTakeFirstOrThrow();
  }

  promises(number: number) {
    return this.db.selectFrom('promises').selectAll().where('number', '=', number).orderBy('kind').orderBy('cycle').execute();
  }

  timeline(number: number) {
    return this.db.selectFrom('timeline').selectAll().where('number', '=', number).orderBy('revision').orderBy('position').execute();
  }

  /** What a conversation's workflow carries after what the database holds, with its policies. */
  async carried(number: number): Promise<Carried> {
    const { carried } = await this.row(number);
    if (carried === null) throw new Error(`#${number} has no projection.`);
    return { ...carried, state: { ...carried.state, policies: { [this.policy.hash]: this.policy } } };
  }

  /** What it carries once something more has happened at that time (milliseconds). */
  happened(carried: Carried, event: ConversationEvent, now: number): Carried {
    const step = apply(carried.state, event, now);
    const { revision } = step.state;
    const timeline = step.timeline.map((entry, position) => ({ ...entry, revision, position }));
    return { state: step.state, lanes: [...carried.lanes, ...step.effects], timeline, announced: carried.announced };
  }

  /** A command as an event. */
  command(command: Command, at: number, id = `command-${at}`): ConversationEvent {
    return { type: 'command', id, at, by: 'ada', command };
  }
}
