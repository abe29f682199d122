import type { Transaction } from 'kysely';
import type { Schema } from '../../db/schema';
import { sweepOne } from '../commands';
import { addPerson, changeRequester, changeRole, removePerson, sendIfChanged, type WrittenTo } from '../participants';
import { apiRoute, type Answer, type ApiRoute } from '../route';
import * as schema from '../schemas/command';
import { numberParams } from '../schemas/conversation';
import { text } from '../schemas/text';
import { commandRoute, run, type NumberRequest } from './run-command';

const personParams = numberParams.extend({ id: text(100) });
const problems = ['E_NOT_FOUND', 'E_CONVERSATION_CLOSED'] as const;

/** Who is in a conversation, and who asked. */
export const participantRoutes: readonly ApiRoute[] = [
  apiRoute({
    ...commandRoute,
    method: 'post',
    path: '/conversations/{number}/participants',
    summary: 'Add somebody: answers go to them, too, from now on',
    body: schema.personBody,
    answers: schema.commandAnswers(201),
    problems,
    handle: (request) => change(request, (trx) => addPerson(trx, request.params.number, request.body, new Date(request.context.now())), 201),
  }),
  apiRoute({
    ...commandRoute,
    method: 'put',
    path: '/conversations/{number}/participants/{id}',
    summary: 'Admit a third party or somebody proposed, or stop writing to a participant',
    params: personParams,
    body: schema.roleBody,
    answers: schema.commandAnswers(200),
    problems,
    handle: (request) =>
      change(request, (trx) => {
        const { number, id } = request.params;
        return changeRole(trx, number, id, request.body.role, new Date(request.context.now()));
      }),
  }),
  apiRoute({
    ...commandRoute,
    method: 'delete',
    path: '/conversations/{number}/participants/{id}',
    summary: 'Take somebody out, or turn down somebody proposed; what they wrote stays',
    params: personParams,
    answers: schema.commandAnswers(200),
    problems,
    handle: (request) => change(request, (trx) => removePerson(trx, request.params.number, request.params.id)),
  }),
  apiRoute({
    ...commandRoute,
    method: 'put',
    path: '/conversations/{number}/requester',
    summary: 'Say who asked; accepts the proposal of a forwarded mail',
    body: schema.requesterBody,
    answers: schema.commandAnswers(200),
    problems,
    async handle(request) {
      const { context, actor, params, body } = request;
      const { keepPrevious, ...person } = body;
      const answer = await run(request, async (trx) => ({
        command: await changeRequester(trx, params.number, person, { at: context.now(), actor: actor.id, keepPrevious }),
      }));
      return { ...answer, afterCommit: () => sweepOne(context, params.number) };
    },
  }),
];

/** Changes who is written to, and looks afterwards whether that was the last word. */
async function change(request: NumberRequest, make: (trx: Transaction<Schema>) => Promise<WrittenTo>, status: 200 | 201 = 200): Promise<Answer> {
  const { context, actor, params } = request;
  let sent: readonly string[] | undefined;
  const answer = await run(
    request,
    async (trx) => {
      const command = await make(trx);
      sent = command.contacts;
      return { command };
    },
    { status },
  );
  // A repeated request has sent nothing.
  if (sent === undefined) return answer;
  const list = sent;
  return {
    ...answer,
    async afterCommit() {
      if (await sendIfChanged(context.db, params.number, list, { at: context.now(), actor: actor.id })) await sweepOne(context, params.number);
    },
  };
}
