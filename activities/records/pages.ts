import type { Database } from '../../db/connection';
import { readPageState, writeAttempt, writePageRecord } from '../../db/page-records';
import type { RecordActivities } from '../../messages/activities';
import { pageId } from '../../messages/ids';

/** The database activities of an escalation. */
export function createPageRecords(db: Database): Pick<RecordActivities, 'recordPage' | 'readPage' | 'recordAttempt'> {
  return {
    recordPage: (record) => writePageRecord(db, record),
    readPage: ({ number, page, causes }) => readPageState(db, pageId(number, page), causes),
    recordAttempt: (attempt) => writeAttempt(db, attempt),
  };
}
