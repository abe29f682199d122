import { sql, type Transaction } from 'kysely';
import type { Command } from '../policy/events';
import type { Refusal } from '../policy/state';
import type { CommandAnswer } from '../messages/conversation';
import type { Database } from './connection';
import { writeNotice, type NewNotice } from './notices';
import type { Schema } from './schema';

/** Whose commands the desk gives by itself; agents’ ids are others. */
export const DESK = 'desk';

/** A command as it was given, before and after the workflow has heard of it. Times are milliseconds. */
export interface CommandRow {
  readonly id: string;
  readonly number: number;
  /** Agent id, or {@link DESK}. */
  readonly actor: string;
  readonly command: Command;
  /** The message that it carries, if any. */
  readonly bodyRef: string | null;
  readonly at: number;
  /** Until when it may be applied; such a command is never repeated. */
  readonly notAfter: number | null;
  readonly state: 'queued' | 'done' | 'refused';
  readonly result: CommandResult | null;
}

/** How a command ended. */
export type CommandResult = { readonly answer: Omit<CommandAnswer, 'refusal'> } | { readonly refusal: Refusal };

const columns = ['id', 'number', 'actor', 'command', 'body_ref', 'at', 'not_after', 'state', 'result'] as const;

type Row = {
  id: string;
  number: number;
  actor: string;
  command: Command;
  body_ref: string | null;
  at: Date;
  not_after: Date | null;
  state: CommandRow['state'];
  result: Record<string, unknown> | null;
};

function fromRow(row: Row): CommandRow {
  return {
    id: row.id,
    number: row.number,
    actor: row.actor,
    command: row.command,
    bodyRef: row.body_ref,
    at: row.at.getTime(),
    notAfter: row.not_after?.getTime() ?? null,
    state: row.state,
    // Only finishCommand writes it.
    result: row.result as CommandResult | null,
  };
}

/** Adds a command; false when its id exists already. */
export async function addCommand(db: Database, command: Omit<CommandRow, 'state' | 'result'>): Promise<boolean> {
  const row = await db
    .insertInto('commands')
    .values({
      id: command.id,
      number: command.number,
      actor: command.actor,
      type: command.command.type,
      command: JSON.stringify(command.command),
      body_ref: command.bodyRef,
      at: new Date(command.at),
      not_after: command.notAfter === null ? null : new Date(command.notAfter),
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** One command, or null. */
export async function getCommand(db: Database, id: string): Promise<CommandRow | null> {
  const row = await db.selectFrom('commands').select(columns).where('id', '=', id).executeTakeFirst();
  return row ? fromRow(row) : null;
}

/**
 * Commands that nobody has answered, oldest first, for the sweep that repeats them; those that must not come late are not among them.
 * `before` leaves alone what a request still waits for. Where there are more than `limit`, chance decides which conversations have their
 * turn, and of each come the earliest: those that do not answer hold up no other, and no command overtakes an earlier one.
 */
export async function queuedCommands(db: Database, { before, limit }: { before: Date; limit: number }): Promise<CommandRow[]> {
  const waiting = db
    .selectFrom('commands')
    .select([...columns, sql<number>`row_number() OVER (PARTITION BY number ORDER BY at, id)`.as('place')])
    .where('state', '=', 'queued')
    .where('at', '<', before)
    .where((where) => where.or([where('not_after', 'is', null), where('not_after', '<', before)]));
  const taken = db
    .selectFrom(waiting.as('waiting'))
    .select(columns)
    .orderBy('place')
    .orderBy(sql`random()`)
    .limit(limit);
  const rows = await db.selectFrom(taken.as('taken')).select(columns).orderBy('at').orderBy('id').execute();
  return rows.map(fromRow);
}

/** What waits for one conversation, oldest first, but for what must not come late. */
export async function queuedCommandsOf(db: Database, number: number): Promise<CommandRow[]> {
  const rows = await db
    .selectFrom('commands')
    .select(columns)
    .where('number', '=', number)
    .where('state', '=', 'queued')
    .where('not_after', 'is', null)
    .orderBy('at')
    .orderBy('id')
    .execute();
  return rows.map(fromRow);
}

/**
 * Queues again what a lost workflow had carried out and not yet projected: its answer was given, and the state from which the
 * conversation goes on does not know it. Commands that must not come late are left alone.
 */
export async function queueUnprojected(db: Database, number: number, revision: number): Promise<void> {
  await db
    .updateTable('commands')
    .set({ state: 'queued', result: null, finished_at: null })
    .where('number', '=', number)
    .where('state', '=', 'done')
    .where('not_after', 'is', null)
    .where(sql<number>`(result -> 'answer' ->> 'revision')::int`, '>', revision)
    .execute();
}

/**
 * Writes down how a command ended, once. A message that will never leave is withdrawn, and its text stays for its author:
 * one whose command was refused, one that was taken back, and what waited in undo-send when the conversation ended as spam. With `notice`
 * somebody is told of it.
 */
export async function finishCommand(db: Database, command: CommandRow, result: CommandResult, at: Date, notice?: NewNotice): Promise<void> {
  const refused = 'refusal' in result;
  const withdrawn = refused ? command.bodyRef : command.command.type === 'undoReply' ? command.command.messageId : null;
  await db.transaction().execute(async (trx) => {
    const row = await trx
      .updateTable('commands')
      .set({ state: refused ? 'refused' : 'done', result: JSON.stringify(result), finished_at: at })
      .where('id', '=', command.id)
      .where('state', '=', 'queued')
      .returning('id')
      .executeTakeFirst();
    if (!row) return;
    if (withdrawn !== null && (refused || !(await isInFrontOfCustomer(trx, withdrawn)))) {
      await trx.updateTable('messages').set({ state: 'withdrawn' }).where('id', '=', withdrawn).execute();
    }
    if (!refused && command.bodyRef !== null) await showInChat(trx, command.bodyRef, at);
    if (!refused && command.command.type === 'spam') await withdrawWaiting(trx, command.number);
    if (notice !== undefined) await writeNotice(trx, notice);
  });
}

/** Words that were said to a chat's customer who was there stay in the chat: only their mails to others in the thread can be taken back. */
async function isInFrontOfCustomer(trx: Transaction<Schema>, messageId: string): Promise<boolean> {
  const said = await trx
    .selectFrom('commands')
    .select('id')
    .where('body_ref', '=', messageId)
    .where(sql<boolean>`command ->> 'delivery' = 'chat' AND command -> 'gone' IS NULL`)
    .executeTakeFirst();
  return said !== undefined;
}

/** What is said in a chat is in front of its customer as soon as the conversation has taken it. */
async function showInChat(trx: Transaction<Schema>, messageId: string, at: Date): Promise<void> {
  await trx
    .updateTable('messages')
    .set({ state: 'sent', delivered_at: at })
    .where('id', '=', messageId)
    .where('direction', '=', 'out')
    .where('channel', '=', 'chat')
    .where('state', '=', 'waiting')
    .execute();
}

/** What no mail has been written for yet never leaves. A mail that is on its way already tells its own outcome. */
async function withdrawWaiting(trx: Transaction<Schema>, number: number): Promise<void> {
  await trx
    .updateTable('messages')
    .set({ state: 'withdrawn' })
    .where('number', '=', number)
    .where('direction', '=', 'out')
    .where('state', '=', 'waiting')
    .where((where) =>
      where.not(where.exists(where.selectFrom('outgoing_mails').select('key').where('number', '=', number).whereRef('message_ref', '=', 'messages.id'))),
    )
    .execute();
}
