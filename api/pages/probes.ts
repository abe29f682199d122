import { pageRoute, type PageRoute } from '../route';

/** What machines ask: whether this process lives, and whether it can work. */
export const probePages: readonly PageRoute[] = [
  pageRoute({ method: 'get', path: '/healthz', action: 'public.read', handle: () => Promise.resolve({ json: { alive: true } }) }),
  pageRoute({
    method: 'get',
    path: '/readyz',
    action: 'public.read',
    async handle({ context }) {
      const readiness = await context.readiness();
      const ready = readiness.postgres && readiness.temporal && readiness.smtp;
      return { json: { ready, ...readiness }, status: ready ? 200 : 503 };
    },
  }),
];
