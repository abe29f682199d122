import { isEmojiOnly } from '../../policy/emoji-only';

test.each(['👍', ' 👍 ', '👍🏽', '❤️', '❤', '👨‍👩‍👧‍👦', '🏳️‍🌈', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '🇩🇪', '🇩🇪🇫🇷', '1️⃣', '#⃣', '👍👍👍👍👍', '🎉 🎉\n🎉', '©️', '☺️'])(
  '%s is nothing but emojis',
  (text) => {
    expect(isEmojiOnly(text)).toBe(true);
  },
);

test.each([
  '',
  ' ',
  'ok 👍',
  '👍 ok',
  '👍👍👍👍👍👍',
  '1',
  '12',
  '#',
  '*',
  '©',
  '™',
  '❤︎',
  '🇩',
  ':)',
  'x'.repeat(10_000),
  '👍'.repeat(10_000),
  '👍.',
  '\u200d',
  '🏽\u0000',
])('%j is not', (text) => {
  expect(isEmojiOnly(text)).toBe(false);
});

test('whatever it is given, it answers at once', () => {
  const startedAt = performance.now();
  for (const text of ['👨‍'.repeat(60), '🏴'.repeat(90), ' '.repeat(199) + 'x', '👍 '.repeat(60), '🇩🇪'.repeat(45) + 'x']) isEmojiOnly(text);
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});
