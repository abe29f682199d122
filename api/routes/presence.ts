import { enterTab, leaveTab } from '../../db/presence-tabs';
import { markRead } from '../../db/read-marks';
import { tellPassing } from '../../db/live-events';
import type { Database } from '../../db/connection';
import { HoldfastError } from '../../messages/errors';
import { noSuchConversation } from '../commands';
import { tabName } from '../live/frames';
import type { Passing } from '../live/passing';
import { mustOwn, ownChat, visitorOf } from '../own-chat';
import { apiRoute, type ApiRoute } from '../route';
import { numberParams } from '../schemas/conversation';
import { messageId } from '../schemas/message-id';
import { z } from '../schemas/openapi-zod';

const upTo = messageId.openapi({ description: 'A message of the thread; everything before it counts, too.' });
const presenceBody = z.strictObject({
  tab: tabName.openapi({ description: 'A name that the tab gives itself, the same for as long as it is open.' }),
  state: z.enum(['present', 'away'], 'must be present or away').openapi({ description: 'present: the widget is open, and its tab visible.' }),
  seen: upTo.optional(),
});
const markBody = z.strictObject({ upTo });
const tag = 'Live';

/** Who is there and what they have read, for whoever has no live connection; with one, its frames say it. */
export const presenceRoutes: readonly ApiRoute[] = [
  apiRoute({
    method: 'put',
    path: '/chats/{number}/presence',
    action: 'chat.present',
    target: ownChat,
    tag,
    summary: 'The customer is there, or has turned away',
    params: numberParams,
    body: presenceBody,
    answers: { 204: { about: 'It is noted. Without a live connection, being there counts for that moment.' } },
    async handle({ context, db, params, body, caller }) {
      const visitor = visitorOf(caller);
      const { number } = await mustOwn(db, visitor, params.number);
      const reader = `contact:${visitor.contactId}` as const;
      const at = new Date(context.now());
      const tab = { number, reader, tab: body.tab };
      if (body.state === 'present') await enterTab(db, tab, { api: null, at });
      else await leaveTab(db, tab, { at });
      const passing: Passing = { about: 'presence', number };
      await tellPassing(db, passing);
      if (body.seen !== undefined) await mark(db, { number, reader, upTo: body.seen, at });
      return { status: 204 };
    },
  }),
  apiRoute({
    method: 'put',
    path: '/chats/{number}/read-marks',
    action: 'chat.present',
    target: ownChat,
    tag,
    summary: 'The customer has seen everything up to a message',
    params: numberParams,
    body: markBody,
    answers: { 204: { about: 'It is noted, and never goes back.' } },
    async handle({ context, db, params, body, caller }) {
      const visitor = visitorOf(caller);
      const { number } = await mustOwn(db, visitor, params.number);
      await mark(db, { number, reader: `contact:${visitor.contactId}`, upTo: body.upTo, at: new Date(context.now()) });
      return { status: 204 };
    },
  }),
  apiRoute({
    method: 'put',
    path: '/conversations/{number}/read-marks',
    action: 'conversation.act',
    tag,
    summary: 'The agent has read everything up to a message',
    params: numberParams,
    body: markBody,
    answers: { 204: { about: 'It is noted, and never goes back.' } },
    problems: ['E_NOT_FOUND'],
    async handle({ context, db, params: { number }, body, actor }) {
      if (!(await markRead(db, { number, reader: `agent:${actor.id}`, upTo: body.upTo, at: new Date(context.now()) }))) throw noSuchConversation(number);
      return { status: 204 };
    },
  }),
];

async function mark(db: Database, given: Parameters<typeof markRead>[1]): Promise<void> {
  if (!(await markRead(db, given))) throw new HoldfastError('E_NOT_FOUND', 'There is no such message in this conversation.');
}
