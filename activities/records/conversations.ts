import { ApplicationFailure } from '@temporalio/common';
import { crashPoint } from '../../config/crash-points';
import type { Database } from '../../db/connection';
import { closeConversation } from '../../db/conversation-records';
import { policyByHash } from '../../db/policies';
import { checkPresence } from '../../db/presence';
import { writeProjection } from '../../db/projection';
import type { RecordActivities } from '../../messages/activities';
import { HoldfastError } from '../../messages/errors';
import { readableEvents } from './readable-events';

/** Most events that one read answers; the workflow reads on. */
const EVENTS_AT_ONCE = 200;

/** The database activities of a conversation. */
export function createConversationRecords(db: Database): Pick<RecordActivities, 'project' | 'readEvents' | 'loadPolicy' | 'claimClose' | 'checkPresence'> {
  return {
    async project(projection) {
      await db.transaction().execute(async (trx) => {
        await writeProjection(trx, projection);
        await crashPoint('project:written', projection.number);
      });
      await crashPoint('project:committed', projection.number);
    },
    async readEvents(range) {
      await crashPoint('events:read', range.number);
      return readableEvents(db, { ...range, limit: EVENTS_AT_ONCE });
    },
    async loadPolicy({ hash }) {
      await crashPoint('policy:loaded', hash);
      try {
        return await policyByHash(db, hash);
      } catch (error) {
        if (!(error instanceof HoldfastError)) throw error;
        throw ApplicationFailure.nonRetryable(error.message, error.code);
      }
    },
    async claimClose(claim) {
      const claimed = await closeConversation(db, claim);
      await crashPoint('close:claimed', claim.number);
      return claimed;
    },
    async checkPresence(look) {
      const found = await checkPresence(db, look);
      if (found.claimed.length > 0) await crashPoint('presence:claimed', look.number);
      return found;
    },
  };
}
