import { insertAttachments } from '../../db/attachments';
import { parseBounceAddress, parseReplyAddress, verifyBounceAddress, verifyLink, verifyReplyAddress } from '../../messages/addresses';
import { FILES_BYTES } from '../../messages/file-limits';
import { CLOSING_WORDS } from '../../messages/said-for-agents';
import type { MailEffect } from '../../policy/effects';
import { readMail } from '../kit/smtp-sink';
import { activityEnvironment, JANE, keyed, useMailDesk } from './mail-desk';
import { effectOf, FRIDAY_EVENING, KEYS, TUESDAY_TEN } from './mail-fixtures';

const outside = useMailDesk();
const { send, conversation, message, storedMail, storedMessage } = outside;
const STRANGER = 'stranger@elsewhere.example';

/** A chat of Jane's, or of somebody who has only said that they are. */
async function chat(
  more: { proof?: 'signed' | 'claimed'; locale?: 'de' | 'en'; zone?: string | null; requester?: string; subject?: string } = {},
): Promise<number> {
  const number = await conversation({ subject: more.subject ?? 'VISITORS-SUBJECT', requester: more.requester ?? 'c_jane' });
  const requester = more.requester ?? 'c_jane';
  await outside.db.updateTable('conversations').set({ kind: 'chat', channel: 'chat' }).where('number', '=', number).execute();
  await outside.db.updateTable('messages').set({ channel: 'chat', mail_id: null }).where('number', '=', number).execute();
  await outside.db
    .insertInto('participants')
    .values({ number, contact_id: requester, role: 'requester', added_at: new Date(FRIDAY_EVENING) })
    .execute();
  await outside.db
    .insertInto('chats')
    .values({
      number,
      identity: `visitor:v_${number}`,
      proof: more.proof ?? 'signed',
      contact_id: requester,
      locale: more.locale ?? 'en',
      time_zone: more.zone ?? null,
      created_at: new Date(FRIDAY_EVENING),
    })
    .execute();
  return number;
}

/** Agents' words in a chat, one a second; their ids. */
async function said(number: number, ...bodies: string[]): Promise<string[]> {
  const ids = bodies.map((_body, index) => `m_${number}_${index}`);
  for (const [index, body] of bodies.entries()) {
    await message(number, { id: ids[index] ?? '', direction: 'out', body, state: 'shown', at: new Date(FRIDAY_EVENING - 50_000 + index * 1_000) });
  }
  return ids;
}

const unseen = (number: number, ids: readonly string[], more: Partial<MailEffect> = {}) =>
  keyed(number, effectOf('chatUnseen', { messages: ids.join(' ') }, { messageId: ids.at(-1) ?? '', ...more }));

async function readLast(address = JANE) {
  const mail = outside.sink.mails(address).at(-1);
  if (mail === undefined) throw new Error('No mail came.');
  const read = await readMail(mail);
  const raw = mail.raw.toString('latin1');
  return {
    raw,
    text: read.text ?? '',
    html: read.html ?? '',
    subject: read.subject ?? '',
    to: read.to,
    from: read.from,
    envelopeFrom: mail.from,
    files: read.attachments.map(({ filename }) => filename),
  };
}

const linksIn = (text: string) => [...text.matchAll(/\/l\/([\w.-]+)/g)].map(([, token = '']) => verifyLink(KEYS, token));

test('others in the thread of a chat are mailed what was said there, each at their own address; the requester who only claims theirs is named nowhere', async () => {
  const number = await chat({ requester: 'c_stranger', proof: 'claimed', subject: 'VISITORS-SUBJECT' });
  const [id = ''] = await said(number, 'Good morning');
  await message(number, { id: `m_note_${number}`, direction: 'note', body: 'INTERNAL' });
  const copy = keyed(number, effectOf('reply', { updateBy: null }, { messageId: id, copy: true, recipient: 'c_jane' }));
  outside.sink.expect(JANE);
  expect(await send(number, copy)).toMatchObject({ outcome: 'sent' });
  const { raw, text, to } = await readLast();
  expect(text).toContain('Good morning');
  expect(raw).not.toContain('INTERNAL');
  expect(JSON.stringify(to)).not.toContain(STRANGER);
  const local = /reply\+[^@\s<]+(?=@)/.exec(raw)?.[0] ?? '';
  const parsed = parseReplyAddress(local);
  expect(parsed !== null && [parsed.number, verifyReplyAddress(KEYS, parsed, 'c_jane'), verifyReplyAddress(KEYS, parsed, 'c_stranger')]).toEqual([
    number,
    true,
    false,
  ]);
  expect((await storedMessage(id)).state).toBe('shown');
});

describe('a chat continued by mail', () => {
  test('every message of the batch with author and time, and a way back; a bounce names the mail, and it all its messages', async () => {
    const number = await chat();
    const ids = await said(number, 'Found it!', 'It was the certificate.');
    outside.sink.expect(JANE);
    expect((await send(number, unseen(number, ids))).outcome).toBe('sent');
    const { text, html, subject, from, envelopeFrom } = await readLast();
    for (const twin of [text, html]) {
      expect(twin).toContain('Anna Berger · Friday, 27 March, 20:29 (Berlin time, CET)');
      expect(twin).toContain('Found it!');
      expect(twin).toContain('Anna Berger · 20:29');
      expect(twin).toContain('It was the certificate.');
      // What the customer said is theirs already.
      expect(twin).not.toContain('SECRET-OF-THE-CUSTOMER');
    }
    expect(subject).toBe(`Re: VISITORS-SUBJECT [#${number}]`);
    expect(from?.name).toBe('Anna Berger at Acme Hosting');
    expect(linksIn(text)).toEqual([{ purpose: 'status', number, contact: 'c_jane' }]);
    const row = await storedMail(unseen(number, ids));
    expect(row).toMatchObject({ message_ref: ids[1], carries: ids });
    const bounce = parseBounceAddress(envelopeFrom.split('@')[0] ?? '');
    expect(bounce !== null && verifyBounceAddress(KEYS, bounce, row.mail_id)).toBe(true);
    for (const id of ids) expect(await storedMessage(id)).toMatchObject({ state: 'shown', mail_id: row.mail_id });
  });

  test('what was taken back since it was claimed stays here, and the rest leaves; all of it taken back, nothing does', async () => {
    const number = await chat();
    const ids = await said(number, 'It stays.', 'TAKEN-BACK');
    const last = ids.at(-1) ?? '';
    const takeBack = (taken: readonly string[]) => outside.db.updateTable('messages').set({ state: 'withdrawn' }).where('id', 'in', taken).execute();
    await takeBack([last]);
    outside.sink.expect(JANE);
    expect((await send(number, unseen(number, ids))).outcome).toBe('sent');
    const { text, html } = await readLast();
    for (const twin of [text, html]) {
      expect(twin).toContain('It stays.');
      expect(twin).not.toContain('TAKEN-BACK');
    }
    // Its conversation knows the mail by the last that was claimed for it.
    expect(await storedMail(unseen(number, ids))).toMatchObject({ message_ref: last, carries: ids.slice(0, 1) });
    expect(await storedMessage(last)).toMatchObject({ state: 'withdrawn', mail_id: null });
    const other = await chat();
    const none = await said(other, 'One.', 'Two.');
    await takeBack(none);
    expect((await send(other, unseen(other, none))).outcome).toBe('withdrawn');
  });

  test('in the language and the time zone of the page that they chatted on', async () => {
    const number = await chat({ locale: 'de', zone: 'Europe/Vienna' });
    const ids = await said(number, 'Hello from Anna.', CLOSING_WORDS);
    outside.sink.expect(JANE);
    await send(number, unseen(number, ids, { facts: { messages: ids.join(' '), updateBy: TUESDAY_TEN } }));
    const { text, html, raw } = await readLast();
    expect(text).toContain('Anna Berger · Freitag, 27. März, 20:29 Uhr (Zeit in Wien, MEZ)');
    expect(text).toContain('Sie hören bis Dienstag, 31. März, 10:00 Uhr (Zeit in Wien, MESZ) von uns.');
    // What the agent had said by one key is said in this language, and can be answered by one click.
    expect(text).toContain('Kann ich sonst noch etwas für Sie tun?');
    expect(linksIn(text).map((link) => link?.purpose)).toEqual(['status', 'thatsAll']);
    expect(html).toContain('<html lang="de"');
    expect(raw).toContain('Content-Language: de');
  });

  test('somebody who only claims an address is mailed the unseen replies, and nothing else', async () => {
    const number = await chat({ proof: 'claimed', requester: 'c_stranger', subject: 'Buy pills at evil.example' });
    const [first = '', second = ''] = await said(number, 'Hello, how can we help?', 'Are you still there?');
    outside.sink.expect(STRANGER);
    await send(number, unseen(number, [second], { recipient: 'c_stranger' }));
    const { text, html, raw, subject, to } = await readLast(STRANGER);
    expect(subject).toBe(`Your chat with us [#${number}]`);
    expect(to).toEqual([{ name: '', address: STRANGER }]);
    expect(text).toContain('Are you still there?');
    for (const twin of [text, html, raw]) {
      expect(twin).not.toMatch(/pills|evil|SECRET-OF-THE-CUSTOMER|how can we help/i);
      // Every link acts as the address's owner, who has not been here.
      expect(twin).not.toContain('/l/');
    }
    expect(first).not.toBe(second);
  });

  test.each([
    ['proven', 'is waiting for you in the chat'],
    ['claimed', 'just answer and tell us how to send it'],
  ])('files that make the mail larger than servers take stay in the chat, and the mail to an address that is %s says so', async (proof, where) => {
    const number = await chat({ proof: proof === 'proven' ? 'signed' : 'claimed' });
    const ids = await said(number, 'The first half.', 'The second half, and a list.');
    const file = (name: string, bytes: number) => ({ name, mediaType: 'application/zip', content: Buffer.alloc(bytes, number) });
    await outside.db.transaction().execute(async (trx) => {
      await insertAttachments(trx, ids[0] ?? '', [file('one.zip', FILES_BYTES - 100)]);
      await insertAttachments(trx, ids[1] ?? '', [file('two.zip', 101), file('list.txt', 100)]);
    });
    outside.sink.expect(JANE);
    expect((await send(number, unseen(number, ids))).outcome).toBe('sent');
    const { text, html, raw, files } = await readLast();
    expect(files).toEqual(['one.zip', 'list.txt']);
    expect(raw.length).toBeLessThan(25 * 1024 * 1024);
    for (const twin of [text, html]) {
      expect(twin).toContain('Attached: one.zip');
      expect(twin).toContain('Attached: list.txt · Too large for this mail: two.zip');
      expect(twin).toContain(where);
    }
  });

  test('a known address that somebody types in is no more than claimed', async () => {
    const number = await chat({ proof: 'claimed' });
    outside.sink.expect(JANE);
    await send(number, unseen(number, await said(number, 'Hello.')));
    const { text, raw, subject, to } = await readLast();
    expect(subject).toBe(`Your chat with us [#${number}]`);
    expect(to?.[0]?.name).toBe('');
    for (const twin of [text, raw]) expect(twin).not.toMatch(/Jane|VISITORS-SUBJECT|\/l\//);
  });

  test.each(['solved', 'reminder', 'csat', 'transcript'] as const)('%s is not mailed to an address that is only claimed', async (kind) => {
    const number = await chat({ proof: 'claimed' });
    const effect = keyed(number, effectOf(kind));
    expect((await send(number, effect)).outcome).toBe('refused');
    expect(await storedMail(effect)).toMatchObject({ envelope_to: '', last_error: 'The address is only claimed, not proven.' });
    expect(outside.sink.attempts()).toEqual([]);
  });

  test('an authenticated answer by mail proves the address', async () => {
    const number = await chat({ proof: 'claimed' });
    const ids = await said(number, 'Hello.');
    await message(number, {
      id: `m_answer_${number}`,
      direction: 'in',
      body: 'It is me.',
      mailId: `answer-${number}@customer.example`,
      authenticated: true,
      seq: 2,
    });
    outside.sink.expect(JANE);
    await send(number, unseen(number, ids));
    expect((await readLast()).subject).toBe(`Re: VISITORS-SUBJECT [#${number}]`);
  });
});

describe('the other mails around a chat', () => {
  test('became a ticket: number, answer by, what happens now, and whose words these are', async () => {
    const number = await chat();
    const [id = ''] = await said(number, 'I’ll ask our database people.');
    outside.sink.expect(JANE);
    await send(number, keyed(number, effectOf('converted', { updateBy: null, dueAt: TUESDAY_TEN }, { messageId: id })));
    const { text, raw, from, envelopeFrom } = await readLast();
    // The agent's words are an answer: they come from a person, and a bounce says which mail it was.
    expect(from?.name).toBe('Anna Berger at Acme Hosting');
    expect(envelopeFrom).toMatch(/^bounce\+/);
    expect(raw).not.toContain('Auto-Submitted');
    expect(text).toContain(`ticket #${number}`);
    expect(text).toContain('You’ll hear from us by\nTuesday, 31 March, 10:00 (Berlin time, CEST)');
    expect(text).toContain('Anna Berger · Friday, 27 March, 20:29 (Berlin time, CET):\nI’ll ask our database people.');
    expect(text).toContain('You needn’t keep the chat open.');
  });

  test('the one question: two answers, each a link of its own', async () => {
    const number = await chat();
    outside.sink.expect(JANE);
    await send(number, keyed(number, effectOf('csat')));
    const { text, envelopeFrom } = await readLast();
    expect(linksIn(text)).toEqual([
      { purpose: 'ratedGood', number, contact: 'c_jane' },
      { purpose: 'ratedBad', number, contact: 'c_jane' },
    ]);
    expect(envelopeFrom).toBe('');
  });

  test('a transcript: the whole public thread, and no note, nothing taken back, no stranger, nothing later', async () => {
    const number = await chat();
    await said(number, 'Hello Jane.', 'And this?');
    await message(number, { id: `m_note_${number}`, direction: 'note', body: 'NOTE', state: 'received' });
    const rows: [string, Record<string, unknown>][] = [
      ['withdrawn', { direction: 'out', author_kind: 'agent', author_id: 'a_anna', state: 'withdrawn' }],
      ['waiting', { direction: 'out', author_kind: 'agent', author_id: 'a_anna', state: 'waiting' }],
      ['third', { direction: 'in', author_kind: 'thirdParty', author_id: 'c_stranger' }],
      ['machine', { direction: 'in', machine: true }],
      ['later', { direction: 'in', at: new Date(FRIDAY_EVENING + 1) }],
    ];
    for (const [name, changes] of rows) {
      await message(number, { id: `m_${name}_${number}`, direction: 'note', body: `HIDDEN ${name}`, state: 'received' });
      await outside.db
        .updateTable('messages')
        .set({ state: 'received', ...changes })
        .where('id', '=', `m_${name}_${number}`)
        .execute();
    }
    const event = (revision: number, type: string, data: object) => ({
      number,
      revision,
      position: 0,
      at: new Date(FRIDAY_EVENING),
      type,
      data: JSON.stringify(data),
    });
    await outside.db
      .insertInto('timeline')
      .values([event(1, 'converted', { keep: true }), event(2, 'status', { from: 'open', to: 'solved', reason: 'thatsAll' })])
      .execute();
    outside.sink.expect(JANE);
    await send(number, keyed(number, effectOf('transcript')));
    const { text, html } = await readLast();
    for (const twin of [text, html]) expect(twin).not.toMatch(/HIDDEN|NOTE/);
    const places = [
      'You · Friday, 27 March, 20:29 (Berlin time, CET)',
      'SECRET-OF-THE-CUSTOMER',
      'Anna Berger · 20:29',
      'Hello Jane.',
      'And this?',
      `The chat became ticket #${number} · 20:30`,
      'Marked as done · 20:30',
    ].map((words) => text.indexOf(words));
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((one, other) => one - other));
  });

  test('a transcript for somebody who takes no part has nothing in it', async () => {
    const number = await chat();
    await outside.db.deleteFrom('participants').where('number', '=', number).execute();
    outside.sink.expect(JANE);
    await send(number, keyed(number, effectOf('transcript')));
    expect((await readLast()).text).not.toContain('SECRET-OF-THE-CUSTOMER');
  });
});

describe('in whose language', () => {
  test('a customer who has chosen none is answered in the one that they write in', async () => {
    const number = await conversation();
    await outside.db
      .updateTable('messages')
      .set({ body: 'Guten Morgen, unser Shop ist seit heute früh nicht mehr zu erreichen. Können Sie bitte nachsehen?' })
      .where('number', '=', number)
      .execute();
    outside.sink.expect(JANE);
    await send(number, keyed(number, effectOf('receipt', { dueAt: TUESDAY_TEN, officeOpen: true, opensAt: null, onCallTold: false, priority: 'normal' })));
    expect((await readLast()).text).toContain('Sie hören von uns bis\nDienstag, 31. März, 10:00 Uhr (Zeit in Berlin, MESZ)');
    await outside.db.updateTable('contacts').set({ locale: 'en' }).where('id', '=', 'c_jane').execute();
    await send(number, keyed(number, effectOf('solved')));
    expect((await readLast()).text).toContain('That’s settled, we think');
    await outside.db.updateTable('contacts').set({ locale: null }).where('id', '=', 'c_jane').execute();
  });
});

describe('a worker that dies is noticed', () => {
  test.each(['before', 'after'] as const)('the database that keeps us waiting %s the mail server is waited for with heartbeats', async (when) => {
    const number = await conversation();
    const effect = keyed(number, effectOf('solved'));
    outside.sink.expect(JANE);
    if (when === 'after') {
      // It is known already, and its mark has to wait.
      await outside.sink.down();
      await expect(send(number, effect)).rejects.toMatchObject({ type: 'E_PROVIDER_UNAVAILABLE' });
      await outside.sink.up();
    }
    const environment = activityEnvironment();
    let heartbeats = 0;
    environment.on('heartbeat', () => (heartbeats += 1));
    let sending: Promise<unknown> = Promise.resolve();
    await outside.db.transaction().execute(async (trx) => {
      if (when === 'after') await trx.selectFrom('outgoing_mails').select('key').where('key', '=', effect.key).forUpdate().execute();
      else
        await trx
          .insertInto('outgoing_mails')
          .values({
            key: effect.key,
            number,
            kind: 'solved',
            message_ref: null,
            recipient_id: 'c_jane',
            mail_id: `x-${number}`,
            envelope_from: '',
            envelope_to: JANE,
            raw: Buffer.from('x'),
            last_error: null,
            at: new Date(),
          })
          .execute();
      sending = send(number, effect, outside.desk(), environment);
      const began = performance.now();
      while (heartbeats === 0 && performance.now() - began < 20_000) await new Promise((resolve) => setTimeout(resolve, 50));
      if (when === 'before') await trx.deleteFrom('outgoing_mails').where('key', '=', effect.key).execute();
    });
    expect(await sending).toMatchObject({ outcome: 'sent' });
    expect(heartbeats).toBeGreaterThanOrEqual(1);
  });
});
