import type { Database } from '../../db/connection';
import { apiRoute, type ApiRoute } from '../route';
import { decodeCursor, DEFAULT_LIMIT, encodeCursor, listOf, listQuery, pageOf } from '../schemas/list';
import { z } from '../schemas/openapi-zod';
import { rfc3339, time } from '../schemas/text';

const notice = z
  .strictObject({ key: z.string(), number: z.number().int().nullable(), kind: z.string(), text: z.string(), to: z.string().nullable(), dueAt: time, at: time })
  .openapi('Notice');
const place = z.tuple([z.number(), z.string().max(400)]);

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
      const limit = query.limit ?? DEFAULT_LIMIT;
      const rows = await newestNotices(db, { after: decodeCursor(query.cursor, 'notices', place), limit: limit + 1 });
      return {
        status: 200,
        body: pageOf(
          rows,
          limit,
          (row) => ({ key: row.key, number: row.number, kind: row.kind, text: row.text, to: row.to_agent, dueAt: rfc3339(row.due_at), at: rfc3339(row.at) }),
          (last) => encodeCursor('notices', [last.at.getTime(), last.key]),
        ),
      };
    },
  }),
];

/** Notices, newest first, after the given place (time in milliseconds, key). */
export async function newestNotices(db: Database, page: { after: readonly [at: number, key: string] | null; limit: number }) {
  let query = db.selectFrom('notices').selectAll().orderBy('at', 'desc').orderBy('key', 'desc').limit(page.limit);
  const { after } = page;
  if (after !== null) {
    const at = new Date(after[0]);
    query = query.where((where) => where.or([where('at', '<', at), where.and([where('at', '=', at), where('key', '<', after[1])])]));
  }
  return query.execute();
}
