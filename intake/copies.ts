import type { Transaction } from 'kysely';
import { addCommand, DESK } from '../db/commands';
import type { EarlierCopy, WaitingRow } from '../db/inbox';
import type { Schema } from '../db/schema';
import { teamNamed } from '../db/teams';
import { lockThread } from '../db/threads';
import { choosePriority } from '../policy/triage';
import { PRIORITIES } from '../policy/words';
import { localPartOf } from './mail-address';
import type { ParsedMail } from './parse/parsed-mail';
import type { Desk } from './resolve';

/** Copies of one mail to several of our addresses arrive together; a copy that comes later is a repetition and changes nothing. */
const TOGETHER_MS = 10 * 60_000;

/**
 * One mail to several addresses is one ticket with the highest priority and all tags: a copy of its opening mail that came with it adds
 * its address's tags and, where none has it yet, its team; its priority and whether it pages in the night are the workflow's to take over (policy/copied.ts).
 */
export async function raiseByCopy(
  trx: Transaction<Schema>,
  desk: Desk,
  copy: { row: WaitingRow; mail: ParsedMail; earlier: EarlierCopy; now: number },
): Promise<void> {
  const { row, mail, earlier } = copy;
  if (!earlier.opened || earlier.number === null) return;
  if (row.receivedAt.getTime() - earlier.receivedAt.getTime() > TOGETHER_MS) return;
  const thread = await lockThread(trx, earlier.number);
  if (thread === null || thread.status === 'closed' || thread.mergedInto !== null) return;
  const triage = choosePriority(desk.policy, {
    channel: 'email',
    addresses: row.envelope.to.map(localPartOf),
    contact: mail.from?.address,
    subject: mail.subject,
    text: mail.text,
  });
  const tags = [...new Set([...thread.tags, ...triage.tags])];
  if (tags.length > thread.tags.length) {
    await trx.updateTable('conversations').set({ tags }).where('number', '=', thread.number).execute();
  }
  const team = await teamNamed(trx, triage.team);
  if (team !== null) {
    await trx.updateTable('conversations').set({ team_id: team }).where('number', '=', thread.number).where('team_id', 'is', null).execute();
  }
  const isHigher = PRIORITIES.indexOf(triage.priority) < PRIORITIES.indexOf(thread.priority);
  const pages = triage.outOfHours === 'page' && thread.start.outOfHours === 'notice';
  if (!isHigher && !pages) return;
  await addCommand(trx, {
    id: `copy-${row.id}`,
    number: thread.number,
    actor: DESK,
    command: { type: 'copied', priority: triage.priority, outOfHours: triage.outOfHours },
    bodyRef: null,
    at: copy.now,
    notAfter: null,
  });
}
