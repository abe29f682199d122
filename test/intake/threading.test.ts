import fc from 'fast-check';
import { decideThread, type NamedThread, type ThreadDecision, type ThreadFacts } from '../../intake/threading';

const open: NamedThread = { number: 1042, state: 'open' };
const closed: NamedThread = { number: 1042, state: 'closed' };
const erased: NamedThread = { number: 1042, state: 'erased' };

/** A human stranger's mail without any sign of a thread. */
const plain: ThreadFacts = {
  verdict: 'none',
  machine: false,
  namesOurMail: false,
  noAutoMail: false,
  senderKnown: false,
  blocked: null,
  flaggedSpam: false,
  robotAnswer: false,
  agent: null,
  token: null,
  reference: null,
  hinted: null,
};
const recipient = { thread: open, fromIsRecipient: true };
const other = { thread: open, fromIsRecipient: false };
const participant = { thread: open, ours: true, fromParticipates: true };

type Row = readonly [name: string, facts: Partial<ThreadFacts>, decision: ThreadDecision];

const joins: readonly Row[] = [
  ['good token, From is its recipient, pass', { token: recipient, verdict: 'pass' }, { to: 'join', number: 1042, as: 'participant', authenticated: true }],
  ['good token, From is its recipient, none', { token: recipient }, { to: 'join', number: 1042, as: 'participant', authenticated: false }],
  ['good token, From is its recipient, fail', { token: recipient, verdict: 'fail' }, { to: 'join', number: 1042, as: 'participant', authenticated: false }],
  ['good token, From is another, pass', { token: other, verdict: 'pass' }, { to: 'join', number: 1042, as: 'thirdParty', authenticated: true }],
  [
    'no token, participant of exactly that conversation, pass',
    { reference: participant, verdict: 'pass' },
    { to: 'join', number: 1042, as: 'participant', authenticated: true },
  ],
  [
    'an agent with a token of their own, pass',
    { token: recipient, verdict: 'pass', agent: 'a1' },
    { to: 'join', number: 1042, as: 'agent', agent: 'a1', authenticated: true },
  ],
  ['a machine with a good token', { token: other, machine: true, noAutoMail: true }, { to: 'join', number: 1042, as: 'machine', authenticated: false }],
  [
    'a machine that answers a mail that we signed',
    { reference: { ...participant, fromParticipates: false }, machine: true, noAutoMail: true },
    { to: 'join', number: 1042, as: 'machine', authenticated: false },
  ],
  [
    'a machine of a known sender with a good token, reject',
    { token: recipient, machine: true, senderKnown: true, verdict: 'reject' },
    { to: 'join', number: 1042, as: 'machine', authenticated: false },
  ],
  [
    'a machine of an unknown sender that names our mail beside a good token, reject',
    { token: other, machine: true, namesOurMail: true, verdict: 'reject' },
    { to: 'join', number: 1042, as: 'machine', authenticated: false },
  ],
  [
    'a machine of an unknown sender that answers a mail that we signed, reject',
    { reference: { ...participant, fromParticipates: false }, machine: true, namesOurMail: true, verdict: 'reject' },
    { to: 'join', number: 1042, as: 'machine', authenticated: false },
  ],
  ['a list with a good token', { token: recipient, noAutoMail: true }, { to: 'join', number: 1042, as: 'participant', authenticated: false }],
];

const doesNotJoin: readonly Row[] = [
  ['good token, reject, unknown', { token: recipient, verdict: 'reject' }, { to: 'suspended', reason: 'dmarcReject' }],
  ['good token, reject, known', { token: recipient, verdict: 'reject', senderKnown: true }, { to: 'new', linkedTo: 1042, flags: ['dmarcReject'] }],
  ['good token, From is another, none', { token: other }, { to: 'new', linkedTo: 1042, flags: ['otherSender', 'notAuthenticated'] }],
  ['good token, From is another, fail', { token: other, verdict: 'fail' }, { to: 'new', linkedTo: 1042, flags: ['otherSender', 'notAuthenticated'] }],
  ['good token, From is another, reject, known', { token: other, verdict: 'reject', senderKnown: true }, { to: 'new', linkedTo: 1042, flags: ['dmarcReject'] }],
  ['no token, participant, none', { reference: participant }, { to: 'new', linkedTo: 1042, flags: ['mayBelong'] }],
  ['no token, participant, fail', { reference: participant, verdict: 'fail' }, { to: 'new', linkedTo: 1042, flags: ['mayBelong'] }],
  [
    'no token, participant, reject, known',
    { reference: participant, verdict: 'reject', senderKnown: true },
    { to: 'new', linkedTo: 1042, flags: ['mayBelong', 'dmarcReject'] },
  ],
  [
    'no token, stranger who knows the Message-ID, pass',
    { reference: { ...participant, fromParticipates: false }, verdict: 'pass' },
    { to: 'new', linkedTo: 1042, flags: ['mayBelong'] },
  ],
  ['a bad token or a number in the subject, pass', { hinted: 1042, verdict: 'pass' }, { to: 'new', linkedTo: 1042, flags: ['mayBelong'] }],
  ['nothing at all', {}, { to: 'new', linkedTo: null, flags: [] }],
  ["an agent's address with its own token, none", { token: recipient, agent: 'a1' }, { to: 'note', number: 1042 }],
  ["an agent's address with its own token, fail", { token: recipient, agent: 'a1', verdict: 'fail' }, { to: 'note', number: 1042 }],
  ["an agent with somebody else's token, pass", { token: other, agent: 'a1', verdict: 'pass' }, { to: 'note', number: 1042 }],
  ["an agent's address without a token, pass", { reference: participant, agent: 'a1', verdict: 'pass' }, { to: 'note', number: 1042 }],
  ["an agent's address without any thread", { agent: 'a1' }, { to: 'new', linkedTo: null, flags: [] }],
  ['a machine that opens a thread', { machine: true, noAutoMail: true }, { to: 'suspended', reason: 'machine' }],
  ['a list that opens a thread', { noAutoMail: true }, { to: 'suspended', reason: 'machine' }],
  ['a list from a known sender', { noAutoMail: true, senderKnown: true }, { to: 'new', linkedTo: null, flags: [] }],
  ['a machine of a known sender', { machine: true, noAutoMail: true, senderKnown: true }, { to: 'new', linkedTo: null, flags: [] }],
  [
    'a machine that names a Message-ID that we did not sign',
    { reference: { ...participant, ours: false }, machine: true, noAutoMail: true },
    { to: 'suspended', reason: 'machine' },
  ],
  ['a forged machine with a good token', { token: recipient, machine: true, verdict: 'reject' }, { to: 'suspended', reason: 'machine' }],
  ['a person who names our mail, reject', { token: recipient, namesOurMail: true, verdict: 'reject' }, { to: 'suspended', reason: 'dmarcReject' }],
  ['an unknown sender whose domain asks to refuse', { verdict: 'reject' }, { to: 'suspended', reason: 'dmarcReject' }],
  [
    'a machine about a closed conversation',
    { token: { thread: closed, fromIsRecipient: true }, machine: true, senderKnown: true },
    { to: 'suspended', reason: 'machine' },
  ],
];

const keptAside: readonly Row[] = [
  ['a blocked address', { blocked: 'address' }, { to: 'suspended', reason: 'blocked' }],
  [
    'a blocked address of somebody known, with a token',
    { blocked: 'address', senderKnown: true, token: recipient, verdict: 'pass' },
    { to: 'suspended', reason: 'blocked' },
  ],
  ['a blocked domain', { blocked: 'domain', token: recipient }, { to: 'suspended', reason: 'blocked' }],
  ['what the mail server calls spam', { flaggedSpam: true }, { to: 'suspended', reason: 'flaggedSpam' }],
  ['spam with the address of another', { flaggedSpam: true, token: other, verdict: 'pass' }, { to: 'suspended', reason: 'flaggedSpam' }],
  ['a robot that answers our automatic mail', { robotAnswer: true, hinted: 1042 }, { to: 'suspended', reason: 'loop' }],
  ['a robot of somebody known', { robotAnswer: true, senderKnown: true, reference: participant }, { to: 'suspended', reason: 'loop' }],
];

const notKeptAside: readonly Row[] = [
  ['a known sender in a blocked domain', { blocked: 'domain', senderKnown: true }, { to: 'new', linkedTo: null, flags: [] }],
  ['a known sender whose mail was called spam', { flaggedSpam: true, senderKnown: true }, { to: 'new', linkedTo: null, flags: [] }],
  ['an answer that was called spam', { flaggedSpam: true, token: recipient }, { to: 'join', number: 1042, as: 'participant', authenticated: false }],
  [
    'a quick answer to the address that we gave',
    { robotAnswer: true, token: recipient },
    { to: 'join', number: 1042, as: 'participant', authenticated: false },
  ],
];

const whatBecameOfIt: readonly Row[] = [
  ['closed, authenticated', { token: { thread: closed, fromIsRecipient: true }, verdict: 'pass' }, { to: 'new', linkedTo: 1042, flags: ['followUp'] }],
  ['closed, not authenticated', { token: { thread: closed, fromIsRecipient: true } }, { to: 'new', linkedTo: 1042, flags: ['followUp', 'notAuthenticated'] }],
  ['closed, by reference', { reference: { ...participant, thread: closed }, verdict: 'pass' }, { to: 'new', linkedTo: 1042, flags: ['followUp'] }],
  [
    "closed, an agent's note",
    { token: { thread: closed, fromIsRecipient: true }, agent: 'a1' },
    { to: 'new', linkedTo: 1042, flags: ['followUp', 'otherSender'] },
  ],
  ['erased', { token: { thread: erased, fromIsRecipient: true }, verdict: 'pass' }, { to: 'new', linkedTo: null, flags: [] }],
  ['erased, by reference', { reference: { ...participant, thread: erased }, verdict: 'pass' }, { to: 'new', linkedTo: null, flags: [] }],
];

describe('which thread a mail joins', () => {
  test.each(joins)('joins: %s', (_name, facts, decision) => {
    expect(decideThread({ ...plain, ...facts })).toEqual(decision);
  });

  test.each(doesNotJoin)('does not join: %s', (_name, facts, decision) => {
    expect(decideThread({ ...plain, ...facts })).toEqual(decision);
  });

  test.each(keptAside)('kept aside: %s', (_name, facts, decision) => {
    expect(decideThread({ ...plain, ...facts })).toEqual(decision);
  });

  test.each(notKeptAside)('not kept aside: %s', (_name, facts, decision) => {
    expect(decideThread({ ...plain, ...facts })).toEqual(decision);
  });

  test.each(whatBecameOfIt)('a conversation that is %s', (_name, facts, decision) => {
    expect(decideThread({ ...plain, ...facts })).toEqual(decision);
  });

  const thread = fc.record({ number: fc.constant(1042), state: fc.constantFrom('open', 'closed', 'erased') });
  const anything: fc.Arbitrary<ThreadFacts> = fc.record({
    verdict: fc.constantFrom('pass', 'none', 'fail', 'reject'),
    machine: fc.boolean(),
    namesOurMail: fc.boolean(),
    noAutoMail: fc.boolean(),
    senderKnown: fc.boolean(),
    blocked: fc.constantFrom(null, 'address' as const, 'domain' as const),
    flaggedSpam: fc.boolean(),
    robotAnswer: fc.boolean(),
    agent: fc.constantFrom(null, 'a1'),
    token: fc.option(fc.record({ thread, fromIsRecipient: fc.boolean() })),
    reference: fc.option(fc.record({ thread, ours: fc.boolean(), fromParticipates: fc.boolean() })),
    hinted: fc.constantFrom(null, 1042),
  });

  test('nobody joins without a signature of ours or a proven address, and nobody is an agent without both', () => {
    fc.assert(
      fc.property(anything, (facts) => {
        const decision = decideThread(facts);
        if (decision.to !== 'join') return;
        const signed = facts.token !== null || (decision.as === 'machine' && facts.reference?.ours === true);
        const proven = facts.verdict === 'pass' && facts.reference?.fromParticipates === true;
        expect(signed || proven).toBe(true);
        if (facts.verdict === 'reject') expect([decision.as, facts.senderKnown || facts.namesOurMail]).toEqual(['machine', true]);
        if (decision.authenticated) expect(facts.verdict).toBe('pass');
        if (decision.as === 'agent') expect([facts.verdict, facts.token?.fromIsRecipient]).toEqual(['pass', true]);
        if (facts.agent !== null) expect(['agent', 'machine']).toContain(decision.as);
      }),
      { numRuns: 5_000 },
    );
  });

  test('a machine about an open conversation opens none, whatever is asked of its mail', () => {
    fc.assert(
      fc.property(anything, (facts) => {
        const named = facts.token?.thread ?? (facts.reference?.ours === true ? facts.reference.thread : undefined);
        if (facts.machine && named !== undefined && named.state !== 'erased') expect(decideThread(facts).to).not.toBe('new');
      }),
      { numRuns: 5_000 },
    );
  });

  test('nothing goes to a conversation that is closed or erased, and an erased one is never named', () => {
    fc.assert(
      fc.property(anything, (facts) => {
        const decision = decideThread(facts);
        const states = [facts.token?.thread.state, facts.reference?.thread.state];
        if (decision.to === 'join' || decision.to === 'note') expect(states).toContain('open');
        if (decision.to === 'new' && facts.token?.thread.state === 'erased') expect(decision.linkedTo).toBeNull();
      }),
      { numRuns: 5_000 },
    );
  });
});
