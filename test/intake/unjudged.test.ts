import { sql } from 'kysely';
import { setTimeout as pause } from 'node:timers/promises';
import { insertInbox } from '../../db/inbox';
import { takeBack } from '../../db/suspended';
import { acceptMail } from '../../intake/accept';
import type { DnsLookup } from '../../intake/authenticate-by-dns';
import { FakeDns, SendingDomain } from '../kit/mail-senders';
import { MailDesk, mailOf } from './mail-desk';

const ELSEWHERE = '198.51.100.7';
const MINUTE_MS = 60_000;
/** What nobody has judged goes on after this; source: docs/mail-in.md, "Senders". */
const UNJUDGED_MS = 20_000;
/** Longer than resolving takes, so that a mail which does not wait for its verdict goes on without. */
const LOOKUP_MS = 1_500;

jest.setTimeout(180_000);

describe('mail whose sender is not checked yet', () => {
  const desk = new MailDesk();
  const dns = new FakeDns();
  const acme = new SendingDomain('acme.test', dns, { dmarc: 'v=DMARC1; p=reject' });
  const lookup: DnsLookup = async (name, type) => {
    await pause(LOOKUP_MS);
    return dns.lookup(name, type);
  };
  beforeAll(() => desk.open('', { by: 'dns', lookup, withinMs: 20_000 }));
  afterAll(() => desk.close());

  const envelopeOf = (from: string) => ({ from, to: ['info@example.test'], ip: ELSEWHERE, helo: 'mx.sender.test' });
  const accept = async (raw: Buffer, from: string) =>
    (await acceptMail(desk.db, desk.policy, { raw, envelope: envelopeOf(from), receivedAt: desk.now })).inboxId;

  test('waits for its verdict also when it has waited for a resolver already', async () => {
    await desk.stopResolving();
    const proven = await accept(await acme.signed(mailOf()), 'jane@acme.test');
    const forged = await accept(mailOf({ from: 'boss@acme.test' }), 'x@evil.test');
    desk.now += MINUTE_MS;
    desk.resolve();
    expect([(await desk.settled(proven, 60_000)).verdict, (await desk.settled(forged, 60_000)).verdict]).toEqual(['pass', 'reject']);
  });

  test('waits for its verdict also when the resolver could not look for a time', async () => {
    // It has looked for long when the table goes away.
    desk.now += MINUTE_MS;
    await desk.settled(await accept(await acme.signed(mailOf()), 'jane@acme.test'), 60_000);
    await sql`ALTER TABLE inbox RENAME TO inbox_away`.execute(desk.db);
    // Every lane sweeps within two seconds.
    await pause(4_000);
    const raw = await acme.signed(mailOf());
    const mail = { raw, envelope: envelopeOf('jane@acme.test'), receivedAt: new Date(desk.now), channel: 'email', urgent: false } as const;
    const id = await desk.db.transaction().execute(async (trx) => {
      await sql`ALTER TABLE inbox_away RENAME TO inbox`.execute(trx);
      desk.now += MINUTE_MS;
      return insertInbox(trx, mail);
    });
    expect((await desk.settled(id, 60_000)).verdict).toBe('pass');
  });

  test('goes on as none when it has waited long enough', async () => {
    dns.fails('silent.test', 'silent').fails('_dmarc.silent.test', 'silent');
    const id = await accept(mailOf({ from: 'x@silent.test' }), 'x@silent.test');
    desk.now += UNJUDGED_MS;
    // Long before its name server is given up.
    expect(await desk.settled(id, 10_000)).toMatchObject({ state: 'resolved', verdict: 'none' });
  });

  test('that is tried again is judged again, as if it came now', async () => {
    new SendingDomain('wrong.test', dns, { dmarc: 'v=DMARC1; p=reject' });
    const id = await accept(mailOf({ from: 'boss@wrong.test' }), 'boss@wrong.test');
    expect(await desk.settled(id, 60_000)).toMatchObject({ state: 'suspended', verdict: 'reject' });
    dns.txt('_dmarc.wrong.test', 'v=DMARC1; p=none');
    desk.now += 24 * 60 * MINUTE_MS;
    expect(await takeBack(desk.db, id, { act: 'retry', by: 'ada', at: new Date(desk.now) })).toBe(true);
    expect(await desk.settled(id, 60_000)).toMatchObject({ state: 'resolved', verdict: 'fail' });
  });

  test('that is released keeps its verdict', async () => {
    const id = await accept(mailOf({ from: 'chief@acme.test' }), 'x@evil.test');
    const { state } = await desk.settled(id, 60_000);
    expect(state).toBe('suspended');
    dns.txt('_dmarc.acme.test', 'v=DMARC1; p=none');
    await takeBack(desk.db, id, { act: 'release', by: 'ada', at: new Date(desk.now) });
    expect(await desk.settled(id, 60_000)).toMatchObject({ state: 'resolved', verdict: 'reject' });
  });
});
