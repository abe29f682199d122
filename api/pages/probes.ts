import { processMetrics } from '../../config/metrics';
import type { Database } from '../../db/connection';
import { DeskMetrics } from '../desk-metrics';
import { pageRoute, type PageRoute } from '../route';

/** One reader of figures for each database: what it has counted must not begin anew with every request. */
const desks = new WeakMap<Database, DeskMetrics>();

function deskMetricsOf(db: Database): DeskMetrics {
  const known = desks.get(db);
  if (known !== undefined) return known;
  // From the start of this process on, by the clocks that write down what happened.
  const made = new DeskMetrics(db, Date.now() - process.uptime() * 1_000);
  desks.set(db, made);
  return made;
}

/** What machines ask: whether this process lives, whether it can work, and what it measures. */
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
  pageRoute({
    method: 'get',
    path: '/metrics',
    action: 'metrics.read',
    async handle({ context }) {
      const desk = await deskMetricsOf(context.db).text(context.now());
      return { file: `${await processMetrics.metrics()}\n${desk}`, type: processMetrics.contentType };
    },
  }),
];
