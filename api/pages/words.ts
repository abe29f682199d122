import { html, type Html } from './html';

/** Stands where there is nothing to show. */
export const NOTHING = '–';

const PROMISES: Readonly<Record<string, string>> = {
  dispatch: 'someone takes it',
  firstResponse: 'first answer',
  nextResponse: 'next answer',
  chatResponse: 'answer in chat',
  feedback: 'on-call’s word to the customer',
  update: 'update to the customer',
};

/** A promise's kind as agents read it. */
export function promiseWords(kind: string): string {
  return PROMISES[kind] ?? kind;
}

/** A code such as `outOfHours` as words: `out of hours`. */
export function reasonWords(code: string): string {
  return code.replace(/([a-z])([A-Z])/g, (_match, before: string, after: string) => `${before} ${after.toLowerCase()}`);
}

/** A small label; its colour only repeats what its words say. */
export function chip(text: string, tone: 'plain' | 'good' | 'warn' | 'bad' = 'plain'): Html {
  return html`<span class="chip ${tone}">${text}</span>`;
}

/** A priority as a label. */
export function priorityChip(priority: string): Html {
  return chip(priority, priority === 'urgent' ? 'bad' : priority === 'high' ? 'warn' : 'plain');
}
