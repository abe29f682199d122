import { outageStory } from './outage-story';

jest.setTimeout(180_000);

/** The figure is for a minute (`npm run chaos -- --outage`); here it is shorter, for time. */
const OUTAGE_MS = 20_000;
const FIRST_SUCCESS_MS = 10_000;

test('PostgreSQL is gone while mail comes in: nothing is accepted and lost, a page rings all the same, and soon all goes on', async () => {
  const figures = await outageStory(OUTAGE_MS);
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  expect(figures.violations).toEqual([]);
  // Nobody was told "yes", and nobody "no".
  expect(Object.keys(figures.answers)).toEqual(['451']);
  expect(figures.accepted).toBe(13);
  expect(figures.firstAcceptedMs).toBeLessThan(FIRST_SUCCESS_MS);
  expect(figures.firstReceiptMs).toBeLessThan(FIRST_SUCCESS_MS);
  expect(figures.pageLateMs).toBeLessThan(10_000);
});
