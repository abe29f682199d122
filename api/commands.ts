import { crashPoint } from '../config/crash-points';
import type { Transaction } from 'kysely';
import { addCommand, finishCommand, getCommand, queuedCommandsOf, type CommandResult, type CommandRow } from '../db/commands';
import { claimKey } from '../db/idempotency';
import { inTransaction } from '../db/in-transaction';
import { newId } from '../db/new-id';
import type { Database } from '../db/connection';
import type { Schema } from '../db/schema';
import { closedRefusal, deliverCommand, repeatCommand, type CommandRelay, type Delivery } from '../intake/command-relay';
import { HoldfastError } from '../messages/errors';
import type { Command } from '../policy/events';
import type { Channel } from '../policy/words';
import type { Agent } from './auth/actor';
import { claimAttachments } from './claim-attachments';
import type { ApiContext } from './context';
import { keyReused } from './mount-api';
import { API_BASE, type Answer } from './route';
import { rfc3339 } from './schemas/text';

/** How long a command waits for its conversation before the answer is `queued`, in milliseconds. */
const WAIT_MS = 5_000;
/** A command that must not come late is refused by the conversation after this time, in milliseconds. */
const NOT_AFTER_MS = 5_000;
/** What was accepted in the last moment is still worth waiting for. */
const NOT_AFTER_SLACK_MS = 250;
/** How long a conversation that did not answer in time is asked whether it has done it, in milliseconds. */
const LAST_WAIT_MS = 2_000;
const UNANSWERED = { unanswered: true } as const;

/** The message or note that a command carries. */
export interface CommandMessage {
  readonly id: string;
  readonly direction: 'out' | 'note';
  readonly channel: Channel;
  readonly body: string;
  /** `waiting` until it leaves; `shown` when nothing has to leave. */
  readonly state: 'waiting' | 'shown';
  /** Uploads of the agent that go with it. */
  readonly attachments?: readonly string[];
}

/** A command to be carried out for an agent. */
export interface CommandRequest {
  readonly number: number;
  readonly actor: Agent;
  readonly idempotency: { readonly key: string; readonly requestHash: string } | null;
  /**
   * Makes the command and its message, and writes whatever else belongs to it; called inside the transaction that writes them, and again if
   * PostgreSQL ended that one for the sake of others.
   */
  readonly make: (trx: Transaction<Schema>) => Promise<{ readonly command: Command; readonly message?: CommandMessage }>;
  /** It must not be carried out late: who asked may have turned away. */
  readonly notLate?: boolean;
}

/** How a command stands after the wait. */
export type CommandOutcome =
  | { readonly state: 'done'; readonly row: CommandRow; readonly answer: Extract<CommandResult, { answer: unknown }>['answer'] }
  | { readonly state: 'queued'; readonly row: CommandRow };

/**
 * Carries out an agent's command: its row and message first, in one transaction, then the Update with the command's id.
 * An unanswered command stays queued, and the sweep repeats it; what must not come late is refused instead.
 * Errors: the refusal's code (its text is kept, its message never leaves), E_NOT_FOUND, E_IDEMPOTENCY_REUSED, E_UNAVAILABLE.
 */
export async function runCommand(context: ApiContext, request: CommandRequest): Promise<CommandOutcome> {
  const row = await writeCommand(context, request);
  if (row.result !== null) return outcomeOf(row, row.result);
  await crashPoint('command:written', row.number);
  const delivery = (await closedRefusal(context.db, row)) ?? (await deliver(context, row));
  // A conversation that closed meanwhile does not answer any more.
  const ended = 'unanswered' in delivery ? ((await closedRefusal(context.db, row)) ?? delivery) : delivery;
  if (!('unanswered' in ended)) {
    await crashPoint('command:answered', row.number);
    await finishCommand(context.db, row, ended, new Date(context.now()));
    await crashPoint('command:finished', row.number);
    return outcomeOf(row, ended);
  }
  if (row.notAfter === null) return { state: 'queued', row };
  return settleLate(context, row);
}

/** Answers a command the way every route of the API does: 200 or 201 with the conversation's view, or 202 when it is queued. */
export async function answerCommand(context: ApiContext, request: CommandRequest, status: 200 | 201 = 200): Promise<Answer> {
  const outcome = await runCommand(context, request);
  const { id, bodyRef } = outcome.row;
  if (outcome.state === 'queued') {
    return { status: 202, body: { state: 'queued', id }, headers: { Location: `${API_BASE}/commands/${id}` } };
  }
  return { status, body: { id, ...(bodyRef === null ? {} : { message: bodyRef }), ...commandView(outcome.answer) } };
}

/** Gives a conversation what waits for it, so that what follows a command need not wait for the sweep. Answers whether something waits still. */
export async function sweepOne(context: ApiContext, number: number, waitMs?: number): Promise<'told' | 'waiting'> {
  const relay = relayOf(context);
  if (relay === null) return 'waiting';
  for (const row of await queuedCommandsOf(context.db, number)) {
    const outcome = await repeatCommand(relay, row, { now: context.now(), policy: context.policy().hash, waitMs });
    // Those that were given after it must not overtake it.
    if (outcome === 'waiting') return 'waiting';
  }
  return 'told';
}

/** A command's answer with its times as the API shows them. */
export function commandView({ revision, view }: Extract<CommandResult, { answer: unknown }>['answer']) {
  return {
    revision,
    view: {
      number: view.number,
      kind: view.kind,
      status: view.status,
      priority: view.priority,
      plan: view.plan,
      assignee: view.assignee,
      nextDueAt: view.nextDueAt === null ? null : rfc3339(view.nextDueAt),
      promises: view.promises.map((promise) => ({
        kind: promise.kind,
        state: promise.state,
        dueAt: rfc3339(promise.dueAt),
        ...(promise.metAt === undefined ? {} : { metAt: rfc3339(promise.metAt) }),
        ...(promise.breachedAt === undefined ? {} : { breachedAt: rfc3339(promise.breachedAt) }),
        ...(promise.paused === undefined ? {} : { paused: promise.paused }),
      })),
    },
  };
}

async function writeCommand(context: ApiContext, request: CommandRequest): Promise<CommandRow> {
  const { actor, idempotency, number } = request;
  const id = newId('cmd');
  return inTransaction(context.db, async (trx) => {
    const at = context.now();
    if (idempotency !== null) {
      const claim = await claimKey(trx, { actor: actor.id, ...idempotency, at: new Date(at) });
      if (claim.state === 'reused') throw keyReused();
      if (claim.state === 'repeated') return existing(trx, commandIdOf(actor, idempotency.key));
    }
    const conversation = await trx.selectFrom('conversations').select(['number', 'merged_into']).where('number', '=', number).executeTakeFirst();
    if (!conversation) throw noSuchConversation(number);
    const { command, message } = await request.make(trx);
    if (conversation.merged_into !== null && !BESIDE_A_MERGE.has(command.type)) throw isPartOf(number, conversation.merged_into);
    if (message !== undefined) {
      await trx
        .insertInto('messages')
        .values({
          id: message.id,
          number,
          seq: null,
          direction: message.direction,
          author_kind: 'agent',
          author_id: actor.id,
          channel: message.channel,
          body: message.body,
          full_body: null,
          html: null,
          at: new Date(at),
          state: message.state,
          mail_id: null,
          in_reply_to: null,
          authenticated: true,
          hint: null,
          inbox_id: null,
        })
        .execute();
      await claimAttachments(trx, { ids: message.attachments ?? [], agent: actor.id, messageId: message.id });
    }
    const row = {
      id: idempotency === null ? id : commandIdOf(actor, idempotency.key),
      number,
      actor: actor.id,
      command,
      bodyRef: message?.id ?? null,
      at,
      notAfter: request.notLate === true ? at + NOT_AFTER_MS : null,
    };
    await addCommand(trx, row);
    return { ...row, state: 'queued', result: null };
  });
}

/** What can be done to a conversation that has become a part of another: everything else belongs there. */
const BESIDE_A_MERGE: ReadonlySet<Command['type']> = new Set(['note', 'undoReply', 'unmerge']);

/** E_MERGED for a conversation that is a part of another. */
export function isPartOf(number: number, target: number): HoldfastError {
  return new HoldfastError('E_MERGED', `#${number} is a part of #${target} now.`, { fix: `Do it in #${target}, or take the merge back first.` });
}

/** The Idempotency-Key is the command's id; the actor's id keeps two people's keys apart. */
function commandIdOf(actor: Agent, key: string): string {
  return `${actor.id}.${Buffer.from(key).toString('base64url')}`;
}

async function existing(db: Database, id: string): Promise<CommandRow> {
  const row = await getCommand(db, id);
  // The key was claimed by the same request to a route that is no command; its hash says so, so this cannot be.
  if (row === null) throw new HoldfastError('E_INTERNAL', 'A command that was claimed has no row.');
  return row;
}

/** What giving commands needs, if there is a connection to Temporal. */
function relayOf({ db, client, log }: ApiContext): CommandRelay | null {
  return client === undefined ? null : { db, client, log };
}

async function deliver(context: ApiContext, row: CommandRow): Promise<Delivery> {
  const relay = relayOf(context);
  if (relay === null) return UNANSWERED;
  const waitMs = context.commandWaitMs ?? WAIT_MS;
  return deliverCommand(relay, row, context.policy().hash, row.notAfter === null ? waitMs : waitMs + NOT_AFTER_SLACK_MS);
}

function outcomeOf(row: CommandRow, result: CommandResult): CommandOutcome {
  if ('refusal' in result) throw new HoldfastError(result.refusal.code, result.refusal.message);
  return { state: 'done', row, answer: result.answer };
}

/**
 * Nobody answered in time. The conversation may have carried it out in the last moment all the same, and only the answer was late: asked
 * again under the same id it says so, and if it has not, it refuses now, as it is too late. If it does not answer even then, the row stays
 * queued, so that the sweep learns which of the two it was; neither can carry it out late.
 */
async function settleLate(context: ApiContext, row: CommandRow): Promise<CommandOutcome> {
  const relay = relayOf(context);
  const delivery = relay === null ? UNANSWERED : await deliverCommand(relay, row, context.policy().hash, LAST_WAIT_MS);
  if (!('unanswered' in delivery)) {
    await finishCommand(context.db, row, delivery, new Date(context.now()));
    if ('answer' in delivery) return outcomeOf(row, delivery);
    if (delivery.refusal.code !== 'E_TOO_LATE') return outcomeOf(row, delivery);
  }
  throw new HoldfastError(
    'E_UNAVAILABLE',
    'unanswered' in delivery
      ? `Conversation #${row.number} does not answer right now. If it did this in the last moment, GET /commands/${row.id} will say so; later by itself it does not happen. Look at it again, and repeat the request.`
      : `Conversation #${row.number} did not answer in time, so nothing has happened. Look at it again and repeat the request.`,
  );
}

/** E_NOT_FOUND for a number. */
export function noSuchConversation(number: number): HoldfastError {
  return new HoldfastError('E_NOT_FOUND', `There is no conversation #${number}, or it is not yours to see.`);
}
