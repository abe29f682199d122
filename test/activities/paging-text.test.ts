import fc from 'fast-check';
import { bundleText, NO_FACTS, PAGE_TEXT_LENGTH, pageText } from '../../db/page-text';
import type { PageCause } from '../../policy/state';
import { PRIORITIES, PROMISE_KINDS } from '../../policy/words';
import { causeOf } from './paging-fixtures';

const page = { number: 1042, priority: 'urgent', plan: 'enterprise', causes: [causeOf(1042)] } as const;
const facts = { website: 'acme.com', cluster: 'c042', lengthMs: { 'conversation/1042:firstResponse:1': 1_800_000 } };

test.each<[string, Partial<PageCause>, number | undefined]>([
  ['no reply in 30 m', {}, 1_800_000],
  ['no reply in 90 s', {}, 90_000],
  ['no reply in 1 h 30 m', {}, 5_400_000],
  ['no reply yet', {}, undefined],
  ['nobody has taken it in 1 h', { kind: 'dispatch' }, 3_600_000],
  ['new while the office is closed', { kind: 'feedback' }, 900_000],
  ['a new chat', { kind: 'chatResponse' }, 300_000],
  ['chat not answered in 5 m', { kind: 'chatResponse', reason: 'breached' }, 300_000],
  ['our answer was not delivered', { kind: 'undelivered' }, undefined],
])('says «%s»', (what, changes, lengthMs) => {
  const cause = causeOf(1042, changes);
  const text = pageText({ ...page, causes: [cause] }, { ...facts, lengthMs: lengthMs === undefined ? {} : { [cause.key]: lengthMs } });
  expect(text).toBe(`Urgent acme.com on c042: ${what} [enterprise] #1042`);
});

test('names what is known, and marks a demonstration', () => {
  expect(pageText(page, NO_FACTS)).toBe('Urgent: no reply yet [enterprise] #1042');
  expect(pageText({ ...page, demo: true }, facts)).toBe('Demo: Urgent acme.com on c042: no reply in 30 m [enterprise] #1042');
});

test('is one line of at most 100 characters with its number at the end, whatever it is given', () => {
  const name = fc.option(fc.string({ unit: 'binary', maxLength: 200 }));
  fc.assert(
    fc.property(
      fc.record({ website: name, cluster: name, plan: fc.string({ maxLength: 60 }), number: fc.integer({ min: 1, max: 10 ** 12 }) }),
      fc.constantFrom(...PRIORITIES),
      fc.constantFrom(...PROMISE_KINDS),
      fc.integer({ min: 1, max: 10 ** 10 }),
      fc.boolean(),
      ({ website, cluster, plan, number }, priority, kind, lengthMs, demo) => {
        const cause = causeOf(number, { kind });
        const text = pageText({ number, priority, plan, demo, causes: [cause] }, { website, cluster, lengthMs: { [cause.key]: lengthMs } });
        expect(text.length).toBeLessThanOrEqual(PAGE_TEXT_LENGTH);
        expect(text).toMatch(new RegExp(`^[^\\p{Cc}]* #${number}$`, 'u'));
      },
    ),
  );
});

test('a common message counts every page and names as many as fit', () => {
  expect(bundleText([7, 8])).toBe('2 pages wait: #7 #8');
  const many = bundleText(Array.from({ length: 1_000 }, (_one, index) => 100_000 + index));
  expect(many).toMatch(/^1000 pages wait: #100000 .* and 99\d more$/);
  expect(many.length).toBeLessThanOrEqual(PAGE_TEXT_LENGTH);
});
