import { ApplicationFailure } from '@temporalio/common';
import type { Database } from '../../db/connection';
import { closeConversation, inboundEvents, unseenOrClaimed } from '../../db/conversation-records';
import { policyByHash } from '../../db/policies';
import { writeProjection } from '../../db/projection';
import type { RecordActivities } from '../../messages/activities';
import { HoldfastError } from '../../messages/errors';

/** Most events that one read answers; the workflow reads on. */
const EVENTS_AT_ONCE = 200;

/** The database activities of a conversation. */
export function createConversationRecords(db: Database): Pick<RecordActivities, 'project' | 'readEvents' | 'loadPolicy' | 'claimClose' | 'checkPresence'> {
  return {
    async project(projection) {
      await db.transaction().execute((trx) => writeProjection(trx, projection));
    },
    readEvents: (range) => inboundEvents(db, { ...range, limit: EVENTS_AT_ONCE }),
    async loadPolicy({ hash }) {
      try {
        return await policyByHash(db, hash);
      } catch (error) {
        if (!(error instanceof HoldfastError)) throw error;
        throw ApplicationFailure.nonRetryable(error.message, error.code);
      }
    },
    claimClose: async (claim) => ({ closed: await closeConversation(db, claim) }),
    checkPresence: (look) => unseenOrClaimed(db, look),
  };
}
