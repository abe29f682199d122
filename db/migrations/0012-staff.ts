import { sql, type Kysely } from 'kysely';

/** Whose record staff have made, since when an agent is away, and who has what. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `
-- Staff have made this record, or changed it: mail from its address is from somebody we know.
ALTER TABLE contacts ADD COLUMN made_by_staff boolean NOT NULL DEFAULT false;
-- Until now nothing said so: whoever is in no conversation and has not come by the widget was entered by staff.
UPDATE contacts AS c SET made_by_staff = true
WHERE NOT EXISTS (SELECT FROM participants AS p WHERE p.contact_id = c.id)
  AND NOT EXISTS (SELECT FROM conversations AS v WHERE v.requester_id = c.id)
  AND NOT EXISTS (SELECT FROM visitors AS v WHERE v.contact_id = c.id);

-- Since when they are away, as far as it is known; null while they are there.
ALTER TABLE agents ADD COLUMN away_since timestamptz;

-- What somebody still has who is away or disabled is looked for again and again.
CREATE INDEX conversations_assignee ON conversations (assignee) WHERE assignee IS NOT NULL AND status <> 'closed';
`,
    )
    .execute(db);
}
