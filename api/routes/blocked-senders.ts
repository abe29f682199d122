import { blockSender, listBlockedSenders, unblockSender, type BlockedSender } from '../../db/blocked-senders';
import { HoldfastError } from '../../messages/errors';
import { apiRoute, type ApiRoute } from '../route';
import { decodeCursor, DEFAULT_LIMIT, encodeCursor, listOf, listQuery, pageOf, placeText } from '../schemas/list';
import { z } from '../schemas/openapi-zod';
import { blockBody, blockedSender, senderParams } from '../schemas/suspended';
import { rfc3339 } from '../schemas/text';

const place = z.tuple([placeText]);
const TAG = 'Suspended mail';

/** Senders whose mail is kept aside. */
export const blockedSenderRoutes: readonly ApiRoute[] = [
  apiRoute({
    method: 'get',
    path: '/blocked-senders',
    action: 'blockedSender.read',
    tag: TAG,
    summary: 'Senders whose mail is kept aside',
    query: listQuery,
    answers: { 200: { about: 'A page of blocked senders.', schema: listOf(blockedSender) } },
    problems: ['E_BAD_CURSOR'],
    async handle({ db, query }) {
      const limit = query.limit ?? DEFAULT_LIMIT;
      const after = decodeCursor(query.cursor, 'blockedSenders', place);
      const rows = await listBlockedSenders(db, { after: after?.[0] ?? null, limit: limit + 1 });
      return { status: 200, body: pageOf(rows, limit, blockAnswer, (last) => encodeCursor('blockedSenders', [last.sender])) };
    },
  }),
  apiRoute({
    method: 'post',
    path: '/blocked-senders',
    action: 'blockedSender.write',
    tag: TAG,
    summary: 'Block an address, or a domain but for the customers whom we know in it',
    body: blockBody,
    answers: { 201: { about: 'It is blocked from now on.', schema: blockedSender } },
    async handle({ context, db, actor, body }) {
      const blocked = await blockSender(db, { sender: body.sender, by: actor.id, at: new Date(context.now()) });
      return { status: 201, body: blockAnswer(blocked) };
    },
  }),
  apiRoute({
    method: 'delete',
    path: '/blocked-senders/{sender}',
    action: 'blockedSender.write',
    tag: TAG,
    summary: 'Lift a block; mail that was kept aside stays there',
    params: senderParams,
    answers: { 204: { about: 'The block is lifted.' } },
    problems: ['E_NOT_FOUND'],
    async handle({ db, params }) {
      if (!(await unblockSender(db, params.sender))) throw new HoldfastError('E_NOT_FOUND', 'This sender is not blocked.');
      return { status: 204 };
    },
  }),
];

function blockAnswer({ sender, blockedBy, blockedAt }: BlockedSender): z.output<typeof blockedSender> {
  return { sender, blockedBy, blockedAt: rfc3339(blockedAt) };
}
