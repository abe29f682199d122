import { addCommand, DESK, getCommand } from '../db/commands';
import type { LeftBehind } from '../db/left-behind';
import type { Command } from '../policy/events';
import { repeatCommand, type CommandRelay } from './command-relay';

/** Takes a conversation from whoever has it: a ticket has to be dispatched again then. */
export const GIVE_BACK: Command = { type: 'assign', agent: null, away: false, force: true };

/** Gives back, in the name of the desk, what is still given to somebody who is not there: once for each state in which it was found, and null when that has been answered. `now` in milliseconds. */
export async function giveBackLeft(
  relay: CommandRelay,
  { number, revision }: LeftBehind,
  { now, policy }: { now: number; policy: string },
): Promise<'done' | 'refused' | 'waiting' | null> {
  const id = `left-${number}-${revision}`;
  const { db } = relay;
  await addCommand(db, { id, number, actor: DESK, command: GIVE_BACK, bodyRef: null, at: now, notAfter: null });
  const row = await getCommand(db, id);
  return row?.state === 'queued' ? repeatCommand(relay, row, { now, policy }) : null;
}
