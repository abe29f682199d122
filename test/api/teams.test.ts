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
