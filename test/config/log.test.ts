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
});
