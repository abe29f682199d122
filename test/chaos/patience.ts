import { setTimeout as sleep } from 'node:timers/promises';
import { isOutage } from '../../intake/outage';
import type { Customer, ReceivedMail } from '../kit/customer';
import { inTheEnd, NoSuccess, type DeskUnderTest } from '../kit/desk-under-test';

/** Each step may take so long while everything around it is being killed. */
export const STEP_WITHIN_MS = 90_000;

/** Tries until it succeeds; fails with the last error. */
export async function again<Value>(what: string, act: () => Promise<Value>, withinMs = STEP_WITHIN_MS): Promise<Value> {
  let last: unknown;
  try {
    const { value } = await inTheEnd(
      what,
      async () => {
        try {
          return { value: await act() };
        } catch (error) {
          last = error;
          await sleep(300);
          return null;
        }
      },
      withinMs,
    );
    return value;
  } catch (error) {
    throw new Error(`${(error as Error).message}; last: ${String(last)}`, { cause: error });
  }
}

/** What it answers, or nothing while the desk cannot answer. */
export async function tolerant<Value>(ask: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await ask();
  } catch (error) {
    // Tests look into the database too, which is killed like everything else.
    if (error instanceof NoSuccess || isOutage(error)) return undefined;
    throw error;
  }
}

/** Whether the page of a conversation's dispatch rings, by itself or together with others. */
export function rings(desk: DeskUnderTest, number: number): boolean {
  const incidents = desk.parts.pagerduty?.incidents() ?? [];
  return incidents.some(
    ({ key, summary }) => key.startsWith(`conversation/${number}:`) || (key.startsWith('bundle/') && new RegExp(`#${number}\\b`).test(summary)),
  );
}

/** The first mail in a mailbox with these words. */
export async function mailWith(customer: Customer, words: string): Promise<ReceivedMail | undefined> {
  return (await customer.mails()).find((mail) => mail.text?.includes(words));
}

/** Solves a conversation, as somebody who is told that nobody answered does: looks again, and asks anew. */
export async function solve(desk: DeskUnderTest, number: number, withinMs = STEP_WITHIN_MS): Promise<void> {
  let attempts = 0;
  await again(
    `#${number} is solved`,
    async () => {
      attempts += 1;
      if (['solved', 'closed'].includes((await desk.conversation(number)).status)) return;
      // "Must not come late": a key that was refused stays refused.
      await desk.must('PUT', `/conversations/${number}/status`, { status: 'solved' }, { key: `solve-${number}-${attempts}` });
    },
    withinMs,
  );
}
