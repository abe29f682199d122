import { countedCall, outcomeOfStatus } from '../../config/metrics';
import type { PageCause } from '../../policy/state';
import type { Urgency } from '../../policy/words';

/** How to reach PagerDuty. */
export interface PagerDutyOptions {
  /** The integration key of one service: 32 characters. */
  readonly routingKey: string;
  /** `https://events.pagerduty.com`, or a proxy; `/v2/enqueue` is added unless it stands there. */
  readonly eventsUrl: string;
}

/** What the incident shows. */
export interface IncidentText {
  readonly summary: string;
  readonly urgency: Urgency;
  readonly link: string;
  readonly at: number;
  readonly plan: string;
  readonly cluster: string | null;
  readonly causes: readonly PageCause[];
  readonly details: Readonly<Record<string, string | number>>;
}

/** PagerDuty did not take an event. `retryAfterMs` is its own wish; `permanent` when the same event will never be taken. */
export class PagerDutyError extends Error {
  constructor(
    message: string,
    readonly permanent: boolean,
    readonly status: number | null = null,
    readonly retryAfterMs: number | null = null,
    options: { cause?: unknown } = {},
  ) {
    super(message, options);
    this.name = 'PagerDutyError';
  }
}

/** Limits of the Events API v2. */
const SUMMARY_LENGTH = 1024;
const KEY_LENGTH = 255;
/** Answers below 500 that may be another one later. */
const PASSING = new Set([408, 425, 429]);

/** PagerDuty's Events API v2: one POST for each of the three things that can happen to an incident. */
export class PagerDuty {
  private readonly url: string;

  constructor(private readonly options: PagerDutyOptions) {
    const base = options.eventsUrl.replace(/\/+$/, '');
    this.url = base.endsWith('/enqueue') ? base : `${base}/v2/enqueue`;
  }

  /** Opens an incident, or adds to the open one with this key. Throws {@link PagerDutyError}. */
  async trigger(dedupKey: string, text: IncidentText, signal: AbortSignal): Promise<void> {
    const [first] = text.causes;
    await this.enqueue(
      {
        event_action: 'trigger',
        dedup_key: dedupKey,
        client: 'Holdfast',
        client_url: text.link,
        links: [{ href: text.link, text: 'Open the page' }],
        payload: {
          summary: text.summary.slice(0, SUMMARY_LENGTH),
          source: text.cluster ?? 'holdfast',
          severity: text.urgency === 'high' ? 'critical' : 'warning',
          timestamp: new Date(text.at).toISOString(),
          group: text.plan,
          ...(first !== undefined && { class: first.kind }),
          ...(text.cluster !== null && { component: text.cluster }),
          custom_details: text.details,
        },
      },
      signal,
    );
  }

  /** Says that somebody owns the incident; without an open one it does nothing. Throws {@link PagerDutyError}. */
  async acknowledge(dedupKey: string, signal: AbortSignal): Promise<void> {
    await this.enqueue({ event_action: 'acknowledge', dedup_key: dedupKey }, signal);
  }

  /** Closes the incident; without an open one it does nothing. Throws {@link PagerDutyError}. */
  async resolve(dedupKey: string, signal: AbortSignal): Promise<void> {
    await this.enqueue({ event_action: 'resolve', dedup_key: dedupKey }, signal);
  }

  private async enqueue(event: { dedup_key: string } & Record<string, unknown>, signal: AbortSignal): Promise<void> {
    if (event.dedup_key.length > KEY_LENGTH) throw new PagerDutyError('The dedup key is longer than PagerDuty allows.', true);
    const response = await this.post(JSON.stringify({ routing_key: this.options.routingKey, ...event }), signal);
    const { status } = response;
    // Read to its end, so that the connection can be used again.
    const answer = await response.text().catch(() => '');
    if (response.ok) return;
    const permanent = status >= 400 && status < 500 && !PASSING.has(status);
    const retryAfterMs = readRetryAfter(response.headers.get('retry-after'));
    throw new PagerDutyError(`PagerDuty answered ${status}${this.reasonIn(answer)}`, permanent, status, retryAfterMs);
  }

  private async post(body: string, signal: AbortSignal): Promise<Response> {
    const call = () => fetch(this.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal, redirect: 'error' });
    try {
      return await countedCall('pagerduty', call, (ended) => outcomeOfStatus('answer' in ended ? ended.answer.status : null));
    } catch (error) {
      const what = signal.aborted ? 'PagerDuty did not answer in time' : 'PagerDuty cannot be reached';
      throw new PagerDutyError(what, false, null, null, { cause: error });
    }
  }

  /** PagerDuty's own words, without our key in them. */
  private reasonIn(answer: string): string {
    const match = /"message"\s*:\s*"([^"]{1,120})/.exec(answer);
    const words = match?.[1]?.replaceAll(this.options.routingKey, '…');
    return words === undefined ? '' : `: ${words}`;
  }
}

/** `Retry-After` in seconds, as PagerDuty sends it; null when it says nothing that can be used. */
function readRetryAfter(value: string | null): number | null {
  const seconds = value === null ? NaN : Number(value);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}
