import { createHash } from 'node:crypto';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Database } from '../../db/connection';
import { viewQuery } from '../../messages/conversation';
import { conversationWorkflowId, pageWorkflowId } from '../../messages/ids';
import type { FakePagerDuty } from './pagerduty';
import { readMail, type SmtpSink } from './smtp-sink';

/** What is looked at: the database, the workflows, and what the outside world received. */
export interface Evidence {
  readonly db: Database;
  readonly temporal: Client;
  readonly sink: SmtpSink;
  readonly pagerduty: FakePagerDuty;
  /** Message-IDs (without angle brackets) of the mails that the desk has taken. */
  readonly accepted: readonly string[];
  /** The conversation that an accepted mail belongs to and no other, where the test knows it. */
  readonly threads?: ReadonlyMap<string, number>;
  /** A consequence that was due this long ago must be there. */
  readonly settledMs: number;
}

/**
 * Everything that must hold after any crash, as sentences about what does not: no accepted message lost or in two conversations, no
 * promise and no page forgotten, one incident per page, nothing left undone, duplicate mails alike to the byte, nothing to strangers.
 */
export async function findViolations(evidence: Evidence): Promise<string[]> {
  const looks = await Promise.allSettled([
    lostMessages(evidence),
    unfinishedWork(evidence),
    forgottenPromises(evidence),
    lostPages(evidence),
    secondIncidents(evidence),
    mailFaults(evidence),
  ]);
  // Only when each has ended: nobody asks any more when the test closes what it asked.
  const found = looks.flatMap((look) => {
    if (look.status === 'rejected') throw look.reason;
    return look.value;
  });
  // The dearest look comes last: while anything else is found it would only keep the desk from settling.
  return found.length > 0 ? found : workflowFaults(evidence);
}

/**
 * Looks again and again until everything holds; answers what still does not when the time is over. What is looked into may be away for a
 * moment or too busy to answer: then that is what is found.
 */
export async function findLastingViolations(evidence: Evidence, withinMs: number): Promise<string[]> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await findViolations(evidence).catch((error: unknown) => [`It could not be looked at: ${String(error)}`]);
    if (found.length === 0 || performance.now() > deadline) return found;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Each accepted mail is in exactly one conversation, its own, once; each conversation's messages are dense and applied. */
async function lostMessages({ db, accepted, threads }: Evidence): Promise<string[]> {
  const messages = await db.selectFrom('messages').select(['number', 'seq', 'mail_id']).where('direction', '=', 'in').execute();
  const problems = accepted.flatMap((mailId) => {
    const places = messages.filter((message) => message.mail_id === mailId);
    return places.length === 1 ? [] : [`The accepted mail <${mailId}> is in ${places.length} places: ${places.map(({ number }) => `#${number}`).join(', ')}.`];
  });
  for (const { number, mail_id: mailId } of messages) {
    const own = mailId === null ? undefined : threads?.get(mailId);
    if (own !== undefined && own !== number) problems.push(`The mail <${mailId}> belongs to #${own}, and joined #${number}.`);
  }
  const conversations = await db.selectFrom('conversations').select(['number', 'last_seq', 'applied_seq', 'relayed_seq']).execute();
  const allEvents = await db.selectFrom('conversation_events').select(['number', 'seq']).orderBy('number').orderBy('seq').execute();
  const eventsOf = byNumber(allEvents);
  const messagesOf = byNumber(messages);
  for (const { number, last_seq: last, applied_seq: applied, relayed_seq: relayed } of conversations) {
    const seqs = (messagesOf.get(number) ?? []).map(({ seq }) => seq);
    const events = eventsOf.get(number) ?? [];
    if (events.map(({ seq }) => seq).join() !== Array.from({ length: last }, (_, index) => index + 1).join())
      problems.push(`#${number}: its events are not 1 to ${last}.`);
    if (new Set(seqs).size !== seqs.length) problems.push(`#${number}: two messages have the same place.`);
    if (applied !== last || relayed !== last) problems.push(`#${number}: ${last} came in, ${relayed} were relayed, ${applied} applied.`);
  }
  const inbox = await db.selectFrom('inbox').select(['id', 'state', 'error']).where('state', '<>', 'resolved').execute();
  return [...problems, ...inbox.map(({ id, state, error }) => `The accepted mail ${id} is ${state} (${error ?? 'no error'}).`)];
}

/** No command waits, no mail is on its way. */
async function unfinishedWork({ db }: Evidence): Promise<string[]> {
  const commands = await db.selectFrom('commands').select(['id', 'number', 'type']).where('state', '=', 'queued').execute();
  const mails = await db.selectFrom('outgoing_mails').select(['key', 'last_error']).where('state', '=', 'intended').execute();
  return [
    ...commands.map(({ number, type }) => `#${number}: the command ${type} still waits.`),
    ...mails.map(({ key, last_error: error }) => `The mail ${key} has not left (${error ?? 'no error'}).`),
  ];
}

/** What was due is met, breached or cancelled; what was unmet at the time of its page has paged. */
async function forgottenPromises({ db, settledMs }: Evidence): Promise<string[]> {
  const before = new Date(Date.now() - settledMs);
  const promises = await db.selectFrom('promises').selectAll().where('due_at', '<', before).execute();
  return promises.flatMap((promise) => {
    if (promise.state === 'running' && !promise.paused) return [`${promise.key} was due at ${promise.due_at.toISOString()} and still runs.`];
    const endedAt = promise.met_at ?? promise.cancelled_at;
    const pageAt = promise.page_at;
    const unmet = pageAt !== null && pageAt < before && (endedAt === null || endedAt.getTime() > pageAt.getTime() + settledMs);
    return unmet && !promise.paged ? [`${promise.key} should have paged at ${pageAt.toISOString()}.`] : [];
  });
}

/** Each promise that has paged is the cause of a page, and each page has rung; the provider knows of every attempt that is said to be sent. */
async function lostPages({ db, pagerduty }: Evidence): Promise<string[]> {
  const pages = await db.selectFrom('pages').select(['id', 'causes', 'state', 'cause_key']).execute();
  const attempts = await db.selectFrom('page_attempts').select(['page_id', 'ring', 'dedup_key', 'outcome', 'method', 'decided_at', 'bundle']).execute();
  const paged = await db.selectFrom('promises').select('key').where('paged', '=', true).execute();
  const causes = new Set(pages.flatMap((page) => page.causes.map(({ key }) => key)));
  const known = new Set(pagerduty.incidents().map(({ key }) => key));
  // A ring that got through just before a crash, and was acknowledged before it could be repeated, has no record: the provider knows of it.
  const rang = (id: string, causeKey: string) =>
    known.has(causeKey) || attempts.some(({ page_id: page, outcome, dedup_key: key }) => page === id && (outcome === 'sent' || known.has(key)));
  return [
    ...paged.filter(({ key }) => !causes.has(key)).map(({ key }) => `${key} has paged, but no page names it.`),
    ...pages.filter(({ id, cause_key: key }) => !rang(id, key)).map(({ id }) => `The page ${id} never rang.`),
    ...attempts
      .filter(({ outcome, method, dedup_key: key }) => outcome === 'sent' && method === 'pagerduty' && !known.has(key))
      .map(({ page_id: id, dedup_key: key }) => `The page ${id} is said to have rung as ${key}, of which PagerDuty does not know.`),
    // Answers of the provider are never in doubt for longer than a repeat takes.
    ...attempts
      .filter(({ outcome }) => outcome === null)
      .map(
        ({ page_id: id, ring, bundle, decided_at: at }) =>
          `Of ring ${ring} of the page ${id} (${bundle ?? 'alone'}), decided at ${at.toISOString()}, nobody knows what became.`,
      ),
  ];
}

/**
 * At any time a page has at most one open incident; a key opens one incident only (a later ring has `:<ring>`); what is over is resolved.
 * A common incident of several pages counts as each one's.
 */
async function secondIncidents({ db, pagerduty }: Evidence): Promise<string[]> {
  const attempts = await db.selectFrom('page_attempts').select(['page_id', 'dedup_key']).where('method', '=', 'pagerduty').execute();
  const pages = await db.selectFrom('pages').select(['id', 'state', 'cause_key']).execute();
  const problems: string[] = [];
  for (const page of pages) {
    const keys = new Set([page.cause_key, ...attempts.filter(({ page_id: id }) => id === page.id).map(({ dedup_key: key }) => key)]);
    const isOwn = (key: string) => keys.has(key) || key.startsWith(`${page.cause_key}:`);
    const open = new Set<string>();
    const ended = new Set<string>();
    for (const { action, key, answered } of pagerduty.requests()) {
      if (!isOwn(key) || key.startsWith('bundle/') || (answered !== null && answered !== 202)) continue;
      if (action === 'trigger') {
        if (ended.has(key)) problems.push(`The page ${page.id} opened a second incident under ${key}.`);
        open.add(key);
      } else if (action === 'resolve') {
        if (open.delete(key)) ended.add(key);
      }
      if (open.size > 1) problems.push(`The page ${page.id} had ${open.size} open incidents: ${[...open].join(', ')}.`);
    }
    if (page.state === 'over' && open.size > 0) problems.push(`The page ${page.id} is over, but ${[...open].join(', ')} is not resolved.`);
  }
  const stillOpen = new Set(pagerduty.open().map(({ key }) => key));
  const needed = await db.selectFrom('pages').select('bundled_into').where('state', '<>', 'over').execute();
  for (const key of stillOpen) {
    if (key.startsWith('bundle/') && !needed.some(({ bundled_into: bundle }) => bundle === key))
      problems.push(`The common incident ${key} is open, but no page needs it.`);
  }
  return problems;
}

/** Every mail that came out is one that the desk knows, sent to one of the thread; copies are alike to the byte; what is called sent has come. */
async function mailFaults({ db, sink }: Evidence): Promise<string[]> {
  const rows = await db.selectFrom('outgoing_mails').select(['key', 'number', 'mail_id', 'state']).execute();
  const people = await db
    .selectFrom('participants')
    .innerJoin('contacts', 'contacts.id', 'participants.contact_id')
    .select(['participants.number', 'contacts.email'])
    .execute();
  const byId = new Map(rows.map((row) => [row.mail_id, row]));
  const arrived = await Promise.all(
    sink.mails().map(async (mail) => ({ to: mail.to, hash: sha256(mail.raw), id: ((await readMail(mail)).messageId ?? '').replace(/^<|>$/g, '') })),
  );
  const firstHash = new Map(arrived.toReversed().map(({ id, hash }) => [id, hash]));
  const inThread = new Set(people.map(({ number, email }) => `${number} ${email}`));
  const problems = arrived.flatMap(({ to, hash, id }) => {
    const row = byId.get(id);
    if (row === undefined) return [`A mail <${id}> to ${to} is none that the desk knows.`];
    return [
      ...(inThread.has(`${row.number} ${to}`) ? [] : [`${row.key} went to ${to}, who is not in the thread.`]),
      ...(firstHash.get(id) !== hash ? [`Copies of ${row.key} differ.`] : []),
    ];
  });
  const missing = rows.filter(({ state, mail_id: id }) => state === 'sent' && !firstHash.has(id));
  return [...new Set([...problems, ...missing.map(({ key }) => `${key} is said to be sent, but nobody received it.`)])];
}

/** The workflow of each open conversation runs and is what the database shows; those of what has ended have ended well. */
async function workflowFaults({ db, temporal }: Evidence): Promise<string[]> {
  const conversations = await db.selectFrom('conversations').select(['number', 'status', 'assignee', 'revision']).execute();
  const pages = await db.selectFrom('pages').select(['number', 'page', 'state']).execute();
  const problems: string[] = [];
  for (const row of conversations) {
    const id = conversationWorkflowId(row.number);
    const expected = row.status === 'closed' ? 'COMPLETED' : 'RUNNING';
    const status = await statusOf(temporal, id);
    if (status !== expected) problems.push(`The workflow ${id} is ${status}, not ${expected}.`);
    if (status !== 'RUNNING') continue;
    const view = await temporal.workflow.getHandle(id).query(viewQuery);
    if (view.status !== row.status || view.assignee !== row.assignee || view.revision !== row.revision) {
      problems.push(
        `#${row.number}: the workflow says ${view.status}, ${view.assignee}, revision ${view.revision}; the database ${row.status}, ${row.assignee}, ${row.revision}.`,
      );
    }
  }
  for (const { number, page, state } of pages) {
    const id = pageWorkflowId(number, page);
    const status = await statusOf(temporal, id);
    const expected = state === 'over' ? 'COMPLETED' : 'RUNNING';
    if (status !== expected) problems.push(`The workflow ${id} is ${status}, not ${expected}.`);
  }
  return problems;
}

async function statusOf(temporal: Client, workflowId: string): Promise<string> {
  try {
    return (await temporal.workflow.getHandle(workflowId).describe()).status.name;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'not there';
    throw error;
  }
}

function byNumber<Row extends { readonly number: number }>(rows: readonly Row[]): Map<number, Row[]> {
  const groups = new Map<number, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.number);
    if (group === undefined) groups.set(row.number, [row]);
    else group.push(row);
  }
  return groups;
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
