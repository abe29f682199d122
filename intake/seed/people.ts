import type { Role } from '../../policy/words';

/** Everything seeded has an id that begins like this after its letter: it is how it is found again. */
export const SEEDED = 'seed-';

/** A seeded member of staff. */
export interface SeededAgent {
  readonly key: string;
  readonly name: string;
  readonly role: Role;
  readonly teams: readonly string[];
  readonly away?: true;
}

/** A seeded customer company; its domain is one that can belong to nobody (RFC 2606). */
export interface SeededOrganization {
  readonly key: string;
  readonly name: string;
  readonly plan: 'standard' | 'enterprise';
  readonly domain: string;
  readonly clusters: readonly string[];
  readonly websites: readonly string[];
  /** Local part of the address → name. */
  readonly people: Readonly<Record<string, string>>;
}

/** Mail domain of the seeded staff. */
export const STAFF_DOMAIN = 'holdfast-staff.example';

export const TEAMS: Readonly<Record<string, string>> = { platform: 'Platform', frontline: 'Front line', billing: 'Billing' };

export const AGENTS: readonly SeededAgent[] = [
  { key: 'mara', name: 'Mara Lindqvist', role: 'lead', teams: ['frontline', 'platform'] },
  { key: 'jonas', name: 'Jonas Weidner', role: 'agent', teams: ['platform'] },
  { key: 'aoife', name: 'Aoife Brennan', role: 'agent', teams: ['frontline'] },
  { key: 'tomasz', name: 'Tomasz Zieliński', role: 'agent', teams: ['platform'] },
  { key: 'ines', name: 'Inês Carvalho', role: 'agent', teams: ['frontline', 'billing'] },
  { key: 'rafael', name: 'Rafael Okoye', role: 'agent', teams: ['frontline'], away: true },
];

export const ORGANIZATIONS: readonly SeededOrganization[] = [
  {
    key: 'nordlicht',
    name: 'Nordlicht Versand GmbH',
    plan: 'enterprise',
    domain: 'nordlicht-versand.example',
    clusters: ['c17', 'c18'],
    websites: ['shop.nordlicht-versand.example', 'b2b.nordlicht-versand.example'],
    people: { 'k.petersen': 'Karen Petersen', 'm.adeyemi': 'Moses Adeyemi', it: 'Nordlicht IT' },
  },
  {
    key: 'tarnow',
    name: 'Verlag Tarnow & Söhne',
    plan: 'standard',
    domain: 'tarnow-verlag.example',
    clusters: ['c04'],
    websites: ['www.tarnow-verlag.example'],
    people: { 'h.tarnow': 'Hedwig Tarnow', redaktion: 'Redaktion Tarnow' },
  },
  {
    key: 'kestrel',
    name: 'Kestrel Cycles Ltd',
    plan: 'enterprise',
    domain: 'kestrel-cycles.example',
    clusters: ['c22'],
    websites: ['kestrel-cycles.example', 'dealers.kestrel-cycles.example'],
    people: { 'fiona.muir': 'Fiona Muir', 'dev.patel': 'Dev Patel' },
  },
  {
    key: 'olivar',
    name: 'Cooperativa Olivar del Sur',
    plan: 'standard',
    domain: 'olivar-del-sur.example',
    clusters: ['c09'],
    websites: ['tienda.olivar-del-sur.example'],
    people: { 'lucia.ramos': 'Lucía Ramos', 'p.ortega': 'Pablo Ortega' },
  },
  {
    key: 'museum',
    name: 'Stadtmuseum Lindental',
    plan: 'standard',
    domain: 'museum-lindental.example',
    clusters: ['c04'],
    websites: ['museum-lindental.example', 'tickets.museum-lindental.example'],
    people: { 'e.vogt': 'Eberhard Vogt', kasse: 'Museumskasse' },
  },
  {
    key: 'brightwell',
    name: 'Brightwell Learning',
    plan: 'enterprise',
    domain: 'brightwell-learning.example',
    clusters: ['c31', 'c32'],
    websites: ['campus.brightwell-learning.example'],
    people: { 'sam.whitaker': 'Sam Whitaker', 'noor.haddad': 'Noor Haddad', ops: 'Brightwell Operations' },
  },
];

/** A seeded agent's id. */
export function agentId(key: string): string {
  return `a${SEEDED}${key}`;
}

/** A seeded team's id. */
export function teamId(key: string): string {
  return `team-${SEEDED}${key}`;
}
