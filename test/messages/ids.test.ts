import fc from 'fast-check';
import { conversationWorkflowId, pageId, pageWorkflowId, parsePageId } from '../../messages/ids';

const number = fc.integer({ min: 1, max: 999_999_999_999_999 });
const page = fc.integer({ min: 1, max: 999_999 });

describe('ids', () => {
  test('are the ones that ops look for', () => {
    expect(conversationWorkflowId(1042)).toBe('conversation/1042');
    expect(pageWorkflowId(1042, 3)).toBe('conversation/1042/page/3');
    expect(pageId(1042, 3)).toBe('p1042-3');
  });

  test("a page's id has no slash and leads back to its number and page", () => {
    fc.assert(
      fc.property(number, page, (n, p) => {
        expect(pageId(n, p)).toMatch(/^[\w-]+$/);
        expect(parsePageId(pageId(n, p))).toEqual({ number: n, page: p });
      }),
    );
  });

  test('two pages never share an id', () => {
    fc.assert(
      fc.property(number, page, number, page, (n, p, m, q) => {
        fc.pre(n !== m || p !== q);
        expect(pageId(n, p)).not.toBe(pageId(m, q));
        expect(pageWorkflowId(n, p)).not.toBe(pageWorkflowId(m, q));
      }),
    );
  });

  test.each([
    '',
    'p',
    'p1042',
    'p1042-',
    '1042-3',
    'p-3',
    'p01-1',
    'p1-01',
    'p0-1',
    'p1-0',
    ' p1-1',
    'p1-1\n',
    'p1-1-1',
    'P1-1',
    'p1.5-1',
    'p-1-1',
    'p1e3-1',
    'p9999999999999999-1',
  ])('%j is the id of no page', (id) => {
    expect(parsePageId(id)).toBeNull();
  });
});
