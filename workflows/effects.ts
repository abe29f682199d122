import { getExternalWorkflowHandle, isCancellation, log, ParentClosePolicy, startChild } from '@temporalio/workflow';
import { ActivityFailure, ApplicationFailure, WorkflowExecutionAlreadyStartedError, WorkflowIdReusePolicy } from '@temporalio/common';
import type { OutcomeProjected } from '../messages/activities';
import type { Carried } from '../messages/conversation';
import { addCauseSignal, causeOverSignal, nextLevelSignal, type EscalationInput } from '../messages/escalation';
import { pageWorkflowId } from '../messages/ids';
import { taskPriority, URGENT } from '../messages/taskQueues';
import type { Acknowledgement, Effect, MailEffect, PagingEffect } from '../policy/effects';
import type { ConversationEvent } from '../policy/events';
import type { ConversationState, PageCause } from '../policy/state';
import type { Urgency } from '../policy/words';
import { mail, notices, records } from './activities';
import type { Work } from './conversation';

/** The lane that a piece of work waits in: mail has one per recipient, so that no one waits for another's mail server. */
export function laneOf(work: Work): string {
  return work.lane === 'mail' ? `mail ${work.recipient}` : work.lane;
}

/** What comes of an effect, and when that was, milliseconds. */
type OutcomeEvent = Extract<ConversationEvent, { type: 'delivered' | 'closed' | 'notClosed' }>;

/** What an effect needs of its conversation beyond the state. */
export interface Shell {
  /** What comes of an effect goes back to the rules as an event. */
  readonly feed: (event: ConversationEvent) => void;
  /**
   * For an activity that projects what comes of its outcome along with its own record: the conversation that the outcome meets, and how
   * the event is fed once it is known whether that was done.
   */
  readonly handOver: (effect: Effect) => { readonly before: Carried; readonly feed: (event: OutcomeEvent, projected: OutcomeProjected) => void };
}

/** Does one effect. */
export async function performEffect(effect: Effect, state: ConversationState, shell: Shell): Promise<void> {
  const { number } = state;
  switch (effect.lane) {
    case 'paging':
      return tellEscalation(effect, state);
    case 'notices':
      try {
        await notices.sendNotice.executeWithOptions({ summary: `notice: ${effect.notice}` }, [{ number, priority: state.priority, effect }]);
      } catch (error) {
        if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
        // An hour of tries is over. The row in the notice inbox says so; nobody waits for a notice.
        log.error('A notice could not be delivered.', { code: 'E_PROVIDER_UNAVAILABLE', notice: effect.notice });
      }
      return;
    case 'mail':
      return sendMail(state, effect, shell);
    case 'records':
      if (effect.type === 'claimClose') {
        const { before, feed } = shell.handOver(effect);
        const { closed, projected } = await records.claimClose({ number, cursor: effect.cursor, at: effect.at, before });
        feed(closed ? { type: 'closed', at: effect.at } : { type: 'notClosed', at: effect.at }, projected);
      } else {
        const { at, goneAfterMs, unseenAfterMs, messages } = effect;
        const found = await records.checkPresence({ number, at, goneAfterMs, unseenAfterMs, ...(messages && { messages }) });
        shell.feed({ type: 'presence', at, ...found, ...(messages && { asked: messages }) });
      }
      return;
    default:
      effect satisfies never;
  }
}

async function sendMail({ number, outgoing }: ConversationState, effect: MailEffect, shell: Shell): Promise<void> {
  // The delivery to several recipients is told by whoever comes first; that is for the conversation to find out.
  const sole = effect.copy !== true && outgoing.some((reply) => reply.messageId === effect.messageId && reply.recipients.length === 1);
  const handedOver = sole ? shell.handOver(effect) : undefined;
  let outcome: 'sent' | 'refused' | 'withdrawn';
  let projected: OutcomeProjected = 'not';
  let at = Date.now();
  try {
    const input = { number, effect, ...(handedOver && { before: handedOver.before }) };
    ({ outcome, at, projected = 'not' } = await mail.sendMail.executeWithOptions({ summary: `mail: ${effect.mail}` }, [input]));
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
    outcome = 'refused';
    log.error('A mail found no server that would take it.', {
      code: error.cause instanceof ApplicationFailure ? error.cause.type : 'E_MAIL_REFUSED',
      mail: effect.mail,
    });
  }
  const { messageId } = effect;
  if (messageId === undefined || effect.mail === 'receipt') return;
  const copy = effect.copy === true && { copy: true as const };
  // It counts from when the server took it, however late the workflow hears of that.
  const tookAt = Math.min(at, Date.now());
  if (outcome === 'sent' && !copy) {
    const event = { type: 'delivered', messageId, at: tookAt } as const;
    if (handedOver) handedOver.feed(event, projected);
    else shell.feed(event);
  }
  if (outcome === 'refused') shell.feed({ type: 'bounced', messageId, at: tookAt, hard: true, ...copy });
}

async function tellEscalation(effect: PagingEffect, state: ConversationState): Promise<void> {
  const at = Date.now();
  const handle = getExternalWorkflowHandle(pageWorkflowId(state.number, effect.page));
  switch (effect.type) {
    case 'openPage':
      return openPage(state, effect.page, effect.cause, effect.urgency, effect.acknowledged);
    case 'addCause': {
      const { cause, urgency, ring, acknowledged } = effect;
      const signal = { cause, urgency, priority: state.priority, ...(ring && { ring }), ...(acknowledged && { acknowledged }) };
      if (await reaches(effect, handle.signal(addCauseSignal, signal))) return;
      return openAgain(state, effect, effect.cause);
    }
    case 'causeOver':
      await reaches(effect, handle.signal(causeOverSignal, { key: effect.cause, reason: effect.reason, at }));
      return;
    case 'nextLevel': {
      if (await reaches(effect, handle.signal(nextLevelSignal, { id: effect.key, key: effect.cause, reason: effect.reason, at }))) return;
      const page = state.page?.n === effect.page ? state.page : null;
      const cause = page?.causes.find(({ key }) => key === effect.cause);
      if (cause) return openAgain(state, effect, cause);
      return;
    }
    default:
      effect satisfies never;
  }
}

/** Somebody ended the escalation by hand: a page is not lost for that, nor any of its causes. One that has completed stays so. */
async function openAgain(state: ConversationState, effect: PagingEffect, cause: PageCause): Promise<void> {
  const open = state.page?.n === effect.page ? state.page : { causes: [cause], urgency: cause.urgency };
  const [first = cause, ...others] = open.causes;
  await openPage(state, effect.page, first, open.urgency);
  const handle = getExternalWorkflowHandle(pageWorkflowId(state.number, effect.page));
  for (const other of others) await reaches(effect, handle.signal(addCauseSignal, { cause: other, urgency: open.urgency, priority: state.priority }));
}

async function openPage(state: ConversationState, page: number, cause: PageCause, urgency: Urgency, acknowledged?: Acknowledgement): Promise<void> {
  const policy = state.policies[state.policy];
  if (!policy) throw new Error(`The conversation lacks its policy ${state.policy}.`);
  const input: EscalationInput = {
    number: state.number,
    page,
    kind: state.kind,
    priority: state.priority,
    plan: state.plan,
    urgency,
    cause,
    policy: { onCall: policy.onCall, ...(policy.demo && { demo: true }) },
    openedAt: cause.at,
    ...(acknowledged && { acknowledged }),
  };
  try {
    await startChild<(input: EscalationInput) => Promise<void>>('escalationWorkflow', {
      workflowId: pageWorkflowId(state.number, page),
      taskQueue: URGENT,
      priority: taskPriority(state.priority),
      parentClosePolicy: ParentClosePolicy.ABANDON,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
      staticSummary: `#${state.number} · page ${page}`,
      args: [input],
    });
  } catch (error) {
    // Issued again under the same key: the escalation runs already, or is over.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

/** Whether a signal found its escalation. "Not found" is normal: it has ended with its last cause, or by hand. */
async function reaches(effect: PagingEffect, signal: Promise<void>): Promise<boolean> {
  try {
    await signal;
    return true;
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.info('The escalation has ended.', { page: effect.page, signal: effect.type });
    return false;
  }
}

/** After a rebuild the escalation may be lost with the conversation: its page is opened again, with every cause. */
export function rebuiltPage(state: ConversationState): Effect[] {
  const page = state.page;
  if (page === null) return [];
  return page.causes.map((cause, index) => ({
    lane: 'paging',
    type: index === 0 ? 'openPage' : 'addCause',
    key: `conversation/${state.number}:rebuilt:${page.n}:${index}`,
    page: page.n,
    urgency: page.urgency,
    cause,
  }));
}
