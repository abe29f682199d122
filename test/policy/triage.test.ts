import { choosePriority, mentionsTriage, wordsOf } from '../../policy/triage';
import type { TriageRequest, TriageResult } from '../../policy/triage';
import type { PolicySnapshot } from '../../policy/snapshot';
import { policyOf } from './policies';

const POLICY = `
defaultPriority: normal
triage:
  - { when: { subject: [production down, Störung] }, priority: urgent, tags: [outage], team: web }
  - { when: { contact: alerts@acme.example, address: Hosting }, priority: high, tags: [alert] }
  - { when: { address: backoffice, subject: invoice }, priority: low, team: billing }
addresses:
  info: { priority: low, tags: [info], outOfHours: notice }
  support: { tags: [support], team: desk }
  backoffice: { priority: low, outOfHours: notice }
  Hosting: { priority: high, tags: [hosting, support] }
`;

let policy: PolicySnapshot;
beforeAll(async () => {
  policy = await policyOf(POLICY);
});

const choose = (request: Partial<TriageRequest>): TriageResult =>
  choosePriority(policy, { channel: 'email', addresses: ['support'], subject: 'Hello', ...request });

describe('the first that fits decides', () => {
  test.each<[string, Partial<TriageRequest>, TriageResult['priority'], TriageResult['source']]>([
    ['a voicemail is urgent', { channel: 'voicemail', addresses: [], subject: '' }, 'urgent', 'voicemail'],
    [
      'a voicemail is urgent, whatever a rule says',
      { channel: 'voicemail', contact: 'alerts@acme.example', addresses: ['hosting'], subject: '' },
      'urgent',
      'voicemail',
    ],
    ['the requester chose', { chosen: 'low', subject: 'Production down' }, 'low', 'requester'],
    ['a rule by words', { subject: 'PRODUCTION   down!!' }, 'urgent', 'triage'],
    ['a rule by words that are not ASCII', { subject: 'Re: störung bei uns' }, 'urgent', 'triage'],
    ['a rule by contact and address, in any case', { contact: 'Alerts@ACME.example', addresses: ['hosting'] }, 'high', 'triage'],
    ['only one of two conditions', { contact: 'alerts@acme.example', addresses: ['support'] }, 'normal', 'default'],
    ['a part of a word is not the word', { subject: 'My production downloads' }, 'normal', 'default'],
    ['the address', { addresses: ['HOSTING'] }, 'high', 'address'],
    ['the highest of several addresses', { addresses: ['info', 'hosting'] }, 'high', 'address'],
    ['an address without a priority stands for the default', { addresses: ['info', 'support'] }, 'normal', 'default'],
    ['a low address alone', { addresses: ['info'] }, 'low', 'address'],
    ['an unknown address is passed over', { addresses: ['info', 'sales'] }, 'low', 'address'],
    ['no address at all', { channel: 'api', addresses: [] }, 'normal', 'default'],
    ['names of objects are no addresses', { addresses: ['constructor', '__proto__', 'toString'] }, 'normal', 'default'],
  ])('%s', (_name, request, priority, source) => {
    expect(choose(request)).toMatchObject({ priority, source });
  });

  test('a chat has no subject, so words are looked for in its message; a mail’s text decides nothing', () => {
    expect(choose({ channel: 'chat', addresses: [], subject: '', text: 'Help, production down' }).priority).toBe('urgent');
    expect(choose({ subject: 'Hello', text: 'production down' }).priority).toBe('normal');
  });
});

describe('tags, team and out of hours', () => {
  test('all tags once, the team of the rule before that of an address', () => {
    expect(choose({ addresses: ['hosting', 'support', 'info'], subject: 'production down' })).toEqual({
      priority: 'urgent',
      source: 'triage',
      tags: ['outage', 'hosting', 'support', 'info'],
      team: 'web',
      outOfHours: 'page',
    });
    expect(choose({ addresses: ['hosting', 'support'] })).toMatchObject({ tags: ['hosting', 'support'], team: 'desk' });
    expect(choose({ addresses: [] })).toMatchObject({ tags: [], team: null });
  });

  test('a rule tags even when the requester chose the priority', () => {
    expect(choose({ chosen: 'low', subject: 'production down' })).toMatchObject({ priority: 'low', tags: ['outage', 'support'], team: 'web' });
  });

  test('only when every address says notice nobody is paged out of hours', () => {
    expect(choose({ addresses: ['info'] }).outOfHours).toBe('notice');
    expect(choose({ addresses: ['info', 'backoffice'] }).outOfHours).toBe('notice');
    expect(choose({ addresses: ['info', 'support'] }).outOfHours).toBe('page');
    expect(choose({ addresses: [] }).outOfHours).toBe('page');
    expect(choose({ addresses: ['info'], channel: 'voicemail' }).outOfHours).toBe('page');
  });
});

describe('a message on an existing conversation', () => {
  test('words of a rule count, anywhere in it', () => {
    expect(mentionsTriage(policy, 'Hi,\nproduction\nDOWN again.')).toBe('urgent');
    expect(mentionsTriage(policy, 'all fine, thanks')).toBeNull();
    expect(mentionsTriage(policy, '')).toBeNull();
  });

  test('a rule that asks for more than words counts only when that fits', () => {
    expect(mentionsTriage(policy, 'the invoice')).toBeNull();
    expect(mentionsTriage(policy, 'the invoice', { addresses: ['backoffice'] })).toBe('low');
    // Without words in a rule there is nothing to mention.
    expect(mentionsTriage(policy, 'hello', { contact: 'alerts@acme.example', addresses: ['hosting'] })).toBeNull();
  });
});

test.each([
  ['Production DOWN!', ' production down '],
  ['[P1] c042: 502', ' p1 c042 502 '],
  ['ﬁle', ' file '],
  ['本番 停止', ' 本番 停止 '],
  ['🔥!!', ' '],
])('words of %j', (text, words) => {
  expect(wordsOf(text)).toBe(words);
});
