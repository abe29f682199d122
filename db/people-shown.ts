import type { Database } from './connection';

/** Somebody as others see them beside what they do. */
export interface PersonShown {
  readonly reader: string;
  readonly id: string;
  readonly name: string | null;
  /** Hash of an agent's picture. */
  readonly avatar: string | null;
  readonly agent: boolean;
}

/** The people behind `agent:<id>` and `contact:<id>`; those who do not exist are left out. */
export async function peopleShown(db: Database, readers: readonly string[]): Promise<PersonShown[]> {
  const idsOf = (kind: string) => readers.flatMap((reader) => (reader.startsWith(kind) ? [reader.slice(kind.length)] : []));
  const [agents, contacts] = [idsOf('agent:'), idsOf('contact:')];
  const found: PersonShown[] = [];
  if (agents.length > 0) {
    const rows = await db.selectFrom('agents').select(['id', 'name', 'avatar']).where('id', 'in', agents).orderBy('name').execute();
    found.push(...rows.map((row) => ({ ...row, reader: `agent:${row.id}`, agent: true })));
  }
  if (contacts.length > 0) {
    const rows = await db.selectFrom('contacts').select(['id', 'name']).where('id', 'in', contacts).orderBy('name').execute();
    found.push(...rows.map((row) => ({ ...row, avatar: null, reader: `contact:${row.id}`, agent: false })));
  }
  return found;
}
