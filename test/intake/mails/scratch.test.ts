import { parseMail } from '../../../intake/parse/parse-mail';
import { quotes } from './quotes';
test.each(quotes.map((f) => [f.name, f] as const))('%s', async (_n, f) => {
  const m = await parseMail(f.raw);
  if (typeof f.expected.text === 'string') expect(m.text).toBe(f.expected.text);
  else if (f.expected.text) expect(m.text).toMatch(f.expected.text);
  if (f.expected.quoted === null) expect(m.fullText).toBeNull();
  else if (f.expected.quoted) { expect(m.fullText).toMatch(f.expected.quoted); expect(m.text).not.toMatch(f.expected.quoted); }
});
