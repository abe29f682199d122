import { verdictByDns } from '../../intake/authenticate-by-dns';
import { verdictByHeaders } from '../../intake/authentication-results';
import { parseMail } from '../../intake/parse/parse-mail';
import { verdictFor, verdictOf } from '../../intake/verdict';
import { createLogger } from '../../config/log';
import { senderChecks } from '../../config/sender-checks';
import { FakeDns, SendingDomain } from '../kit/mail-senders';
import { mailOf } from './mail-desk';

const log = createLogger('test', { write: () => undefined });

describe('how senders are checked', () => {
  const listen = (host: string) => ({ SMTP_LISTEN: { host } });
  test.each([
    ['behind a relay on this machine: not at all', listen('127.0.0.1'), { by: 'off' }],
    ['on localhost: not at all', listen('localhost'), { by: 'off' }],
    ['open to the world: by DNS', listen('0.0.0.0'), { by: 'dns' }],
    ['switched on behind a relay: by DNS', { ...listen('::1'), MAIL_AUTHENTICATE: 'on' as const }, { by: 'dns' }],
    ['switched off: not at all', { ...listen('0.0.0.0'), MAIL_AUTHENTICATE: 'off' as const }, { by: 'off' }],
    ['a trusted server in front: by its word', { ...listen('0.0.0.0'), MAIL_TRUSTED_AUTHSERV: 'mx.desk.test' }, { by: 'authserv', authserv: 'mx.desk.test' }],
    ['a trusted server, switched off', { ...listen('0.0.0.0'), MAIL_AUTHENTICATE: 'off' as const, MAIL_TRUSTED_AUTHSERV: 'mx.desk.test' }, { by: 'off' }],
  ])('%s', (_name, settings, checks) => {
    expect(senderChecks(settings)).toEqual(checks);
  });

  test('not at all means none, whatever the mail says of itself', async () => {
    const raw = mailOf({ headers: ['Authentication-Results: mx.desk.test; dmarc=pass header.from=acme.test'] });
    expect(await verdictOf({ by: 'off' }, { raw, envelope: { from: 'jane@acme.test', to: [], ip: '192.0.2.1' } }, log)).toBe('none');
  });
});

describe('by DNS', () => {
  const dns = new FakeDns();
  const acme = new SendingDomain('acme.test', dns, { dmarc: 'v=DMARC1; p=reject', spf: 'v=spf1 ip4:192.0.2.1 -all' });
  const plain = new SendingDomain('plain.test', dns, { spf: 'v=spf1 ip4:192.0.2.1 -all' });
  const careful = new SendingDomain('careful.test', dns, { dmarc: 'v=DMARC1; p=quarantine' });
  const trying = new SendingDomain('trying.test', dns, { dmarc: 'v=DMARC1; p=reject; pct=0' });
  const evil = new SendingDomain('evil.test', dns, { dmarc: 'v=DMARC1; p=none', spf: 'v=spf1 ip4:198.51.100.7 -all' });
  const OWN = '192.0.2.1';
  const FOREIGN = '198.51.100.7';

  function judged(raw: Buffer, { from = 'jane@acme.test', ip = FOREIGN }: { from?: string; ip?: string } = {}, lookup = dns.lookup) {
    return verdictByDns({ raw, envelope: { from, to: ['info@example.test'], ip, helo: 'mx.sender.test' } }, log, lookup);
  }
  const jane = mailOf();

  test('a signature of From’s domain passes, wherever the mail comes from', async () => {
    expect(await judged(await acme.signed(jane))).toBe('pass');
    expect(await judged(await acme.signed(jane), { ip: '127.0.0.1' })).toBe('pass');
    expect(await judged(await plain.signed(mailOf({ from: 'x@plain.test' })), { from: 'x@plain.test' })).toBe('pass');
  });

  test('an address that From’s domain names passes', async () => {
    expect(await judged(jane, { ip: OWN })).toBe('pass');
    expect(await judged(mailOf({ from: 'x@plain.test' }), { from: 'bounce@plain.test', ip: OWN })).toBe('pass');
    expect(await judged(jane, { ip: `::ffff:${OWN}` })).toBe('pass');
  });

  test('neither: reject if the domain asks for it, else fail', async () => {
    expect(await judged(jane)).toBe('reject');
    expect(await judged(mailOf({ from: 'x@careful.test' }), { from: 'x@careful.test' })).toBe('fail');
    expect(await judged(mailOf({ from: 'x@trying.test' }), { from: 'x@trying.test' })).toBe('fail');
    expect(await judged(mailOf({ from: 'x@plain.test' }), { from: 'x@plain.test' })).toBe('fail');
    expect([careful.name, trying.name]).toEqual(['careful.test', 'trying.test']);
  });

  test('somebody else’s proof proves nothing for From', async () => {
    expect(await judged(await evil.signed(jane), { from: 'me@evil.test' })).toBe('reject');
    expect(await judged(await evil.signed(mailOf({ from: 'x@plain.test' })), { from: 'me@evil.test' })).toBe('fail');
  });

  test('a changed body or header breaks the signature', async () => {
    const signed = (await acme.signed(jane)).toString();
    expect(await judged(Buffer.from(signed.replace('Something is wrong', 'Something is right')))).toBe('reject');
    expect(await judged(Buffer.from(signed.replace('Subject: Help', 'Subject: Halp')))).toBe('reject');
  });

  test('a signature that leaves a part of the body open proves nothing', async () => {
    const part = await acme.signed(jane, { bodyLength: 5 });
    expect(part.toString()).toMatch(/\bl=5\b/);
    expect(await judged(part)).toBe('reject');
  });

  test.each([
    ['two From headers', { headers: ['From: victim@acme.test'], from: 'me@evil.test' }],
    ['two authors', { from: 'me@evil.test, victim@acme.test' }],
    ['a group of two', { from: 'Us: me@evil.test, victim@acme.test;' }],
    ['no From', { from: null }],
  ])('%s: nobody is proven', async (_name, parts) => {
    const raw = mailOf(parts);
    for (const domain of [evil, acme]) expect(await judged(await domain.signed(raw), { from: 'me@evil.test' })).toBe('none');
  });

  test('proves nothing for another author than the one who is read: what one takes for the end of the header the other does not', async () => {
    const mallory = mailOf({ from: 'mallory@evil.test', subject: null });
    const raw = Buffer.concat([Buffer.from('Sender: jane@acme.test\r\nSubject: Hi\r\n\r\r\n'), mallory]);
    expect((await parseMail(raw)).from?.address).toBe('jane@acme.test');
    const verdict = await judged(await evil.signed(raw), { from: 'jane@acme.test' });
    expect(verdict).toBe('pass');
    expect(verdictFor(verdict, raw, 'jane@acme.test')).toBe('none');
    expect(verdictFor('pass', raw, 'mallory@evil.test')).toBe('pass');
    expect(verdictFor('pass', raw, null)).toBe('none');
    expect(verdictFor('reject', raw, 'jane@acme.test')).toBe('reject');
  });

  test.each([
    ['CRs', '\r'.repeat(200_000)],
    ['folds', '\r\n\t'.repeat(80_000)],
  ])('a header of %s holds nobody up, and proves nothing', async (_name, run) => {
    const began = performance.now();
    expect(await judged(mailOf({ headers: [`X-Long: a${run}b`] }), { ip: OWN })).toBe('none');
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  test('an address within the name is not the author', async () => {
    expect(await judged(await evil.signed(mailOf({ from: '"victim@acme.test" <me@evil.test>' })), { from: 'me@evil.test' })).toBe('pass');
    expect(await judged(await acme.signed(mailOf({ from: '"jane@acme.test" <me@evil.test>' })), { from: 'me@evil.test', ip: OWN })).toBe('fail');
  });

  test('where SPF has nothing to say, a missing signature is held against nobody', async () => {
    expect(await judged(jane, { ip: '10.1.2.3' })).toBe('none');
    expect(await judged(jane, { ip: '::1' })).toBe('none');
  });

  test('what cannot be looked up is none', async () => {
    const broken = new FakeDns();
    const domain = new SendingDomain('acme.test', broken, { dmarc: 'v=DMARC1; p=reject' });
    const signed = await domain.signed(jane);
    broken.fails('s1._domainkey.acme.test', 'broken').fails('acme.test', 'broken');
    expect(await judged(signed, {}, broken.lookup)).toBe('none');
    broken.fails('_dmarc.acme.test', 'broken');
    expect(await judged(jane, {}, broken.lookup)).toBe('none');
  });

  test('a name server that never answers costs five seconds, and the answer is none', async () => {
    const silent = new FakeDns().fails('acme.test', 'silent');
    const startedAt = performance.now();
    expect(await judged(jane, {}, silent.lookup)).toBe('none');
    expect(performance.now() - startedAt).toBeLessThan(15_000);
  });

  test('a mail with a thousand signatures asks for a few', async () => {
    const busy = new FakeDns();
    const signature = (index: number) => `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=d${index}.evil.test; s=s; h=from; bh=AAAA; b=AAAA`;
    const raw = mailOf({ headers: Array.from({ length: 1_000 }, (_, index) => signature(index)) });
    await judged(raw, {}, busy.lookup);
    expect(busy.asked.length).toBeLessThan(30);
  });

  test.each<[string, Buffer]>([
    ['nothing at all', Buffer.alloc(0)],
    ['no header', Buffer.from('\r\nhello')],
    ['a header without an end', Buffer.from(`From: jane@acme.test\r\nX-Long: ${'x'.repeat(400_000)}`)],
    ['NUL and broken bytes', Buffer.concat([Buffer.from([0, 255, 13, 10, 13, 10]), Buffer.from('x\0')])],
    ['lines that end in CR only', Buffer.from(mailOf().toString().replaceAll('\r\n', '\r'))],
  ])('%s is no reason to fail', async (_name, raw) => {
    expect(['none', 'fail', 'reject']).toContain(await judged(raw));
  });
});

describe('by the word of a trusted server', () => {
  const TRUSTED = 'mx.desk.test';
  const HOP = 'Received: from evil.test by mx.desk.test; Mon, 2 Mar 2026 10:00:00 +0100';
  const results = (value: string, id = TRUSTED) => `Authentication-Results: ${id}; ${value}`;
  /** The server writes on top of what it was given. */
  const received = (headers: readonly string[], from = 'Jane <jane@acme.test>', below: readonly string[] = []) =>
    verdictByHeaders(Buffer.concat([Buffer.from([...headers, ''].join('\r\n')), mailOf({ from, headers: below })]), TRUSTED);

  test.each<[string, string[], string]>([
    ['dmarc=pass', [results('dmarc=pass (p=REJECT) header.from=acme.test')], 'pass'],
    ['the name in capitals, with a version', [`Authentication-Results: MX.desk.test 1;\r\n\tdmarc=pass header.from=acme.test`], 'pass'],
    ['dmarc=fail, p=none', [results('dkim=none; dmarc=fail (p=NONE sp=REJECT dis=NONE) header.from=acme.test')], 'fail'],
    ['dmarc=fail, p=reject', [results('dmarc=fail (p=reject dis=none) header.from=acme.test')], 'reject'],
    ['dmarc=fail, action=oreject', [results('dmarc=fail action=oreject header.from=acme.test')], 'reject'],
    ['dmarc=temperror', [results('dkim=pass header.d=acme.test; dmarc=temperror')], 'none'],
    ['no DMARC, a signature of From’s domain', [results('dkim=pass header.d=acme.test; dmarc=none header.from=acme.test')], 'pass'],
    ['no DMARC, a signature by i=', [results('dkim=pass header.i=@mail.acme.test header.s=s1')], 'pass'],
    ['SPF of From’s domain', [results('spf=pass smtp.mailfrom=bounces@acme.test')], 'pass'],
    ['SPF of another domain', [results('spf=pass smtp.mailfrom=me@evil.test; dkim=pass header.d=evil.test')], 'fail'],
    ['a signature that could not be looked up', [results('dkim=temperror header.d=acme.test; spf=fail smtp.mailfrom=x@acme.test')], 'none'],
    ['a proof inside a comment', [results('spf=fail (dkim=pass header.d=acme.test) smtp.mailfrom=x@evil.test')], 'fail'],
    ['a proof inside quotes', [results('spf=fail reason="; dkim=pass header.d=acme.test" smtp.mailfrom=x@evil.test')], 'fail'],
    ['DMARC of another From', [results('dmarc=pass header.from=evil.test')], 'none'],
    ['nothing was checked', [results('none')], 'none'],
    ['another server’s word', [results('dmarc=pass header.from=acme.test', 'mx.evil.test')], 'none'],
    ['no word at all', [], 'none'],
    [
      'several headers of the server',
      [results('spf=fail smtp.mailfrom=x@evil.test'), 'Received-SPF: fail', results('dkim=pass header.d=acme.test'), HOP],
      'pass',
    ],
  ])('%s', (_name, headers, verdict) => {
    expect(received(headers)).toBe(verdict);
  });

  test('a forged header below the server’s own changes nothing', () => {
    const forged = results('dmarc=pass header.from=acme.test');
    expect(received([results('dmarc=fail (p=REJECT) header.from=acme.test'), HOP], undefined, [forged])).toBe('reject');
    expect(received([results('spf=none'), HOP, forged])).toBe('fail');
    expect(received([results('spf=none')], undefined, [forged])).toBe('fail');
  });

  test.each<[string, (forged: string) => string[]]>([
    ['below a server that writes its Received on top', (forged) => [HOP, results('spf=none'), forged]],
    ['with a Received of its own, which names the server', (forged) => [HOP, results('spf=none'), forged, HOP]],
    ['below other words of the server', (forged) => [HOP, results('spf=none'), 'Received-SPF: none', forged, HOP]],
    ['below a server that says nothing of its own', (forged) => [results('none'), forged]],
    ['behind an inner relay', (forged) => ['Received: by relay.desk.test', HOP, results('spf=none'), forged, HOP]],
    ['in a mail without any Received', (forged) => [results('spf=none'), 'X-Spam: no', forged]],
  ])('a forged header right below the server’s own is none of its word: %s', (_name, headers) => {
    for (const said of ['dmarc=pass header.from=acme.test', 'dkim=pass header.d=acme.test', 'spf=pass smtp.mailfrom=jane@acme.test']) {
      expect(received(headers(results(said)))).not.toBe('pass');
    }
  });

  test('words without end are read in no time', () => {
    const began = performance.now();
    const raw = mailOf({ headers: [`Authentication-Results: mx.desk.test; spf=none ${'a'.repeat(500_000)}`] });
    expect(verdictByHeaders(raw, 'mx.desk.test')).toBe('fail');
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  test('two authors are none', () => {
    expect(received([results('dmarc=pass header.from=acme.test')], 'jane@acme.test, eve@evil.test')).toBe('none');
  });
});
