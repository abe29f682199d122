import type { Database } from '../../db/connection';
import { inboundRows, type InboundRow } from '../../db/conversation-records';
import { writeNotice } from '../../db/notices';
import { isInboundEvent } from '../../messages/guards';
import type { InboundEvent, MessageEvent } from '../../policy/events';

/** So many events before a damaged one are looked at for the policy that it came under. */
const LOOKS_BACK = 20;

/**
 * Inbound events with `after < seq <= upTo`, in order, at most `limit`. One whose row is not of the agreed form is set aside: the row
 * stays, a notice tells the agents, and the conversation reads a machine's message in its place, which changes nothing and lets it go on.
 */
export async function readableEvents(db: Database, range: { number: number; after: number; upTo: number; limit: number }): Promise<InboundEvent[]> {
  const events: InboundEvent[] = [];
  for (const row of await inboundRows(db, range)) events.push(isReadable(row) ? row.data : await setAside(db, range.number, row, events.at(-1)));
  return events;
}

function isReadable(row: InboundRow): row is InboundRow & { data: InboundEvent } {
  return isInboundEvent(row.data) && row.data.seq === row.seq;
}

async function setAside(db: Database, number: number, { seq, at }: InboundRow, before: InboundEvent | undefined): Promise<MessageEvent> {
  await writeNotice(db, {
    key: `ops:event:${number}:${seq}`,
    number,
    kind: 'ops',
    text: `Something that came in for #${number} could not be understood and has moved nothing: no promise runs for it. It is kept as event ${seq} of the conversation; look at the thread and act by hand.`,
    toAgent: null,
    dueAt: at,
    at,
  });
  const policy = before?.policy ?? (await policyBefore(db, number, seq));
  return { type: 'message', seq, at: at.getTime(), messageId: 'unreadable', author: 'customer', channel: 'api', machine: true, slight: false, policy };
}

/** What the event before it was promised under, so that no other policy comes into force by it. */
async function policyBefore(db: Database, number: number, seq: number): Promise<string> {
  const rows = await inboundRows(db, { number, after: Math.max(0, seq - 1 - LOOKS_BACK), upTo: seq - 1, limit: LOOKS_BACK });
  const readable = rows.findLast(isReadable);
  if (readable !== undefined) return readable.data.policy;
  const { policy_hash: first } = await db.selectFrom('conversations').select('policy_hash').where('number', '=', number).executeTakeFirstOrThrow();
  return first;
}
