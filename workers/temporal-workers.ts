import { Worker, type NativeConnection, type WorkerOptions } from '@temporalio/worker';
import type { DataConverter } from '@temporalio/common';
import type { MailActivities, NoticeActivities, PagingActivities, RecordActivities } from '../messages/activities';
import { CONVERSATIONS, MAIL, PAGING, RECORDS, URGENT } from '../messages/taskQueues';
import { workflowCode } from './bundle';

/** The activities of every queue. */
export interface Activities {
  readonly paging: PagingActivities;
  readonly mail: MailActivities;
  readonly records: RecordActivities;
  readonly notices: NoticeActivities;
}

/** A worker's share of memory: about 0.3 MB a cached workflow; a cold one replays in some 11 ms. */
const CACHED_WORKFLOWS = 500;

/**
 * One worker per task queue, so that a flood in one never stands before a page in another: conversations, urgent ones with all
 * escalations, pages, mail, records with notices.
 */
export async function createWorkers(connection: NativeConnection, namespace: string, dataConverter: DataConverter, activities: Activities): Promise<Worker[]> {
  const common = { connection, namespace, dataConverter, shutdownGraceTime: '4s' } satisfies Partial<WorkerOptions>;
  const workflows = {
    ...common,
    ...workflowCode(),
    maxCachedWorkflows: CACHED_WORKFLOWS,
    // A worker that died holds its workflows back no longer than this.
    stickyQueueScheduleToStartTimeout: '2s',
  } satisfies Partial<WorkerOptions>;
  return Promise.all([
    Worker.create({ ...workflows, taskQueue: URGENT, maxConcurrentWorkflowTaskExecutions: 20 }),
    // A few at a time: more would be no faster, and would stand before the urgent ones on the way to the processor.
    Worker.create({ ...workflows, taskQueue: CONVERSATIONS, maxConcurrentWorkflowTaskExecutions: 2 }),
    Worker.create({ ...common, taskQueue: PAGING, activities: { ...activities.paging } }),
    Worker.create({ ...common, taskQueue: MAIL, activities: { ...activities.mail }, maxConcurrentActivityTaskExecutions: 20 }),
    Worker.create({
      ...common,
      taskQueue: RECORDS,
      activities: { ...activities.records, ...activities.notices },
      maxConcurrentActivityTaskExecutions: 10,
    }),
  ]);
}
