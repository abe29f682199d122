import { setPlan } from './priority';
import type { Reason } from './state';
import type { Turn } from './turn';

/** Who is written to: the requester, always and first, and whoever else takes part. */

/** Replaces the whole list; what an agent has chosen stands, whatever merge brought somebody here. */
export function participants(turn: Turn, contacts: readonly string[], at: number, by: Reason): void {
  const { state } = turn;
  set(turn, [...state.participants.slice(0, 1), ...contacts], at, by);
  if (state.merges) state.merges = state.merges.map((merge) => ({ ...merge, joined: [] }));
}

/** Another contact asks from now on, under the plan of their organization; who asked before stays a participant. */
export function requester(turn: Turn, { contact, plan }: { contact: string; plan?: string }, at: number, by: Reason): void {
  const { state } = turn;
  set(turn, [contact, ...state.participants], at, by);
  if (state.merges) state.merges = state.merges.map((merge) => ({ ...merge, joined: merge.joined.filter((joined) => joined !== contact) }));
  if (plan !== undefined) setPlan(turn, plan, at);
}

function set(turn: Turn, contacts: readonly string[], at: number, by: Reason): void {
  const list = [...new Set(contacts)];
  turn.tell(at, 'participants', { contacts: list, by });
  turn.state.participants = list;
}
