import { verifyLink } from '../../messages/addresses';
import { effectOf, KEYS, sourceOf, words, written } from './mail-fixtures';

const REPLY = effectOf('reply', {}, { messageId: 'm1' });

test('what we begin answers nothing: its first mail has no “Re:”, and everything later has', async () => {
  const begun = { initiatedBy: 'agent', subject: 'Your certificate', messages: [words('It ends next week.')] } as const;
  const first = await written(REPLY, sourceOf(begun));
  expect(first.mail.subject).toBe('Your certificate [#1042]');
  expect(first.mail.inReplyTo).toBeUndefined();
  const later = await written(REPLY, sourceOf({ ...begun, threadMailIds: ['first@example.test'] }));
  expect(later.mail.subject).toBe('Re: Your certificate [#1042]');
  const asked = await written(REPLY, sourceOf({ ...begun, initiatedBy: 'customer' }));
  expect(asked.mail.subject).toBe('Re: Your certificate [#1042]');
});

test('the closing question carries both answers, in words and as buttons, and no other mail does', async () => {
  const { mail } = await written(effectOf('closingQuestion', {}, { messageId: 'm1' }), sourceOf({ messages: [words('Anything else?')] }));
  const links = [...new Set((mail.text ?? '').match(/\/l\/[\w.-]+/g) ?? [])];
  expect(links.map((link) => verifyLink(KEYS, link.slice(3)))).toEqual([
    { purpose: 'thatsAll', number: 1042, contact: 'c_jane' },
    { purpose: 'somethingElse', number: 1042, contact: 'c_jane' },
  ]);
  for (const link of links) expect(mail.html).toContain(link);
  expect(mail.text).toMatch(/No, that’s all:\n.*\n\nThere is something else:\n/);
  const reply = await written(REPLY, sourceOf({ messages: [words('Done.')] }));
  expect(`${reply.mail.text} ${String(reply.mail.html)}`).not.toContain('something else');
});
