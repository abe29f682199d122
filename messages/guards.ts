import type { CommandEvent, InboundEvent } from '../policy/state';

/** Small checks of what reaches a workflow; the full ones (zod) run where a message is made. */

/** Whether a value is an inbound event as relay sends it. */
export function isInboundEvent(value: unknown): value is InboundEvent {
  return (
    isRecord(value) &&
    (value.type === 'message' || value.type === 'customerAct') &&
    Number.isSafeInteger(value.seq) &&
    isInstant(value.at) &&
    typeof value.policy === 'string' &&
    (value.type === 'customerAct' ? typeof value.act === 'string' : typeof value.messageId === 'string')
  );
}

/** Whether a value is a command as the API sends it. */
export function isCommandEvent(value: unknown): value is CommandEvent {
  return (
    isRecord(value) &&
    value.type === 'command' &&
    typeof value.id === 'string' &&
    value.id.length > 0 &&
    isInstant(value.at) &&
    typeof value.by === 'string' &&
    (value.notAfter === undefined || isInstant(value.notAfter)) &&
    isRecord(value.command) &&
    typeof value.command.type === 'string'
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isInstant(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
