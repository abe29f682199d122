import { explainRequest } from '../../policy/explain';
import { PROMISE_KINDS } from '../../policy/words';
import { InvalidRequest } from '../problem';
import { apiRoute, type ApiRoute } from '../route';
import { kind, priority } from '../schemas/conversation';
import { z } from '../schemas/openapi-zod';
import { instant, line, rfc3339, rfc3339OrNull, time } from '../schemas/text';

/** `POST /policy/explain`. */
export const policyRoutes: readonly ApiRoute[] = [
  apiRoute({
    method: 'post',
    path: '/policy/explain',
    action: 'policy.explain',
    tag: 'Policy',
    summary: 'What a request received then would be promised, and why',
    body: z.strictObject({ receivedAt: instant, kind, priority, plan: line(50) }).openapi('ExplainRequest'),
    answers: {
      200: {
        about: 'The promises with their arithmetic.',
        schema: z
          .strictObject({
            officeOpen: z.boolean(),
            policy: z.string().openapi({ description: 'The version of the policy that was asked.' }),
            promises: z.array(
              z.strictObject({
                kind: z.enum(PROMISE_KINDS),
                dueAt: time,
                clock: z.string(),
                arithmetic: z.string(),
                noticeAt: time.nullable().openapi({ description: 'When the desk is told.' }),
                pageAt: time.nullable().openapi({ description: 'When on-call is paged.' }),
              }),
            ),
          })
          .openapi('Explained'),
      },
    },
    problems: ['E_OUT_OF_RANGE', 'E_CALENDAR_NEVER_OPENS'],
    // It changes nothing, so a repeat needs no memory.
    idempotency: 'none',
    handle({ context, body }) {
      const policy = context.policy();
      const plans = Object.keys(policy.plans);
      if (!plans.includes(body.plan)) throw new InvalidRequest([{ path: 'body.plan', message: `must be one of the policy's plans: ${plans.join(', ')}` }]);
      const { officeOpen, promises } = explainRequest(policy, body);
      return Promise.resolve({
        status: 200,
        body: {
          officeOpen,
          policy: policy.version,
          promises: promises.map((promise) => ({
            kind: promise.kind,
            dueAt: rfc3339(promise.dueAt),
            clock: promise.clock,
            arithmetic: promise.arithmetic,
            noticeAt: rfc3339OrNull(promise.noticeAt),
            pageAt: rfc3339OrNull(promise.pageAt),
          })),
        },
      });
    },
  }),
];
