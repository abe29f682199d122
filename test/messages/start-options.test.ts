import { conversationStartOptions, type StartFacts } from '../../messages/start-options';

const FACTS: StartFacts = {
  number: 1042,
  kind: 'ticket',
  status: 'new',
  priority: 'normal',
  plan: 'standard',
  assignee: null,
  organization: 'org-17',
  cluster: ['c042'],
  website: ['www.acme.test', 'shop.acme.test'],
  nextDueAt: Date.UTC(2026, 2, 2, 10),
  breached: false,
};
const attributes = (facts: StartFacts) =>
  Object.fromEntries(
    conversationStartOptions(facts)
      .typedSearchAttributes.getAll()
      .map(({ key, value }) => [key.name, value]),
  );

describe("the start of a conversation's workflow", () => {
  test('is found by its number, revives nothing that has completed, and says in one line what it is', () => {
    expect(conversationStartOptions(FACTS)).toMatchObject({
      workflowId: 'conversation/1042',
      taskQueue: 'holdfast',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      staticSummary: '#1042 · ticket · org-17',
    });
    expect(conversationStartOptions({ ...FACTS, organization: null }).staticSummary).toBe('#1042 · ticket · no organization');
  });

  test.each([
    ['urgent', 'holdfast-urgent'],
    ['high', 'holdfast'],
    ['normal', 'holdfast'],
    ['low', 'holdfast'],
  ] as const)('%s goes to the queue %s', (priority, queue) => {
    expect(conversationStartOptions({ ...FACTS, priority }).taskQueue).toBe(queue);
  });

  test('shows what ops filter by; what there is not is left out', () => {
    expect(attributes(FACTS)).toEqual({
      HoldfastKind: 'ticket',
      HoldfastStatus: 'new',
      HoldfastPriority: 'normal',
      HoldfastPlan: 'standard',
      HoldfastCluster: ['c042'],
      HoldfastWebsite: ['www.acme.test', 'shop.acme.test'],
      HoldfastBreached: false,
      HoldfastDueAt: new Date(Date.UTC(2026, 2, 2, 10)),
    });
    const taken = attributes({ ...FACTS, assignee: 'ada', nextDueAt: null, breached: true, cluster: [] });
    expect(taken).toMatchObject({ HoldfastAssignee: 'ada', HoldfastBreached: true, HoldfastCluster: [] });
    expect(taken).not.toHaveProperty('HoldfastDueAt');
  });
});
