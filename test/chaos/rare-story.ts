import { inTheEnd } from '../kit/desk-under-test';
import type { CrashDesk } from './crash-desk';
import type { Fault } from './crash-director';
import { again, solve, STEP_WITHIN_MS } from './patience';

/** So many of each meet the faults. */
const MERGES = 5;
const FLAGGED = 5;
const LATE = 3;

/** What the rare things leave behind. */
export interface RareTold {
  /** Message-IDs of the mails that the desk has taken, each with its conversation. */
  readonly threads: ReadonlyMap<string, number>;
  readonly numbers: readonly number[];
}

const fail = (...points: Fault['point'][]) => points.map((point) => ({ point, how: 'fail' }) as const);

/**
 * What an everyday ticket does not come by: two become one and two again, mail that was kept aside is released, and something is said in the
 * moment in which a conversation closes (`closed` are some that have).
 */
export async function rareStory(crashDesk: CrashDesk, closed: readonly number[], progress: (line: string) => void): Promise<RareTold> {
  const { director } = crashDesk;
  progress('merged, and taken back');
  director.plan(...fail('merge:written', 'unmerge:written'));
  const merged = await mergeAndTakeBack(crashDesk);
  director.calm();
  progress('mail that was kept aside is released');
  director.plan(...fail('release:taken'));
  const released = await release(crashDesk);
  director.calm();
  progress('something is said in the moment of closing');
  director.plan(...fail('linked:written', 'linked:committed'));
  const linked = await sayInTheLastMoment(crashDesk, closed.slice(0, LATE));
  director.calm();
  const numbers = [...merged, ...released.values(), ...linked];
  await Promise.all(numbers.map((number) => solve(crashDesk.desk, number)));
  return { threads: released, numbers };
}

async function mergeAndTakeBack({ desk }: CrashDesk): Promise<number[]> {
  const pairs = await Promise.all(
    Array.from({ length: MERGES }, async (_, index) => {
      const { address } = desk.customer(`Merged ${index}`, `merged${index}@acme.example`);
      const open = (key: string) => {
        const body = { requester: { email: address }, subject: `Merged ${index}`, body: 'This comes twice.' };
        return again('the ticket is there', () => desk.must<{ number: number }>('POST', '/tickets', body, { key: `${key}-${index}` }));
      };
      return [(await open('one')).number, (await open('other')).number] as const;
    }),
  );
  await Promise.all(
    pairs.map(async ([source, into]) => {
      await again(`#${source} is a part`, () => desk.must('POST', `/conversations/${source}/merge`, { into }, { key: `merge-${source}` }));
      await again(`#${source} is itself`, () => desk.must('DELETE', `/conversations/${source}/merge`, undefined, { key: `unmerge-${source}` }));
    }),
  );
  return pairs.flat();
}

async function release({ desk }: CrashDesk): Promise<Map<string, number>> {
  const { db } = desk.parts;
  const places = await Promise.all(
    Array.from({ length: FLAGGED }, async (_, index) => {
      const id = `flagged${index}@acme.example`;
      const customer = desk.customer(`Flagged ${index}`, id);
      const mail = { messageId: `<${id}>`, date: new Date(), headers: { 'X-Spam-Flag': 'YES' } };
      await again('the desk takes it', () => customer.writes('support@example.test', `Is this spam, ${index}?`, 'It is not.', mail));
      const aside = db.selectFrom('inbox').select('id').where('sender', '=', id).where('state', '=', 'suspended');
      const { id: inboxId } = await inTheEnd('it is kept aside', () => aside.executeTakeFirst(), STEP_WITHIN_MS);
      await again('it is released', () => desk.must('POST', `/suspended/${inboxId}/release`, {}, { key: `release-${inboxId}` }));
      const place = db.selectFrom('messages').select('number').where('mail_id', '=', id);
      return [id, (await inTheEnd('it has its place', () => place.executeTakeFirst(), STEP_WITHIN_MS)).number] as const;
    }),
  );
  return new Map(places);
}

/** As resolve would have written it, had it come a moment before the conversation closed, and after relay had looked. */
async function sayInTheLastMoment({ desk }: CrashDesk, closed: readonly number[]): Promise<number[]> {
  const { db } = desk.parts;
  for (const number of closed) {
    await db.transaction().execute(async (trx) => {
      const row = await trx
        .selectFrom('conversations')
        .select(['last_seq', 'policy_hash as policy', 'requester_id as requester'])
        .where('number', '=', number)
        .executeTakeFirstOrThrow();
      const [seq, at, messageId] = [row.last_seq + 1, new Date(), `m-late-${number}`];
      const message = { id: messageId, number, seq, direction: 'in', author_kind: 'customer', author_id: row.requester, channel: 'email' } as const;
      await trx
        .insertInto('messages')
        .values({ ...message, body: 'One more thing.', at, state: 'received', authenticated: true })
        .execute();
      const { policy } = row;
      const data = { type: 'message', seq, at: at.getTime(), messageId, author: 'customer', channel: 'email', machine: false, slight: false, policy };
      await trx
        .insertInto('conversation_events')
        .values({ number, seq, at, type: 'message', data: JSON.stringify(data) })
        .execute();
      await trx.updateTable('conversations').set({ last_seq: seq }).where('number', '=', number).execute();
    });
  }
  const linked = db.selectFrom('conversations').select('number').where('linked_from', 'in', closed);
  const found = async () => {
    const rows = await linked.execute();
    return rows.length === closed.length && rows.map(({ number }) => number);
  };
  return inTheEnd('what was said goes on in linked conversations', found, STEP_WITHIN_MS);
}
