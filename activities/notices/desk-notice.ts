import type { Logger } from '../../config/log';
import type { Database } from '../../db/connection';
import { markNotice, type NoticeRow } from '../../db/notices';
import { escapeForSlack, postToSlack, SlackError, type SlackOptions } from './slack';

/** A sweep that posts waits no longer for Slack, in milliseconds; the next one tries again. */
const POST_MS = 5_000;

/**
 * Posts a notice of no conversation to Slack, once: for sweeps, which call it again until it is there. Never throws for what Slack says.
 */
export async function postDeskNotice(
  { db, slack, publicUrl, log }: { db: Database; slack: SlackOptions; publicUrl: string; log: Logger },
  notice: NoticeRow,
): Promise<void> {
  if (notice.slackTs !== null || notice.slackError !== null) return;
  try {
    const [path, name] = notice.kind === 'lowPages' ? ['/pages', 'Pages'] : ['/suspended', 'Suspended'];
    const text = `${escapeForSlack(notice.text)} <${publicUrl}${path}|${name}>`;
    await markNotice(db, notice.key, { slackTs: await postToSlack(slack, text, AbortSignal.timeout(POST_MS)) });
  } catch (error) {
    if (!(error instanceof SlackError)) throw error;
    log.warn({ notice: notice.kind, reason: error.reason }, 'Slack did not take a notice');
    if (error.permanent) await markNotice(db, notice.key, { slackError: error.reason });
  }
}
