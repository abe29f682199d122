import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { crashPoint } from '../config/crash-points';
import type { Logger } from '../config/log';
import type { Database } from '../db/connection';
import { RELAY_CHANNEL } from '../db/inbox';
import { policyByHash } from '../db/policies';
import { appliedAtClosing, claimAhead, claimForRelay, eventsAfter, markRelayed, newOnesWait, releaseClaim, type ToRelay } from '../db/relay';
import { eventsSignal, type ConversationInput } from '../messages/conversation';
import { conversationWorkflowId } from '../messages/ids';
import { conversationStartOptions, CONVERSATION_WORKFLOW } from '../messages/start-options';
import { begin } from '../policy/conversation';
import type { PolicySnapshot } from '../policy/snapshot';
import { nextDueAt } from '../policy/view';
import { continueLinked } from './continue-linked';
import { codeOf, startWokenLoop } from './woken-loop';

const SWEEP_MS = 1_000;
/** One signal a second and conversation; what comes meanwhile goes with the next. */
const PAUSE_MS = 1_000;
/** Longer than a call may take, so that nobody else repeats one that is under way. */
const LEASE_MS = 5_000;
const CALL_MS = 4_000;
/** So many conversations are told at the same time. */
const BATCH = 16;
/** The others of a batch do not wait longer than this for those that do not answer. */
const SLOW_MS = 100;
/**
 * So many starts are under way at a time, over all workers that do not claim in the very same moment, urgent ones and chats apart. Temporal takes
 * one after the other, and each step of an urgent page would queue behind them; the rest of a flood waits in PostgreSQL instead, where it is in
 * nobody's way.
 */
const STARTING_AT_MOST = 2;
/** How often it is looked whether there is room for new ones. */
const ROOM_MS = 50;
/** How long after its own last start a relay looks. */
const LATELY_MS = 10_000;
/** What a signal carries at most; the workflow reads the rest itself. */
const EVENTS = 20;

/** What the relay needs. `onMissing` hears of an open conversation whose workflow is gone: that is reconcile's to mend. */
export interface RelayOptions {
  readonly db: Database;
  readonly url: string;
  readonly client: Client;
  readonly log: Logger;
  readonly now?: () => number;
  readonly onMissing?: (number: number) => void;
}

/**
 * Tells workflows what has come in, and starts those of new conversations, until closed. Any number of processes may do so at once. One that
 * does not answer keeps nobody waiting but those who write to the same conversation.
 */
export function startRelay(options: RelayOptions): { close(): Promise<void> } {
  const { db, url, log, now = Date.now } = options;
  const underWay = new Map<number, Promise<void>>();
  let told = 0;
  let startedLately = -Infinity;
  let failed: { error: unknown } | null = null;

  const tell = async (conversation: ToRelay): Promise<void> => {
    try {
      await relayConversation(options, conversation);
      told += 1;
    } catch (error) {
      failed = { error };
      const { number } = conversation;
      log.warn({ conversation: number, code: codeOf(error) }, 'its workflow could not be told; it is told again');
      // The next one need not wait until the claim runs out, as it does by itself when this fails, too.
      await releaseClaim(db, number, now()).catch((reason: unknown) =>
        log.warn({ conversation: number, code: codeOf(reason) }, 'its claim runs out by itself'),
      );
    } finally {
      underWay.delete(conversation.number);
    }
  };

  const relaySome = async (): Promise<boolean> => {
    // When nobody at all can be told, what all of them need is away: the loop waits longer and longer.
    const outage = told === 0 ? failed : null;
    told = 0;
    failed = null;
    if (outage !== null) throw outage.error;
    const free = BATCH - underWay.size;
    if (free === 0) {
      await Promise.race(underWay.values());
      return true;
    }
    const claimed = await claimForRelay(db, {
      now: now(),
      leaseMs: LEASE_MS,
      pauseMs: PAUSE_MS,
      limit: free,
      startingAtMost: STARTING_AT_MOST,
    });
    // One whose claim ran out under our own hands is told in its order: not before that call has ended.
    const batch = claimed.filter(({ number }) => !underWay.has(number));
    const telling = batch.map((conversation) => {
      const end = tell(conversation);
      underWay.set(conversation.number, end);
      return end;
    });
    await Promise.race([Promise.all(telling), sleep(SLOW_MS, undefined, { ref: false })]);
    const started = batch.some(({ relayedSeq }) => relayedSeq === 0);
    if (started) startedLately = performance.now();
    if (claimed.length === free) return true;
    // Whoever starts them looks after those that wait for room; nobody is notified when there is some.
    if (performance.now() - startedLately > LATELY_MS || !(await newOnesWait(db, now() - PAUSE_MS))) return false;
    if (!started) await sleep(ROOM_MS);
    return true;
  };

  const loop = startWokenLoop({ name: 'relay', url, channel: RELAY_CHANNEL, sweepMs: SWEEP_MS, lanes: 1, log, work: relaySome });
  return {
    async close() {
      await loop.close();
      await Promise.all(underWay.values());
    },
  };
}

/**
 * Starts a new conversation's workflow ahead of its turn, because somebody waits for it: in a flood that turn comes minutes later. Does nothing
 * for one that has been started, or that a relay has. Rejects when Temporal or the database does not answer; its turn comes all the same.
 */
export async function startAhead(options: Omit<RelayOptions, 'url'>, number: number): Promise<void> {
  const { db, now = Date.now } = options;
  const conversation = await claimAhead(db, number, { now: now(), leaseMs: LEASE_MS });
  if (conversation === null) return;
  try {
    await relayConversation(options, conversation);
  } catch (error) {
    await releaseClaim(db, number, now());
    throw error;
  }
}

/**
 * Tells one conversation's workflow what it does not know yet, starting it if this is its beginning, and notes that it was told. Repeating
 * it does no harm: the workflow applies each `seq` once. Rejects when Temporal or the database does not answer.
 */
export async function relayConversation(options: Omit<RelayOptions, 'url'>, conversation: ToRelay): Promise<void> {
  const { db, client, log, now = Date.now, onMissing } = options;
  const { number, lastSeq } = conversation;
  await crashPoint('relay:claimed', number);
  const policy = await policyByHash(db, conversation.policyHash);
  // Once it has done anything it is signalled only: starting it again from its beginning would forget what it has done.
  const isNew = conversation.relayedSeq === 0 && conversation.revision <= begin(conversation.start, policy).state.revision;
  const known = isNew ? 0 : Math.max(conversation.relayedSeq, conversation.appliedSeq);
  if (known >= lastSeq) return markRelayed(db, number, lastSeq, now());
  const events = await eventsAfter(db, number, known, EVENTS);
  const call = <T>(act: () => Promise<T>): Promise<T> => client.withDeadline(Date.now() + CALL_MS, act);
  const signal = { upTo: lastSeq, events };
  try {
    if (!isNew) {
      await call(() => client.workflow.getHandle(conversationWorkflowId(number)).signal(eventsSignal, signal));
    } else if (lastSeq === 1) {
      // The opening message is part of the start, so nothing has to be signalled.
      await call(() => client.workflow.start(CONVERSATION_WORKFLOW, { ...startOptions(conversation, policy), workflowIdConflictPolicy: 'USE_EXISTING' }));
    } else {
      await call(() =>
        client.workflow.signalWithStart(CONVERSATION_WORKFLOW, { ...startOptions(conversation, policy), signal: eventsSignal, signalArgs: [signal] }),
      );
    }
  } catch (error) {
    const ended = error instanceof WorkflowNotFoundError || error instanceof WorkflowExecutionAlreadyStartedError;
    if (!ended) throw error;
    const applied = isNew ? null : await appliedAtClosing(db, number);
    if (isNew || applied !== null) {
      // It may have applied what was claimed here and closed since: that goes on nowhere.
      const told = Math.max(known, applied ?? 0);
      const linked = await continueLinked(db, { number, known: told }, now());
      if (linked === null) return markRelayed(db, number, told, now());
      log.warn({ conversation: number, linked }, 'its workflow has ended; what came after goes on in a linked conversation');
      return;
    }
    log.warn({ conversation: number, code: codeOf(error) }, 'its workflow is gone; reconcile starts it again');
    onMissing?.(number);
    return;
  }
  await crashPoint('relay:told', number);
  await markRelayed(db, number, lastSeq, now());
  await crashPoint('relay:marked', number);
}

function startOptions({ number, start, organizationId, cluster, website }: ToRelay, policy: PolicySnapshot) {
  const { state } = begin(start, policy);
  const input: ConversationInput = { begin: start, policy, facts: { organization: organizationId, cluster, website } };
  const options = conversationStartOptions({
    number,
    kind: start.kind,
    status: state.status,
    priority: start.priority,
    plan: start.plan,
    assignee: start.assignee,
    organization: organizationId,
    cluster,
    website,
    nextDueAt: nextDueAt(state),
    breached: false,
  });
  return { ...options, args: [input] };
}
