import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import { closeForRemoval, removeSeeded, seededConversations, type Removed, type SeededConversation } from '../db/seed';
import { SEEDED_VERSION } from '../intake/seed/desk';
import { ORGANIZATIONS, STAFF_DOMAIN } from '../intake/seed/people';
import { conversationWorkflowId, pageWorkflowId } from '../messages/ids';
import { HoldfastError } from '../messages/errors';
import { forgetTokens, SEED_SETTING, SEEDED_IDS, seededAgents, sideBySide, until } from './seed-desk';
import type { SeedingParts } from './seeding';

const SIDE_BY_SIDE = 8;
const SETTLED_WITHIN_MS = 60_000;
const REASON = 'The seeded conversations were removed (holdfast seed --remove).';

/** Takes away what was seeded: solves what is open, so that pages end as they do, ends the workflows, and removes the rows after them. */
export class SeedRemoval {
  readonly #parts: SeedingParts;

  constructor(parts: SeedingParts) {
    this.#parts = parts;
  }

  /** Removes all of it; a second time there is nothing left to remove. Errors: E_UNAVAILABLE when Temporal does not answer; then run it again. */
  async remove(): Promise<Removed> {
    const { db, tell } = this.#parts;
    const conversations = await seededConversations(db, SEEDED_IDS);
    if (conversations.length > 0) {
      await this.#solve(conversations.filter(({ status }) => status !== 'solved' && status !== 'closed'));
      const numbers = conversations.map(({ number }) => number);
      await this.#pagesOver(numbers);
      // From here on nobody starts them again.
      await closeForRemoval(db, numbers, new Date());
      await this.#endWorkflows(numbers);
      tell(`${numbers.length} workflows have ended, and their pages before them`);
    }
    const removed = await this.#removeRows();
    tell(`${removed.conversations} conversations, ${removed.contacts} customers, ${removed.organizations} organizations and ${removed.agents} agents are gone`);
    if (removed.kept > 0) tell(`${removed.kept} of the agents have other conversations by now: they stay, disabled`);
    return removed;
  }

  async #solve(open: readonly SeededConversation[]): Promise<void> {
    const { db, desk, tell } = this.#parts;
    if (open.length === 0) return;
    const [lead] = (await seededAgents(db, desk.url, Date.now())).values();
    try {
      await sideBySide(SIDE_BY_SIDE, open, async ({ number }) => {
        try {
          await lead?.put(`/conversations/${number}/status`, { status: 'solved' });
        } catch (error) {
          // Solved or merged meanwhile, or its workflow is lost: it is ended all the same.
          if (!(error instanceof HoldfastError) || error.code === 'E_UNAUTHENTICATED') throw error;
          tell(`#${number} could not be solved first: ${error.code}`);
        }
      });
    } finally {
      await forgetTokens(db);
    }
    tell(`${open.length} open conversations are solved`);
  }

  /** An escalation ends by itself when its reasons are over. */
  async #pagesOver(numbers: readonly number[]): Promise<void> {
    const { db, tell } = this.#parts;
    const open = async (): Promise<boolean> =>
      (await db.selectFrom('pages').select('id').where('number', 'in', numbers).where('state', '<>', 'over').executeTakeFirst()) !== undefined;
    try {
      await until('end the seeded pages', SETTLED_WITHIN_MS / 4, async () => ((await open()) ? undefined : true));
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      tell('Some pages did not end by themselves; they are ended now');
    }
  }

  async #endWorkflows(numbers: readonly number[]): Promise<void> {
    const { db, desk } = this.#parts;
    const pages = await db.selectFrom('pages').select(['number', 'page']).where('number', 'in', numbers).execute();
    const ids = [...numbers.map(conversationWorkflowId), ...pages.map(({ number, page }) => pageWorkflowId(number, page))];
    let connection: Connection;
    try {
      connection = await Connection.connect({ ...desk.temporal.connectionOptions, connectTimeout: '10s' });
    } catch (cause) {
      throw new HoldfastError('E_UNAVAILABLE', 'Temporal does not answer, so the seeded workflows cannot be ended.', {
        fix: 'See that it runs (npx holdfast doctor), then run this again.',
        cause,
      });
    }
    try {
      const client = new Client({ connection, namespace: desk.temporal.namespace });
      await sideBySide(SIDE_BY_SIDE, ids, async (id) => {
        try {
          await client.workflow.getHandle(id).terminate(REASON);
        } catch (error) {
          // It has ended already.
          if (!(error instanceof WorkflowNotFoundError)) throw error;
        }
      });
    } finally {
      await connection.close();
    }
  }

  async #removeRows(): Promise<Removed> {
    const { db } = this.#parts;
    const domains = [...ORGANIZATIONS.map(({ domain }) => domain), STAFF_DOMAIN];
    const removed = await removeSeeded(db, SEEDED_IDS, { domains, policies: SEEDED_VERSION, at: new Date() });
    await db.deleteFrom('settings').where('key', '=', SEED_SETTING).execute();
    return removed;
  }
}
