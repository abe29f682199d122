import { openChat } from '../../intake/open-chat';
import { findOrCreateContact } from '../../db/contacts';
import { acceptMail } from '../../intake/accept';
import { continueLinked } from '../../intake/continue-linked';
import { replyAddress } from '../../messages/addresses';
import { FakeDns, SendingDomain } from '../kit/mail-senders';
import { MailDesk, mailOf } from './mail-desk';

describe('an address that was only claimed in the chat', () => {
  const desk = new MailDesk();
  const dns = new FakeDns();
  const acme = new SendingDomain('acme.test', dns, { dmarc: 'v=DMARC1; p=none' });
  beforeAll(() => desk.open('', { by: 'dns', lookup: dns.lookup }));
  afterAll(() => desk.close());

  let people = 0;

  /** Somebody begins a chat with an address that nobody has proven. */
  async function claimed() {
    const email = `jane${(people += 1)}@acme.test`;
    const { contact } = await desk.db.transaction().execute((trx) => findOrCreateContact(trx, { email, phone: null, name: null }, new Date(desk.now)));
    const author = {
      contact,
      proof: 'claimed',
      identity: `visitor:${email}`,
      locale: 'en',
      timeZone: null,
      organizationId: null,
      clusters: [],
      websites: [],
    } as const;
    const { number } = await openChat(desk.db, desk.policy, author, { body: 'Hello', openedFrom: null }, desk.now);
    return { number, email, to: replyAddress(desk.keys, { number, recipient: contact.id }, desk.domain) };
  }

  async function comes(raw: Buffer, from: string, to: string) {
    const envelope = { from, to: [to], ip: '198.51.100.7', helo: 'mx.sender.test' };
    const { inboxId } = await acceptMail(desk.db, desk.policy, { raw, envelope, receivedAt: desk.now });
    return desk.settled(inboxId);
  }

  const stands = (number: number) =>
    desk.db
      .selectFrom('chats as h')
      .innerJoin('conversations as c', 'c.number', 'h.number')
      .select(['h.proof', 'c.flags', 'c.kind'])
      .where('h.number', '=', number)
      .executeTakeFirstOrThrow();

  /** Whether the conversation began as one that is mailed by the desk itself. */
  const automaticMail = async (number: number) => {
    const { start } = await desk.conversation(number);
    return !start.noAutoMail;
  };

  test('is proven by an authenticated answer to our mail, and by nothing else', async () => {
    const { number, email, to } = await claimed();
    const unproven = { proof: 'claimed', flags: ['addressNotProven'], kind: 'chat' };
    expect(await stands(number)).toEqual(unproven);
    // Anybody can write this.
    expect((await comes(mailOf({ from: email, body: 'It is me' }), email, to)).number).toBe(number);
    expect(await stands(number)).toEqual(unproven);
    // Proven, but not its owner.
    await comes(await acme.signed(mailOf({ from: 'john@acme.test', body: 'It is me' })), 'john@acme.test', to);
    expect(await stands(number)).toEqual(unproven);
    // A machine that answers for them has read nothing.
    const machine = await acme.signed(mailOf({ from: email, body: 'I am on holiday', headers: ['Auto-Submitted: auto-replied'] }));
    await comes(machine, email, to);
    expect(await stands(number)).toEqual(unproven);
    expect((await comes(await acme.signed(mailOf({ from: email, body: 'Thank you' })), email, to)).number).toBe(number);
    expect(await stands(number)).toEqual({ proof: 'mail', flags: [], kind: 'chat' });
    // Its workflow hears of it, once.
    const proven = async () => (await desk.events(number)).filter((event) => event.type === 'customerAct');
    expect(await proven()).toMatchObject([{ act: 'proven', at: desk.now }]);
    await comes(await acme.signed(mailOf({ from: email, body: 'One more thing' })), email, to);
    expect(await proven()).toHaveLength(1);
  });

  test('is no more proven where its chat goes on in a linked conversation', async () => {
    const { number } = await claimed();
    const linked = await continueLinked(desk.db, { number, known: 0 }, desk.now);
    expect(linked).not.toBeNull();
    expect(await stands(linked ?? 0)).toEqual({ proof: 'claimed', flags: ['followUp', 'addressNotProven'], kind: 'chat' });
    expect(await automaticMail(linked ?? 0)).toBe(false);
  });

  test('stays proven there, and has automatic mail, once it is', async () => {
    const { number, email, to } = await claimed();
    await comes(await acme.signed(mailOf({ from: email, body: 'Thank you' })), email, to);
    const linked = await continueLinked(desk.db, { number, known: 0 }, desk.now);
    expect(await stands(linked ?? 0)).toEqual({ proof: 'mail', flags: ['followUp'], kind: 'chat' });
    expect(await automaticMail(linked ?? 0)).toBe(true);
  });
});
