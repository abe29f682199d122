import { changeAgent, listTokens, revokeToken } from '../../db/agents';
import type { TestApi } from './test-api';

/** Revokes every token of an agent. */
export async function revokeAllTokens(desk: TestApi, agent: string): Promise<void> {
  for (const { id } of await listTokens(desk.db, agent)) await revokeToken(desk.db, agent, id, new Date(desk.clock.now));
}

/** Disables an agent. */
export async function disableAgent(desk: TestApi, agent: string): Promise<void> {
  await changeAgent(desk.db, agent, { disabledAt: new Date(desk.clock.now) });
}
