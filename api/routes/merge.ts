import { mergeInto, undoMerge } from '../../intake/merge';
import { setTimeout as sleep } from 'node:timers/promises';
import { isCaughtUp } from '../../db/caught-up';
import { standingMerge } from '../../db/merges';
import type { Database } from '../../db/connection';
import { sweepOne } from '../commands';
import { apiRoute, type ApiRoute } from '../route';
import * as schema from '../schemas/command';
import { commandRoute, run } from './run-command';

/** How long a merge or its undoing waits for what has just happened to the source to be projected, and how often it looks, in milliseconds. */
const WAIT_MS = 1_000;
const LOOK_AGAIN_MS = 25;

/** Two conversations that are one, and how they become two again. */
export const mergeRoutes: readonly ApiRoute[] = [
  apiRoute({
    ...commandRoute,
    method: 'post',
    path: '/conversations/{number}/merge',
    summary: 'Make it a part of another one, which takes over what it owes',
    body: schema.mergeBody,
    answers: schema.commandAnswers(200),
    problems: ['E_NOT_FOUND', 'E_CONVERSATION_CLOSED', 'E_CANNOT_MERGE', 'E_OTHER_CUSTOMER'],
    async handle(request) {
      const { context, actor, params, body } = request;
      await untilCaughtUp(context.db, params.number);
      return run(request, async (trx) => ({
        command: await mergeInto(trx, { source: params.number, into: body.into, force: body.force ?? false }, { by: actor.id, at: context.now() }),
      }));
    },
  }),
  apiRoute({
    ...commandRoute,
    method: 'delete',
    path: '/conversations/{number}/merge',
    summary: 'Undo the merge, within 24 hours',
    answers: schema.commandAnswers(200),
    problems: ['E_NOT_FOUND', 'E_CONVERSATION_CLOSED', 'E_NOT_MERGED', 'E_TOO_LATE'],
    async handle(request) {
      const { context, actor, params } = request;
      await untilCaughtUp(context.db, params.number);
      const target = (await standingMerge(context.db, params.number))?.target;
      const answer = await run(request, async (trx) => ({ command: await undoMerge(trx, params.number, { by: actor.id, at: context.now() }) }));
      return target === undefined ? answer : { ...answer, afterCommit: () => sweepOne(context, target) };
    },
  }),
];

/** What was done a moment ago shows within milliseconds; if it does not, the merge says so. */
async function untilCaughtUp(db: Database, number: number): Promise<void> {
  const until = performance.now() + WAIT_MS;
  while (performance.now() < until && !(await isCaughtUp(db, number))) await sleep(LOOK_AGAIN_MS);
}
