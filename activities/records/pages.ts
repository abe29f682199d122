import { crashPoint } from '../../config/crash-points';
import type { Database } from '../../db/connection';
import { readPageState, writeAttempt, writePageRecord } from '../../db/page-records';
import type { RecordActivities } from '../../messages/activities';
import { pageId } from '../../messages/ids';

/** The database activities of an escalation. */
export function createPageRecords(db: Database): Pick<RecordActivities, 'recordPage' | 'readPage' | 'recordAttempt'> {
  return {
    async recordPage(record) {
      await writePageRecord(db, record);
      await crashPoint('page:stored', record.number);
    },
    async readPage({ number, page, causes }) {
      await crashPoint('page:read', number);
      return readPageState(db, pageId(number, page), causes);
    },
    async recordAttempt(attempt) {
      await writeAttempt(db, attempt);
      await crashPoint('attempt:stored', attempt.number);
    },
  };
}
