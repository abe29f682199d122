import { insertAttachments, insertUpload } from '../../db/attachments';
import { readMail } from '../kit/smtp-sink';
import { JANE, replyOf, useMailDesk } from './mail-desk';
import { FRIDAY_EVENING } from './mail-fixtures';

const outside = useMailDesk();
const { send, conversation, message } = outside;

const keep = (messageId: string, ...files: { name: string; mediaType: string; content: Buffer }[]) =>
  outside.db.transaction().execute((trx) => insertAttachments(trx, messageId, files));

async function leaving(number: number, id: string) {
  outside.sink.expect(JANE);
  await send(number, replyOf(number, id));
  const [mail] = outside.sink.mails(JANE);
  return readMail(mail ?? { raw: Buffer.alloc(0) });
}

const bytes = (content: unknown): Buffer => Buffer.from(content as ArrayBuffer);

test('an answer takes its files with it, byte for byte and in their order', async () => {
  const number = await conversation();
  const id = await message(number, { id: `m_files_${number}`, direction: 'out', body: 'Here they are.' });
  const picture = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 7) % 256));
  await keep(
    id,
    { name: 'Größe „neu“.png', mediaType: 'image/png', content: picture },
    { name: 'log.txt', mediaType: 'text/plain', content: Buffer.from('a\0b') },
  );
  const mail = await leaving(number, id);
  expect(mail.attachments.map(({ filename, mimeType, disposition }) => [filename, mimeType, disposition])).toEqual([
    ['Größe „neu“.png', 'image/png', 'attachment'],
    ['log.txt', 'text/plain', 'attachment'],
  ]);
  expect(bytes(mail.attachments[0]?.content).equals(picture)).toBe(true);
  expect(bytes(mail.attachments[1]?.content).equals(Buffer.from('a\0b'))).toBe(true);
  expect(mail.text).toContain('Here they are.');
});

test('files of notes, of the customer and of nobody yet never leave', async () => {
  const number = await conversation();
  const note = await message(number, { id: `m_note_${number}`, direction: 'note', body: 'Internal.', state: 'shown' });
  const id = await message(number, { id: `m_plain_${number}`, direction: 'out', body: 'Just words.' });
  const secret = { name: 'secret.txt', mediaType: 'text/plain', content: Buffer.from('secret') };
  await keep(note, secret);
  await keep(`m_first_${number}`, secret);
  await outside.db.transaction().execute((trx) => insertUpload(trx, { ...secret, agent: 'a_anna', at: new Date(FRIDAY_EVENING) }));
  expect((await leaving(number, id)).attachments).toEqual([]);
});

test('a type or name that would change how the mail is read is data like any other', async () => {
  const number = await conversation();
  const id = await message(number, { id: `m_odd_${number}`, direction: 'out', body: 'Odd.' });
  await keep(id, { name: 'a"; x="b\r\nBcc: x@evil.test', mediaType: 'multipart/mixed; boundary=x', content: Buffer.from('--x--') });
  const mail = await leaving(number, id);
  expect(mail.bcc).toBeUndefined();
  expect(mail.attachments.map(({ filename, mimeType }) => [filename, mimeType])).toEqual([['a"; x="b Bcc: x@evil.test', 'application/octet-stream']]);
});
