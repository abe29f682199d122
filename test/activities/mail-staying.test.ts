import { findOutgoingMail } from '../../db/outgoing-mail';
import type { MailEffect } from '../../policy/effects';
import { readMail } from '../kit/smtp-sink';
import { JANE, keyed, RECEIPT, receiptOf, replyOf, TEN_OCLOCK, useMailDesk } from './mail-desk';
import { effectOf } from './mail-fixtures';

const outside = useMailDesk();
const { send, conversation, message, storedMail, storedMessage } = outside;

describe('what must not leave', () => {
  test('an answer that was taken back', async () => {
    const number = await conversation();
    const id = await message(number, { id: `m_back_${number}`, direction: 'out', body: 'Oh no.' });
    await outside.db.updateTable('messages').set({ state: 'withdrawn' }).where('id', '=', id).execute();
    expect(await send(number, replyOf(number, id))).toEqual({ outcome: 'withdrawn', at: TEN_OCLOCK });
    expect((await storedMail(replyOf(number, id))).state).toBe('withdrawn');
    expect((await storedMessage(id)).state).toBe('withdrawn');
    expect(outside.sink.attempts()).toEqual([]);
  });

  test('internal notes and customers’ own words, under any kind of mail', async () => {
    const number = await conversation();
    const note = await message(number, { id: `m_note_${number}`, direction: 'note', body: 'SECRET-NOTE about Jane', state: 'shown' });
    for (const mail of ['reply', 'feedback', 'chatUnseen', 'beRightBack', 'closingQuestion', 'converted'] as const) {
      for (const messageId of [note, `m_first_${number}`]) {
        const effect: MailEffect = { ...effectOf(mail, { word: 'ownWords' }, { messageId }), key: `conversation/${number}:${mail}:${messageId}` };
        await expect(send(number, effect)).rejects.toMatchObject({ type: 'E_NOT_FOUND', nonRetryable: true });
        expect(await findOutgoingMail(outside.db, effect.key)).toBeNull();
      }
    }
    // And no mail of this thread has any of it.
    const id = await message(number, { id: `m_clean_${number}`, direction: 'out', body: 'All good.' });
    outside.sink.expect(JANE);
    for (const mail of ['receipt', 'solved', 'reminder', 'converted'] as const) await send(number, keyed(number, effectOf(mail, RECEIPT)));
    for (const mail of ['reply', 'feedback', 'chatUnseen', 'beRightBack', 'closingQuestion'] as const) {
      await send(number, keyed(number, effectOf(mail, { word: 'ownWords' }, { messageId: id })));
    }
    expect(outside.sink.mails(JANE)).toHaveLength(9);
    for (const mail of await Promise.all(outside.sink.mails(JANE).map(readMail))) expect(`${mail.text} ${mail.html} ${mail.subject}`).not.toMatch(/SECRET/);
  });

  test('a message of another conversation', async () => {
    const [one, other] = [await conversation(), await conversation()];
    const id = await message(other, { id: `m_other_${other}`, direction: 'out', body: 'For #other only.' });
    await expect(send(one, replyOf(one, id))).rejects.toMatchObject({ type: 'E_NOT_FOUND', nonRetryable: true });
  });

  test('a stranger’s words, back to an address that may be anyone’s', async () => {
    const address = 'stranger@elsewhere.example';
    const unproven = await conversation({ requester: 'c_stranger', subject: 'Visit evil.example' });
    outside.sink.expect(address);
    await send(unproven, receiptOf(unproven, 'c_stranger'));
    expect(outside.sink.mails(address)[0]?.raw.toString()).not.toMatch(/evil|pills|SECRET/i);
    const proven = await conversation({ requester: 'c_stranger', subject: 'Visit us', authenticated: true });
    await send(proven, receiptOf(proven, 'c_stranger'));
    expect((await Promise.all(outside.sink.mails(address).map(readMail))).map(({ subject }) => subject)).toEqual([
      `Your request [#${unproven}]`,
      `Re: Visit us [#${proven}]`,
    ]);
  });

  test('anything to someone without an address: kept as refused', async () => {
    const number = await conversation({ requester: 'c_phone' });
    expect(await send(number, receiptOf(number, 'c_phone'))).toEqual({ outcome: 'refused', at: TEN_OCLOCK });
    expect(await storedMail(receiptOf(number, 'c_phone'))).toMatchObject({ state: 'refused', envelope_to: '', last_error: 'The contact has no mail address.' });
  });
});
