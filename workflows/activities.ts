import { proxyActivities } from '@temporalio/workflow';
import type { MailActivities, NoticeActivities, RecordActivities } from '../messages/activities';
import { MAIL, RECORDS } from '../messages/taskQueues';

/** The database: retried until it answers. */
export const records = proxyActivities<RecordActivities>({
  taskQueue: RECORDS,
  startToCloseTimeout: '5s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '5s' },
});

/** Notices: an hour of tries, then the failure is recorded in the timeline. */
export const notices = proxyActivities<NoticeActivities>({
  taskQueue: RECORDS,
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '1h',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
});

/** Mail: five days of tries, as a mail server would. */
export const mail = proxyActivities<MailActivities>({
  taskQueue: MAIL,
  startToCloseTimeout: '60s',
  heartbeatTimeout: '10s',
  scheduleToCloseTimeout: '5d',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10m' },
});
