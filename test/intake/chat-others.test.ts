import { readMailSource } from '../../db/mail-source';
import { chatMessages } from '../../db/chat-messages';
import { findOrCreateContact } from '../../db/contacts';
import { addParticipant } from '../../db/incoming-messages';
import { finishMail, keepIntent } from '../../db/outgoing-mail';
import { openChat } from '../../intake/open-chat';
import { bounceAddress, replyAddress, signedMailId } from '../../messages/addresses';
import { MailDesk, mailOf } from './mail-desk';

/** Others in the thread of a chat read mail; what they answer is in the chat, and what comes back is a copy. */
describe('others in the thread of a chat', () => {
  const desk = new MailDesk();
  beforeAll(() => desk.open());
  afterAll(() => desk.close());

  async function chat() {
    const person = (email: string) =>
      desk.db.transaction().execute(async (trx) => (await findOrCreateContact(trx, { email, phone: null, name: null }, new Date(desk.now))).contact);
    const [ada, bob] = [await person('ada@acme.test'), await person('bob@acme.test')];
    const author = {
      contact: ada,
      proof: 'signed',
      identity: 'dashboard:ada',
      locale: 'en',
      timeZone: null,
      organizationId: null,
      clusters: [],
      websites: [],
    } as const;
    const { number } = await openChat(desk.db, desk.policy, author, { body: 'Hello', openedFrom: null }, desk.now - 60_000);
    await desk.db.transaction().execute((trx) => addParticipant(trx, { number, contactId: bob.id, role: 'participant', at: new Date(desk.now) }));
    return { number, ada, bob };
  }

  test('answer by mail at their own address: it lands in the chat, where its customer reads it', async () => {
    const { number, ada, bob } = await chat();
    const to = replyAddress(desk.keys, { number, recipient: bob.id }, desk.domain);
    const { number: landed } = await desk.deliver(mailOf({ from: 'bob@acme.test', body: 'I have restarted it.' }), { from: 'bob@acme.test', to: [to] });
    expect(landed).toBe(number);
    const seen = await chatMessages(desk.db, ada.id, [number], { limit: 10 });
    expect(seen.map(({ authorId, channel, body }) => [authorId, channel, body.trim()])).toEqual([
      [ada.id, 'chat', 'Hello'],
      [bob.id, 'email', 'I have restarted it.'],
    ]);
    expect((await desk.events(number)).at(-1)).toMatchObject({ type: 'message', author: 'customer', channel: 'email' });
  });

  test('an agent who answers from a mail program of their own: shown in the chat once it has left, to whom it was mailed', async () => {
    const { number, ada, bob } = await chat();
    const to = replyAddress(desk.keys, { number, recipient: bob.id }, desk.domain);
    await desk.deliver(mailOf({ from: 'bob@acme.test', body: 'From my phone: done.' }), { from: 'bob@acme.test', to: [to] });
    const { id } = await desk.db.selectFrom('messages').select('id').where('number', '=', number).where('channel', '=', 'email').executeTakeFirstOrThrow();
    // As resolve writes an agent's: the same, but for who wrote it.
    await desk.db.updateTable('messages').set({ direction: 'out', author_kind: 'agent', author_id: null }).where('id', '=', id).execute();
    const seenBy = async (who: string) => (await chatMessages(desk.db, who, [number], { limit: 10 })).map((message) => message.id).includes(id);
    expect([await seenBy(ada.id), await seenBy(bob.id)]).toEqual([false, false]);
    const key = `conversation/${number}:7:reply`;
    const mailId = signedMailId(desk.keys, key, desk.domain);
    const facts = { key, number, kind: 'reply', messageRef: id, carries: [id], mailId, envelopeFrom: '', raw: Buffer.from(''), at: desk.now } as const;
    const mail = { ...facts, recipient: ada.id, envelopeTo: 'ada@acme.test' };
    await keepIntent(desk.db, mail);
    await finishMail(desk.db, mail, 'sent', desk.now);
    expect([await seenBy(ada.id), await seenBy(bob.id)]).toEqual([true, false]);
  });

  test('whose mail comes back: a copy has, and its customer has the words', async () => {
    const { number, bob } = await chat();
    const at = new Date(desk.now);
    await desk.db
      .insertInto('messages')
      .values({
        id: `m-copied-${number}`,
        number,
        seq: null,
        direction: 'out',
        author_kind: 'agent',
        author_id: null,
        channel: 'chat',
        body: 'Good morning',
        full_body: null,
        html: null,
        at,
        state: 'sent',
        mail_id: null,
        in_reply_to: null,
        hint: null,
        inbox_id: null,
      })
      .execute();
    const key = `conversation/${number}:9:reply`;
    const mail = {
      key,
      number,
      kind: 'reply',
      messageRef: `m-copied-${number}`,
      carries: [`m-copied-${number}`],
      recipient: bob.id,
      mailId: signedMailId(desk.keys, key, desk.domain),
      envelopeFrom: '',
      envelopeTo: 'bob@acme.test',
      raw: Buffer.from(''),
      at: desk.now,
    };
    expect((await readMailSource(desk.db, { number, recipient: bob.id, messageIds: mail.carries, at: desk.now }))?.recipient).toMatchObject({ claimed: false });
    await keepIntent(desk.db, mail);
    await finishMail(desk.db, mail, 'sent', desk.now);
    const report = mailOf({
      from: 'mailer-daemon@acme.test',
      subject: 'Undelivered Mail Returned to Sender',
      body: 'No such user: 550 5.1.1',
      headers: ['Auto-Submitted: auto-replied'],
    });
    await desk.deliver(report, { from: '', to: [bounceAddress(desk.keys, { number, mailId: mail.mailId }, desk.domain)] });
    expect((await desk.events(number)).at(-1)).toMatchObject({ type: 'bounce', messageId: mail.messageRef, copy: true });
    const { state } = await desk.db.selectFrom('messages').select('state').where('id', '=', mail.messageRef).executeTakeFirstOrThrow();
    expect(state).toBe('sent');
  });
});
