import { countedCall, type ProviderOutcome } from '../../config/metrics';

/** How to reach Slack. */
export interface SlackOptions {
  readonly token: string;
  /** `https://slack.com/api`, or a proxy. */
  readonly apiUrl: string;
  /** Id or name of the channel that notices go to. */
  readonly channel: string;
}

/** Slack did not take a message. `permanent` when it never will; `retryAfterMs` is its own wish. */
export class SlackError extends Error {
  constructor(
    /** Slack's code such as `invalid_auth`, or `http_503`. */
    readonly reason: string,
    readonly permanent: boolean,
    readonly retryAfterMs: number | null = null,
    options: { cause?: unknown } = {},
  ) {
    super(`Slack did not take the notice: ${reason}`, options);
    this.name = 'SlackError';
  }
}

/** Errors that Slack itself calls passing; every other one needs a person. */
const PASSING = new Set([
  'ratelimited',
  'rate_limited',
  'message_limit_exceeded',
  'internal_error',
  'fatal_error',
  'request_timeout',
  'service_unavailable',
  'team_added_to_org',
]);

/** Posts a message with `chat.postMessage` and answers its id (`ts`). Throws {@link SlackError}. */
export async function postToSlack(options: SlackOptions, text: string, signal: AbortSignal): Promise<string> {
  return countedCall('slack', () => postOnce(options, text, signal), outcomeOf);
}

function outcomeOf(ended: { answer: string } | { error: unknown }): ProviderOutcome {
  if ('answer' in ended) return 'ok';
  if (!(ended.error instanceof SlackError)) return 'failed';
  const { reason, permanent } = ended.error;
  if (permanent) return 'refused';
  if (/rate_?limited|limit_exceeded|http_429/.test(reason)) return 'throttled';
  return reason === 'unreachable' || reason === 'no_answer_in_time' ? 'unreachable' : 'failed';
}

async function postOnce(options: SlackOptions, text: string, signal: AbortSignal): Promise<string> {
  const response = await post(options, text, signal);
  const retryAfter = Number(response.headers.get('retry-after') ?? NaN);
  const retryAfterMs = Number.isFinite(retryAfter) && retryAfter >= 0 ? retryAfter * 1000 : null;
  const answer = readAnswer(await response.text().catch(() => ''));
  // Slack says no with 200 and `ok: false`; everything else is a matter of the way there.
  if (response.ok && answer?.ok === true && typeof answer.ts === 'string') return answer.ts;
  const reason = typeof answer?.error === 'string' ? answer.error : `http_${response.status}`;
  const { status } = response;
  const passing = status === 408 || status === 425 || status === 429 || status >= 500 || PASSING.has(reason) || (response.ok && answer === null);
  throw new SlackError(reason, !passing, retryAfterMs);
}

async function post({ token, apiUrl, channel }: SlackOptions, text: string, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(`${apiUrl.replace(/\/+$/, '')}/chat.postMessage`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify({ channel, text, unfurl_links: false, unfurl_media: false }),
      signal,
      redirect: 'error',
    });
  } catch (error) {
    throw new SlackError(signal.aborted ? 'no_answer_in_time' : 'unreachable', false, null, { cause: error });
  }
}

function readAnswer(text: string): { ok?: unknown; ts?: unknown; error?: unknown } | null {
  try {
    const answer: unknown = JSON.parse(text);
    return typeof answer === 'object' ? answer : null;
  } catch (error) {
    // A proxy's page instead of Slack's answer.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Slack reads these three characters as markup. */
export function escapeForSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
