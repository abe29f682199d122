import { ApplicationFailure } from '@temporalio/common';
import { crashPoint } from '../../config/crash-points';
import type { Logger } from '../../config/log';
import type { Database } from '../../db/connection';
import { markNotice, noticeFacts, writeNotice } from '../../db/notices';
import type { NoticeActivities } from '../../messages/activities';
import { noticeSentence } from './sentence';
import { escapeForSlack, postToSlack, SlackError, type SlackOptions } from './slack';

/** What notices need. Without `slack` they are in the built-in inbox only. */
export interface NoticeActivitiesOptions {
  readonly db: Database;
  readonly slack?: SlackOptions;
  /** No slash at its end. */
  readonly publicUrl: string;
  readonly log: Logger;
}

/** Within the activity's 10 s, so that a slow answer is a failure of ours to name. */
const SEND_MS = 8_000;

/**
 * Notices to staff. The row in the built-in inbox comes first and is the notice; Slack has it once, but for a crash between its
 * answer and our note of it.
 */
export function createNoticeActivities({ db, slack, publicUrl, log }: NoticeActivitiesOptions): NoticeActivities {
  return {
    async sendNotice({ number, priority, effect }) {
      const facts = await noticeFacts(db, number);
      if (facts === undefined) throw ApplicationFailure.nonRetryable(`There is no conversation #${number}.`, 'E_NOT_FOUND');
      const notice = await writeNotice(db, {
        key: effect.key,
        number,
        kind: effect.notice,
        text: `${facts.demo ? 'Demo: ' : ''}${noticeSentence(effect, { ...facts, number, priority, zone: facts.snapshot.timezone })}`,
        toAgent: effect.to ?? null,
        dueAt: new Date(effect.dueAt ?? effect.at),
        at: new Date(effect.at),
      });
      await crashPoint('notice:written', number);
      // A demonstration disturbs nobody: its notices stay in the built-in inbox.
      if (slack === undefined || facts.demo || notice.slackTs !== null || notice.slackError !== null) return;
      try {
        const text = `${escapeForSlack(notice.text)} <${publicUrl}/notices|Notices>`;
        const slackTs = await postToSlack(slack, text, AbortSignal.timeout(SEND_MS));
        await crashPoint('notice:posted', number);
        await markNotice(db, effect.key, { slackTs });
        await crashPoint('notice:noted', number);
      } catch (error) {
        if (!(error instanceof SlackError)) throw error;
        log.warn({ number, notice: effect.notice, reason: error.reason }, 'Slack did not take a notice');
        if (error.permanent) await markNotice(db, effect.key, { slackError: error.reason });
        throw ApplicationFailure.create({
          type: error.permanent ? 'E_PROVIDER_REFUSED' : 'E_PROVIDER_UNAVAILABLE',
          nonRetryable: error.permanent,
          message: error.message,
          ...(error.retryAfterMs !== null && { nextRetryDelay: error.retryAfterMs }),
        });
      }
    },
  };
}
