import { readFile } from 'node:fs/promises';
import path from 'node:path';
import Ajv from 'ajv';
import { parse } from 'yaml';
import { PolicyFileError, readPolicyDocument } from '../../policy/document';
import { DEFAULT_POLICY_FILE } from '../../policy/resolve';
import { policyJsonSchema } from '../../policy/schema';

/** Everything that is wrong with the text, as `line:column key` and the sentence that says what to change. */
function problems(text: string): { code: string; found: string[]; messages: string[] } {
  try {
    readPolicyDocument(text, 'my.yaml');
    return { code: 'none', found: [], messages: [] };
  } catch (error) {
    if (!(error instanceof PolicyFileError)) throw error;
    return {
      code: error.code,
      found: error.problems.map(({ line, column, key }) => `${line}:${column} ${key}`.trim()),
      messages: error.problems.map(({ message }) => message),
    };
  }
}

const SHIPPED_SCHEMA = path.join(__dirname, '../../policy/handbook.schema.json');

describe('what is wrong is said with its line', () => {
  test.each<[name: string, text: string, found: string, message: RegExp]>([
    ['no version', 'timezone: UTC', '1:1 version', /this key is missing: write a text/],
    ['a version that is a number', 'version: 1', '1:1 version', /in quotes/],
    ['an empty file', '', '1:1', /begin with version/],
    ['only a comment', '# nothing\n', '1:1', /begin with version/],
    ['a list', '- a\n- b', '1:1', /begin with version/],
    ['an unknown key', 'version: a\n\nrecipt: on', '3:1 recipt', /not known.*receipt/],
    ['an unknown key inside', 'version: a\ntickets:\n  dispach: { within: 1h }', '3:3 tickets.dispach', /not known.*dispatch/],
    ['an unknown key in braces', 'version: a\nchats: { response: 5m, pages: low }', '2:24 chats.pages', /not known.*page/],
    ['an unknown key in a list', 'version: a\nonCall:\n  levels:\n    - rota: a\n      within: 5m', '5:7 onCall.levels[0].within', /rota, acknowledgeWithin/],
    [
      'a key of a calendar',
      'version: a\ncalendars:\n  us:\n    open: always\n    businessDay: 24h\n    zone: UTC',
      '6:5 calendars.us.zone',
      /open, businessDay, specialDays, timezone/,
    ],
    [
      'a key that is missing in a calendar of your own',
      'version: a\ncalendars:\n  us:\n    open: always',
      '3:3 calendars.us.businessDay',
      /missing: write a length/,
    ],
    ['a bad duration', 'version: a\ntickets:\n  dispatch:\n    within: 1 hour', '4:5 tickets.dispatch.within', /90s, 30m, 4h, 5d or 1bd/],
    ['a duration without a unit', 'version: a\ntickets: { firstResponse: { urgent: 30 } }', '2:29 tickets.firstResponse.urgent', /write a duration/],
    ['no time at all', 'version: a\ntickets: { firstResponse: { urgent: 0m } }', '2:29 tickets.firstResponse.urgent', /above 0/],
    ['half hours', 'version: a\ntickets: { firstResponse: { urgent: 0.5h } }', '2:29 tickets.firstResponse.urgent', /whole number/],
    ['business days where they mean nothing', 'version: a\nundoSend: 1bd', '2:1 undoSend', /bd is not possible here/],
    ['a fallback that never ends', 'version: a\nonCall: { fallback: { every: 0s } }', '2:23 onCall.fallback.every', /above 0/],
    ['a percentage without its sign', 'version: a\nescalate: { high: { page: 75 } }', '2:21 escalate.high.page', /75%/],
    ['more than all', 'version: a\nescalate: { high: { page: 101% } }', '2:21 escalate.high.page', /0% to 100%/],
    ['a page before its notice', 'version: a\nescalate: { high: { notice: 80% } }', '2:13 escalate.high', /page \(75%\) would come before the notice \(80%\)/],
    ['an unknown priority', 'version: a\ndefaultPriority: critical', '2:1 defaultPriority', /urgent, high, normal, low/],
    ['yes for on', 'version: a\nreceipt: yes', '2:1 receipt', /on or off/],
    ['text for true', 'version: a\noutOfHours: { page: on }', '2:15 outOfHours.page', /true or false/],
    ['a text where keys stand', 'version: a\ntickets: fast', '2:1 tickets', /write keys here/],
    ['a text where a list stands', 'version: a\ntriage: none', '2:1 triage', /write a list/],
    ['an unknown zone', 'version: a\ntimezone: Europe/Bonn', '2:1 timezone', /IANA/],
    ['an unknown zone of a calendar', 'version: a\ncalendars: { office: { timezone: CETX } }', '2:24 calendars.office.timezone', /CETX/],
    [
      'hours that end before they begin',
      'version: a\ncalendars: { office: { open: { mon: ["20:00-08:00"] } } }',
      '2:38 calendars.office.open.mon[0]',
      /end after the start/,
    ],
    ['hours of no length', 'version: a\ncalendars: { office: { open: { mon: ["08:00-08:00"] } } }', '2:38 calendars.office.open.mon[0]', /end after the start/],
    ['hours past midnight', 'version: a\ncalendars: { office: { open: { mon: ["20:00-24:30"] } } }', '2:38 calendars.office.open.mon[0]', /24:00/],
    ['minutes past the hour', 'version: a\ncalendars: { office: { open: { mon: ["08:60-12:00"] } } }', '2:38 calendars.office.open.mon[0]', /24:00/],
    ['hours in short', 'version: a\ncalendars: { office: { open: { mon: ["8-20"] } } }', '2:38 calendars.office.open.mon[0]', /"08:00-20:00"/],
    ['hours that overlap', 'version: a\ncalendars: { office: { open: { mon: ["08:00-12:00", "11:59-13:00"] } } }', '2:32 calendars.office.open.mon', /overlap/],
    [
      'a day named twice',
      'version: a\ncalendars: { office: { open: { mon-fri: ["08:00-12:00"], wed: [] } } }',
      '2:58 calendars.office.open.wed',
      /stands in "mon-fri" too/,
    ],
    [
      'days that run backwards',
      'version: a\ncalendars: { office: { open: { fri-mon: ["08:00-12:00"], tue: ["08:00-12:00"] } } }',
      '2:32 calendars.office.open.fri-mon',
      /backwards/,
    ],
    ['a day that is none', 'version: a\ncalendars: { office: { open: { monday: ["08:00-12:00"] } } }', '2:32 calendars.office.open.monday', /mon-fri/],
    ['a calendar that never opens', 'version: a\ncalendars: { office: { open: { mon: [] } } }', '2:24 calendars.office.open', /never opens/],
    [
      'a date that does not exist',
      'version: a\ncalendars:\n  office:\n    specialDays:\n      - date: 2026-02-29',
      '5:9 calendars.office.specialDays[0].date',
      /a date that exists/,
    ],
    [
      'a date twice',
      'version: a\ncalendars: { office: { specialDays: [{ date: 2026-01-01 }, { date: 2026-01-01 }] } }',
      '2:62 calendars.office.specialDays[1].date',
      /twice/,
    ],
    [
      'special hours that overlap',
      'version: a\ncalendars: { office: { specialDays: [{ date: 2026-01-01, open: ["08:00-12:00", "11:00-13:00"] }] } }',
      '2:58 calendars.office.specialDays[0].open',
      /overlap/,
    ],
    ['a special day of no kind', 'version: a\ncalendars: { office: { specialDays: [christmas] } }', '2:38 calendars.office.specialDays[0]', /country: DE/],
    [
      'a misspelt special day',
      'version: a\ncalendars: { office: { specialDays: [{ country: DE, stat: BY }] } }',
      '2:53 calendars.office.specialDays[0].stat',
      /not known/,
    ],
    [
      'special days of a calendar that is always open',
      'version: a\ncalendars: { always: { specialDays: [{ date: 2026-01-01 }] } }',
      '2:24 calendars.always.specialDays',
      /always open/,
    ],
    [
      'an unknown calendar of a plan',
      'version: a\nplans: { gold: { calendars: [office, nights] } }',
      '2:38 plans.gold.calendars[1]',
      /there is no calendar "nights": write one of office, always/,
    ],
    ['an unknown calendar of dispatch', 'version: a\ntickets: { dispatch: { calendar: x } }', '2:24 tickets.dispatch.calendar', /"x"/],
    ['an unknown calendar of chats', 'version: a\nchats: { calendar: constructor }', '2:10 chats.calendar', /"constructor"/],
    ['an unknown calendar of outOfHours', 'version: a\noutOfHours: { calendar: x }', '2:15 outOfHours.calendar', /"x"/],
    ['a plan without calendars', 'version: a\nplans: { gold: { calendars: [] } }', '2:18 plans.gold.calendars', /at least one calendar/],
    ['no plan', 'version: a\nplans: {}', '2:1 plans', /at least one plan/],
    ['no level', 'version: a\nonCall: { levels: [] }', '2:11 onCall.levels', /at least one level/],
    ['rotas and a provider', 'version: a\nonCall: { levels: [{ rota: a }, { via: pagerduty }] }', '2:33 onCall.levels[1]', /not both/],
    ['a provider twice', 'version: a\nonCall: { levels: [{ via: pagerduty }, { via: pagerduty }] }', '2:40 onCall.levels[1]', /one .* is enough/],
    ['an unknown provider', 'version: a\nonCall: { levels: [{ via: opsgenie }] }', '2:22 onCall.levels[0].via', /pagerduty/],
    ['no repeat', 'version: a\nonCall: { repeat: 0 }', '2:11 onCall.repeat', /at least 1/],
    ['a rule for everything', 'version: a\ntriage: [{ when: {}, priority: high }]', '2:12 triage[0].when', /at least one of/],
    ['a rule without words', 'version: a\ntriage: [{ when: { subject: ["!!!"] }, priority: high }]', '2:20 triage[0].when.subject', /no letter or digit/],
    ['a rule without a priority', 'version: a\ntriage: [{ when: { contact: a@b.example } }]', '2:10 triage[0].priority', /missing: write one of/],
    ['a whole address', 'version: a\naddresses: { support@acme.example: {} }', '2:14 addresses.support@acme.example', /before the @/],
    ['an unknown word for an address', 'version: a\naddresses: { support: { outOfHours: silent } }', '2:25 addresses.support.outOfHours', /page or notice/],
  ])('%s', (_name, text, found, message) => {
    const { code, ...rest } = problems(text);
    expect({ code, found: rest.found }).toEqual({ code: 'E_POLICY_INVALID', found: [found] });
    expect(rest.messages[0]).toMatch(message);
  });

  test('everything at once, in the order of the lines', () => {
    const text = `
version: many
timezone: Mars/Base
colour: red
calendars:
  office: { open: { mon: ["12:00-08:00"] } }
plans:
  gold: { calendars: [nowhere] }
tickets:
  dispatch: { within: soon, calendar: nights }
escalate:
  urgent: { notice: 60% }
onCall:
  levels:
    - { rota: a }
    - { via: pagerduty }
`;
    // What refers to the malformed calendars is not judged until they are mended.
    expect(problems(text).found).toEqual([
      '3:1 timezone',
      '4:1 colour',
      '6:27 calendars.office.open.mon[0]',
      '10:15 tickets.dispatch.within',
      '12:3 escalate.urgent',
      '16:7 onCall.levels[1]',
    ]);
  });

  test('the error reads as a list of places', () => {
    expect(() => readPolicyDocument('version: a\nundoSend: x\nreceipt: y', 'desk/my.yaml')).toThrow(
      'desk/my.yaml:2:1 undoSend: write a length of time: a whole number and s, m, h or d, such as 0s, 90s, 30m or 4h (bd is not possible here)\n' +
        'desk/my.yaml:3:1 receipt: write on or off',
    );
  });
});

describe('what is not YAML', () => {
  test.each([
    ['an open bracket', 'version: a\nplans: [\n', 3],
    ['a tab', 'version: a\ntickets:\n\tdispatch: {}', 3],
    ['a key twice', 'version: a\nreceipt: on\nreceipt: off', 3],
    ['two documents', 'version: a\n---\nversion: b', 2],
    ['a value on a value', 'version: a: b', 1],
    ['an unknown tag', 'version: !ours a', 1],
  ])('%s', (_name, text, line) => {
    const { code, found } = problems(text);
    expect(code).toBe('E_POLICY_SYNTAX');
    expect(found[0]).toMatch(new RegExp(`^${line}:`));
  });

  test('aliases that unfold without measure', () => {
    const lines = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
    for (const [index, name] of ['b', 'c', 'd', 'e'].entries())
      lines.push(
        `${name}: &${name} [${Array(10)
          .fill(`*${'abcd'[index] ?? ''}`)
          .join(', ')}]`,
      );
    expect(problems(`version: a\n${lines.join('\n')}`).code).toBe('E_POLICY_SYNTAX');
  });
});

describe('the JSON Schema', () => {
  const validate = new Ajv({ strict: false, formats: { date: true } }).compile(policyJsonSchema());

  test('that ships is current (npx holdfast policy schema > policy/handbook.schema.json)', async () => {
    expect(JSON.parse(await readFile(SHIPPED_SCHEMA, 'utf8'))).toEqual(policyJsonSchema());
  });

  test('accepts the handbook and the policy with every key', async () => {
    for (const file of [DEFAULT_POLICY_FILE, path.join(__dirname, 'every-key.yaml')]) {
      expect(validate(parse(await readFile(file, 'utf8'))) || validate.errors).toBe(true);
    }
  });

  test.each([
    ['an unknown key', 'version: a\nrecipt: on'],
    ['an unknown key inside', 'version: a\ntickets: { dispach: {} }'],
    ['a bad duration', 'version: a\nundoSend: 5'],
    ['an unknown priority', 'version: a\ndefaultPriority: critical'],
    ['no version', 'receipt: on'],
    ['a level of two kinds', 'version: a\nonCall: { levels: [{ rota: a, via: pagerduty }] }'],
  ])('refuses %s', (_name, text) => {
    expect(validate(parse(text))).toBe(false);
  });
});

test('every example in docs/policy.md is a policy', async () => {
  const docs = await readFile(path.join(__dirname, '../../docs/policy.md'), 'utf8');
  const examples = [...docs.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text ?? '');
  expect(examples).toHaveLength(6);
  for (const text of examples) expect(problems(/^version:/m.test(text) ? text : `version: example\n${text}`)).toMatchObject({ code: 'none' });
});
