import { createHash, randomBytes } from 'node:crypto';
import { addDemoAddress } from '../../db/demo-addresses';
import type { Database } from '../../db/connection';
import { currentPolicy } from '../../db/policies';
import type { PolicySnapshot } from '../../policy/snapshot';
import { AGENTS, agentId, ORGANIZATIONS, SEEDED, STAFF_DOMAIN, teamId, TEAMS } from './people';
import { CHATS } from './chats';
import { STORIES } from './stories';
import type { Story } from './story';

/** The tag of every seeded conversation. */
export const SEEDED_TAG = 'seeded';
/** How the version of the policy ends that they are made under. */
export const SEEDED_VERSION = ' (seeded)';

const LIVES_MS = 3_600_000;

/**
 * An address that opens conversations under the desk's own rules, marked as a demonstration: their pages stay in the built-in inbox and
 * their notices out of Slack, whatever providers are configured, and the desk's own policy is not touched (intake/demo.ts). Its triage
 * knows the seeded requests by their subject, and gives each its priority, tag and team. Milliseconds.
 */
export async function openSeedAddress(db: Database, now: number): Promise<{ localPart: string; policy: PolicySnapshot }> {
  const localPart = `demo+${randomBytes(16).toString('hex')}`;
  const { hash: _hash, ...rules } = await currentPolicy(db);
  const triage = STORIES.map(({ subject, priority, to }) => ({ when: { subject: [subject] }, priority, tags: [SEEDED_TAG], team: TEAM_OF[to] }));
  for (const { text, priority } of CHATS) triage.push({ when: { subject: [text] }, priority, tags: [SEEDED_TAG], team: TEAM_OF.support });
  const content = { ...rules, version: `${rules.version}${SEEDED_VERSION}`, demo: true, triage: [...triage, ...rules.triage] };
  const policy: PolicySnapshot = { ...content, hash: createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 32) };
  await addDemoAddress(db, localPart, { policy, until: now + LIVES_MS, now });
  return { localPart, policy };
}

/** Who looks after which of the addresses that the seeded customers write to. */
const TEAM_OF: Readonly<Record<Story['to'], string>> = {
  hosting: teamId('platform'),
  support: teamId('frontline'),
  info: teamId('frontline'),
  backoffice: teamId('billing'),
};

/** How many of each kind the seed has. */
export interface PeopleCounted {
  readonly teams: number;
  readonly agents: number;
  readonly organizations: number;
  readonly contacts: number;
}

/** Writes the seeded teams, agents, organizations and contacts; those that are there stay as they are. */
export async function addSeededPeople(db: Database, at: Date): Promise<PeopleCounted> {
  const teams = Object.entries(TEAMS).map(([key, name]) => ({ id: teamId(key), name, created_at: at }));
  const agents = AGENTS.map(({ key, name, role, away }) => ({
    id: agentId(key),
    name,
    email: `${key}@${STAFF_DOMAIN}`,
    role,
    away: away === true,
    created_at: at,
  }));
  const organizations = ORGANIZATIONS.map(({ key, name, plan, domain, clusters, websites }) => ({
    id: `o${SEEDED}${key}`,
    name,
    plan,
    domains: [domain],
    clusters: [...clusters],
    websites: [...websites],
    created_at: at,
  }));
  const contacts = ORGANIZATIONS.flatMap(({ key, domain, people }) =>
    Object.entries(people).map(([localPart, name]) => ({
      id: `c${SEEDED}${key}-${localPart.replaceAll('.', '-')}`,
      organization_id: `o${SEEDED}${key}`,
      name,
      email: `${localPart}@${domain}`,
      phone: null,
      zone: null,
      made_by_staff: true,
      created_at: at,
    })),
  );
  await db.transaction().execute(async (trx) => {
    for (const team of teams)
      await trx
        .insertInto('teams')
        .values(team)
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    for (const agent of agents)
      await trx
        .insertInto('agents')
        .values(agent)
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    for (const { key, teams: names } of AGENTS) {
      for (const name of names) {
        const member = { team_id: teamId(name), agent_id: agentId(key) };
        await trx
          .insertInto('team_members')
          .values(member)
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      }
    }
    await trx
      .insertInto('organizations')
      .values(organizations)
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
    await trx
      .insertInto('contacts')
      .values(contacts)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  });
  return { teams: teams.length, agents: agents.length, organizations: organizations.length, contacts: contacts.length };
}
