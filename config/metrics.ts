import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/**
 * What this process itself has done, for Prometheus; docs/operations.md lists it all. No label ever names a person, a conversation or
 * anything that somebody wrote: its values are of a fixed, small set.
 */
export const processMetrics = new Registry();

/** Who is outside and called by us. */
export type Provider = 'pagerduty' | 'slack' | 'smtp';
/** How a call ended: taken, refused for good, asked to wait (429, 4xx greylisting), failed on their side, or not answered at all. */
export type ProviderOutcome = 'ok' | 'refused' | 'throttled' | 'failed' | 'unreachable';

const REQUEST_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const requests = new Histogram({
  name: 'holdfast_http_request_duration_seconds',
  help: 'How long answers of the API and the pages took, by the pattern of the route',
  labelNames: ['method', 'route', 'status'] as const,
  buckets: REQUEST_BUCKETS_S,
  registers: [processMetrics],
});
const calls = new Counter({
  name: 'holdfast_provider_calls_total',
  help: 'Calls to PagerDuty, Slack and the mail server, by how they ended',
  labelNames: ['provider', 'outcome'] as const,
  registers: [processMetrics],
});
const callSeconds = new Histogram({
  name: 'holdfast_provider_call_duration_seconds',
  help: 'How long such calls took',
  labelNames: ['provider'] as const,
  buckets: REQUEST_BUCKETS_S,
  registers: [processMetrics],
});
const sweeps = new Counter({
  name: 'holdfast_sweep_runs_total',
  help: 'Runs of the tasks that repeat what was lost, by how they ended',
  labelNames: ['task', 'outcome'] as const,
  registers: [processMetrics],
});

const liveConnections = new Gauge({
  name: 'holdfast_live_connections',
  help: 'Live connections that are open, by how they are made and who is there',
  labelNames: ['transport', 'actor'] as const,
  registers: [processMetrics],
});
const liveEvents = new Counter({ name: 'holdfast_live_events_total', help: 'Events sent on live connections', registers: [processMetrics] });
const liveResumes = new Counter({
  name: 'holdfast_live_resumes_total',
  help: 'Subscriptions that went on from where a broken connection had come to',
  registers: [processMetrics],
});

/** Adds memory, processor, event loop and garbage collection of this process; once, by its entry point. */
export function measureProcess(): void {
  if (processMetrics.getSingleMetric('process_cpu_seconds_total') === undefined) collectDefaultMetrics({ register: processMetrics });
}

/** A request was answered; `route` is its pattern, never its path. */
export function requestAnswered(request: { method: string; route: string; status: number; tookMs: number }): void {
  requests.observe({ method: request.method, route: request.route, status: String(request.status) }, request.tookMs / 1_000);
}

/** Makes a call to a provider and counts how it ended, as `outcomeOf` reads from its answer or its error. */
export async function countedCall<Answer>(
  provider: Provider,
  call: () => Promise<Answer>,
  outcomeOf: (ended: { readonly answer: Answer } | { readonly error: unknown }) => ProviderOutcome,
): Promise<Answer> {
  const startedAt = performance.now();
  const count = (outcome: ProviderOutcome): void => {
    calls.inc({ provider, outcome });
    callSeconds.observe({ provider }, (performance.now() - startedAt) / 1_000);
  };
  try {
    const answer = await call();
    count(outcomeOf({ answer }));
    return answer;
  } catch (error) {
    count(outcomeOf({ error }));
    throw error;
  }
}

/** How a call ended, as the status of its HTTP answer says; null is no answer. */
export function outcomeOfStatus(status: number | null): ProviderOutcome {
  if (status === null) return 'unreachable';
  if (status < 400) return 'ok';
  if (status === 429) return 'throttled';
  return status >= 500 || status === 408 || status === 425 ? 'failed' : 'refused';
}

/** A task that repeats what was lost has run. */
export function sweepRan(task: string, outcome: 'ok' | 'failed'): void {
  sweeps.inc({ task, outcome });
}

/** A live connection was opened (1) or has ended (-1). */
export function liveConnected(connection: { transport: 'websocket' | 'sse'; actor: 'agent' | 'visitor' }, change: 1 | -1): void {
  liveConnections.inc(connection, change);
}

/** Events were sent on a live connection. */
export function liveEventsSent(count: number): void {
  liveEvents.inc(count);
}

/** A subscription went on from its cursor. */
export function liveResumed(): void {
  liveResumes.inc();
}
