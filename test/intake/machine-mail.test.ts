import { judgeMachine, type MachineTraits } from '../../intake/machine-mail';

const human: MachineTraits = { headers: { 'content-type': 'text/plain; charset=utf-8' }, from: 'jane@acme.test', envelopeFrom: 'jane@acme.test' };

function withHeader(name: string, value: string): MachineTraits {
  return { ...human, headers: { ...human.headers, [name]: value } };
}

describe('who wrote: two verdicts', () => {
  test.each<[string, MachineTraits]>([
    ['a plain mail', human],
    ['Auto-Submitted: no', withHeader('auto-submitted', 'no')],
    ['Auto-Submitted: No (in capitals, with a comment)', withHeader('auto-submitted', 'No (sent by hand)')],
    ['X-Autoreply: no', withHeader('x-autoreply', 'no')],
    ['X-Autorespond: No', withHeader('x-autorespond', 'No')],
    ['Precedence: first-class', withHeader('precedence', 'first-class')],
    ['X-Auto-Response-Suppress: None', withHeader('x-auto-response-suppress', 'None')],
    ['an ordinary multipart', withHeader('content-type', 'multipart/mixed; boundary="report"')],
    ['no sender in From, a human on the envelope', { ...human, from: null }],
    ['a name that contains daemon', { ...human, from: 'mailer-daemon-fan@acme.test' }],
  ])('a human: %s', (_name, traits) => {
    expect(judgeMachine(traits)).toEqual({ noAutoMail: false, machine: false });
  });

  test.each<[string, MachineTraits]>([
    ['List-Id', withHeader('list-id', '<ops.acme.test>')],
    ['Precedence: bulk', withHeader('precedence', 'bulk')],
    ['Precedence: LIST', withHeader('precedence', 'LIST')],
    ['Precedence: junk', withHeader('precedence', 'junk')],
    ['X-Auto-Response-Suppress: All', withHeader('x-auto-response-suppress', 'All')],
    ['X-Auto-Response-Suppress: OOF, AutoReply', withHeader('x-auto-response-suppress', 'OOF, AutoReply')],
    ['Auto-Submitted: auto-generated', withHeader('auto-submitted', 'auto-generated')],
    ['Auto-Submitted: auto-generated with parameters', withHeader('auto-submitted', 'Auto-Generated; owner-email="x@acme.test"')],
  ])('no automatic reply, but perhaps a human: %s', (_name, traits) => {
    expect(judgeMachine(traits)).toEqual({ noAutoMail: true, machine: false });
  });

  test.each<[string, MachineTraits]>([
    ['Auto-Submitted: auto-replied', withHeader('auto-submitted', 'auto-replied')],
    ['Auto-Submitted: auto-replied (vacation)', withHeader('auto-submitted', 'auto-replied (vacation)')],
    ['the null return path', { ...human, envelopeFrom: '' }],
    ['a null Return-Path header', withHeader('return-path', '<>')],
    ['multipart/report', withHeader('content-type', 'multipart/report; report-type=delivery-status')],
    ['MAILER-DAEMON', { ...human, from: 'mailer-daemon@mx.acme.test' }],
    ['postmaster', { ...human, from: 'postmaster@acme.test' }],
    ['Precedence: auto_reply', withHeader('precedence', 'auto_reply')],
    ['X-Autoreply', withHeader('x-autoreply', 'yes')],
    ['X-Failed-Recipients', withHeader('x-failed-recipients', 'jane@acme.test')],
  ])('a machine: %s', (_name, traits) => {
    expect(judgeMachine(traits)).toEqual({ noAutoMail: true, machine: true });
  });
});
