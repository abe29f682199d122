import type { Database } from '../db/connection';
import { zoneToTell } from '../messages/zone-words';
import { officeOpensAt } from '../policy/promises';
import type { ApiContext } from './context';
import { momentWords, zoneWords, type Teller } from './pages/help/told-time';

/** What on-call says with one tap. */
export interface OneTap {
  readonly word: 'workingOnIt' | 'whenOpen' | 'ownWords';
  /** When they will write again, if they said so; milliseconds. */
  readonly updateBy?: number | undefined;
}

/** What stands in the thread for on-call's one tap, in its customer's language and zone; the mail says the same in its own words. */
export async function feedbackWords(context: ApiContext, db: Database, number: number, { word, updateBy }: OneTap): Promise<string> {
  const teller = await tellerFor(context, db, number);
  const told = (at: number) => `${momentWords(at, teller)} (${zoneWords(teller, [at])})`;
  const isGerman = teller.locale === 'de';
  if (word === 'whenOpen') {
    const opens = told(officeOpensAt(context.policy(), teller.now));
    return isGerman
      ? `Ich habe Ihre Nachricht gelesen. Wir kümmern uns darum, wenn unser Büro öffnet: ${opens}.`
      : `I have read your message. We’ll get to it when our office opens on ${opens}.`;
  }
  const working = isGerman ? 'Ich arbeite gerade daran.' : 'I’m working on this right now.';
  if (updateBy === undefined) return working;
  return isGerman ? `${working} Sie hören bis ${told(updateBy)} wieder von mir.` : `${working} You’ll hear from me again by ${told(updateBy)}.`;
}

/** How the customer of a conversation is told times: as their chat says, else as is known of them. */
async function tellerFor(context: ApiContext, db: Database, number: number): Promise<Teller> {
  const known = await db
    .selectFrom('conversations as c')
    .innerJoin('contacts as p', 'p.id', 'c.requester_id')
    .leftJoin('chats as h', (join) => join.onRef('h.number', '=', 'c.number').onRef('h.contact_id', '=', 'c.requester_id'))
    .select((eb) => [eb.fn.coalesce('h.locale', 'p.locale').as('locale'), eb.fn.coalesce('h.time_zone', 'p.zone').as('zone')])
    .where('c.number', '=', number)
    .executeTakeFirst();
  return { locale: known?.locale ?? 'en', zone: zoneToTell(known?.zone ?? null, context.policy().timezone), now: context.now() };
}
