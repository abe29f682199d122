import { listNotices } from '../../db/notices';
import { apiRoute, type ApiRoute } from '../route';
import { listAnswer, listOf, listQuery, placeInstant, placeText } from '../schemas/list';
import { z } from '../schemas/openapi-zod';
import { rfc3339, time } from '../schemas/text';

const notice = z
  .strictObject({ key: z.string(), number: z.number().int().nullable(), kind: z.string(), text: z.string(), to: z.string().nullable(), dueAt: time, at: time })
  .openapi('Notice');
const place = z.tuple([placeInstant, placeText]);

/** What the desk was told. */
export const noticeRoutes: readonly ApiRoute[] = [
  apiRoute({
    method: 'get',
    path: '/notices',
    action: 'notice.read',
    tag: 'On-call',
    summary: 'Messages to staff that nobody has to acknowledge, newest first',
    query: listQuery,
    answers: { 200: { about: 'A page of notices.', schema: listOf(notice) } },
    problems: ['E_BAD_CURSOR'],
    async handle({ db, query }) {
      return listAnswer(query, {
        order: 'notices',
        place,
        read: (from) => listNotices(db, from),
        toItem: (row) => ({
          key: row.key,
          number: row.number,
          kind: row.kind,
          text: row.text,
          to: row.toAgent,
          dueAt: rfc3339(row.dueAt),
          at: rfc3339(row.at),
        }),
        placeOf: ({ at, key }) => [at.getTime(), key],
      });
    },
  }),
];
