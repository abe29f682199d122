import { beginDemo, DEMO_ORGANIZATION } from '../../intake/demo';
import { apiRoute, type ApiRoute } from '../route';
import { z } from '../schemas/openapi-zod';
import { rfc3339, time } from '../schemas/text';

/** `POST /demo`: what `npx holdfast demo` begins with. */
export const demoRoutes: readonly ApiRoute[] = [
  apiRoute({
    method: 'post',
    path: '/demo',
    action: 'demo.begin',
    tag: 'Demonstration',
    summary: 'An address that takes mail for five minutes under the demonstration’s policy, in seconds; everybody else’s policy stays',
    answers: {
      201: {
        about: 'The address. What is mailed to it is marked as a demonstration, and its pages stay in the built-in inbox.',
        schema: z
          .strictObject({
            address: z.string(),
            until: time,
            policy: z.string().openapi({ description: 'The version of the policy that it counts by.', example: 'demo-1' }),
            timezone: z.string().openapi({ description: 'The zone that its mails tell times in.', example: 'Europe/Berlin' }),
            customer: z
              .strictObject({ domain: z.string(), website: z.string(), cluster: z.string() })
              .openapi({ description: 'Mail domain and systems of the customer who plays along.' }),
          })
          .openapi('Demonstration'),
      },
    },
    async handle({ context, db }) {
      const { localPart, until, policy } = await beginDemo(db, context.now());
      const { domain, website, cluster } = DEMO_ORGANIZATION;
      return {
        status: 201,
        body: {
          address: `${localPart}@${context.environment.MAIL_DOMAIN}`,
          until: rfc3339(until),
          policy: policy.version,
          timezone: policy.timezone,
          customer: { domain, website, cluster },
        },
      };
    },
  }),
];
