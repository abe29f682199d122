import type { Transaction } from 'kysely';
import type { Database } from './connection';
import { newId } from './new-id';
import type { Schema } from './schema';

/** Somebody whom a mail names and no agent has admitted yet; `email` lower case. */
export interface Proposal {
  readonly id: string;
  readonly role: 'requester' | 'participant';
  readonly email: string;
  readonly name: string | null;
}

/** Whom a conversation's mails propose, in the order in which they were proposed. */
export async function listProposals(db: Database, number: number): Promise<Proposal[]> {
  return db.selectFrom('proposals').select(['id', 'role', 'email', 'name']).where('number', '=', number).orderBy('at').orderBy('email').execute();
}

/** Keeps a proposal, once for each address and role. */
export async function addProposal(trx: Transaction<Schema>, proposal: Omit<Proposal, 'id'> & { number: number; at: Date }): Promise<void> {
  await trx
    .insertInto('proposals')
    .values({ id: newId('pr'), ...proposal })
    .onConflict((conflict) => conflict.columns(['number', 'role', 'email']).doNothing())
    .execute();
}

/** What an address was proposed as has been decided. */
export async function removeProposals(trx: Transaction<Schema>, number: number, email: string): Promise<void> {
  await trx.deleteFrom('proposals').where('number', '=', number).where('email', '=', email).execute();
}
