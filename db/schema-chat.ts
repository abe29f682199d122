import type { Generated } from 'kysely';
import type { NullableColumn, NullableTimestamp, Timestamp } from './columns';

/** Tables of chats: who writes in the widget, what they think of it, and how an address is proven. */

/** Table `visitors`; see the migration for what each column means. */
export interface VisitorsTable {
  id: string;
  contact_id: string;
  proof: 'signed' | 'code' | 'claimed';
  identity: string;
  name: NullableColumn<string>;
  locale: Generated<'de' | 'en'>;
  time_zone: NullableColumn<string>;
  organization_id: NullableColumn<string>;
  clusters: Generated<string[]>;
  websites: Generated<string[]>;
  token_hash: Buffer;
  created_at: Timestamp;
  last_used_at: Timestamp;
  expires_at: Timestamp;
  revoked_at: NullableTimestamp;
}

/** Table `chats`; see the migration for what each column means. */
export interface ChatsTable {
  number: number;
  identity: string;
  proof: 'signed' | 'code' | 'claimed' | 'mail';
  contact_id: string;
  locale: Generated<'de' | 'en'>;
  time_zone: NullableColumn<string>;
  opened_from: NullableColumn<string>;
  unseen_mails: Generated<number>;
  created_at: Timestamp;
}

/** Table `ratings`; see the migration for what each column means. */
export interface RatingsTable {
  number: number;
  score: 'good' | 'bad';
  words: NullableColumn<string>;
  contact_id: string;
  at: Timestamp;
}

/** Table `codes`; see the migration for what each column means. */
export interface CodesTable {
  id: string;
  email: string;
  hash: Buffer;
  created_at: Timestamp;
  expires_at: Timestamp;
  tries: Generated<number>;
  used_at: NullableTimestamp;
  locale: Generated<'de' | 'en'>;
  mailed_at: NullableTimestamp;
}
