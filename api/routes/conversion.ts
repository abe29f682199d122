import { getConversation } from '../../db/conversations';
import { contactsWrittenTo } from '../../db/participants';
import { newId } from '../../db/new-id';
import { HoldfastError } from '../../messages/errors';
import { noSuchConversation } from '../commands';
import { apiRoute, type ApiRoute } from '../route';
import { commandAnswers } from '../schemas/command';
import { priority } from '../schemas/conversation';
import { z } from '../schemas/openapi-zod';
import { instant, text } from '../schemas/text';
import { commandRoute, run } from './run-command';

const conversionBody = z
  .strictObject({
    priority: priority.optional().openapi({ description: 'That of the chat, if left out.' }),
    keep: z.boolean('must be true (you keep it) or false (you hand it over)').openapi({
      description: 'true: it stays with its assignee, or becomes yours; false: nobody has it, and dispatch runs from now.',
    }),
    updateBy: instant.optional().openapi({ description: 'You will hear from us by …: a promise told to the customer.' }),
    words: text(100_000).optional().openapi({ description: 'Your own words about it, which are an answer.' }),
  })
  .openapi('Conversion');

/** A chat that takes more than a chat can give becomes a ticket in place. */
export const conversionRoutes: readonly ApiRoute[] = [
  apiRoute({
    ...commandRoute,
    method: 'post',
    path: '/conversations/{number}/conversion',
    summary: 'Make a ticket of a chat: same number, same thread; the customer is told by when they hear from us',
    body: conversionBody,
    answers: commandAnswers(201),
    problems: ['E_NOT_FOUND', 'E_CONVERSATION_CLOSED', 'E_ALREADY_A_TICKET', 'E_NOT_OPEN', 'E_BAD_COMMAND'],
    handle: (request) =>
      run(
        request,
        async (db) => {
          const { number } = request.params;
          const conversation = await getConversation(db, number);
          if (conversation === null) throw noSuchConversation(number);
          if (conversation.kind === 'ticket') throw new HoldfastError('E_ALREADY_A_TICKET', `#${number} is a ticket already.`);
          const { priority: chosen, keep, updateBy, words } = request.body;
          const recipients = await contactsWrittenTo(db, number);
          const messageId = words === undefined ? undefined : newId('m');
          return {
            ...(messageId !== undefined &&
              words !== undefined && { message: { id: messageId, direction: 'out', channel: 'email', body: words, state: 'waiting' } }),
            command: {
              type: 'convert',
              keep,
              recipients,
              ...(chosen !== undefined && { priority: chosen }),
              ...(updateBy !== undefined && { updateBy }),
              ...(messageId !== undefined && { messageId }),
            },
          };
        },
        { status: 201 },
      ),
  }),
];
