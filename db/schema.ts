import type { ColumnType, Generated, GeneratedAlways } from 'kysely';
import type { Command, InboundEvent } from '../policy/events';
import type { ConversationStart, PageCause } from '../policy/state';
import type { PolicySnapshot } from '../policy/snapshot';
import type { Carried } from '../messages/conversation';
import type { Json, NullableColumn, NullableJson, NullableTimestamp, Timestamp, VerdictColumn } from './columns';
import type { ChatsTable, CodesTable, RatingsTable, VisitorsTable } from './schema-chat';
import type { ApiInstancesTable, ChatPresenceTable, LiveEventsTable, LiveListenersTable, ReadMarksTable } from './schema-live';
import type {
  AgentsTable,
  ApiTokensTable,
  CannedRepliesTable,
  ContactsTable,
  IdempotencyKeysTable,
  OrganizationsTable,
  RateLimitsTable,
  SearchEntriesTable,
  SessionsTable,
  TeamMembersTable,
  TeamsTable,
} from './schema-directory';
import type { Channel, Kind, Priority, PromiseKind, PromiseState, Status, Urgency } from '../policy/words';

/** Table `settings`; see the migration for what each column means. */
export interface SettingsTable {
  key: string;
  value: Json<unknown>;
}

/** Table `policies`; see the migration for what each column means. */
export interface PoliciesTable {
  hash: string;
  version: string;
  snapshot: Json<PolicySnapshot>;
  created_at: Timestamp;
}

/** Table `inbox`; see the migration for what each column means. */
export interface InboxTable {
  id: Generated<number>;
  channel: Channel;
  received_at: Timestamp;
  raw: Buffer;
  envelope: ColumnType<Record<string, unknown>, string | undefined, string>;
  urgent: Generated<boolean>;
  state: Generated<'accepted' | 'resolved' | 'suspended' | 'failed' | 'deleted'>;
  content_hash: string | null;
  duplicate_of: number | null;
  number: number | null;
  reason: string | null;
  attempts: Generated<number>;
  retry_at: NullableTimestamp;
  error: string | null;
  resolved_at: NullableTimestamp;
  verdict: VerdictColumn;
  sender: NullableColumn<string>;
  subject: NullableColumn<string>;
  preview: NullableColumn<string>;
  act: NullableColumn<'release' | 'retry' | 'delete'>;
  acted_by: NullableColumn<string>;
  acted_at: NullableTimestamp;
}

/** Table `conversations`; see the migration for what each column means. */
export interface ConversationsTable {
  number: number;
  kind: Kind;
  channel: Channel;
  initiated_by: Generated<'customer' | 'agent'>;
  subject: string;
  status: Status;
  priority: Priority;
  priority_source: string;
  plan: string;
  requester_id: string;
  organization_id: string | null;
  assignee: string | null;
  team_id: string | null;
  address: string | null;
  cluster: Generated<string[]>;
  website: Generated<string[]>;
  tags: Generated<string[]>;
  flags: Generated<string[]>;
  policy_hash: string;
  received_at: Timestamp;
  last_seq: number;
  relayed_seq: Generated<number>;
  relayed_at: NullableTimestamp;
  applied_seq: Generated<number>;
  start: Json<ConversationStart>;
  carried: NullableJson<Carried>;
  revision: Generated<number>;
  next_due_at: NullableTimestamp;
  breached: Generated<boolean>;
  snoozed_until: NullableTimestamp;
  merged_into: number | null;
  linked_from: number | null;
  last_message_at: Timestamp;
  demo: Generated<boolean>;
  closed_at: NullableTimestamp;
  created_at: Timestamp;
}

/** Table `participants`; see the migration for what each column means. */
export interface ParticipantsTable {
  number: number;
  contact_id: string;
  role: 'requester' | 'participant' | 'thirdParty';
  added_at: Timestamp;
}

/** Table `messages`; see the migration for what each column means. */
export interface MessagesTable {
  id: string;
  number: number;
  seq: number | null;
  direction: 'in' | 'out' | 'note';
  author_kind: 'customer' | 'thirdParty' | 'agent' | 'system';
  author_id: string | null;
  channel: Channel;
  body: string;
  full_body: string | null;
  html: string | null;
  at: Timestamp;
  state: 'received' | 'waiting' | 'sent' | 'failed' | 'withdrawn' | 'shown';
  mail_id: string | null;
  in_reply_to: string | null;
  authenticated: Generated<boolean>;
  machine: Generated<boolean>;
  hint: string | null;
  inbox_id: number | null;
  delivered_at: NullableTimestamp;
  seen_at: NullableTimestamp;
  claimed_at: NullableTimestamp;
  mailed_at: NullableTimestamp;
  verdict: VerdictColumn;
}

/** Table `attachments`; see the migration for what each column means. */
export interface AttachmentsTable {
  id: string;
  message_id: string | null;
  position: number;
  name: string;
  media_type: string;
  bytes: number;
  hash: string;
  content_id: string | null;
  uploaded_by: string | null;
  visitor_id: NullableColumn<string>;
  uploaded_at: NullableTimestamp;
}

/** Table `files`; see the migration for what each column means. */
export interface FilesTable {
  hash: string;
  bytes: number;
  content: Buffer;
}

/** Table `conversation_events`; see the migration for what each column means. */
export interface ConversationEventsTable {
  number: number;
  seq: number;
  at: Timestamp;
  type: string;
  data: Json<InboundEvent>;
}

/** Table `timeline`; see the migration for what each column means. */
export interface TimelineTable {
  number: number;
  revision: number;
  position: number;
  at: Timestamp;
  type: string;
  data: Json<Record<string, unknown>>;
  written_at: GeneratedAlways<Date>;
}

/** Table `promises`; see the migration for what each column means. */
export interface PromisesTable {
  key: string;
  number: number;
  kind: PromiseKind;
  cycle: number;
  state: PromiseState;
  since: Timestamp;
  due_at: Timestamp;
  clock: string;
  length_ms: number;
  notice_at: NullableTimestamp;
  page_at: NullableTimestamp;
  paged: Generated<boolean>;
  met_at: NullableTimestamp;
  breached_at: NullableTimestamp;
  cancelled_at: NullableTimestamp;
  reason: string | null;
  paused: Generated<boolean>;
  policy_hash: string;
}

/** Table `commands`; see the migration for what each column means. */
export interface CommandsTable {
  id: string;
  number: number;
  actor: string;
  type: string;
  command: Json<Command>;
  body_ref: string | null;
  at: Timestamp;
  not_after: NullableTimestamp;
  state: Generated<'queued' | 'done' | 'refused'>;
  result: NullableJson<Record<string, unknown>>;
  finished_at: NullableTimestamp;
}

/** Table `pages`; see the migration for what each column means. */
export interface PagesTable {
  id: string;
  number: number;
  page: number;
  cause_key: string;
  state: Generated<'paging' | 'acknowledged' | 'over'>;
  urgency: Urgency;
  summary: string;
  causes: Json<(PageCause & { overAt?: number; overReason?: string })[]>;
  level: Generated<number>;
  round: Generated<number>;
  revision: Generated<number>;
  opened_at: Timestamp;
  next_ring_at: NullableTimestamp;
  acknowledged_at: NullableTimestamp;
  acknowledged_by: string | null;
  acknowledgement_relayed_at: NullableTimestamp;
  over_at: NullableTimestamp;
  bundled_into: string | null;
  demo: Generated<boolean>;
}

/** Table `page_attempts`; see the migration for what each column means. */
export interface PageAttemptsTable {
  page_id: string;
  ring: number;
  target: string;
  method: 'pagerduty' | 'inbox';
  level: number;
  dedup_key: string;
  urgency: Urgency;
  due_at: Timestamp;
  decided_at: Timestamp;
  claimed_at: NullableTimestamp;
  sent_at: NullableTimestamp;
  outcome: 'sent' | 'failed' | 'skipped' | null;
  error: string | null;
  bundle: string | null;
}

/** Table `notices`; see the migration for what each column means. */
export interface NoticesTable {
  key: string;
  number: number | null;
  kind: string;
  text: string;
  to_agent: string | null;
  due_at: Timestamp;
  at: Timestamp;
  slack_ts: string | null;
  slack_error: string | null;
  written_at: GeneratedAlways<Date>;
}

/** Table `outgoing_mails`; see the migration for what each column means. */
export interface OutgoingMailsTable {
  key: string;
  number: number;
  kind: string;
  message_ref: string | null;
  recipient_id: string;
  mail_id: string;
  envelope_from: string;
  envelope_to: string;
  raw: Buffer;
  state: Generated<'intended' | 'sent' | 'refused' | 'withdrawn'>;
  attempts: Generated<number>;
  last_error: string | null;
  attempted_at: NullableTimestamp;
  at: Timestamp;
  finished_at: NullableTimestamp;
  bounced_at: NullableTimestamp;
  carries: Generated<string[]>;
}

/** Table `receipts`; see the migration for what each column means. */
export interface ReceiptsTable {
  contact_id: string;
  number: number;
  subject_key: string;
  at: Timestamp;
}

/** Table `caught_mails`; see the migration for what each column means. */
export interface CaughtMailsTable {
  id: Generated<number>;
  received_at: Timestamp;
  envelope_from: string;
  envelope_to: string[];
  raw: Buffer;
}

/** Table `merges`; see the migration for what each column means. */
export interface MergesTable {
  id: string;
  source: number;
  target: number;
  merged_by: string;
  merged_at: Timestamp;
  brought: Json<{ contact: string; role: 'participant' | 'thirdParty' }[]>;
  undone_at: NullableTimestamp;
}

/** Table `proposals`; see the migration for what each column means. */
export interface ProposalsTable {
  id: string;
  number: number;
  role: 'requester' | 'participant';
  email: string;
  name: string | null;
  at: Timestamp;
}

/** Table `blocked_senders`; see the migration for what each column means. */
export interface BlockedSendersTable {
  sender: string;
  blocked_by: string;
  blocked_at: Timestamp;
}

/** Table `provider_budgets`; see the migration for what each column means. */
export interface ProviderBudgetsTable {
  key: string;
  tokens: number;
  filled_at: Timestamp;
}

/** Every table. */
export interface Schema {
  settings: SettingsTable;
  policies: PoliciesTable;
  organizations: OrganizationsTable;
  contacts: ContactsTable;
  teams: TeamsTable;
  agents: AgentsTable;
  api_tokens: ApiTokensTable;
  sessions: SessionsTable;
  inbox: InboxTable;
  conversations: ConversationsTable;
  participants: ParticipantsTable;
  messages: MessagesTable;
  chat_presence: ChatPresenceTable;
  attachments: AttachmentsTable;
  files: FilesTable;
  conversation_events: ConversationEventsTable;
  timeline: TimelineTable;
  promises: PromisesTable;
  commands: CommandsTable;
  idempotency_keys: IdempotencyKeysTable;
  pages: PagesTable;
  page_attempts: PageAttemptsTable;
  notices: NoticesTable;
  outgoing_mails: OutgoingMailsTable;
  receipts: ReceiptsTable;
  caught_mails: CaughtMailsTable;
  team_members: TeamMembersTable;
  canned_replies: CannedRepliesTable;
  rate_limits: RateLimitsTable;
  search_entries: SearchEntriesTable;
  blocked_senders: BlockedSendersTable;
  merges: MergesTable;
  proposals: ProposalsTable;
  provider_budgets: ProviderBudgetsTable;
  visitors: VisitorsTable;
  chats: ChatsTable;
  ratings: RatingsTable;
  codes: CodesTable;
  live_events: LiveEventsTable;
  api_instances: ApiInstancesTable;
  live_listeners: LiveListenersTable;
  read_marks: ReadMarksTable;
}
