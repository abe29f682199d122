import { parseMail } from '../../../intake/parse/parse-mail';
import { fixtures } from './all';
describe.each(Object.entries(fixtures))('%s', (_g, list) => {
  test.each(list.map((f) => [f.name, f] as const))('%s', async (_n, f) => {
    const { expected } = f;
    const at = Date.now();
    if (expected.read && expected.read !== 'whole') {
      await expect(parseMail(f.raw)).rejects.toThrow();
      return;
    }
    const m = await parseMail(f.raw);
    const took = Date.now() - at;
    if (took > 300) console.log(_n, took, 'ms');
    if (expected.subject !== undefined) expect(m.subject).toBe(expected.subject);
    if (typeof expected.text === 'string') expect(m.text).toBe(expected.text);
    else if (expected.text) expect(m.text).toMatch(expected.text);
    if (expected.quoted === null) expect(m.fullText).toBeNull();
    else if (expected.quoted) {
      expect(m.fullText).toMatch(expected.quoted);
      expect(m.text).not.toMatch(expected.quoted);
    }
    if (expected.files) expect(m.files.map((x) => x.name)).toEqual(expected.files);
    if (expected.html) expect(m.html).toMatch(expected.html);
    if (expected.html === null) expect(m.html).toBeNull();
    if (expected.name !== undefined) expect(m.from?.name ?? null).toBe(expected.name);
  });
});
