import { createLogger } from '../../config/log';

/** What a logger writes, entry by entry. */
function recorder() {
  const entries: Record<string, unknown>[] = [];
  return { entries, log: createLogger('test', { write: (line: string) => entries.push(JSON.parse(line) as Record<string, unknown>) }) };
}

describe('the log', () => {
  test('says which part wrote an entry, how grave it is and when', () => {
    const { entries, log } = recorder();
    log.warn({ number: 1042 }, 'A page was late');
    expect(entries).toEqual([
      expect.objectContaining({ part: 'test', level: 'warn', number: 1042, msg: 'A page was late', time: expect.stringMatching(/^\d{4}-.*Z$/) }),
    ]);
  });

  test('holds neither secrets nor personal data', () => {
    const { entries, log } = recorder();
    log.info(
      {
        token: 'hunter2',
        contact: { email: 'ada@example.test', name: 'Ada', id: 'c1' },
        headers: { authorization: 'Bearer hunter2' },
        databaseUrl: 'postgres://u:hunter2@h/d',
      },
      'Signed in',
    );
    const text = JSON.stringify(entries);
    expect(text).not.toMatch(/hunter2|ada@example|"Ada"/);
    expect(text).toContain('"id":"c1"');
  });

  describe('of an error', () => {
    /** As a library throws one: its text and its properties hold what it was busy with, and so do its causes. */
    const leaky = () => {
      const cause = Object.assign(new Error('550 <jane@acme.test>: user unknown'), { response: '550 jane@acme.test', envelope: { to: ['jane@acme.test'] } });
      return Object.assign(new Error('cannot connect to postgres://desk:hunter2@db.internal/holdfast', { cause }), {
        code: '23505',
        detail: 'Key (email)=(ada@example.test) already exists.',
        connectionString: 'postgres://desk:hunter2@db.internal/holdfast',
        config: { auth: { pass: 'hunter2', user: 'ada@example.test' } },
        email: 'ada@example.test',
      });
    };

    test.each([
      ['logged as err', (log: ReturnType<typeof createLogger>) => log.error({ err: leaky() }, 'It failed')],
      ['logged under another name', (log: ReturnType<typeof createLogger>) => log.error({ reason: leaky() }, 'It failed')],
      ['logged by itself', (log: ReturnType<typeof createLogger>) => log.error(leaky())],
      ['logged without a message', (log: ReturnType<typeof createLogger>) => log.error({ err: leaky() })],
    ])('only its kind, code, text and stack are written: %s', (_name, write) => {
      const { entries, log } = recorder();
      write(log);
      const text = JSON.stringify(entries);
      expect(text).not.toMatch(/hunter2|ada@example|jane@acme/);
      const [entry] = entries;
      const error = entry?.['err'] ?? entry?.['reason'];
      expect(error).toEqual({
        type: 'Error',
        code: '23505',
        message: 'cannot connect to postgres://desk:[not logged]@db.internal/holdfast',
        stack: expect.stringContaining('log.test.ts') as string,
        cause: { type: 'Error', message: '550 <[not logged]>: user unknown', stack: expect.any(String) as string },
      });
    });

    test('a chain of causes has an end, also when it leads back to its beginning', () => {
      const { entries, log } = recorder();
      const error = new Error('first');
      error.cause = new Error('second', { cause: error });
      log.error({ err: error }, 'It failed');
      expect(entries).toHaveLength(1);
      expect(JSON.stringify(entries).match(/"message"/g)).toHaveLength(5);
    });
  });

  test('the password of a URL is left out of free text too, whatever characters it has', () => {
    const { entries, log } = recorder();
    log.info('redis://:hunter2@cache:6379 smtp://ada:hun@ter2@mail.example:25 https://example.test:8080/a?b=c@d https://example.test/x:y@z');
    expect(entries[0]?.['msg']).toBe(
      'redis://:[not logged]@cache:6379 smtp://ada:[not logged]@mail.example:25 https://example.test:8080/a?b=c@d https://example.test/x:y@z',
    );
  });

  test.each([
    ['an error turned to text', 'Key (email)=(ada@example.test) already exists.', 'Key (email)=([not logged]) already exists.'],
    ['behind a line break', 'to:\nada@example.test\ttoo', 'to:\n[not logged]\ttoo'],
    ['behind a control character', 'to \u0001ada@example.test', 'to \u0001[not logged]'],
    ['with letters of other languages', 'zoë@bücher.example', '[not logged]'],
  ])('a mail address is left out of free text, and what is left is JSON: %s', (_name, text, rest) => {
    const { entries, log } = recorder();
    log.warn({ reason: text, deep: { er: [text] } }, text);
    expect(entries).toEqual([expect.objectContaining({ reason: rest, deep: { er: [rest] }, msg: rest })]);
  });

  test('versions, paths and hosts are no addresses', () => {
    const { entries, log } = recorder();
    const text = 'at run (/app/node_modules/@temporalio/worker/lib/worker.js:1:2) pkg@1.24.0 and beta@18.4.0-beta.17 on 127.0.0.1:5432';
    log.info(text);
    expect(entries[0]?.['msg']).toBe(text);
  });
});
