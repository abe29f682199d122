import type { Database } from '../../db/connection';
import { claimAttempt, writeAttempt, writePageRecord } from '../../db/page-records';
import { addConversation, addDesk, attemptOf, DUE_AT, recordOf } from '../activities/paging-fixtures';
import { openTestDatabase, type OpenTestDatabase } from '../setup/database';

let testDatabase: OpenTestDatabase;
let db: Database;

beforeAll(async () => {
  testDatabase = await openTestDatabase();
  ({ db } = testDatabase);
  await addDesk(db);
  await addConversation(db, 1);
});

afterAll(() => testDatabase.close());

const outcomes = () => db.selectFrom('page_attempts').select(['ring', 'outcome']).orderBy('ring').execute();

test('of a ring that a crash broke off it is said that it failed, once its page is over; one that was sent stays sent', async () => {
  const target = { target: 'primary', method: 'pagerduty' } as const;
  await writePageRecord(db, recordOf(1));
  await claimAttempt(db, attemptOf(1, { ring: 1 }), target, DUE_AT);
  await claimAttempt(db, attemptOf(1, { ring: 2 }), target, DUE_AT);
  const attempt = attemptOf(1, { ring: 1 });
  const sent = { ...attempt, ...target, causes: [], sentAt: DUE_AT, outcome: 'sent', error: null } as const;
  await writeAttempt(db, sent);
  await writePageRecord(db, recordOf(1, { revision: DUE_AT + 1, state: 'acknowledged', acknowledgement: { by: 'a1', at: DUE_AT } }));
  expect(await outcomes()).toEqual([
    { ring: 1, outcome: 'sent' },
    { ring: 2, outcome: null },
  ]);

  await writePageRecord(db, recordOf(1, { revision: DUE_AT + 2, state: 'over', overAt: DUE_AT }));
  expect(await outcomes()).toEqual([
    { ring: 1, outcome: 'sent' },
    { ring: 2, outcome: 'failed' },
  ]);

  // It had got through after all.
  await writeAttempt(db, { ...sent, ring: 2 });
  expect((await outcomes())[1]).toEqual({ ring: 2, outcome: 'sent' });
});
