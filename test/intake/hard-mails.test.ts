import { sql } from 'kysely';
import { lockThread } from '../../db/threads';
import { acceptMail } from '../../intake/accept';
import { createMailParser, type ReadMail } from '../../intake/parse/mail-parser';
import { parseMail } from '../../intake/parse/parse-mail';
import { seeded } from '../kit/seeded';
import { MailDesk, mailOf, MONDAY_10 } from './mail-desk';
import { fixtures } from './mails/all';
import type { Expected, Fixture } from './mails/fixture';
import { mutate } from './mails/mutate';
import { VICTIM } from './mails/strangers';

const SEED = Number(process.env['HOLDFAST_TEST_SEED']);
const HOUR_MS = 3_600_000;
const SENDER = 'jane@acme.test';
/** How many damaged mails are read, and how many of those go all the way. */
const READ = 5_000;
const RESOLVED = 300;
/** What is damaged: everyday sizes, so that thousands are quick. */
const SMALL_BYTES = 20_000;
const LARGE_BYTES = 90_000;

const all: readonly Fixture[] = Object.values(fixtures).flat();
const small = all.filter(({ raw }) => raw.length <= SMALL_BYTES);

/** What PostgreSQL or a header could not hold, or what would end a line. */
const CONTROLS = /[\0\r]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

function mustBeClean({ mail, read }: ReadMail): void {
  expect(['whole', 'header', 'nothing']).toContain(read);
  const lines = [mail.subject, mail.from?.name ?? '', mail.from?.address ?? '', mail.mailId ?? '', ...mail.files.map(({ name }) => name), ...mail.referenced];
  for (const text of [mail.text, mail.fullText ?? '', mail.html ?? '', ...lines]) expect(text).not.toMatch(CONTROLS);
  for (const line of lines) expect(line).not.toContain('\n');
  expect(mail.html ?? '').not.toMatch(/<(script|style|iframe|form|svg|object|meta|base|link)\b/i);
  expect(mail.html ?? '').not.toMatch(/<[^>]* (on\w+|src="(?!data:image\/(png|jpeg|gif|webp);base64,)|srcset)=/i);
  expect(mail.files.length).toBeLessThanOrEqual(100);
  if (mail.fullText !== null) expect(mail.text.trim()).not.toBe('');
}

describe('hard mails', () => {
  const desk = new MailDesk();
  let received = MONDAY_10;

  async function accept(raw: Buffer, from: string): Promise<number> {
    // An hour apart: no budget of one sender has a say in what becomes of a mail.
    received += HOUR_MS;
    return (await acceptMail(desk.db, desk.policy, { raw, envelope: { from, to: ['info@example.test'] }, receivedAt: received })).inboxId;
  }

  /** The desk's clock goes on, so that a mail which has to be tried again is. */
  let clock: NodeJS.Timeout;
  const becameOf = async (inboxId: number) => {
    const row = await desk.settled(inboxId, 240_000);
    const message = await desk.db.selectFrom('messages').selectAll().where('inbox_id', '=', inboxId).executeTakeFirst();
    return { row, message };
  };

  /** Nothing that came in may have changed it. */
  async function victimIsUntouched(): Promise<void> {
    expect(await desk.messages(VICTIM.number)).toHaveLength(1);
    const { last_seq, start } = await desk.conversation(VICTIM.number);
    expect([last_seq, start.participants.length]).toEqual([1, 1]);
    expect(await desk.db.selectFrom('participants').select('contact_id').where('number', '=', VICTIM.number).execute()).toHaveLength(1);
  }

  const became = new Map<Fixture, Awaited<ReturnType<typeof becameOf>>>();
  beforeAll(async () => {
    await desk.open('addresses: { info: {}, support: {} }');
    clock = setInterval(() => (desk.now += 1_000), 100);
    await desk.organization('acme', { domains: ['acme.test'] });
    const victim = await desk.opened(mailOf({ from: `Victim <${VICTIM.email}>`, subject: 'Our contract', mailId: VICTIM.mailId }), { from: VICTIM.email });
    expect(victim.number).toBe(VICTIM.number);
    const ids: [Fixture, number][] = [];
    for (const fixture of all) ids.push([fixture, await accept(fixture.raw, fixture.envelopeFrom ?? SENDER)]);
    for (const [fixture, id] of ids) became.set(fixture, await becameOf(id));
  }, 300_000);
  afterAll(async () => {
    clearInterval(clock);
    await desk.close();
  });

  test('there are at least eighty, each with a name of its own', () => {
    expect(all.length).toBeGreaterThanOrEqual(80);
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  });

  describe.each(Object.entries(fixtures))('%s', (_group, group) => {
    test.each(group.map((fixture) => [fixture.name, fixture] as const))('%s', async (_name, fixture) => {
      const { row, message } = became.get(fixture) ?? { row: undefined, message: undefined };
      const { expected } = fixture;
      expect(row?.raw.equals(fixture.raw)).toBe(true);
      expect(row?.duplicate_of).toBeNull();
      if (expected.becomes !== 'opened') {
        expect([row?.state, row?.reason, row?.number]).toEqual(['suspended', expected.becomes.suspended, null]);
        return;
      }
      expect([row?.state, row?.reason, message?.seq]).toEqual(['resolved', null, 1]);
      expect(message?.number).toBe(row?.number);
      const conversation = await desk.conversation(Number(row?.number));
      const requester = await desk.db.selectFrom('contacts').selectAll().where('id', '=', conversation.requester_id).executeTakeFirstOrThrow();
      expect(requester.email).toBe(expected.author ?? SENDER);
      if (expected.subject !== undefined) expect(conversation.subject).toBe(expected.subject || '(no subject)');
      const unreadable = conversation.flags.includes('unreadable');
      if (!isLarge(fixture)) expect(unreadable).toBe(expected.read === 'header');
      const files = await desk.db
        .selectFrom('attachments')
        .select('name')
        .where('message_id', '=', message?.id ?? '')
        .orderBy('position')
        .execute();
      const content = { text: message?.body ?? '', fullText: message?.full_body ?? null, html: message?.html ?? null, files };
      if (unreadable) expect(files).toEqual([{ name: 'original.eml' }]);
      else sameContent(content, expected);
      if (expected.machine !== undefined) expect(message?.machine).toBe(expected.machine);
      if (expected.noAutoMail !== undefined) expect(conversation.start.noAutoMail).toBe(expected.noAutoMail);
    });
  });

  test.each(all.filter((fixture) => isLarge(fixture) && fixture.expected.read === undefined).map((fixture) => [fixture.name, fixture] as const))(
    'with time enough: %s',
    async (_name, { raw, expected }) => sameContent(await parseMail(raw), expected),
    60_000,
  );

  test('no stranger is in the conversation of another', victimIsUntouched);

  test('a conversation that refers to another does not wait for who has that one: two such mails would wait for each other', async () => {
    await desk.db.transaction().execute(async (trx) => {
      await lockThread(trx, VICTIM.number);
      await desk.db.transaction().execute(async (other) => {
        await sql`SET LOCAL lock_timeout = '1s'`.execute(other);
        // What the foreign key of `linked_from` asks for.
        await sql`SELECT 1 FROM conversations WHERE number = ${VICTIM.number} FOR KEY SHARE`.execute(other);
        await expect(lockThread(other, VICTIM.number)).rejects.toMatchObject({ code: '55P03' });
        await sql`ROLLBACK`.execute(other);
      });
    });
  });

  test(`${RESOLVED} damaged ones all find a place, none with a stranger`, async () => {
    const random = seeded(SEED);
    const ids: number[] = [];
    for (let index = 0; index < RESOLVED; index += 1) ids.push(await accept(mutate(random, random.oneOf(small).raw, random.oneOf(small).raw), SENDER));
    for (const id of ids) {
      const { state, number, reason } = await desk.settled(id, 240_000);
      if (state === 'resolved') expect(number).not.toBeNull();
      else expect([state, typeof reason]).toEqual(['suspended', 'string']);
    }
    await victimIsUntouched();
  }, 300_000);

  test(`${READ} damaged ones are all read as far as possible, and what is read is clean`, async () => {
    const random = seeded(SEED + 1);
    const parser = createMailParser();
    const read = { whole: 0, header: 0, nothing: 0 };
    try {
      for (let index = 0; index < READ; index += 1) {
        const answer = await parser.read(mutate(random, random.oneOf(small).raw, random.oneOf(small).raw));
        read[answer.read] += 1;
        mustBeClean(answer);
      }
    } finally {
      await parser.close();
    }
    // Hardly any is so broken that its parts cannot be told.
    expect(read.whole).toBeGreaterThan(READ * 0.95);
  }, 300_000);
});

/** On a busy computer the time for it may not be enough; then its header and the original are what is kept. */
function isLarge({ raw }: Fixture): boolean {
  return raw.length > LARGE_BYTES;
}

interface Content {
  readonly text: string;
  readonly fullText: string | null;
  readonly html: string | null;
  readonly files: readonly { readonly name: string }[];
}

function sameContent(content: Content, { text, quoted, html, files }: Expected): void {
  if (typeof text === 'string') expect(content.text).toBe(text);
  else if (text !== undefined) expect(content.text).toMatch(text);
  if (html === null) expect(content.html).toBeNull();
  else if (html !== undefined) expect(content.html).toMatch(html);
  if (files !== undefined) expect(content.files.map(({ name }) => name)).toEqual(files);
  if (quoted === null) expect(content.fullText).toBeNull();
  if (typeof quoted !== 'string' && !(quoted instanceof RegExp)) return;
  expect(content.fullText).toMatch(quoted);
  expect(content.text).not.toMatch(quoted);
}
