import { getAgent } from '../../db/agents';
import { setAvatar } from '../../db/avatars';
import { inTransaction } from '../../db/in-transaction';
import { HoldfastError } from '../../messages/errors';
import type { Actor } from '../auth/actor';
import { apiRoute, type ApiRoute } from '../route';
import { z } from '../schemas/openapi-zod';
import { text } from '../schemas/text';
import { shownTypeOf } from '../served-file';
import { agent, found, withTeams } from './agents';

/** A face is shown small; every visitor loads it. */
const AVATAR_BYTES = 512 * 1024;

const idParams = z.strictObject({ id: text(100) });

/** Whose picture it is; `me` is whoever asks. */
function agentId(id: string, actor: Actor): string {
  return id === 'me' && actor.kind === 'agent' ? actor.id : id;
}

const whose: NonNullable<ApiRoute['target']> = ({ id }, actor) => ({ agentId: agentId(id ?? '', actor) });

/** Pictures of the desk's people: one's own, and everybody's for an admin. GET /avatars/{hash} is where customers see them. */
export const avatarRoutes: readonly ApiRoute[] = [
  apiRoute({
    method: 'put',
    path: '/agents/{id}/avatar',
    action: 'agent.avatar',
    target: whose,
    tag: 'Agents',
    summary: 'Set the picture that customers see of someone: PNG, JPEG, GIF or WebP of at most 512 KB; `me` is whoever asks',
    params: idParams,
    upload: { limitBytes: AVATAR_BYTES },
    answers: { 200: { about: 'The agent as changed.', schema: agent } },
    problems: ['E_NOT_FOUND'],
    async handle({ db, actor, params, upload }) {
      if (upload === undefined) throw new Error('This route is mounted as one that takes bytes.');
      const { content } = upload;
      if (shownTypeOf(content) === null) throw new HoldfastError('E_UNSUPPORTED_MEDIA', 'This is no picture that can be shown. Send a PNG, JPEG, GIF or WebP.');
      const id = agentId(params.id, actor);
      return inTransaction(db, async (trx) => {
        await setAvatar(trx, id, content);
        return { status: 200, body: await withTeams(trx, found(await getAgent(trx, id))) };
      });
    },
  }),
  apiRoute({
    method: 'delete',
    path: '/agents/{id}/avatar',
    action: 'agent.avatar',
    target: whose,
    tag: 'Agents',
    summary: 'Take someone’s picture away, so that customers see their initials; `me` is whoever asks',
    params: idParams,
    answers: { 204: { about: 'They have no picture now.' } },
    problems: ['E_NOT_FOUND'],
    async handle({ db, actor, params }) {
      const known = await inTransaction(db, (trx) => setAvatar(trx, agentId(params.id, actor), null));
      if (!known) throw new HoldfastError('E_NOT_FOUND', 'There is no such agent.');
      return { status: 204 };
    },
  }),
];
