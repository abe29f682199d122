import type { NullableColumn, NullableTimestamp, Timestamp } from './columns';
import type { GeneratedAlways } from 'kysely';

/** Tables of live events: what has changed, who is present, and how far everybody has read. */

/** Table `live_events`, which triggers write; see the migration for what each column means. */
export interface LiveEventsTable {
  id: number;
  number: number;
  kind: 'message' | 'state' | 'read' | 'people';
  ref: string;
  at: GeneratedAlways<Date>;
}

/** Table `live_listeners`; see the migration. */
export interface LiveListenersTable {
  api: string;
  since: Timestamp;
}

/** Table `api_instances`; see the migration for what each column means. */
export interface ApiInstancesTable {
  id: string;
  started_at: Timestamp;
  beat_at: Timestamp;
  stopped_at: NullableTimestamp;
}

/** Table `chat_presence`; see the migration for what each column means. */
export interface ChatPresenceTable {
  number: number;
  reader: string;
  tab: string;
  api: NullableColumn<string>;
  present_at: Timestamp;
  left_at: NullableTimestamp;
}

/** Table `read_marks`; see the migration for what each column means. */
export interface ReadMarksTable {
  number: number;
  reader: string;
  message_id: string;
  message_at: Timestamp;
  marked_at: Timestamp;
}
