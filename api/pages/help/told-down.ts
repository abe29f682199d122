import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type { LinkActed } from '../../../intake/link-act';
import type { Priority } from '../../../policy/words';
import type { ApiContext } from '../../context';
import { html, type Html } from '../html';
import type { HelpView } from './frame';
import { LINK_WORDS, type LinkWords } from './link-words';
import { momentTold, momentWords } from './told-time';

/** How long the page waits for what the button has set off, and how often it looks, in milliseconds of real time. */
const WAIT_MS = 2_000;
const LOOK_AGAIN_MS = 50;

/** What pressing "production is down" has set off so far: nothing here is said before it is so. */
export async function toldDown({ context, teller, words }: HelpView, acted: LinkActed): Promise<Html> {
  const { number, saidAt } = acted;
  const say = LINK_WORDS[words.locale].told;
  const now = await whatHappened(context, acted);
  const heading =
    saidAt === null
      ? html`<h1>${say.thanks}</h1>`
      : html`<h1>${say.known}</h1>
          <p>${say.when(momentWords(saidAt, teller))}</p>`;
  const more = html`<p>${say.tellMore}</p>`;
  if (now === null)
    return html`${heading}
      <p>${say.underWay(number)}</p>
      ${more}`;
  return html`${heading}
    <p>${say.is(number, now.priority)} ${onCallWords(now.page, say)}</p>
    ${now.dueAt !== null && html`<p>${say.hear} <strong>${momentTold(now.dueAt, teller)}</strong>.</p>`} ${more}`;
}

function onCallWords(page: Happened['page'], say: LinkWords['told']): string {
  switch (page) {
    case 'paging':
      return say.paging;
    case 'acknowledged':
      return say.acknowledged;
    case null:
      return say.team;
    default:
      return page satisfies never;
  }
}

interface Happened {
  readonly priority: Priority;
  readonly page: 'paging' | 'acknowledged' | null;
  /** The next time at which the customer hears from us, unless it has passed. */
  readonly dueAt: Date | null;
}

/** What the conversation has made of the act; null when it has not answered within two seconds. */
async function whatHappened(context: ApiContext, { number, seq }: LinkActed): Promise<Happened | null> {
  const { db } = context;
  const read = () => db.selectFrom('conversations').select(['priority', 'applied_seq as applied']).where('number', '=', number).executeTakeFirstOrThrow();
  const until = performance.now() + (context.client === undefined ? 0 : WAIT_MS);
  let row = await read();
  while (row.applied < seq && performance.now() < until) {
    await sleep(LOOK_AGAIN_MS);
    row = await read();
  }
  if (row.applied < seq) return null;
  const { rings } = await db
    .selectFrom('conversations')
    // The page's own row follows a moment later.
    .select(sql<boolean | null>`jsonb_typeof(carried -> 'state' -> 'page') = 'object'`.as('rings'))
    .where('number', '=', number)
    .executeTakeFirstOrThrow();
  const page = await db.selectFrom('pages').select('id').where('number', '=', number).where('state', '=', 'acknowledged').executeTakeFirst();
  const promise = await db
    .selectFrom('promises')
    .select('due_at as dueAt')
    .where('number', '=', number)
    .where('kind', 'in', ['firstResponse', 'nextResponse', 'update'])
    .where('state', '=', 'running')
    .where('paused', '=', false)
    .where('due_at', '>', new Date(context.now()))
    .orderBy('due_at')
    .limit(1)
    .executeTakeFirst();
  return { priority: row.priority, page: page !== undefined ? 'acknowledged' : rings === true ? 'paging' : null, dueAt: promise?.dueAt ?? null };
}
