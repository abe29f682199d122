import { sql, type Transaction } from 'kysely';
import type { Database } from './connection';
import type { Schema } from './schema';

/** As whom somebody is in a thread: who asked, who takes part, or who only wrote and is shown. */
export type ParticipantRole = 'requester' | 'participant' | 'thirdParty';

/** Someone in a thread. */
export interface ParticipantRecord {
  readonly id: string;
  readonly name: string | null;
  readonly email: string | null;
  readonly phone: string | null;
  readonly role: ParticipantRole;
}

/** The people of a thread, requester first. */
export async function listParticipants(db: Database, number: number): Promise<ParticipantRecord[]> {
  return db
    .selectFrom('participants as p')
    .innerJoin('contacts as c', 'c.id', 'p.contact_id')
    .select(['c.id', 'c.name', 'c.email', 'c.phone', 'p.role'])
    .where('p.number', '=', number)
    .orderBy(sql`p.role <> 'requester'`)
    .orderBy('p.added_at')
    .orderBy('c.id')
    .execute();
}

/** Ids of those who are written to, requester first: everybody but third parties. */
export async function contactsWrittenTo(db: Database, number: number): Promise<string[]> {
  const people = await listParticipants(db, number);
  return people.filter(({ role }) => role !== 'thirdParty').map(({ id }) => id);
}

/** Puts somebody into a thread in this role, or gives them this one from now on. */
export async function setParticipant(
  trx: Transaction<Schema>,
  participant: { number: number; contactId: string; role: ParticipantRole; at: Date },
): Promise<void> {
  await trx
    .insertInto('participants')
    .values({ number: participant.number, contact_id: participant.contactId, role: participant.role, added_at: participant.at })
    .onConflict((conflict) => conflict.columns(['number', 'contact_id']).doUpdateSet({ role: participant.role }))
    .execute();
}

/** Takes people out of a thread; what they wrote stays. */
export async function removeParticipants(trx: Transaction<Schema>, number: number, contactIds: readonly string[]): Promise<void> {
  if (contactIds.length === 0) return;
  await trx.deleteFrom('participants').where('number', '=', number).where('contact_id', 'in', contactIds).execute();
}
