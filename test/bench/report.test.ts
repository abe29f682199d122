import { allWithin, reportText, type Report } from '../../bench/report';

const machine = {
  date: '2026-03-02T09:00:00.000Z',
  system: 'linux',
  cpu: 'any',
  cores: 2,
  memoryGb: 8,
  load: 0.5,
  node: 'v22',
  temporal: 'temporal 1',
  postgres: '18',
};
const spread = { count: 24, p50: 10, p99: 300, max: 400 };
const step = {
  story: 'answered',
  step: 'agent reply 1',
  actions: 4,
  events: 20,
  bytes: 900.4,
  budget: 4,
  within: true,
  byType: { command_StartTimer: 1, command_ScheduleActivityTask: 3 },
};
const late = {
  tickets: 120,
  spreadOverMs: 60_000,
  priority: 'urgent',
  decided: spread,
  recorded: spread,
  sent: spread,
  missing: 0,
  budgetMs: { recorded: 1_000, sent: 1_000 },
  within: true,
} as const;

test('a report names its machine, each step with its budget, and each spread', () => {
  const report: Report = {
    machine,
    cost: [step],
    lateness: [late],
    throughput: { conversations: 100, acceptedPerSecond: 80, acceptedOfKnownPerSecond: 90, armedPerSecond: 50, bareStartsPerSecond: 100, ratio: 0.5 },
  };
  const text = reportText(report);
  expect(text).toContain('2 cores (any), 8 GB, load 0.5');
  expect(text).toMatch(/answered +agent reply 1 +4 +4 +ok +20 +900 +ScheduleActivityTask 3, StartTimer 1/);
  expect(text).toMatch(/120 +60 s +urgent +10 +300 +400 +10 +300 +400 +10 +300 +400 +1000 \/ 1000 +ok/);
  expect(text).toMatch(/100 +80 +90 +50 +100 +0\.50/);
  expect(allWithin(report)).toBe(true);
});

test('what is over its budget is marked and fails the bench; so do pages that never came', () => {
  const dear: Report = { machine, cost: [{ ...step, actions: 6, within: false }] };
  expect(reportText(dear)).toMatch(/agent reply 1 +6 +4 +OVER/);
  expect(allWithin(dear)).toBe(false);
  const lost: Report = { machine, lateness: [{ ...late, missing: 3, within: false }] };
  expect(reportText(lost)).toContain('OVER: 3 missing');
  expect(allWithin(lost)).toBe(false);
});

test('a flood and a crowd are told with what each process holds; a flood that makes urgent pages late fails the bench', () => {
  const memory = [{ process: 'worker-1', residentMb: 210.4 }];
  const flood = {
    mails: 5_000,
    urgent: 20,
    acceptedPerSecond: 400,
    resolvedPerSecond: 60,
    armedPerSecond: 50,
    urgentSent: spread,
    api: spread,
    missing: 0,
    memory,
    within: true,
  };
  const crowd = { conversations: 5_000, armedPerSecond: 50, queue: spread, note: spread, before: memory, after: [{ process: 'api', residentMb: 99.6 }] };
  const text = reportText({ machine, flood, crowd });
  expect(text).toMatch(/5000 +20 +400 +60 +50 +10 +300 +400 +10 +300 +400 +ok/);
  expect(text).toContain('memory after: worker-1 210 MB');
  expect(text).toMatch(/5000 +50 +10 +300 +400 +10 +300 +400/);
  expect(text).toContain('memory before: worker-1 210 MB\n  memory after: api 100 MB');
  expect(allWithin({ machine, flood })).toBe(true);
  expect(allWithin({ machine, flood: { ...flood, within: false } })).toBe(false);
  expect(reportText({ machine, flood: { ...flood, missing: 2, within: false } })).toContain('OVER: 2 missing');
});
