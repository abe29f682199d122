import type { Priority, Status } from '../../policy/words';

/** What happens in a seeded conversation after its first mail, in order. */
export type Act =
  | { readonly by: string; readonly reply: string; readonly status?: Exclude<Status, 'new' | 'closed'> }
  | { readonly by: string; readonly note: string }
  | { readonly by: string; readonly assign: string }
  | { readonly by: string; readonly status: 'open' | 'pending' | 'onHold' | 'solved' }
  /** Somebody on call takes the page that has gone out for it. */
  | { readonly by: string; readonly acknowledge: true }
  /** The customer answers by mail. */
  | { readonly customer: string };

/** One conversation: who wrote what, how long ago, and what came of it. */
export interface Story {
  readonly key: string;
  /** Mail address of somebody in people.ts. */
  readonly from: string;
  readonly to: 'support' | 'hosting' | 'info' | 'backoffice';
  readonly priority: Priority;
  readonly minutesAgo: number;
  readonly subject: string;
  readonly text: string;
  readonly acts: readonly Act[];
}

type Telling = [key: string, from: string, to: Story['to'], priority: Priority, minutesAgo: number, subject: string, text: string, ...acts: Act[]];

/** A story, told from the mail to what came of it. */
export function story(...[key, from, to, priority, minutesAgo, subject, text, ...acts]: Telling): Story {
  return { key, from, to, priority, minutesAgo, subject, text, acts };
}
