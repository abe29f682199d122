import fc from 'fast-check';
import { added, countersBy, percentile, spreadOf, total } from '../../bench/statistics';

test('percentiles are values that were measured, by nearest rank', () => {
  const values = [15, 20, 35, 40, 50];
  expect([5, 30, 40, 50, 100].map((percent) => percentile(values, percent))).toEqual([15, 20, 20, 35, 50]);
  expect(percentile([], 99)).toBe(0);
  expect(spreadOf([3, 1, 2])).toEqual({ count: 3, p50: 2, p99: 3, max: 3 });
});

test('at least that share of all values is not above a percentile, and no smaller value will do', () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 200 }), fc.integer({ min: 1, max: 100 }), (values, percent) => {
      const found = percentile(values, percent);
      const needed = (percent / 100) * values.length;
      expect(values).toContain(found);
      expect(values.filter((value) => value <= found).length).toBeGreaterThanOrEqual(needed);
      expect(values.filter((value) => value < found).length).toBeLessThan(needed);
    }),
  );
});

const METRICS = `# HELP action x
# TYPE action counter
action{action_type="command_StartTimer",namespace="bench",operation="RespondWorkflowTaskCompleted"} 3
action{action_type="command_StartTimer",namespace="bench",operation="Other"} 2
action{action_type="grpc_StartWorkflowExecution",namespace="temporal_system",operation="StartWorkflowExecution"} 7
action{action_type="grpc_StartWorkflowExecution",namespace="bench",operation="StartWorkflowExecution"} 1e+01
action_other{action_type="x",namespace="bench"} 9
`;

test('Actions are read by type, of one namespace only', () => {
  expect(countersBy(METRICS, 'action', 'action_type', { namespace: 'bench' })).toEqual({ command_StartTimer: 5, grpc_StartWorkflowExecution: 10 });
});

test('what was added between two readings', () => {
  const difference = added({ timer: 5, start: 10 }, { timer: 7, start: 10, signal: 1 });
  expect(difference).toEqual({ timer: 2, signal: 1 });
  expect(total(difference)).toBe(3);
});
