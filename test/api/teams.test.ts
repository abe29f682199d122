import { addTicket, openTestApi, type TestApi } from './test-api';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

interface Team {
  readonly id: string;
  readonly name: string;
  readonly members: readonly { readonly id: string }[];
}

const idsOf = ({ members }: Team) => members.map(({ id }) => id).sort();

test('a team has a name of its own and members, and agents know their teams', async () => {
  const made = await api.call('post', '/teams', { as: 'lead', body: { name: 'Platform', members: [api.agents.agent.id, api.agents.agent.id] } });
  expect(made.status).toBe(201);
  const team = made.body as Team;
  expect(idsOf(team)).toEqual([api.agents.agent.id]);
  expect((await api.call('get', `/teams/${team.id}`)).body).toEqual(team);
  expect((await api.call('post', '/teams', { as: 'lead', body: { name: 'PLATFORM' } })).status).toBe(400);
  expect((await api.call('post', '/teams', { as: 'lead', body: { name: 'Others', members: ['a-none'] } })).body).toMatchObject({
    errors: [{ path: 'body.members', message: 'names an agent whom there is not' }],
  });
  expect((await api.call('post', '/teams', { as: 'agent', body: { name: 'Others' } })).status).toBe(403);

  const changed = await api.call('patch', `/teams/${team.id}`, { as: 'lead', body: { name: 'platform', members: [api.agents.lead.id, api.agents.viewer.id] } });
  expect(idsOf(changed.body as Team)).toEqual([api.agents.lead.id, api.agents.viewer.id].sort());
  expect((await api.call('get', '/agents/me', { as: 'lead' })).body).toMatchObject({ teams: [{ id: team.id, name: 'platform' }] });
  expect((await api.call('get', '/agents/me')).body).toMatchObject({ teams: [] });
  const inTeam = (await api.call('get', `/agents?team=${team.id}`)).body as { items: { id: string }[] };
  expect(inTeam.items.map(({ id }) => id).sort()).toEqual([api.agents.lead.id, api.agents.viewer.id].sort());

  const agent = await api.call('patch', `/agents/${api.agents.agent.id}`, { as: 'admin', body: { teams: [team.id] } });
  expect(agent.body).toMatchObject({ teams: [{ id: team.id }] });
  expect((await api.call('patch', `/agents/${api.agents.agent.id}`, { as: 'admin', body: { teams: ['tm-none'] } })).status).toBe(400);
  expect((await api.call('post', '/agents', { as: 'admin', body: { name: 'Linus', role: 'agent', teams: [team.id] } })).body).toMatchObject({
    teams: [{ id: team.id }],
  });
  expect((await api.call('patch', '/teams/tm-none', { as: 'lead', body: { name: 'x' } })).status).toBe(404);
});

test('teams come by name, in stable pages', async () => {
  for (const name of ['Alpha', 'Omega', 'Beta']) await api.call('post', '/teams', { as: 'lead', body: { name } });
  const names: string[] = [];
  let cursor = '';
  do {
    const { items, nextCursor } = (await api.call('get', `/teams?limit=1${cursor}`)).body as { items: Team[]; nextCursor?: string };
    names.push(...items.map(({ name }) => name));
    cursor = nextCursor === undefined ? '' : `&cursor=${nextCursor}`;
  } while (cursor !== '');
  expect(names).toEqual(['Alpha', 'Beta', 'Omega', 'platform']);
});

test('a conversation belongs to a team; its promises and its dispatch go on', async () => {
  const number = await addTicket(api);
  const before = (await api.call('get', `/conversations/${number}`)).body as { promises: unknown; assignee: unknown; revision: number };
  const team = ((await api.call('get', '/teams?limit=1')).body as { items: Team[] }).items[0] as Team;
  const given = await api.call('put', `/conversations/${number}/team`, { body: { team: team.id } });
  expect(given.status).toBe(200);
  expect(given.body).toMatchObject({ team: { id: team.id, name: team.name }, assignee: null, promises: before.promises, revision: before.revision });
  // Once more changes nothing, and tells nothing.
  await api.call('put', `/conversations/${number}/team`, { body: { team: team.id } });
  expect(((await api.call('get', `/conversations?team=${team.id}`)).body as { items: { number: number }[] }).items.map((row) => row.number)).toEqual([number]);
  expect((await api.call('put', `/conversations/${number}/team`, { body: { team: null } })).body).toMatchObject({ team: null });
  const story = (await api.call('get', `/conversations/${number}/timeline`)).body as { items: { type: string; data: object }[] };
  expect(story.items.filter(({ type }) => type === 'team').map(({ data }) => data)).toEqual([
    { from: null, to: team.id, by: api.agents.agent.id },
    { from: team.id, to: null, by: api.agents.agent.id },
  ]);
  expect((await api.call('put', `/conversations/${number}/team`, { body: { team: 'tm-none' } })).status).toBe(400);
  expect((await api.call('put', '/conversations/999999/team', { body: { team: null } })).status).toBe(404);
});

test('a team that is deleted leaves its members and its conversations, and says where the policy still names it', async () => {
  const body = { name: 'Shortlived', members: [api.agents.agent.id] };
  const team = (await api.call('post', '/teams', { as: 'lead', body })).body as Team;
  const [open, closed] = [await addTicket(api), await addTicket(api)];
  for (const number of [open, closed]) await api.call('put', `/conversations/${number}/team`, { body: { team: team.id } });
  await api.db.updateTable('conversations').set({ status: 'closed' }).where('number', '=', closed).execute();
  const addresses = { ...api.policy.addresses, hosting: { team: 'Shortlived' } };
  const triage = [{ when: { contact: 'a@b.example' }, priority: 'high', team: 'Others' } as const, { when: {}, priority: 'low', team: team.id } as const];
  const { policy } = api;
  api.policy = { ...policy, addresses, triage };

  expect((await api.call('delete', `/teams/${team.id}`, { as: 'agent' })).status).toBe(403);
  const deleted = await api.call('delete', `/teams/${team.id}`, { as: 'lead', key: 'once' });
  expect([deleted.status, deleted.body]).toEqual([200, { conversations: 1, stillNamedBy: ['addresses.hosting.team', 'triage.1.team'] }]);
  expect((await api.call('delete', `/teams/${team.id}`, { as: 'lead', key: 'once' })).body).toEqual(deleted.body);
  expect((await api.call('delete', `/teams/${team.id}`, { as: 'lead' })).status).toBe(404);
  api.policy = policy;

  const me = (await api.call('get', '/agents/me')).body as { id: string; teams: { name: string }[] };
  expect([me.id, me.teams.map(({ name }) => name)]).toEqual([api.agents.agent.id, ['platform']]);
  expect((await api.call('get', `/conversations/${open}`)).body).toMatchObject({ team: null });
  const story = (await api.call('get', `/conversations/${open}/timeline`)).body as { items: { type: string; data: object }[] };
  expect(story.items.at(-1)).toMatchObject({ type: 'team', data: { from: team.id, to: null, by: api.agents.lead.id, deleted: 'Shortlived' } });
});

test('who may act but not read gives a conversation to a team, and is told nothing of it', async () => {
  const number = await addTicket(api);
  const made = await api.call('post', `/agents/${api.agents.agent.id}/tokens`, { body: { label: 'a program', scopes: ['conversations:write'] } });
  const { secret } = made.body as { secret: string };
  const given = await api.call('put', `/conversations/${number}/team`, { as: { token: secret }, body: { team: null } });
  expect([given.status, given.text]).toEqual([204, '']);
});
