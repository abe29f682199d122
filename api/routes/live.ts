import { HoldfastError } from '../../messages/errors';
import type { ApiContext } from '../context';
import type { Live } from '../live/live';
import { saidFrame, tabName } from '../live/frames';
import { serveEvents, type Wanted } from '../live/server-sent';
import { ownToken } from '../own-chat';
import { apiRoute, type ApiRoute } from '../route';
import { z } from '../schemas/openapi-zod';

const WANTED = /^([1-9]\d{0,14}|queue)(?:@(\d{1,15}))?$/;

const wanted = z
  .string()
  .regex(WANTED, 'must be a conversation number or `queue`, perhaps with @ and the cursor that it has come to')
  .transform((text): Wanted => {
    const [, subject, after] = WANTED.exec(text) ?? [];
    return { subject: subject === 'queue' ? 'queue' : Number(subject), after };
  });

const eventsQuery = z.strictObject({
  tab: tabName.openapi({ description: 'A name that the tab gives itself, the same for as long as it is open.' }),
  subscribe: z
    .union([wanted.transform((one) => [one]), z.array(wanted).max(50)])
    .optional()
    .openapi({
      type: 'array',
      items: { type: 'string', pattern: WANTED.source },
      description: 'What to hear of: a number or `queue`, to go on from a cursor as `1042@77`. Repeat it for several.',
    }),
});

const said = z.strictObject({ tab: tabName, frame: saidFrame.openapi({ description: 'A frame as a WebSocket would send it: typing, presence or seen.' }) });

/** Live events where WebSockets are blocked; docs/live.md tells the frames. */
export const liveRoutes: readonly ApiRoute[] = [
  apiRoute({
    method: 'get',
    path: '/live/events',
    action: 'live.read',
    target: ownToken,
    tag: 'Live',
    summary: 'Live events as a stream, where the WebSocket at /live is blocked',
    query: eventsQuery,
    answers: { 200: { about: 'Frames as server-sent events; see docs/live.md.', files: ['text/event-stream'] } },
    async handle({ context, query }) {
      const live = liveOf(context);
      return { status: 200, stream: (request, response) => serveEvents(live, request, response, { tab: query.tab, wanted: query.subscribe ?? [] }) };
    },
  }),
  apiRoute({
    method: 'post',
    path: '/live/frames',
    action: 'live.read',
    target: ownToken,
    tag: 'Live',
    summary: 'What a tab says that listens to a stream: typing, presence, seen',
    body: said,
    idempotency: 'none',
    answers: { 202: { about: 'It is told to the stream of that tab, if there is one.' } },
    async handle({ context, body, caller }) {
      const { actor } = caller;
      const reader = actor.kind === 'visitor' ? `contact:${actor.contactId}` : actor.kind === 'agent' ? `agent:${actor.id}` : '';
      await liveOf(context).say(reader, body.tab, body.frame);
      return { status: 202 };
    },
  }),
];

function liveOf({ live }: ApiContext): Live {
  if (live === undefined) throw new HoldfastError('E_UNAVAILABLE', 'This process tells nothing live.');
  return live;
}
